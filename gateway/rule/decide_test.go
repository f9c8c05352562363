package rule

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/exchange"
)

func to(provider, model string) []Target {
	return []Target{{Provider: provider, Model: model, Weight: 1}}
}

func said(steps []exchange.Step) string {
	var lines []string
	for _, s := range steps {
		lines = append(lines, s.Message)
	}
	return strings.Join(lines, "\n")
}

func TestTheFirstRuleThatMatchesDecides(t *testing.T) {
	rules := []Rule{
		{ID: "1", Name: "b global", Enabled: true, Scope: "global", Targets: to("", "global-b")},
		{ID: "2", Name: "a global", Enabled: true, Targets: to("", "global-a")},
		{ID: "3", Name: "late global", Enabled: true, Priority: 9, Targets: to("", "late")},
		{ID: "4", Name: "early global", Enabled: true, Priority: -1, Expression: `provider == "azure"`, Targets: to("", "early")},
		{ID: "5", Name: "customer", Enabled: true, Scope: "customer", ScopeID: "c-1", Priority: 5, Targets: to("", "customer")},
		{ID: "6", Name: "team", Enabled: true, Scope: "team", ScopeID: "t-1", Priority: 7, Targets: to("", "team")},
		{ID: "7", Name: "key", Enabled: true, Scope: "virtual_key", ScopeID: "vk-1", Priority: 99, Targets: to("", "key")},
		{ID: "8", Name: "key off", Scope: "virtual_key", ScopeID: "vk-1", Targets: to("", "off")},
		{ID: "9", Name: "key wrong", Enabled: true, Scope: "virtual_key", ScopeID: "vk-1", Expression: "modle == 1", Targets: to("", "wrong")},
		{ID: "10", Name: "nobody's", Enabled: true, Scope: "virtual_key", Targets: to("", "nobody")},
		{ID: "11", Name: "key without a target", Enabled: true, Scope: "virtual_key", ScopeID: "vk-1"},
	}
	s := New(rules, Options{})
	cases := []struct {
		name     string
		identity exchange.Identity
		provider string
		want     string
	}{
		{"the key's own", exchange.Identity{VirtualKeyID: "vk-1", TeamID: "t-1", CustomerID: "c-1"}, "", "key"},
		{"the team's", exchange.Identity{VirtualKeyID: "vk-2", TeamID: "t-1", CustomerID: "c-1"}, "", "team"},
		{"the customer's", exchange.Identity{VirtualKeyID: "vk-2", TeamID: "t-2", CustomerID: "c-1"}, "", "customer"},
		{"by priority", exchange.Identity{}, "azure", "early"},
		{"by name", exchange.Identity{}, "", "global-a"},
	}
	for _, c := range cases {
		d, steps := s.Decide(Input{Model: "m", Provider: c.provider, Identity: c.identity})
		if !d.Matched || d.Model != c.want || d.Provider != c.provider || len(steps) != 1 || steps[0].Engine != "routing-rule" {
			t.Errorf("%s: %+v, %v", c.name, d, steps)
		}
	}
	if err := s.Error("9"); err == nil || err.Line != 1 || err.Column != 1 || s.Error("1") != nil {
		t.Errorf("the error of the wrong rule: %v", err)
	}
}

func TestTargetsChangeWhatTheyName(t *testing.T) {
	cases := []struct {
		name   string
		rule   Rule
		in     Input
		want   Decision
		saying string
	}{
		{
			"the model only", Rule{Targets: to("", "small")}, Input{Provider: "openai", Model: "big"},
			Decision{Matched: true, Provider: "openai", Model: "small"}, `the rule "r" sends openai/big to openai/small`,
		},
		{
			"the provider only", Rule{Targets: to("azure", "")}, Input{Model: "big"},
			Decision{Matched: true, Provider: "azure", Model: "big"}, `the rule "r" sends big to azure/big`,
		},
		{
			"the key only", Rule{Targets: []Target{{Key: "k-1", Weight: 1}}}, Input{Provider: "openai", Model: "big"},
			Decision{Matched: true, Provider: "openai", Model: "big", KeyID: "k-1"}, `the rule "r" leaves openai/big as it is with the key k-1`,
		},
		{
			"fallbacks", Rule{Targets: to("azure", "a/b"), Fallbacks: []string{"openai/x", "router/"}}, Input{Model: "big"},
			Decision{Matched: true, Provider: "azure", Model: "a/b", Fallbacks: []string{"openai/x", "router/a/b"}}, `the rule "r" sends big to azure/a/b`,
		},
		{
			"nothing matches", Rule{Expression: "false", Targets: to("azure", "")}, Input{Provider: "openai", Model: "big"},
			Decision{Provider: "openai", Model: "big"}, "",
		},
	}
	for _, c := range cases {
		c.rule.ID, c.rule.Name, c.rule.Enabled = "r", "r", true
		if c.want.Matched {
			c.want.RuleID, c.want.RuleName = "r", "r"
		}
		d, steps := New([]Rule{c.rule}, Options{}).Decide(c.in)
		if diff := cmp.Diff(c.want, d); diff != "" || said(steps) != c.saying {
			t.Errorf("%s: %s\n%s", c.name, diff, said(steps))
		}
	}
}

func TestChains(t *testing.T) {
	chained := func(name, expression string, targets []Target) Rule {
		return Rule{ID: name, Name: name, Enabled: true, Chain: true, Expression: expression, Targets: targets}
	}
	last := Rule{ID: "last", Name: "last", Enabled: true, Expression: `model == "mid" && budget_used > 50`, Targets: to("groq", "end")}
	measured := func(_, model string) (float64, float64, float64) {
		return map[string]float64{"mid": 80}[model], 0, 0
	}
	cases := []struct {
		name  string
		rules []Rule
		depth int
		want  Decision
		steps int
		says  string
	}{
		{"the next rule sees the new model", []Rule{chained("first", `model == "start" && budget_used < 50`, to("", "mid")), last}, 10, Decision{Matched: true, Provider: "groq", Model: "end", RuleID: "last", RuleName: "last"}, 2, ""},
		{"nothing matches the second time", []Rule{chained("first", `model == "start"`, to("", "mid"))}, 10, Decision{Matched: true, Provider: "openai", Model: "mid", RuleID: "first", RuleName: "first"}, 1, ""},
		{
			"two that send to each other", []Rule{chained("a", `model == "start"`, to("", "mid")), chained("b", `model == "mid"`, to("", "start"))}, 10,
			Decision{Matched: true, Provider: "openai", Model: "start", RuleID: "b", RuleName: "b"}, 3, "send openai/start round in a circle",
		},
		{"one that changes nothing", []Rule{chained("a", "", to("", ""))}, 10, Decision{Matched: true, Provider: "openai", Model: "start", RuleID: "a", RuleName: "a"}, 2, "in a circle"},
		{
			"a chain that is too long", []Rule{
				chained("a", `model == "start"`, to("", "2")), chained("b", `model == "2"`, to("", "3")), chained("c", `model == "3"`, to("", "4")),
			}, 1, Decision{Matched: true, Provider: "openai", Model: "3", RuleID: "b", RuleName: "b"}, 3, "may be asked again 1 times",
		},
	}
	for _, c := range cases {
		d, steps := New(c.rules, Options{MaxDepth: c.depth}).Decide(Input{Provider: "openai", Model: "start", Used: measured})
		if diff := cmp.Diff(c.want, d); diff != "" || len(steps) != c.steps || !strings.Contains(said(steps), c.says) {
			t.Errorf("%s: %s\n%s", c.name, diff, said(steps))
		}
	}
}

func TestAKeyGoesWithItsProvider(t *testing.T) {
	rules := []Rule{
		{ID: "1", Name: "1", Enabled: true, Chain: true, Expression: `model == "a"`, Targets: []Target{{Provider: "openai", Model: "b", Key: "k", Weight: 1}}, Fallbacks: []string{"groq/"}},
		{ID: "2", Name: "2", Enabled: true, Expression: `model == "b" && "x" in headers`, Targets: to("azure", "c")},
		{ID: "3", Name: "3", Enabled: true, Expression: `model == "b"`, Targets: to("openai", "c")},
	}
	s := New(rules, Options{MaxDepth: 10})
	there := func(string) string { return "1" }
	if d, _ := s.Decide(Input{Model: "a", Header: there}); d.KeyID != "" || d.Provider != "azure" || d.Fallbacks[0] != "groq/c" {
		t.Errorf("another provider: %+v", d)
	}
	if d, _ := s.Decide(Input{Model: "a"}); d.KeyID != "k" {
		t.Errorf("the same provider: %+v", d)
	}
}

func TestTargetsAreDrawnByTheirWeight(t *testing.T) {
	rule := Rule{ID: "r", Name: "r", Enabled: true, Targets: []Target{{Model: "a", Weight: 0.7}, {Model: "b", Weight: 0.2}, {Model: "c", Weight: 0.1}}}
	for draw, want := range map[float64]string{0: "a", 0.69: "a", 0.71: "b", 0.89: "b", 0.91: "c", 0.999999: "c"} {
		s := New([]Rule{rule}, Options{Draw: func() float64 { return draw }})
		if d, _ := s.Decide(Input{}); d.Model != want {
			t.Errorf("%v draws %s", draw, d.Model)
		}
	}
	source := rand.New(rand.NewPCG(1, 2))
	s, count := New([]Rule{rule}, Options{Draw: source.Float64}), map[string]float64{}
	for range 10000 {
		d, _ := s.Decide(Input{})
		count[d.Model]++
	}
	chi := 0.0
	for _, target := range rule.Targets {
		expected := 10000 * target.Weight
		chi += (count[target.Model] - expected) * (count[target.Model] - expected) / expected
	}
	if chi > 13.8 { // two degrees of freedom, one in a thousand
		t.Errorf("chi-squared %.1f of %v", chi, count)
	}
}

func TestARuleThatFailsIsPassedOver(t *testing.T) {
	s := New([]Rule{
		{ID: "1", Name: "broken", Enabled: true, Expression: `bool(headers["x"])`, Targets: to("", "a")},
		{ID: "2", Name: "next", Enabled: true, Targets: to("", "b")},
	}, Options{})
	d, steps := s.Decide(Input{Model: "m", Header: func(string) string { return "neither" }})
	if d.Model != "b" || !strings.Contains(said(steps), `the rule "broken" is passed over`) {
		t.Errorf("%+v: %s", d, said(steps))
	}
}

func TestNoRulesCostNothing(t *testing.T) {
	off := New([]Rule{{ID: "1", Name: "off", Targets: to("", "a")}}, Options{})
	if off != nil || !off.Empty() || off.Error("1") != nil {
		t.Error("rules that are off are something")
	}
	in := ask()
	if n := testing.AllocsPerRun(100, func() { off.Decide(in) }); n != 0 {
		t.Errorf("%v allocations without a rule", n)
	}
	if d, steps := off.Decide(in); d.Matched || d.Model != in.Model || d.Provider != in.Provider || steps != nil {
		t.Errorf("%+v", d)
	}
}
