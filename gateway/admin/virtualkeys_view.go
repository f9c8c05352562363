package admin

import (
	"slices"
	"time"

	"heimdall/gateway/config"
)

// virtualKey is what may be shown of a virtual key, always.
func (a *Admin) virtualKey(s *config.Snapshot, k *config.VirtualKey) VirtualKey {
	budgets := a.budgets(k.Allowance)
	out := VirtualKey{
		ID: k.ID, Name: k.Name, Value: k.Hint, Description: k.Description, IsActive: k.Active, State: a.keyState(k),
		ExpiresAt: optional(k.Expires), DeleteAfterExpire: k.DeleteAfterExpire, DisableContentLogging: k.DisableContentLogging,
		AllowAllProviders: k.AllProviders, CalendarAligned: k.Allowance.Aligned,
		TeamID: k.TeamID, CustomerID: k.CustomerID, Team: ownerRef(s.Teams, k.TeamID), Customer: ownerRef(s.Customers, k.CustomerID),
		Budget: first(budgets), Budgets: budgets, RateLimitID: rateLimitID(k.Allowance), RateLimit: a.rateLimit(k.Allowance),
		ProviderConfigs: []ProviderGrant{}, MCPConfigs: []ToolGrant{}, Metadata: k.Metadata,
		Unpriced: a.spent().Unpriced(k.ID), Source: string(k.Source), CreatedAt: k.Created, UpdatedAt: k.Updated,
	}
	if out.Budget != nil {
		out.BudgetID = out.Budget.ID
	}
	if p := k.Previous; p != nil && a.now().Before(p.Until) {
		out.PreviousValidUntil = &p.Until
	}
	for _, g := range k.Grants {
		out.ProviderConfigs = append(out.ProviderConfigs, a.grant(s, k, g))
	}
	for _, t := range k.Tools {
		out.MCPConfigs = append(out.MCPConfigs, ToolGrant{t.ID, k.ID, t.Server, modelList(config.ModelList{All: t.All, List: t.Tools})})
	}
	return out
}

// keyState is what whoever counts says of the key, or what is known without.
func (a *Admin) keyState(k *config.VirtualKey) string {
	switch state := a.spent().KeyState(k.ID); {
	case !k.Active:
		return "inactive"
	case k.Expired(a.now()):
		return "expired"
	case state != "":
		return state
	}
	return "active"
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (a *Admin) grant(s *config.Snapshot, k *config.VirtualKey, g *config.Grant) ProviderGrant {
	budgets := a.budgets(g.Allowance)
	out := ProviderGrant{
		ID: g.ID, VirtualKeyID: k.ID, Provider: g.Provider, Weight: g.Weight, AllowedModels: modelList(g.Models), BlacklistedModels: list(g.Denied),
		AllowAllKeys: g.Keys.All, KeyIDs: modelList(config.ModelList(g.Keys)), Keys: []FlatKey{},
		Budget: first(budgets), Budgets: budgets, RateLimitID: rateLimitID(g.Allowance), RateLimit: a.rateLimit(g.Allowance),
	}
	p := s.Provider(g.Provider)
	if p == nil {
		return out
	}
	for _, key := range p.Keys {
		if slices.Contains(g.Keys.List, key.ID) {
			out.Keys = append(out.Keys, FlatKey{key.ID, key.Name, p.Name, modelList(key.Models)})
		}
	}
	return out
}
