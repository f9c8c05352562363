package gateway

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"heimdall/gateway/config"
	"heimdall/gateway/govern"
	"heimdall/providers/llm"
)

// governance is who may reach and spend what: the ledger and the kill switch, which outlive configurations, and the
// policy of the present one.
type governance struct {
	ledger *govern.Ledger
	pause  *govern.Switch
}

// openGovernance reads what was used of budgets and limits.
func (g *Gateway) openGovernance(ctx context.Context, store govern.Store) error {
	ledger, err := govern.OpenLedger(ctx, govern.LedgerOptions{Store: store, Log: g.opts.Log})
	if err != nil {
		return err
	}
	g.closers = append(g.closers, ledger.Close)
	g.governance = governance{ledger, govern.NewSwitch(govern.SwitchOptions{Log: g.opts.Log, Tripped: g.tripped})}
	return nil
}

// tripped remembers that the kill switch has tripped.
func (g *Gateway) tripped(p govern.Pause) error {
	return g.manager.Update(g.background, func(d *config.Draft) error {
		d.Pause.Paused, d.Pause.Reason, d.Pause.Since = p.Paused, p.Reason, p.Since
		return nil
	})
}

// newPolicy makes the policy of a configuration, which prices tell what calls cost.
func (g *Gateway) newPolicy(s *config.Snapshot, p *prices) (*govern.Policy, error) {
	o := govern.Options{
		Ledger: g.governance.ledger, Switch: g.governance.pause,
		Teams: owners(s.Teams), Customers: owners(s.Customers),
		Mandatory: s.Client.EnforceKey, RequiredHeaders: s.Client.RequiredHeaders, RefuseUnpriced: s.Client.RefuseUnpriced,
		Price: func(provider, model, virtualKey string, u llm.Usage) (float64, bool) {
			c := p.cost(call{provider: provider, model: model, virtualKey: virtualKey, usage: u, at: time.Now()})
			return c.Total, c.Known
		},
	}
	for _, k := range s.VirtualKeys {
		key, err := governedKey(k)
		if err != nil {
			return nil, err
		}
		o.Keys = append(o.Keys, key)
	}
	for _, l := range s.ProviderLimits {
		o.ProviderLimits = append(o.ProviderLimits, govern.ProviderLimit{Provider: l.Provider, Allowance: allowance(l.Allowance)})
	}
	for _, l := range s.ModelLimits {
		o.ModelLimits = append(o.ModelLimits, govern.ModelLimit{Model: l.Model, Provider: l.Provider, KeyID: l.Key, Allowance: allowance(l.Allowance)})
	}
	return govern.New(o)
}

func owners(list []*config.Owner) (out []govern.Owner) {
	for _, o := range list {
		out = append(out, govern.Owner{ID: o.ID, Name: o.Name, CustomerID: o.CustomerID, Allowance: allowance(o.Allowance)})
	}
	return out
}

func governedKey(k *config.VirtualKey) (govern.Key, error) {
	out := govern.Key{
		ID: k.ID, Name: k.Name, Active: k.Active, Expires: k.Expires, TeamID: k.TeamID, CustomerID: k.CustomerID,
		Allowance: allowance(k.Allowance), AllProviders: k.AllProviders, NoBodies: k.DisableContentLogging,
	}
	var err error
	if out.Hash, err = hash(k.Hash); err != nil {
		return out, fmt.Errorf("virtual key %q: %w", k.Name, err)
	}
	if k.Previous != nil {
		if out.Previous, err = hash(k.Previous.Hash); err != nil {
			return out, fmt.Errorf("virtual key %q: %w", k.Name, err)
		}
		out.PreviousUntil = k.Previous.Until
	}
	for _, g := range k.Grants {
		out.Grants = append(out.Grants, govern.Grant{
			Provider: g.Provider, Weight: g.Weight, AllModels: g.Models.All, Models: g.Models.List, Denied: g.Denied,
			AllKeys: g.Keys.All, KeyIDs: g.Keys.List, Allowance: allowance(g.Allowance),
		})
	}
	return out, nil
}

func hash(text string) (h govern.Hash, err error) {
	if n, err := hex.Decode(h[:], []byte(text)); err != nil || n != len(h) {
		return h, fmt.Errorf("its stored hash is damaged; give it a new value")
	}
	return h, nil
}

func allowance(a config.Allowance) govern.Allowance {
	out := govern.Allowance{Aligned: a.Aligned}
	for _, b := range a.Budgets {
		budget := govern.Budget{ID: b.ID, Max: b.Max, Every: b.Every, QuarterStart: b.QuarterStart, Since: b.Since}
		if b.Override != nil {
			budget.Override = &govern.Override{Amount: b.Override.Amount, Cycles: b.Override.Cycles, Since: b.Override.Since}
		}
		out.Budgets = append(out.Budgets, budget)
	}
	if r := a.Rate; r != nil {
		out.Rate = &govern.RateLimit{ID: r.ID, Tokens: quota(r.Tokens), Requests: quota(r.Requests), Since: r.Since}
	}
	return out
}

func quota(q *config.Quota) *govern.Quota {
	if q == nil {
		return nil
	}
	return &govern.Quota{Max: q.Max, Every: q.Every}
}

// burn is what calls cost now.
func (g *Gateway) burn() (perMinute, today float64, unpriced int64) {
	b := g.governance.pause.Burn()
	return b.LastMinute, b.Today, b.Unpriced
}

// showSpending tells the pages and the tray what is being spent, every few seconds while that changes.
func (g *Gateway) showSpending(ctx context.Context) {
	tick := time.NewTicker(spendingEvery)
	defer tick.Stop()
	var last [4]any
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		k := g.admin.KillSwitch()
		if now := [...]any{k.Paused, k.BurnRate, k.SpentToday, k.Unpriced}; now != last {
			last = now
			g.hub.Spending(k)
		}
	}
}

const spendingEvery = 2 * time.Second
