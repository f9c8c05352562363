package rule

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"heimdall/gateway/complexity"
	"heimdall/gateway/exchange"
)

const engine = "routing-rule"

// Input is what rules may ask about a request. Nil functions know nothing.
type Input struct {
	Model       string // without its provider
	Provider    string // "" = the request names none
	RequestType string // as chat_completion
	// Header finds a header field by its name in any case, Param a parameter of the query; "" = there is none.
	Header func(name string) string
	Param  func(name string) string
	// HasParam finds parameters without a value too; nil = only those with a value are there.
	HasParam func(name string) bool
	Identity exchange.Identity
	Body     []byte // by which complexity_tier is graded; it is read when a rule asks for that
	// Used says how much of the tightest limit on a model of a provider is used, in percent; 0 = there is no limit.
	Used func(provider, model string) (budget, tokens, requests float64)
	All  bool // the decision is to show all targets
}

// Decision is where the rules send a request. Provider and Model are the request's own where no rule changes them.
type Decision struct {
	Matched   bool
	Provider  string
	Model     string
	KeyID     string   // "" = any key
	Fallbacks []string // provider/model
	Drawn     []Target // among which it was drawn, with what they leave as it is filled in; where the input asks for them
	RuleID    string   // the last rule that matched
	RuleName  string
	Tier      string // how complex the request is; "" = no rule asked, or it has no text
}

// Decide asks the rules, and says which of them matched and where they send the request.
func (s *Set) Decide(in Input) (Decision, []exchange.Step) {
	d := Decision{Provider: in.Provider, Model: in.Model}
	if s.Empty() {
		return d, nil
	}
	now := in // a copy, so that a request without rules costs no memory
	p := pass{set: s, view: view{in: &now, grade: s.grade}, decision: d}
	for again := 1; p.once(); again++ {
		if slices.Contains(p.seen, place{now.Provider, now.Model}) {
			p.say("the rules send %s round in a circle; they are not asked again", named(now.Provider, now.Model))
			break
		}
		if again > s.depth {
			p.say("chained rules may be asked again %d times, and were; they are not asked any more", s.depth)
			break
		}
	}
	p.decision.Fallbacks, p.decision.Tier = p.fallbacks(), string(p.view.complexity.Tier)
	return p.decision, p.steps
}

type place struct{ provider, model string }

// pass is one decision while it is made.
type pass struct {
	set      *Set
	view     view
	decision Decision
	from     []string // the fallbacks as the rules have them
	seen     []place
	steps    []exchange.Step
}

// once asks the rules until one matches, and reports whether they are to be asked again.
func (p *pass) once() bool {
	for i := range p.set.rules {
		r := &p.set.rules[i]
		if !r.asked(&p.view.in.Identity) {
			continue
		}
		before := p.view.graded
		matched, err := r.program.matches(&p.view)
		if p.view.graded && !before {
			p.say("%s", graded(p.view.complexity))
		}
		if err != nil {
			p.say("the rule %q is passed over: %s", r.Name, err)
			continue
		}
		if matched {
			p.take(r)
			return r.Chain
		}
	}
	return false
}

// graded says how a request was graded.
func graded(g complexity.Grade) string {
	if g.Tier == "" {
		return "the request has no text to grade, so complexity_tier is not known"
	}
	return "the request is graded " + g.String()
}

// asked reports whether the rule is for requests of that sender.
func (r *compiled) asked(who *exchange.Identity) bool {
	id := ""
	switch r.Scope {
	case "virtual_key":
		id = who.VirtualKeyID
	case "team":
		id = who.TeamID
	case "customer":
		id = who.CustomerID
	default:
		return true
	}
	return id != "" && id == r.ScopeID
}

func (p *pass) take(r *compiled) {
	in, t := p.view.in, p.set.pick(r.Targets)
	before := place{in.Provider, in.Model}
	p.seen = append(p.seen, before)
	d := &p.decision
	if in.All {
		d.Drawn = nil
		for _, other := range r.Targets {
			d.Drawn = append(d.Drawn, other.from(before))
		}
	}
	t = t.from(before)
	in.Provider, in.Model = t.Provider, t.Model
	if t.Key != "" || in.Provider != before.provider {
		d.KeyID = t.Key
	}
	d.Matched, d.Provider, d.Model = true, in.Provider, in.Model
	d.RuleID, d.RuleName = r.ID, r.Name
	if len(r.Fallbacks) > 0 {
		p.from = r.Fallbacks
	}
	p.view.forget()
	key := ""
	if t.Key != "" {
		key = " with the key " + t.Key
	}
	was, now := named(before.provider, before.model), named(in.Provider, in.Model)
	if was == now {
		p.say("the rule %q leaves %s as it is%s", r.Name, was, key)
		return
	}
	p.say("the rule %q sends %s to %s%s", r.Name, was, now, key)
}

// from is a target with what it leaves as it was.
func (t Target) from(was place) Target {
	t.Provider, t.Model = cmp.Or(t.Provider, was.provider), cmp.Or(t.Model, was.model)
	return t
}

func (p *pass) say(format string, args ...any) {
	p.steps = append(p.steps, exchange.Step{Engine: engine, Message: fmt.Sprintf(format, args...)})
}

// fallbacks are those of the last rule that has some, with the model that was decided where they keep it.
func (p *pass) fallbacks() []string {
	if len(p.from) == 0 {
		return nil
	}
	list := make([]string, len(p.from))
	for i, f := range p.from {
		if strings.HasSuffix(f, "/") {
			f += p.decision.Model
		}
		list[i] = f
	}
	return list
}

// pick draws one of the targets by their weights.
func (s *Set) pick(targets []Target) Target {
	if len(targets) == 1 {
		return targets[0]
	}
	sum := 0.0
	for _, t := range targets {
		sum += t.Weight
	}
	at := s.draw() * sum
	for _, t := range targets {
		if at < t.Weight {
			return t
		}
		at -= t.Weight
	}
	return targets[len(targets)-1]
}

func named(provider, model string) string {
	if provider == "" {
		return model
	}
	return provider + "/" + model
}
