package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"heimdall/gateway/period"
)

// AllowanceEdit is a wished change of what somebody may spend and ask for. What is nil stays; what is given replaces
// its block as a whole.
type AllowanceEdit struct {
	Aligned *bool
	Budgets []BudgetEdit // nil = stay; else these and no others
	Rate    *RateEdit
}

// BudgetEdit is a wished budget. It changes the one of that ID or else of that period, whose usage then stays; or it
// makes one. What is nil or zero stays.
type BudgetEdit struct {
	ID           string
	Max          *float64
	Every        period.Period
	QuarterStart *int      // 0 = January
	Override     *Override // an amount of 0 takes it away; Since is of no meaning
}

// RateEdit is a wished rate limit; without Tokens and Requests there is none.
type RateEdit struct {
	ID               string
	Tokens, Requests *Quota
}

// with is the allowance after an edit. at is the path of its owner.
func (a Allowance) with(at string, now time.Time, e AllowanceEdit) (Allowance, error) {
	if e.Aligned != nil {
		a.Aligned = *e.Aligned
	}
	if e.Budgets != nil {
		old := a.Budgets
		a.Budgets = nil
		for i, b := range e.Budgets {
			budget, err := b.apply(fmt.Sprintf("%s.budgets[%d]", at, i), now, old)
			if err != nil {
				return a, err
			}
			a.Budgets = append(a.Budgets, budget)
		}
	}
	if e.Rate != nil {
		a.Rate = e.Rate.apply(now, a.Rate)
	}
	return a, nil
}

func (e BudgetEdit) apply(at string, now time.Time, old []Budget) (Budget, error) {
	b := Budget{ID: e.ID, Since: now.UTC()}
	i := slices.IndexFunc(old, func(o Budget) bool { return e.ID != "" && o.ID == e.ID })
	if i < 0 {
		i = slices.IndexFunc(old, func(o Budget) bool { return !e.Every.Zero() && o.Every == e.Every })
	}
	if i >= 0 {
		b = old[i]
	}
	if b.ID == "" {
		b.ID = uuid.NewString()
	}
	switch {
	case i < 0 && e.Max == nil:
		return b, invalid(at+".max_limit", "is missing; give an amount in US dollars")
	case i < 0 && e.Every.Zero():
		return b, invalid(at+".reset_duration", "is missing; give a number and a unit, such as 1d or 1M")
	}
	if e.Max != nil {
		b.Max = *e.Max
	}
	if !e.Every.Zero() && e.Every != b.Every {
		b.Every, b.Since = e.Every, now.UTC()
	}
	if e.QuarterStart != nil {
		b.QuarterStart = time.Month(*e.QuarterStart)
	}
	if o := e.Override; o != nil {
		b.override(*o, now)
	}
	return b, nil
}

// override adds to the budget from now on. What it adds already goes on.
func (b *Budget) override(o Override, now time.Time) {
	switch {
	case o.Amount == 0:
		b.Override = nil
	case b.Override == nil || b.Override.Amount != o.Amount || b.Override.Cycles != o.Cycles:
		b.Override = &Override{Amount: o.Amount, Cycles: o.Cycles, Since: now.UTC()}
	}
}

func (e RateEdit) apply(now time.Time, old *RateLimit) *RateLimit {
	if e.Tokens == nil && e.Requests == nil {
		return nil
	}
	r := RateLimit{ID: e.ID, Since: now.UTC()}
	if old != nil {
		r = *old
	}
	if r.ID == "" {
		r.ID = uuid.NewString()
	}
	r.Tokens, r.Requests = e.Tokens, e.Requests
	return &r
}

// Window is the budget's window that holds at.
func (b Budget) Window(at time.Time, aligned bool) (start, end time.Time) {
	return b.Every.Window(at, b.Since, period.Calendar{Aligned: aligned, QuarterStart: b.QuarterStart})
}

// Effective is the budget's limit in the window that holds at, with what its override adds.
func (b Budget) Effective(at time.Time, aligned bool) float64 {
	o := b.Override
	if o == nil {
		return b.Max
	}
	start, end := b.Window(at, aligned)
	until := o.Since
	for range o.Cycles {
		_, until = b.Window(until, aligned)
	}
	if !end.After(o.Since) || (o.Cycles > 0 && !start.Before(until)) {
		return b.Max
	}
	return b.Max + o.Amount
}

// Allowed is somebody's allowance. Kind is virtual_key, provider_config, team, customer, provider or model; Owner is
// the id of the entity that holds it, which for a provider_config is the virtual key.
type Allowed struct {
	Kind, ID, Name, Owner string
	Allowance             *Allowance
}

// Allowances are all allowances of governance.
func (g Governance) Allowances() (all []Allowed) {
	for _, o := range g.Customers {
		all = append(all, Allowed{"customer", o.ID, o.Name, o.ID, &o.Allowance})
	}
	for _, o := range g.Teams {
		all = append(all, Allowed{"team", o.ID, o.Name, o.ID, &o.Allowance})
	}
	for _, k := range g.VirtualKeys {
		all = append(all, Allowed{"virtual_key", k.ID, k.Name, k.ID, &k.Allowance})
		for _, grant := range k.Grants {
			all = append(all, Allowed{"provider_config", grant.ID, k.Name + ": " + grant.Provider, k.ID, &grant.Allowance})
		}
	}
	for _, l := range g.ProviderLimits {
		all = append(all, Allowed{"provider", l.Provider, l.Provider, l.Provider, &l.Allowance})
	}
	for _, l := range g.ModelLimits {
		all = append(all, Allowed{"model", l.ID, l.Model, l.ID, &l.Allowance})
	}
	return all
}

// SetOverride adds to a budget that the owner holds from now on: for a number of windows, or forever where cycles is 0.
// An amount of 0 takes the override away.
func (d *Draft) SetOverride(owner, budget string, amount float64, cycles int, now time.Time) error {
	for _, k := range d.VirtualKeys {
		k.Grants = copies(k.Grants)
	}
	for _, a := range d.Allowances() {
		i := slices.IndexFunc(a.Allowance.Budgets, func(b Budget) bool { return b.ID == budget })
		if a.Owner != owner || i < 0 {
			continue
		}
		a.Allowance.Budgets = slices.Clone(a.Allowance.Budgets)
		b := &a.Allowance.Budgets[i]
		b.Override = nil
		b.override(Override{Amount: amount, Cycles: cycles}, now)
		return nil
	}
	return notFound("there is no budget %q here", budget)
}

// maxBudget is the largest amount in US dollars that is counted without loss.
const maxBudget = 1e9

// allowance checks what somebody may spend. at is the path of its owner.
func (v *validator) allowance(at string, a Allowance) {
	for i, b := range a.Budgets {
		path := fmt.Sprintf("%s.budgets[%d]", at, i)
		if math.IsNaN(b.Max) || b.Max < 0 || b.Max > maxBudget {
			v.say(path+".max_limit", "must be between 0 (nothing may be spent) and %s US dollars", strconv.FormatFloat(maxBudget, 'f', 0, 64))
		}
		v.period(path+".reset_duration", b.Every)
		if slices.ContainsFunc(a.Budgets[:i], func(o Budget) bool { return o.Every == b.Every }) {
			v.say(path+".reset_duration", "there is a budget for every %s already; budgets of one owner need different durations", b.Every)
		}
		if b.QuarterStart < 0 || b.QuarterStart > time.December {
			v.say(path+".reset_config.quarter_start_month", "must be between 1 (January) and 12")
		}
		if o := b.Override; o != nil && (!(o.Amount > 0) || o.Amount > maxBudget || o.Cycles < 0 || o.Cycles > 1000) {
			v.say(path+".override_amount", "must be more than 0, for at most 1000 cycles")
		}
		v.unique(path+".id", "budget", b.ID)
	}
	if r := a.Rate; r != nil {
		v.quota(at+".rate_limit.token", r.Tokens)
		v.quota(at+".rate_limit.request", r.Requests)
		v.unique(at+".rate_limit.id", "rate limit", r.ID)
	}
}

func (v *validator) quota(at string, q *Quota) {
	if q == nil {
		return
	}
	if q.Max < 0 {
		v.say(at+"_max_limit", "must be 0 (nothing) or more; leave it out for no limit")
	}
	if q.Every.Unit == 'Q' {
		v.say(at+"_reset_duration", "Q is for budgets only; use 3M")
		return
	}
	v.period(at+"_reset_duration", q.Every)
}

// longest is how many of a unit a window may have: a hundred years.
var longest = map[byte]int{'d': 36_500, 'w': 5_200, 'M': 1_200, 'Q': 400, 'Y': 100}

func (v *validator) period(path string, p period.Period) {
	most, bounded := longest[p.Unit]
	switch {
	case p.Zero():
		v.say(path, "is missing; give a number and a unit, such as 1h or 1d")
	case bounded && p.N > most:
		v.say(path, "must be at most %d%c", most, p.Unit)
	}
}

// unique refuses an id that another one of its kind has: usage is counted by it.
func (v *validator) unique(path, kind, id string) {
	n := name{kind, id}
	if other, ok := v.ids[n]; ok {
		v.say(path, "is the id of another %s, %s; leave it out", kind, other)
		return
	}
	if v.ids == nil {
		v.ids = map[name]string{}
	}
	v.ids[n] = path
}
