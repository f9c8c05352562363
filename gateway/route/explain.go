package route

import (
	"cmp"
	"context"
	"slices"

	"heimdall/gateway/exchange"
	"heimdall/gateway/rule"
)

// Explanation is what would happen to an exchange: the decisions in their order, and the candidates in that in which
// they would be tried. Refusal is what the client would get instead; nil = nothing.
type Explanation struct {
	Steps      []exchange.Step
	Candidates []Candidate
	Refusal    error
}

// Candidate is one provider and model. Share is its part of the first tries, 0 to 1; Fallback counts from 0, the primary.
// Refused says why it cannot be tried; "" = it can.
type Candidate struct {
	Provider string
	Model    string
	Share    float64
	Fallback int
	Refused  string
	Keys     []CandidateKey
}

// CandidateKey is one key of a candidate. Share is its part of the candidate's calls, State
// that of its breaker.
type CandidateKey struct {
	ID      string
	Name    string
	Weight  float64
	Share   float64
	State   string
	Refused string
}

// Explain tells what would happen to an exchange, whose Peek is filled. It calls nobody but providers whose list of
// models is not known.
func (r *Router) Explain(ctx context.Context, x *exchange.Exchange) Explanation {
	p := plan{all: true}
	err := r.plan(ctx, x, &p)
	out := Explanation{Steps: p.steps, Refusal: err}
	if err != nil {
		return out
	}
	others, passed := r.fallbacks(x, &p)
	for _, w := range passed {
		out.Steps = append(out.Steps, exchange.Step{Engine: "core", Message: w.Why})
	}
	shares := r.shares(p.shares)
	for _, c := range append([]candidate{p.first}, others...) {
		one, err := r.explain(x, c)
		one.Share = shares[c.up.Name]
		if len(shares) == 0 && c.index == 0 {
			one.Share = 1
		}
		if c.index == 0 {
			out.Refusal = err
		}
		out.Candidates = append(out.Candidates, one)
	}
	r.targets(x, &p, &out)
	if slices.ContainsFunc(out.Candidates, func(c Candidate) bool { return c.Refused == "" }) {
		out.Refusal = nil
	}
	return out
}

// targets adds those of the matching rule that were not drawn, after the one that was.
func (r *Router) targets(x *exchange.Exchange, p *plan, out *Explanation) {
	total := 0.0
	for _, t := range p.drawn {
		total += t.Weight
	}
	if len(p.drawn) < 2 || total <= 0 {
		return
	}
	out.Candidates[0].Share = 0
	for _, t := range p.drawn {
		at := slices.IndexFunc(out.Candidates, func(c Candidate) bool {
			return c.Fallback == 0 && c.Provider == cmp.Or(t.Provider, p.first.up.Name) && c.Model == t.Model
		})
		if at < 0 {
			at = 1
			out.Candidates = slices.Insert(out.Candidates, at, r.target(x, p, t))
		}
		out.Candidates[at].Share += t.Weight / total
	}
}

// target is one that a rule might have drawn.
func (r *Router) target(x *exchange.Exchange, p *plan, t rule.Target) Candidate {
	c := candidate{up: p.first.up, model: t.Model}
	if t.Provider != "" {
		c.up = r.providers[t.Provider]
	}
	if c.up == nil {
		return Candidate{Provider: t.Provider, Model: t.Model, Refused: "the provider " + t.Provider + " is not configured"}
	}
	if t.Key != "" {
		c.pin = pin{id: t.Key}
	}
	one, _ := r.explain(x, c)
	return one
}

// shares are the parts of the providers among which the first candidate is drawn, by name.
func (r *Router) shares(list []exchange.Share) map[string]float64 {
	out := map[string]float64{}
	total := 0.0
	for _, s := range list {
		w := part(s, list[0].Weight == 0) * r.providers[s.Provider].breaker.share()
		out[s.Provider] = w
		total += w
	}
	for name := range out {
		if total > 0 {
			out[name] /= total
		}
	}
	return out
}

// explain tells of one candidate, with why it is refused.
func (r *Router) explain(x *exchange.Exchange, c candidate) (out Candidate, refusal error) {
	out = Candidate{Provider: c.up.Name, Model: c.model, Fallback: c.index}
	keys := pool{up: c.up, model: c.model, pin: c.pin}
	if x.Caller != nil {
		keys.only = x.Caller.Keys(c.up.Name)
		if refusal = x.Caller.May(c.up.Name, c.model); refusal == nil {
			refusal = x.Caller.Afford(exchange.Need{Provider: c.up.Name, Model: c.model, Input: input(x.Raw), MaxOutput: x.Peek.MaxOutput})
		}
	}
	even, total := keys.even(), 0.0
	for i := range c.up.Keys {
		k := &c.up.Keys[i]
		one := CandidateKey{ID: k.KeyID, Name: k.KeyName, Weight: k.Weight, Share: keys.weight(i, healthy, even), State: c.up.keys[i].show().Name}
		switch {
		case !keys.pin.none() && !keys.pin.is(k):
			one.Refused = "another key is pinned"
		case !k.serves(c.model):
			one.Refused = "it may not be used for " + c.model
		case !keys.meant(k):
			one.Refused = "the virtual key may not use it"
		case k.Problem != "":
			one.Refused = k.Problem
		case !even && k.Weight == 0:
			one.Refused = "its weight is 0"
		}
		total += one.Share
		out.Keys = append(out.Keys, one)
	}
	for i := range out.Keys {
		if total > 0 {
			out.Keys[i].Share /= total
		}
	}
	if _, _, err := keys.choose(r.Draw); err != nil && refusal == nil {
		refusal = err
	}
	if refusal != nil {
		out.Refused = refusal.Error()
	}
	return out, refusal
}
