package route

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"heimdall/gateway/exchange"
	"heimdall/gateway/rule"
	"heimdall/providers"
	"heimdall/providers/llm"
)

// candidate is one provider and model that may serve an exchange.
type candidate struct {
	up    *upstream
	model string // as callers name it
	pin   pin
	index int // which of the fallbacks; 0 = the primary
}

// plan is where an exchange goes.
type plan struct {
	first  candidate
	moved  bool             // it goes elsewhere than the client's words say
	ruled  []string         // the fallbacks of the rules
	all    bool             // it is to be shown with all targets of its rule
	drawn  []rule.Target    // those, where a rule matched
	shares []exchange.Share // among which the first was drawn, the heaviest first; nil = nothing was drawn
	steps  []exchange.Step
}

func (p *plan) say(engine, message string) {
	p.steps = append(p.steps, exchange.Step{Engine: engine, Message: message})
}

// plan decides where an exchange goes first: as the rules say, as the client names it, as the caller's traffic is
// divided, or where the model is listed.
func (r *Router) plan(ctx context.Context, x *exchange.Exchange, p *plan) error {
	p.first.pin = pinned(x)
	name := x.Asked()
	if name == "" {
		up, err := r.unnamed(x)
		p.first.up = up
		return err
	}
	up, model := r.named(name)
	if x.KeyID == "" && !r.Rules.Empty() {
		next, to, err := r.ruled(x, p, up, model)
		if err != nil {
			return err
		}
		up, model = next, to
	}
	p.first.model = model
	if up == nil {
		if x.Caller != nil {
			up = r.divided(x, p, model)
		}
		if up == nil {
			up = r.providers[x.Row.Provider]
		}
		if up == nil {
			var err error
			if up, err = r.search(ctx, x, p, model); err != nil {
				return err
			}
		}
	}
	p.first.up = up
	return nil
}

// pinned is the key that the client wants for the first call.
func pinned(x *exchange.Exchange) pin {
	if x.KeyID != "" {
		return pin{id: x.KeyID}
	}
	if !x.Header.HasPrefix("X-Bf-Api-Key") {
		return pin{}
	}
	if id := x.Header.Get("X-Bf-Api-Key-Id"); id != "" {
		return pin{id: id}
	}
	return pin{name: x.Header.Get("X-Bf-Api-Key")}
}

// named splits a model that is named with a configured provider; nil = it is not.
func (r *Router) named(name string) (*upstream, string) {
	if first, rest, ok := strings.Cut(name, "/"); ok && rest != "" {
		if up := r.providers[first]; up != nil {
			return up, rest
		}
	}
	return nil, name
}

// ruled asks the rules. The provider is nil where neither they nor the client name one.
func (r *Router) ruled(x *exchange.Exchange, p *plan, up *upstream, model string) (*upstream, string, error) {
	meant := up
	if meant == nil {
		meant = r.providers[x.Row.Provider]
	}
	in := rule.Input{Model: model, All: p.all, Body: x.Raw, Header: x.Header.Get, Param: x.Query.Get, HasParam: x.Query.Has,
		RequestType: strings.TrimSuffix(providers.RequestType(x.Row.Op, x.Row.Dialect, false), "_stream")}
	if meant != nil {
		in.Provider = meant.Name
	}
	if x.Record != nil {
		in.Identity = x.Record.Identity
	}
	if r.Used != nil {
		in.Used = func(provider, model string) (budget, tokens, requests float64) { return r.Used(x, provider, model) }
	}
	d, steps := r.Rules.Decide(in)
	p.steps = append(p.steps, steps...)
	if rec := x.Record; rec != nil {
		rec.RuleID, rec.RuleName, rec.Tier = d.RuleID, d.RuleName, d.Tier
	}
	if !d.Matched {
		return up, model, nil
	}
	p.ruled, p.drawn = d.Fallbacks, d.Drawn
	if d.KeyID != "" {
		p.first.pin = pin{id: d.KeyID}
	}
	if d.Provider == in.Provider {
		if d.KeyID != "" && up == nil {
			up = meant
		}
		return up, d.Model, nil
	}
	p.moved = true
	if d.KeyID == "" {
		p.first.pin = pin{} // it was for another provider
	}
	to := r.providers[d.Provider]
	if to == nil {
		e := llm.Errorf(llm.KindInvalidRequest, "a routing rule sends this request to the provider %q, which is not configured: add it, or change the rule", d.Provider)
		e.Type = "invalid_request_error"
		return nil, "", e
	}
	return to, d.Model, nil
}

// divided draws one of the providers among which the caller's traffic is divided; nil = it is not. Who is left out for
// its health is drawn only where all are.
func (r *Router) divided(x *exchange.Exchange, p *plan, model string) *upstream {
	shares := x.Caller.Shares(model)
	shares = slices.DeleteFunc(shares, func(s exchange.Share) bool { return r.providers[s.Provider] == nil || s.Weight < 0 })
	if shares = r.capable(shares, model); len(shares) == 0 {
		return nil
	}
	slices.SortStableFunc(shares, func(a, b exchange.Share) int { return cmp.Compare(b.Weight, a.Weight) })
	p.shares = shares
	p.moved = true
	if len(shares) == 1 {
		only := r.providers[shares[0].Provider]
		if only.Name != x.Row.Provider {
			p.say("governance", "only "+only.Name+" may serve "+model)
		}
		return only
	}
	weights := make([]float64, len(shares))
	even := shares[0].Weight == 0
	for _, weighed := range []func(exchange.Share) float64{
		func(s exchange.Share) float64 { return part(s, even) * r.providers[s.Provider].breaker.share() },
		func(s exchange.Share) float64 { return part(s, even) },
	} {
		total := 0.0
		for i, s := range shares {
			weights[i] = weighed(s)
			total += weights[i]
		}
		if total > 0 {
			break
		}
	}
	drawn := shares[pick(weights, r.Draw())]
	p.say("governance", model+" is divided among "+describe(shares, even)+": "+drawn.Provider+" was drawn")
	return r.providers[drawn.Provider]
}

func part(s exchange.Share, even bool) float64 {
	if even {
		return 1
	}
	return s.Weight
}

// pick is the place that at, a number from 0 up to 1, falls on.
func pick(weights []float64, at float64) (last int) {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	at *= total
	for i, w := range weights {
		if w <= 0 {
			continue
		}
		last = i
		if at -= w; at < 0 {
			return i
		}
	}
	return last
}

func describe(shares []exchange.Share, even bool) string {
	total := 0.0
	for _, s := range shares {
		total += part(s, even)
	}
	var parts []string
	for _, s := range shares {
		parts = append(parts, s.Provider+" ("+strconv.FormatFloat(100*part(s, even)/total, 'f', -1, 32)+" %)")
	}
	return strings.Join(parts, ", ")
}

// unnamed finds the provider for the operations that need no model: those on an answer that a provider keeps.
func (r *Router) unnamed(x *exchange.Exchange) (*upstream, error) {
	switch x.Row.Op {
	case llm.OpStoredGet, llm.OpStoredDelete, llm.OpStoredCancel, llm.OpStoredInput:
	default:
		return nil, invalidModel("model is required")
	}
	name := x.Query.Get("provider")
	if name == "" {
		name = x.Header.Get("X-Model-Provider")
	}
	if name == "" {
		name = x.Row.Provider
	}
	if up := r.providers[name]; up != nil {
		return up, nil
	}
	e := llm.Errorf(llm.KindInvalidRequest, "the provider %q is not configured", name)
	if name == "" {
		e = llm.Errorf(llm.KindInvalidRequest, "provider is required: say with ?provider= or the header x-model-provider who keeps this answer")
	}
	e.Param, e.Type = "provider", "invalid_request_error"
	return nil, e
}
