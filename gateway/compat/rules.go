package compat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"heimdall/gateway/config"
	"heimdall/gateway/rule"
)

// Rule reads the body of POST /api/routing/rules and of PUT below it: the newer shape with targets, and the old one
// with a provider and a model.
func (d *Decoder) Rule(body []byte) (e config.RuleEdit, warnings []string, err error) {
	r := &report{strict: true}
	o, err := r.parse(body)
	if err != nil {
		return e, nil, err
	}
	e = routingRule(o)
	return e, r.texts(), config.Invalid(r.errors)
}

func routingRule(o *object) config.RuleEdit {
	var e config.RuleEdit
	o.text("id", &e.ID)
	for name, to := range map[string]**string{
		"name": &e.Name, "description": &e.Description, "cel_expression": &e.Expression, "scope_id": &e.ScopeID,
	} {
		var text string
		if o.text(name, &text) {
			*to = &text
		}
	}
	var scope string
	if o.text("scope", &scope) {
		e.Scope = (*config.Scope)(&scope)
	}
	for name, to := range map[string]**bool{"enabled": &e.Enabled, "chain_rule": &e.Chain} {
		var on bool
		if o.truth(name, &on) {
			*to = &on
		}
	}
	var priority int
	if o.integer("priority", &priority) {
		e.Priority = &priority
	}
	var fallbacks []string
	if o.list("fallbacks", &fallbacks) {
		e.Fallbacks = append([]string{}, fallbacks...)
	}
	if raw, given := o.get("query"); given {
		var compact bytes.Buffer
		if json.Compact(&compact, raw) == nil {
			e.Query = compact.Bytes()
		}
	}
	targets(o, &e)
	o.skip("config_hash", "created_at", "updated_at", "error", "message", "warnings")
	o.done()
	return e
}

// targets reads where a rule sends requests. Beside a list of targets the old provider and model are an echo.
func targets(o *object, e *config.RuleEdit) {
	list, _ := o.elements("targets")
	for _, one := range list {
		e.Targets = append(e.Targets, target(one, len(list) == 1))
	}
	raw, given := o.fields["targets"]
	for name, to := range map[string]**string{"provider": &e.Provider, "model": &e.Model} {
		var text string
		if !o.text(name, &text) {
			continue
		}
		if len(list) == 0 {
			*to = &text
			continue
		}
		of := e.Targets[0].Provider
		if name == "model" {
			of = e.Targets[0].Model
		}
		if len(list) > 1 || text != of {
			o.warn(o.at(name), "has no effect: the targets count")
		}
	}
	if given && !null(raw) && len(list) == 0 && e.Provider == nil && e.Model == nil {
		e.Targets = []config.Target{}
	}
}

func target(o *object, only bool) config.Target {
	var t config.Target
	var name string
	o.text("provider", &t.Provider)
	o.text("model", &t.Model)
	o.text("key_id", &t.Key)
	if o.text("provider_key_name", &name) && t.Key == "" {
		t.Key = name
	}
	if !o.number("weight", &t.Weight) {
		if t.Weight = 1; !only {
			o.fail(o.at("weight"), "is missing; give the target's part, more than 0 and at most 1")
		}
	}
	o.skip("id", "rule_id")
	o.done()
	return t
}

// rules reads governance.routing_rules. A rule whose expression is wrong is kept, so that it can be mended.
func (p *fileParser) rules(o *object) {
	g, _ := o.child("governance")
	if g == nil {
		return
	}
	list, given := g.elements("routing_rules")
	p.file.HasRules = given
	seen := map[string]bool{}
	for _, one := range list {
		e := routingRule(one)
		if e.Name == nil || strings.TrimSpace(*e.Name) == "" {
			p.fail(one.at("name"), "is missing; give the rule a name")
			continue
		}
		written := strings.TrimSpace(*e.Name)
		name := written
		for n := 2; seen[name]; n++ {
			name = fmt.Sprintf("%s (%d)", written, n)
		}
		if e.Name = &name; name != written {
			p.warn(one.at("name"), "another rule has this name, so it is called %q", name)
		}
		seen[name] = true
		if e.Expression != nil {
			if _, err := rule.Compile(*e.Expression); err != nil {
				p.warn(one.at("cel_expression"), "%s; the rule is kept but never asked", err)
			}
		}
		p.piece("rule/"+name, one.fields, false, func(d *config.Draft) error { return d.PutRule(config.SourceFile, time.Now(), e) })
	}
}
