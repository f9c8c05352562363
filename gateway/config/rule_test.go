package config

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/llm"
)

// ruled is a draft with something that rules can name.
func ruled() *Draft {
	d := defaults([]KindInfo{{Name: "alpha"}, {Name: "beta"}})
	d.Providers = []*Provider{
		{Name: "alpha", Kind: "alpha", Keys: []*Key{{ID: "k-1", Name: "main", Ref: "env.A", Models: ModelList{All: true}}}},
		{Name: "beta", Kind: "beta"},
	}
	d.VirtualKeys = []*VirtualKey{{ID: "vk-1", Name: "prod"}}
	d.Teams, d.Customers = []*Owner{{ID: "t-1", Name: "search"}}, []*Owner{{ID: "c-1", Name: "acme"}}
	return d
}

func of[T any](v T) *T { return &v }

func TestRulesAreCheckedWhenTheyAreMade(t *testing.T) {
	one := []Target{{Provider: "alpha", Weight: 1}}
	cases := []struct {
		name, param string
		edit        RuleEdit
	}{
		{"the least", "", RuleEdit{Name: of("r"), Targets: []Target{{Weight: 1}}}},
		{"all", "", RuleEdit{
			Name: of("r"), Expression: of(`model == "x"`), Targets: []Target{{Provider: "alpha", Key: "main", Weight: 0.3}, {Provider: "beta", Model: "m", Weight: 0.7}},
			Fallbacks: []string{"beta/", "alpha/m/n"}, Scope: of(ScopeTeam), ScopeID: of("search"), Priority: of(-3),
		}},
		{"a sum that is nearly one", "", RuleEdit{Name: of("r"), Targets: []Target{{Weight: 0.333}, {Weight: 0.333}, {Weight: 0.3335}}}},
		{"no name", "name", RuleEdit{Targets: one}},
		{"a name that is taken", "name", RuleEdit{ID: "z", Name: of("taken"), Targets: one}},
		{"no target", "targets", RuleEdit{Name: of("r")}},
		{"weights of less than one", "targets", RuleEdit{Name: of("r"), Targets: []Target{{Weight: 0.5}, {Weight: 0.4}}}},
		{"a weight of more than one", "targets[0].weight", RuleEdit{Name: of("r"), Targets: []Target{{Weight: 1.0005}}}},
		{"a weight of nothing", "targets[1].weight", RuleEdit{Name: of("r"), Targets: []Target{{Weight: 1}, {Weight: 0}}}},
		{"a provider that is not there", "targets[0].provider", RuleEdit{Name: of("r"), Targets: []Target{{Provider: "gamma", Weight: 1}}}},
		{"a key that is not there", "targets[0].key_id", RuleEdit{Name: of("r"), Targets: []Target{{Provider: "beta", Key: "main", Weight: 1}}}},
		{"a fallback without a provider", "fallbacks[0]", RuleEdit{Name: of("r"), Targets: one, Fallbacks: []string{"gpt"}}},
		{"a fallback that is not there", "fallbacks[1]", RuleEdit{Name: of("r"), Targets: one, Fallbacks: []string{"beta/m", "gamma/"}}},
		{"an expression that is wrong", "cel_expression", RuleEdit{Name: of("r"), Targets: one, Expression: of("modle == 1")}},
		{"a scope that is not there", "scope", RuleEdit{Name: of("r"), Targets: one, Scope: of(Scope("project")), ScopeID: of("p")}},
		{"a scope without an id", "scope_id", RuleEdit{Name: of("r"), Targets: one, Scope: of(ScopeKey)}},
		{"an id without a scope", "scope_id", RuleEdit{Name: of("r"), Targets: one, ScopeID: of("vk-1")}},
		{"an id that is not there", "scope_id", RuleEdit{Name: of("r"), Targets: one, Scope: of(ScopeKey), ScopeID: of("vk-2")}},
		{"an id of another scope", "scope_id", RuleEdit{Name: of("r"), Targets: one, Scope: of(ScopeCustomer), ScopeID: of("t-1")}},
	}
	for _, c := range cases {
		d := ruled()
		d.Rules = []*Rule{{ID: "a", Name: "taken", Enabled: true, Scope: ScopeGlobal, Targets: one}}
		_, err := d.AddRule(SourceAPI, time.Unix(1, 0), c.edit)
		if err == nil {
			err = Invalid(d.validate())
		}
		param := ""
		var e *llm.Error
		if errors.As(err, &e) {
			param = e.Param[strings.Index(e.Param, "].")+2:]
		}
		if param != c.param || (err != nil) != (c.param != "") {
			t.Errorf("%s: %q, %v", c.name, param, err)
		}
	}
}

func TestAnEditChangesWhatItNames(t *testing.T) {
	d, made, later := ruled(), time.Unix(1, 0).UTC(), time.Unix(2, 0).UTC()
	id, err := d.AddRule(SourceAPI, made, RuleEdit{
		Name: of("r"), Description: of("why"), Expression: of(`model == "x"`), Provider: of("alpha"), Scope: of(ScopeKey), ScopeID: of("prod"), Query: []byte(`{"a":1}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Rule{
		ID: id, Name: "r", Description: "why", Enabled: true, Expression: `model == "x"`, Targets: []Target{{Provider: "alpha", Weight: 1}}, Scope: ScopeKey,
		ScopeID: "vk-1", Query: []byte(`{"a":1}`), Source: SourceAPI, Created: made, Updated: made,
	}
	edit := func(what string, e RuleEdit) {
		t.Helper()
		if err := d.EditRule(id, later, e); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, *d.rule(id)); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	edit("nothing", RuleEdit{Name: of("r"), Targets: []Target{{Provider: "alpha", Weight: 1}}})
	want.Updated = later
	want.Enabled, want.Targets = false, []Target{{Provider: "alpha", Model: "m", Weight: 1}}
	edit("the model of the only target", RuleEdit{Model: of("m"), Enabled: of(false)})
	want.Scope, want.ScopeID, want.Query = ScopeGlobal, "", nil
	edit("another scope", RuleEdit{Scope: of(ScopeGlobal), Query: []byte("null")})
	want.Targets = []Target{{Provider: "alpha", Weight: 0.5}, {Provider: "beta", Weight: 0.5}}
	edit("several targets", RuleEdit{Targets: want.Targets})
	if err := d.EditRule(id, later, RuleEdit{Provider: of("beta")}); err == nil {
		t.Error("which of the targets is meant?")
	}
	if d.EditRule("none", later, RuleEdit{}) == nil || d.DeleteRule("none") == nil {
		t.Error("a rule that is not there was changed")
	}
	if _, err := d.AddRule(SourceAPI, made, RuleEdit{ID: id}); llm.AsError(err).Status != 409 {
		t.Errorf("the same id: %v", err)
	}
	if err := d.DeleteRule(id); err != nil || len(d.Rules) != 0 {
		t.Error("the rule is still there")
	}
}

// A rule of the file that is wrong is kept; it can be switched off without being mended, but not be made wrong anew.
func TestAWrongRuleOfTheFileIsKept(t *testing.T) {
	d, now := ruled(), time.Unix(1, 0)
	put := RuleEdit{Name: of("r"), Expression: of("modle == 1"), Targets: []Target{{Provider: "gamma", Weight: 1}}, Scope: of(ScopeTeam), ScopeID: of("gone")}
	if err := d.PutRule(SourceFile, now, put); err != nil || d.PutRule(SourceFile, now, put) != nil || len(d.Rules) != 1 || len(d.validate()) != 0 {
		t.Fatalf("%v: %v, %v", err, d.Rules, d.validate())
	}
	var lost []string
	for _, p := range d.lost() {
		lost = append(lost, p.Path)
	}
	if diff := cmp.Diff([]string{`governance.routing_rules["r"].scope_id`, `governance.routing_rules["r"].targets[0].provider`}, lost); diff != "" {
		t.Error("what is lost:", diff)
	}
	id := d.Rules[0].ID
	if err := d.EditRule(id, now, RuleEdit{Enabled: of(false), Expression: of("modle == 1")}); err != nil {
		t.Error("it cannot be switched off:", err)
	}
	if err := d.EditRule(id, now, RuleEdit{Expression: of("model == 1")}); err == nil || !strings.Contains(err.Error(), "line 1, column 7") {
		t.Errorf("another mistake: %v", err)
	}
}

func TestRulesStandInTheOrderOfAsking(t *testing.T) {
	d := ruled()
	for _, e := range []RuleEdit{
		{Name: of("b")}, {Name: of("a")}, {Name: of("early"), Priority: of(-1)}, {Name: of("customer"), Scope: of(ScopeCustomer), ScopeID: of("c-1")},
		{Name: of("team"), Scope: of(ScopeTeam), ScopeID: of("t-1"), Priority: of(9)}, {Name: of("key"), Scope: of(ScopeKey), ScopeID: of("vk-1"), Priority: of(99)},
	} {
		e.Targets = []Target{{Weight: 1}}
		if _, err := d.AddRule(SourceAPI, time.Unix(1, 0), e); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for _, r := range d.Rules {
		names = append(names, r.Name)
	}
	if diff := cmp.Diff([]string{"key", "team", "customer", "early", "a", "b"}, names); diff != "" {
		t.Error(diff)
	}
}
