package admin

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
)

func TestRoutingRules(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	p := do[ProviderSaved](w, "POST", "/api/providers", `{"provider":"alpha","keys":[{"name":"k1","value":"v"}]}`)
	const at, old = "/api/routing/rules", "/api/governance/routing-rules"
	made := do[RuleAnswer](w, "POST", at, `{"name":"cheap","description":"why","cel_expression":"model == 'big'","priority":5,"query":{"combinator":"and","rules":[]},
		"targets":[{"provider":"alpha","model":"a-1","key_id":"`+p.Keys[0].ID+`","weight":0.5},{"weight":0.5}],"fallbacks":["play/"]}`)
	want := Rule{
		ID: made.Rule.ID, Name: "cheap", Description: "why", Enabled: true, CELExpression: "model == 'big'", Priority: 5, Scope: "global",
		Targets: []RuleTarget{{Provider: "alpha", Model: "a-1", KeyID: p.Keys[0].ID, Weight: 0.5}, {Weight: 0.5}}, Fallbacks: []string{"play/"},
		Query: map[string]any{"combinator": "and", "rules": []any{}}, CreatedAt: made.Rule.CreatedAt, UpdatedAt: made.Rule.UpdatedAt,
	}
	if diff := cmp.Diff(want, made.Rule); diff != "" || made.Message == "" || made.Rule.ID == "" || made.Rule.CreatedAt.IsZero() {
		t.Errorf("created: %s %q", diff, made.Message)
	}

	// What was read can be written back, under both paths.
	version := w.Config.Snapshot().Version
	for _, path := range []string{at, old} {
		echo, _ := json.Marshal(do[RuleAnswer](w, "GET", path+"/"+made.Rule.ID, "").Rule)
		do[RuleAnswer](w, "PUT", path+"/"+made.Rule.ID, string(echo))
	}
	if w.Config.Snapshot().Version != version {
		t.Error("an echo changed something")
	}

	// The old shape, and its echo.
	single := do[RuleAnswer](w, "POST", old, `{"name":"single","provider":"alpha","model":"a-2"}`).Rule
	if diff := cmp.Diff([]RuleTarget{{Provider: "alpha", Model: "a-2", Weight: 1}}, single.Targets); diff != "" || single.Provider != "alpha" || single.Model != "a-2" {
		t.Errorf("the old shape: %s %+v", diff, single)
	}
	changed := do[RuleAnswer](w, "PUT", old+"/"+single.ID, `{"model":"a-1","enabled":false}`).Rule
	if changed.Model != "a-1" || changed.Provider != "alpha" || changed.Enabled || changed.Name != "single" {
		t.Errorf("a part of it: %+v", changed)
	}
	if all := do[Rules](w, "GET", at, ""); all.Count != 2 || all.Rules[0].Name != "single" || all.Rules[1].Name != "cheap" {
		t.Errorf("list: %+v", all)
	}
	if some := do[Rules](w, "GET", old+"?scope=team", ""); some.Count != 0 || some.Rules == nil {
		t.Errorf("filtered: %+v", some)
	}
	do[Saved](w, "DELETE", at+"/"+single.ID, "")
	if all := do[Rules](w, "GET", old, ""); all.Count != 1 {
		t.Errorf("after deleting: %+v", all)
	}

	for body, param := range map[string]string{
		`{"name":"r"}`: "targets",
		`{"name":"r","model":"m","cel_expression":"modle == 1"}`:                   "cel_expression",
		`{"name":"r","targets":[{"weight":0.5},{"weight":0.4}]}`:                   "targets",
		`{"name":"r","targets":[{"weight":2}]}`:                                    "targets[0].weight",
		`{"name":"r","targets":[{"provider":"beta","weight":1}]}`:                  "targets[0].provider",
		`{"name":"r","targets":[{"provider":"alpha","key_id":"none","weight":1}]}`: "targets[0].key_id",
		`{"name":"r","model":"m","fallbacks":["m"]}`:                               "fallbacks[0]",
		`{"name":"r","model":"m","scope":"virtual_key"}`:                           "scope_id",
		`{"name":"r","model":"m","scope":"virtual_key","scope_id":"nobody"}`:       "scope_id",
		`{"name":"r","model":"m","scope":"planet"}`:                                "scope",
		`{"name":"cheap","model":"m"}`:                                             "name",
		`{"name":"r","modle":"m"}`:                                                 "modle",
		`{"name":"r","targets":[{"provider":"alpha","weight":1,"colour":"red"}]}`:  "targets[0].colour",
	} {
		w.fail("POST", at, body, 400, param)
	}
	_, err := w.send(t.Context(), "POST", at, `{"name":"r","model":"m","cel_expression":"true &&\n modle == 1"}`, fields{})
	if err == nil || !strings.Contains(err.Error(), "line 2, column 2: there is no variable modle; did you mean model?") {
		t.Errorf("where the mistake is: %v", err)
	}
	w.fail("PUT", at+"/none", `{}`, 404, "")
	w.fail("GET", old+"/none", "", 404, "")
	w.fail("DELETE", at+"/none", "", 404, "")
}

func TestAWrongRuleSaysSo(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	name, expression := "r", "complexity_teir == 'SIMPLE'"
	err := w.Config.Update(t.Context(), func(d *config.Draft) error {
		return d.PutRule(config.SourceFile, d.Pause.Since, config.RuleEdit{Name: &name, Expression: &expression, Targets: []config.Target{{Weight: 1}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := do[Rules](w, "GET", "/api/routing/rules", "").Rules[0]; r.Error == nil || r.Error.Line != 1 || r.Error.Column != 1 || !strings.Contains(r.Error.Message, "did you mean complexity_tier") {
		t.Errorf("%+v", r.Error)
	}
}

func TestExpressionsAreChecked(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	for expression, want := range map[string]*RuleError{
		``:                         nil,
		`model == \"x\"`:           nil,
		`true &&\n  model == \"x`:  {"this quote is not closed, or the text before it has no end", 2, 12},
		`headers[\"x\"] == budget`: {"", 1, 17},
	} {
		got := do[ExpressionCheck](w, "POST", "/api/routing/check", `{"cel_expression":"`+expression+`"}`).Error
		if (got == nil) != (want == nil) || got != nil && (got.Line != want.Line || got.Column != want.Column || want.Message != "" && got.Message != want.Message) {
			t.Errorf("%s: %+v", expression, got)
		}
	}
	w.fail("POST", "/api/routing/check", `{}`, 400, "cel_expression")
	w.fail("POST", "/api/routing/check", `{"expression":"x"}`, 400, "expression")
}

func TestSimulations(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	var asked Simulation
	w.Simulate = func(_ context.Context, s Simulation) (Simulated, error) {
		asked = s
		return Simulated{Steps: []RoutingStep{{"core", "as it is"}}, Candidates: []Candidate{}}, nil
	}
	w.Breakers = func() Health {
		return Health{Providers: []ProviderHealth{{Provider: "alpha", Breaker: Breaker{State: "open"}}}}
	}
	got := do[Simulated](w, "POST", "/api/routing/simulate", `{"model":"alpha/a-1","headers":{"x-tier":"gold"},"params":{"a":"b"},"fallbacks":["play/m"],"prompt":"why?"}`)
	want := Simulation{Model: "alpha/a-1", RequestType: "chat_completion", Headers: map[string]string{"x-tier": "gold"}, Params: map[string]string{"a": "b"}, Fallbacks: []string{"play/m"}, Prompt: "why?"}
	if diff := cmp.Diff(want, asked); diff != "" || len(got.Steps) != 1 {
		t.Errorf("%s %+v", diff, got)
	}
	for body, param := range map[string]string{
		`{}`:                                    "model",
		`{"model":"m","virtual_key_id":"none"}`: "virtual_key_id",
		`{"model":"m","fallbacks":["m"]}`:       "fallbacks",
		`{"model":"m","modle":"m"}`:             "modle",
	} {
		w.fail("POST", "/api/routing/simulate", body, 400, param)
	}
	if h := do[Health](w, "GET", "/api/health-state", ""); len(h.Providers) != 1 || h.Providers[0].Breaker.State != "open" {
		t.Errorf("%+v", h)
	}
}
