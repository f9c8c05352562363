package gateway

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"heimdall/gateway/admin"
	"heimdall/gateway/exchange"
	"heimdall/gateway/route"
	"heimdall/providers"
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// simulate says what would happen to a request that is not made.
func (g *Gateway) simulate(ctx context.Context, s admin.Simulation) (admin.Simulated, error) {
	row, d, err := g.simulatedRow(s)
	if err != nil {
		return admin.Simulated{}, err
	}
	policy := g.policy.Load()
	x := &exchange.Exchange{
		Row: row, Method: "POST", Path: row.Path, Header: simulatedHeader(s.Headers), Raw: simulatedBody(s), Start: time.Now(),
		Query: url.Values{}, Peek: dialect.Peek{Model: s.Model, Fallbacks: len(s.Fallbacks) > 0}, Record: &exchange.Record{},
	}
	for name, value := range s.Params {
		x.Query.Set(name, value)
	}
	x.SetDialect(d)
	if s.VirtualKeyID != "" {
		x.Record.Identity = g.identity(s.VirtualKeyID)
	}
	x.Caller = policy.Caller(s.VirtualKeyID)
	e := g.router.Load().Explain(ctx, x)
	if err := policy.Refusal(x.Header, s.VirtualKeyID); err != nil {
		e.Refusal = err
	}
	return shownPlan(e), nil
}

// simulatedRow is the route that a request would take.
func (g *Gateway) simulatedRow(s admin.Simulation) (*exchange.Row, dialect.Dialect, error) {
	rows := g.inferenceRows()
	for i := range rows {
		row := &rows[i]
		if row.Op == "" || row.Provider != s.Route || row.Method != "POST" || s.Route == "" && !strings.HasPrefix(row.Path, "/v1/") {
			continue
		}
		wanted := s.RequestType
		if wanted == "" && row.Op == llm.OpChat || wanted == requestType(row.Op, row.Dialect, false) || wanted == providers.RequestType(row.Op, row.Dialect, false) {
			return row, g.dialects[row.Dialect], nil
		}
	}
	return nil, dialect.Dialect{}, &llm.Error{Kind: llm.KindInvalidRequest, Status: 400, Param: "request_type", Message: "request_type: no such call can be made there"}
}

func (g *Gateway) identity(virtualKeyID string) (who exchange.Identity) {
	s := g.manager.Snapshot()
	for _, k := range s.VirtualKeys {
		if k.ID == virtualKeyID {
			who.VirtualKeyID, who.VirtualKeyName, who.TeamID, who.CustomerID = k.ID, k.Name, k.TeamID, k.CustomerID
		}
	}
	for _, t := range s.Teams {
		if t.ID == who.TeamID {
			who.TeamName = t.Name
			if who.CustomerID == "" {
				who.CustomerID = t.CustomerID
			}
		}
	}
	for _, c := range s.Customers {
		if c.ID == who.CustomerID {
			who.CustomerName = c.Name
		}
	}
	return who
}

// simulatedBody is what of a body counts for where it goes, in no dialect.
func simulatedBody(s admin.Simulation) []byte {
	var w rawjson.Writer
	w.Open('{')
	w.StringField("model", s.Model)
	if len(s.Fallbacks) > 0 {
		w.Key("fallbacks")
		w.Open('[')
		for _, f := range s.Fallbacks {
			w.Elem()
			w.String(f)
		}
		w.Close(']')
	}
	if s.Prompt != "" {
		w.StringField("prompt", s.Prompt)
	}
	w.Close('}')
	return w.B
}

// simulatedHeader is a header that somebody wrote down.
type simulatedHeader map[string]string

func (h simulatedHeader) Get(name string) string {
	for n, value := range h {
		if strings.EqualFold(n, name) {
			return value
		}
	}
	return ""
}

func (h simulatedHeader) HasPrefix(prefix string) bool {
	found := false
	h.Each(prefix, func(string, string) { found = true })
	return found
}

func (h simulatedHeader) Each(prefix string, f func(name, value string)) {
	for n, value := range h {
		if len(n) >= len(prefix) && strings.EqualFold(n[:len(prefix)], prefix) {
			f(n, value)
		}
	}
}

// shownPlan is an explanation for the page.
func shownPlan(e route.Explanation) admin.Simulated {
	out := admin.Simulated{Steps: []admin.RoutingStep{}, Candidates: []admin.Candidate{}}
	for _, s := range e.Steps {
		out.Steps = append(out.Steps, admin.RoutingStep(s))
	}
	for _, c := range e.Candidates {
		one := admin.Candidate{Provider: c.Provider, Model: c.Model, Share: c.Share, Fallback: c.Fallback, Refused: c.Refused, Keys: []admin.CandidateKey{}}
		for _, k := range c.Keys {
			one.Keys = append(one.Keys, admin.CandidateKey{ID: k.ID, Name: k.Name, Weight: k.Weight, Share: k.Share, State: k.State, Refused: k.Refused})
		}
		out.Candidates = append(out.Candidates, one)
	}
	if e.Refusal != nil {
		refused := admin.ShowError(llm.AsError(e.Refusal))
		out.Refusal = &refused
	}
	return out
}

// breakers show how providers and their keys do.
func (g *Gateway) breakers() admin.Health {
	out := admin.Health{Providers: []admin.ProviderHealth{}}
	for _, p := range g.router.Load().Providers() {
		one := admin.ProviderHealth{Provider: p.Name, Breaker: shownBreaker(g.health.State(p.Name, "")), Keys: []admin.KeyHealth{}}
		for i := range p.Keys {
			k := &p.Keys[i]
			one.Keys = append(one.Keys, admin.KeyHealth{KeyID: k.KeyID, Name: k.KeyName, Breaker: shownBreaker(g.health.State(p.Name, k.KeyID))})
		}
		out.Providers = append(out.Providers, one)
	}
	slices.SortFunc(out.Providers, func(a, b admin.ProviderHealth) int { return strings.Compare(a.Provider, b.Provider) })
	return out
}

func shownBreaker(s route.State) admin.Breaker {
	b := admin.Breaker{State: s.Name, Share: s.Share, Failures: s.Failures, LastError: s.LastError}
	if !s.ErrorAt.IsZero() {
		b.LastErrorAt = &s.ErrorAt
	}
	if !s.RetryAt.IsZero() {
		b.RetryAt = &s.RetryAt
	}
	return b
}
