package config

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"heimdall/gateway/rule"
)

// RuleEdit is a wished change of a routing rule. What is nil stays. ScopeID and the keys of targets may be names too.
type RuleEdit struct {
	ID          string // of a new one; "" = make one
	Name        *string
	Description *string
	Enabled     *bool
	Chain       *bool
	Expression  *string
	Targets     []Target // replaces all
	Provider    *string  // of the only target, where Targets is nil
	Model       *string
	Fallbacks   []string
	Scope       *Scope
	ScopeID     *string
	Priority    *int
	Query       json.RawMessage // null takes it away
}

// AddRule makes a rule and returns its id.
func (d *Draft) AddRule(source Source, now time.Time, e RuleEdit) (id string, err error) {
	if e.ID != "" && d.rule(e.ID) != nil {
		return "", conflict("id", "there is a rule with the id %q already", e.ID)
	}
	r, err := d.addRule(source, now, e)
	if err != nil {
		return "", err
	}
	return r.ID, Invalid(append(r.mistake(), d.lostRule(r)...))
}

func (d *Draft) addRule(source Source, now time.Time, e RuleEdit) (*Rule, error) {
	r := &Rule{ID: cmp.Or(e.ID, uuid.NewString()), Enabled: true, Scope: ScopeGlobal, Source: source, Created: now.UTC()}
	d.Rules = append(d.Rules, r)
	return r, d.setRule(r, now, e)
}

// EditRule changes the rule with that id. An expression that is wrong is refused where it is a new one.
func (d *Draft) EditRule(id string, now time.Time, e RuleEdit) error {
	r := d.rule(id)
	if r == nil {
		return notFound("there is no rule with the id %q", id)
	}
	before, lost := r.Expression, d.lostRule(r)
	if err := d.setRule(r, now, e); err != nil {
		return err
	}
	problems := slices.DeleteFunc(d.lostRule(r), func(p Problem) bool { return slices.Contains(lost, p) })
	if r.Expression != before {
		problems = append(r.mistake(), problems...)
	}
	return Invalid(problems)
}

// PutRule changes the rule of that id, or else of that name; or makes it. Its expression may be wrong, and what it names
// may be missing.
func (d *Draft) PutRule(source Source, now time.Time, e RuleEdit) error {
	if r := d.rule(e.ID); r != nil {
		return d.setRule(r, now, e)
	}
	if i := slices.IndexFunc(d.Rules, func(r *Rule) bool { return e.Name != nil && r.Name == *e.Name }); i >= 0 {
		return d.setRule(d.Rules[i], now, e)
	}
	_, err := d.addRule(source, now, e)
	return err
}

// DeleteRule removes the rule with that id.
func (d *Draft) DeleteRule(id string) error {
	r := d.rule(id)
	if r == nil {
		return notFound("there is no rule with the id %q", id)
	}
	d.Rules = slices.DeleteFunc(d.Rules, func(o *Rule) bool { return o == r })
	return nil
}

func (d *Draft) rule(id string) *Rule {
	for _, r := range d.Rules {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func (d *Draft) setRule(r *Rule, now time.Time, e RuleEdit) error {
	old := *r
	for _, s := range []struct{ value, place *string }{
		{e.Name, &r.Name}, {e.Description, &r.Description}, {e.Expression, &r.Expression}, {e.ScopeID, &r.ScopeID}, {(*string)(e.Scope), (*string)(&r.Scope)},
	} {
		if s.value != nil {
			*s.place = strings.TrimSpace(*s.value)
		}
	}
	if r.Scope = cmp.Or(r.Scope, ScopeGlobal); r.Scope == ScopeGlobal && e.ScopeID == nil {
		r.ScopeID = ""
	}
	if e.Enabled != nil {
		r.Enabled = *e.Enabled
	}
	if e.Chain != nil {
		r.Chain = *e.Chain
	}
	if e.Priority != nil {
		r.Priority = *e.Priority
	}
	if e.Fallbacks != nil {
		r.Fallbacks = slices.Clip(e.Fallbacks)
	}
	if e.Query != nil {
		r.Query = bytes.Clone(e.Query)
	}
	if len(r.Query) > 0 && string(r.Query) == "null" {
		r.Query = nil
	}
	if err := r.setTargets(e); err != nil {
		return err
	}
	d.resolveRule(r)
	if len(r.Fallbacks) == 0 {
		r.Fallbacks = nil
	}
	if !reflect.DeepEqual(old, *r) {
		r.Updated = now.UTC()
	}
	d.Governance.sort()
	return nil
}

func (r *Rule) setTargets(e RuleEdit) error {
	if e.Targets != nil {
		r.Targets = slices.Clone(e.Targets)
		return nil
	}
	if e.Provider == nil && e.Model == nil {
		return nil
	}
	t := Target{Weight: 1}
	switch len(r.Targets) {
	case 0:
	case 1:
		t = r.Targets[0]
	default:
		return invalid(r.at("provider"), "the rule has several targets; give targets instead of provider and model")
	}
	if e.Provider != nil {
		t.Provider = strings.TrimSpace(*e.Provider)
	}
	if e.Model != nil {
		t.Model = strings.TrimSpace(*e.Model)
	}
	r.Targets = []Target{t}
	return nil
}

// resolveRule puts ids where there are names.
func (d *Draft) resolveRule(r *Rule) {
	if id := d.scopeID(r.Scope, r.ScopeID); id != "" {
		r.ScopeID = id
	}
	r.Targets = slices.Clone(r.Targets)
	for i := range r.Targets {
		t := &r.Targets[i]
		if _, id := d.findKey(t.Provider, t.Key); id != "" && t.Key != "" {
			t.Key = id
		}
	}
}

// scopeID is the id of who is meant, by an id or a name; "" where there is nobody like that.
func (d *Draft) scopeID(scope Scope, what string) string {
	var owners []*Owner
	switch scope {
	case ScopeKey:
		if k := d.findVirtualKey(what); k != nil {
			return k.ID
		}
	case ScopeTeam:
		owners = d.Teams
	case ScopeCustomer:
		owners = d.Customers
	case ScopeGlobal:
	}
	for _, by := range []func(*Owner) string{func(o *Owner) string { return o.ID }, func(o *Owner) string { return o.Name }} {
		if i := slices.IndexFunc(owners, func(o *Owner) bool { return by(o) == what }); i >= 0 {
			return owners[i].ID
		}
	}
	return ""
}

// mistake is what is wrong with the expression.
func (r *Rule) mistake() []Problem {
	if _, err := rule.Compile(r.Expression); err != nil {
		return []Problem{{r.at("cel_expression"), err.Error()}}
	}
	return nil
}

// lostRule names what a rule means and is not there.
func (d *Draft) lostRule(r *Rule) (lost []Problem) {
	say := func(field, format string, args ...any) {
		lost = append(lost, Problem{r.at(field), fmt.Sprintf(format, args...)})
	}
	if r.ScopeID != "" && r.Scope != ScopeGlobal && slices.Contains(scopes, r.Scope) && d.scopeID(r.Scope, r.ScopeID) == "" {
		say("scope_id", "there is no %s %q", strings.ReplaceAll(string(r.Scope), "_", " "), r.ScopeID)
	}
	for i, t := range r.Targets {
		field := fmt.Sprintf("targets[%d].", i)
		if t.Provider != "" && d.Provider(t.Provider) == nil {
			say(field+"provider", "there is no provider %q", t.Provider)
			continue
		}
		if _, id := d.findKey(t.Provider, t.Key); id == "" && t.Key != "" {
			say(field+"key_id", "there is no such key %q", t.Key)
		}
	}
	for i, f := range r.Fallbacks {
		if name, _, _ := strings.Cut(f, "/"); name != "" && d.Provider(name) == nil {
			say(fmt.Sprintf("fallbacks[%d]", i), "there is no provider %q", name)
		}
	}
	return lost
}

func (r *Rule) at(field string) string {
	return "governance.routing_rules[" + strconv.Quote(r.Name) + "]." + field
}

func (v *validator) rule(r *Rule) {
	if r.Name == "" || len(r.Name) > 128 || !oneWord(r.Name) {
		v.say(r.at("name"), "must be at most 128 characters on one line")
	}
	if slices.ContainsFunc(v.draft.Rules, func(o *Rule) bool { return o.Name == r.Name && o.ID < r.ID }) {
		v.say(r.at("name"), "another rule has this name; choose a different one")
	}
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}
	v.oneOf(r.at("scope"), string(r.Scope), names...)
	switch global := r.Scope == ScopeGlobal; {
	case global && r.ScopeID != "":
		v.say(r.at("scope_id"), "has no place in the scope global; leave it out")
	case !global && r.ScopeID == "":
		v.say(r.at("scope_id"), "is missing; the scope %s needs it", r.Scope)
	}
	v.between(r.at("priority"), r.Priority, -1_000_000, 1_000_000)
	v.targets(r)
	for i, f := range r.Fallbacks {
		if name, _, ok := strings.Cut(f, "/"); !ok || name == "" || !oneWord(f) {
			v.say(r.at(fmt.Sprintf("fallbacks[%d]", i)), "must be provider/model, or provider/ to keep the model")
		}
	}
}

func (v *validator) targets(r *Rule) {
	if len(r.Targets) == 0 {
		v.say(r.at("targets"), "a rule needs one target or more; an empty one leaves the request as it is")
		return
	}
	sum := 0.0
	for i, t := range r.Targets {
		at := r.at(fmt.Sprintf("targets[%d].", i))
		if !(t.Weight > 0 && t.Weight <= 1) {
			v.say(at+"weight", "must be more than 0 and at most 1")
		}
		if !oneWord(t.Provider) || !oneWord(t.Model) {
			v.say(at+"model", "provider and model must be on one line, without spaces around them")
		}
		sum += t.Weight
	}
	if math.Abs(sum-1) > 0.001 {
		v.say(r.at("targets"), "the weights must add up to 1, not %g", math.Round(sum*1000)/1000)
	}
}

// dropRules removes the rules that are not in the file.
func (d *Draft) dropRules(f *File) {
	wanted := map[string]bool{}
	for _, p := range f.Pieces {
		wanted[p.ID] = true
	}
	d.Rules = slices.DeleteFunc(d.Rules, func(r *Rule) bool { return !wanted["rule/"+r.Name] })
}
