package compat_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/providers/llm"
)

// ruleLine is a rule edit as a line of text.
func ruleLine(e config.RuleEdit) string {
	var b strings.Builder
	say := func(name string, value any, given bool) {
		if given {
			fmt.Fprintf(&b, "%s=%v ", name, value)
		}
	}
	text := func(name string, s *string) {
		if s != nil {
			say(name, *s, true)
		}
	}
	text("name", e.Name)
	text("cel", e.Expression)
	text("scope", (*string)(e.Scope))
	text("scope_id", e.ScopeID)
	text("provider", e.Provider)
	text("model", e.Model)
	if e.Enabled != nil {
		say("enabled", *e.Enabled, true)
	}
	if e.Chain != nil {
		say("chain", *e.Chain, true)
	}
	if e.Priority != nil {
		say("priority", *e.Priority, true)
	}
	say("fallbacks", e.Fallbacks, e.Fallbacks != nil)
	say("query", string(e.Query), e.Query != nil)
	say("targets", e.Targets, e.Targets != nil)
	return strings.TrimSpace(b.String())
}

func TestRulesOfAllGenerations(t *testing.T) {
	cases := []struct {
		name, body, want string
		warnings         int
	}{
		{
			"the newest", `{"name":"r","description":"d","enabled":false,"chain_rule":true,"cel_expression":"model == 'a'","targets":[{"provider":"openai","model":"m","key_id":"k","weight":0.25},
				{"model":"n","weight":"0.75"}],"fallbacks":["openai/x"],"scope":"team","scope_id":"t","priority":3,"query":{ "rules": [1, 2] }}`,
			`name=r cel=model == 'a' scope=team scope_id=t enabled=false chain=true priority=3 fallbacks=[openai/x] query={"rules":[1,2]} targets=[{openai m k 0.25} { n  0.75}]`, 0,
		},
		{"the old one", `{"name":"r","provider":"openai","model":"m"}`, "name=r provider=openai model=m", 0},
		{"the old one, beside an empty list", `{"provider":"openai","targets":[]}`, "provider=openai", 0},
		{"an empty list", `{"targets":[]}`, "targets=[]", 0},
		{"only what is to change", `{"enabled":true}`, "enabled=true", 0},
		{"nothing", `{"targets":null,"fallbacks":null,"scope_id":null,"provider":null}`, "fallbacks=[]", 0},
		{"one target needs no weight", `{"targets":[{"provider":"openai"}]}`, "targets=[{openai   1}]", 0},
		{"a key by its name", `{"targets":[{"provider":"openai","provider_key_name":"main","weight":1}]}`, "targets=[{openai  main 1}]", 0},
		{"an echo", `{"id":"1","targets":[{"provider":"openai","weight":1}],"provider":"openai","model":"","query":null,"error":{"message":"x"},"created_at":"2026-01-01T00:00:00Z","updated_at":"x","config_hash":"h"}`, "query=null targets=[{openai   1}]", 0},
		{"two that do not agree", `{"targets":[{"provider":"openai","weight":1}],"provider":"azure","model":"m"}`, "targets=[{openai   1}]", 2},
	}
	for _, c := range cases {
		e, warnings, err := decoder().Rule([]byte(c.body))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, ruleLine(e)); diff != "" || len(warnings) != c.warnings {
			t.Errorf("%s: %s %v", c.name, diff, warnings)
		}
	}
	for body, param := range map[string]string{
		`{"nmae":"r"}`:                           "nmae",
		`{"targets":[{"wieght":1}]}`:             "targets[0].wieght",
		`{"targets":[{"weight":1},{"model":2}]}`: "targets[1].model",
		`{"targets":[{"weight":1},{}]}`:          "targets[1].weight",
		`{"targets":{}}`:                         "targets",
		`{"fallbacks":"openai/x"}`:               "fallbacks",
		`{"priority":1.5}`:                       "priority",
		`{"enabled":"yes"}`:                      "enabled",
		`[]`:                                     "body",
	} {
		if _, _, err := decoder().Rule([]byte(body)); llm.AsError(err).Param != param {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestRulesOfTheFile(t *testing.T) {
	store, secrets := &shelf{entities: map[string]config.Entity{}}, chain{}
	start := func(text string) *config.Snapshot {
		t.Helper()
		f, err := decoder().ParseFile([]byte(text), "/app")
		if err != nil {
			t.Fatal(err)
		}
		m := config.NewManager(config.ManagerOptions{Store: store, Secrets: secrets, Kinds: kinds, Env: func(string) string { return "" }})
		if err := m.Load(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		return m.Snapshot()
	}
	const text = `{%s"providers": {"openai": {"keys": [{"name": "main", "value": "env.K", "models": ["*"]}]}}, "governance": {
		"routing_rules": [
			{"id": "r-1", "name": "cheap", "cel_expression": "model == 'big'", "targets": [{"provider": "openai", "provider_key_name": "main", "model": "small", "weight": 1}], "priority": 2},
			{"name": "old", "provider": "openai", "priority": 1},
			{"name": "wrong", "cel_expression": "modle == 'big'", "provider": "openai", "priority": 3, "colour": "red"},
			{"name": "tiers", "cel_expression": "complexity_tier == 'HARD'", "provider": "openai", "priority": 4}%s
		]}}`
	s := start(fmt.Sprintf(text, "", ""))
	var names []string
	for _, r := range s.Rules {
		names = append(names, r.Name)
	}
	if diff := cmp.Diff([]string{"old", "cheap", "wrong", "tiers"}, names); diff != "" {
		t.Fatal(diff)
	}
	if r := s.Rules[1]; r.ID != "r-1" || r.Targets[0].Key != s.Provider("openai").Keys[0].ID || r.Source != config.SourceFile {
		t.Errorf("%+v", r)
	}
	warned := fmt.Sprint(s.Problems)
	for _, what := range []string{
		"governance.routing_rules[2].cel_expression line 1, column 1: there is no variable modle",
		"governance.routing_rules[2].colour", "governance.routing_rules[3].cel_expression line 1, column 20: there is no tier",
	} {
		if !strings.Contains(warned, what) {
			t.Errorf("nobody says %s: %s", what, warned)
		}
	}
	if strings.Contains(warned, "governance.routing_rules is") {
		t.Error("the section counts as unknown")
	}
	if again := start(fmt.Sprintf(text, "", "")); again.Version != s.Version {
		t.Error("an unchanged file changed something")
	}

	// Somebody adds a rule; a file that decides takes it away again.
	m := config.NewManager(config.ManagerOptions{Store: store, Secrets: secrets, Kinds: kinds, Env: func(string) string { return "" }})
	if err := m.Load(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	e, _, err := decoder().Rule([]byte(`{"name":"mine","model":"m"}`))
	if err == nil {
		err = m.Update(context.Background(), func(d *config.Draft) error {
			_, err := d.AddRule(config.SourceAPI, time.Unix(1, 0), e)
			return err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	if s := start(fmt.Sprintf(text, "", `, {"name": "fifth", "model": "m"}`)); len(s.Rules) != 6 {
		t.Errorf("%d rules", len(s.Rules))
	}
	if s := start(fmt.Sprintf(text, `"source_of_truth": "config.json", `, "")); len(s.Rules) != 4 {
		t.Errorf("%d rules", len(s.Rules))
	}

	f, err := decoder().ParseFile([]byte(`{"governance":{"routing_rules":[{"name":"a","model":"m"},{"name":"a","model":"n"},{"name":" a ","model":"o"}]}}`), "/app")
	if err != nil || len(f.Pieces) != 3 || f.Pieces[1].ID != "rule/a (2)" || f.Pieces[2].ID != "rule/a (3)" || len(f.Problems) != 2 {
		t.Errorf("the same name: %+v %v", f, err)
	}
	_, err = decoder().ParseFile([]byte(`{"governance":{"routing_rules":[{"model":"m"}]}}`), "/app")
	if llm.AsError(err).Param != "governance.routing_rules[0].name" {
		t.Errorf("no name: %v", err)
	}
}
