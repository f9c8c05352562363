package gateway

import (
	"heimdall/gateway/compat"
	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/gateway/govern"
	"heimdall/gateway/route"
	"heimdall/gateway/rule"
	"heimdall/providers/catalog"
	"heimdall/providers/llm"
)

// newRouter makes the router of a configuration, with its prices and its policy.
func (g *Gateway) newRouter(s *config.Snapshot, list []*route.Provider, p *prices, who *govern.Policy) *route.Router {
	return route.New(route.Options{
		Providers: list, Catalog: g.catalog, Health: g.health, Sessions: g.sessions, Rules: rules(s), Dialect: g.dialect, Keep: bodyCap(s),
		Own: s.Client.AllowDirectKeys, OwnUnasked: s.Client.DirectKeysUnasked,
		Authorization: loopback(s.Settings.Host) && (!s.Auth.Enabled || s.Auth.DisableOnInference),
		AskRaw:        s.Client.AllowRawOverride, Extra: compat.ExtraHeaders(s.Client.HeaderFilter.Allow, s.Client.HeaderFilter.Deny),
		Serves: func(provider, model string) route.Has { return p.serves(g.catalog, provider, model) },
		Price: func(_ *route.Provider, model string, x *exchange.Exchange, u llm.Usage) catalog.Cost {
			c := priced(x.Record)
			c.model, c.usage = model, u
			return p.cost(c)
		},
		Used: func(x *exchange.Exchange, provider, model string) (budget, tokens, requests float64) {
			id := ""
			if x.Record != nil {
				id = x.Record.Identity.VirtualKeyID
			}
			used := who.Used(id, provider, model)
			return used.Budget, used.Tokens, used.Requests
		},
	})
}

// rules are the routing rules of a configuration.
func rules(s *config.Snapshot) *rule.Set {
	list := make([]rule.Rule, 0, len(s.Rules))
	for _, r := range s.Rules {
		one := rule.Rule{ID: r.ID, Name: r.Name, Enabled: r.Enabled, Chain: r.Chain, Expression: r.Expression, Fallbacks: r.Fallbacks,
			Scope: string(r.Scope), ScopeID: r.ScopeID, Priority: r.Priority}
		for _, t := range r.Targets {
			one.Targets = append(one.Targets, rule.Target(t))
		}
		list = append(list, one)
	}
	return rule.New(list, rule.Options{MaxDepth: s.Client.RoutingDepth, Complexity: s.Complexity})
}
