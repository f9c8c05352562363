package admin

import (
	"context"
	"net/http"
	"strings"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
)

// LimitShapes reads the bodies that describe limits of models and of providers, as Shapes does.
type LimitShapes interface {
	ModelLimit(body []byte) (e config.ModelLimitEdit, warnings []string, err error)
	ProviderLimit(body []byte) (e config.ProviderLimitEdit, warnings []string, err error)
}

// limitRows are the routes of the limits of models and providers.
func (a *Admin) limitRows(manage func(method, path string, h exchange.Handler)) {
	manage("GET", "/api/governance/model-configs", a.listModelLimits)
	manage("POST", "/api/governance/model-configs", a.createModelLimit)
	manage("GET", "/api/governance/model-configs/{mc_id}", a.getModelLimit)
	manage("PUT", "/api/governance/model-configs/{mc_id}", a.putModelLimit)
	manage("DELETE", "/api/governance/model-configs/{mc_id}", a.deleteModelLimit)
	manage("GET", "/api/governance/providers", a.listProviderLimits)
	manage("GET", "/api/governance/providers/{provider_name}", a.getProviderLimit)
	manage("PUT", "/api/governance/providers/{provider_name}", a.putProviderLimit)
	manage("DELETE", "/api/governance/providers/{provider_name}", a.deleteProviderLimit)
}

// limitPath is how the paths of limits' fields begin in errors.
const limitPath = `governance\.(model_configs\[".*?"\]|providers\.[a-z0-9._-]+?)\.`

func (a *Admin) listModelLimits(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	q := query{values: x.Query}
	search, scope, provider := strings.ToLower(q.text("search")), q.text("scope"), q.text("provider")
	limit, offset := q.page(maxPage)
	q.text("from_memory")
	if err := q.done(); err != nil {
		return nil, err
	}
	out := ModelLimits{ModelConfigs: []ModelLimit{}, Limit: limit, Offset: offset}
	for _, l := range a.Config.Snapshot().ModelLimits {
		shown := a.modelLimit(l)
		if !strings.Contains(strings.ToLower(l.Model), search) || scope != "" && scope != shown.Scope || provider != "" && provider != l.Provider {
			continue
		}
		if out.TotalCount++; out.TotalCount > offset && len(out.ModelConfigs) < limit {
			out.ModelConfigs = append(out.ModelConfigs, shown)
		}
	}
	out.Count = len(out.ModelConfigs)
	return answer(out)
}

func (a *Admin) modelLimit(l *config.ModelLimit) ModelLimit {
	budgets := a.budgets(l.Allowance)
	out := ModelLimit{
		ID: l.ID, ModelName: l.Model, Provider: l.Provider, Scope: "global", ScopeID: l.Key, BudgetIDs: []string{}, Budget: first(budgets),
		Budgets: budgets, RateLimitID: rateLimitID(l.Allowance), RateLimit: a.rateLimit(l.Allowance), CalendarAligned: l.Allowance.Aligned,
		CreatedAt: l.Created, UpdatedAt: l.Updated,
	}
	if l.Key != "" {
		out.Scope = "virtual_key"
	}
	for _, b := range budgets {
		out.BudgetIDs = append(out.BudgetIDs, b.ID)
	}
	return out
}

func (a *Admin) getModelLimit(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	return a.answerModelLimit(x.Params["mc_id"], "", nil)
}

func (a *Admin) answerModelLimit(id, message string, warnings []string) (*exchange.Reply, error) {
	for _, l := range a.Config.Snapshot().ModelLimits {
		if l.ID == id {
			return answer(ModelLimitAnswer{message, a.modelLimit(l), warnings})
		}
	}
	return nil, refuseWith(http.StatusNotFound, "there are no limits with the id %q", id)
}

func (a *Admin) createModelLimit(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	edit, warnings, err := a.Shapes.ModelLimit(x.Raw)
	if err != nil {
		return nil, err
	}
	var id string
	err = a.Config.Update(ctx, func(d *config.Draft) (err error) {
		if id, err = d.AddModelLimit(config.SourceAPI, a.now(), edit); err == nil {
			edit.ID = id // an edit that runs again makes the same one
		}
		return err
	})
	if err != nil {
		return nil, relative(err, limitPath)
	}
	return a.answerModelLimit(id, "model config created", warnings)
}

func (a *Admin) putModelLimit(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	edit, warnings, err := a.Shapes.ModelLimit(x.Raw)
	if err != nil {
		return nil, err
	}
	id := x.Params["mc_id"]
	err = a.Config.Update(ctx, func(d *config.Draft) error { return d.EditModelLimit(id, a.now(), edit) })
	if err != nil {
		return nil, relative(err, limitPath)
	}
	if edit.ResetUsage {
		a.resetUsage(id)
	}
	return a.answerModelLimit(id, "model config updated", warnings)
}

func (a *Admin) deleteModelLimit(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	id := x.Params["mc_id"]
	if err := a.Config.Update(ctx, func(d *config.Draft) error { return d.DeleteModelLimit(id) }); err != nil {
		return nil, err
	}
	return answer(Saved{Status: "success", Message: "model config deleted"})
}
