package admin

import (
	"context"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
)

// listProviderLimits shows the providers that have limits.
func (a *Admin) listProviderLimits(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	list := []ProviderLimit{}
	for _, l := range a.Config.Snapshot().ProviderLimits {
		list = append(list, a.providerLimit(l))
	}
	return answer(ProviderLimits{list, len(list)})
}

func (a *Admin) providerLimit(l *config.ProviderLimit) ProviderLimit {
	budgets := a.budgets(l.Allowance)
	return ProviderLimit{l.Provider, first(budgets), budgets, a.rateLimit(l.Allowance), l.Allowance.Aligned}
}

// limited is the provider that a path names.
func (a *Admin) limited(x *exchange.Exchange) (*config.Provider, error) {
	x.Params["provider"] = x.Params["provider_name"]
	return a.find(x)
}

// getProviderLimit shows a provider's limits, also where there are none.
func (a *Admin) getProviderLimit(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p, err := a.limited(x)
	if err != nil {
		return nil, err
	}
	return a.answerProviderLimit(p.Name, "", nil)
}

func (a *Admin) answerProviderLimit(provider, message string, warnings []string) (*exchange.Reply, error) {
	found := &config.ProviderLimit{Provider: provider}
	for _, l := range a.Config.Snapshot().ProviderLimits {
		if l.Provider == provider {
			found = l
		}
	}
	return answer(ProviderLimitAnswer{message, a.providerLimit(found), warnings})
}

func (a *Admin) putProviderLimit(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p, err := a.limited(x)
	if err != nil {
		return nil, err
	}
	edit, warnings, err := a.Shapes.ProviderLimit(x.Raw)
	if err != nil {
		return nil, err
	}
	err = a.Config.Update(ctx, func(d *config.Draft) error { return d.EditProviderLimit(p.Name, a.now(), edit) })
	if err != nil {
		return nil, relative(err, limitPath)
	}
	if edit.ResetUsage {
		a.resetUsage(p.Name)
	}
	return a.answerProviderLimit(p.Name, "provider limits updated", warnings)
}

func (a *Admin) deleteProviderLimit(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p, err := a.limited(x)
	if err != nil {
		return nil, err
	}
	err = a.Config.Update(ctx, func(d *config.Draft) error { d.DeleteProviderLimit(p.Name); return nil })
	if err != nil {
		return nil, err
	}
	return answer(Saved{Status: "success", Message: "provider limits deleted"})
}
