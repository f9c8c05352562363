package rule

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/complexity"
)

const (
	greeting = `{"messages":[{"role":"user","content":"Hello!"}]}`
	proof    = `{"messages":[{"role":"user","content":"Prove step by step that it is so."}]}`
	picture  = `{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}`
)

func TestRulesAskForTheComplexity(t *testing.T) {
	for _, c := range []struct {
		expression string
		config     complexity.Config
		body       string
		want       bool
	}{
		{`complexity_tier == "SIMPLE"`, complexity.Config{}, greeting, true},
		{`complexity_tier == "SIMPLE"`, complexity.Config{}, proof, false},
		{`complexity_tier == "REASONING"`, complexity.Config{}, proof, true},
		{`complexity_tier in ["COMPLEX", "REASONING"]`, complexity.Config{}, proof, true},
		{`complexity_tier != "REASONING"`, complexity.Config{}, greeting, true},
		{`complexity_tier == "REASONING"`, complexity.Config{Reasoning: []string{"hello"}}, proof, false},
		{`complexity_tier.startsWith("REA")`, complexity.Config{}, proof, true},

		// A comparison with what is not there is false.
		{`complexity_tier == "SIMPLE"`, complexity.Config{}, picture, false},
		{`complexity_tier != "SIMPLE"`, complexity.Config{}, picture, false},
		{`complexity_tier in ["SIMPLE", "MEDIUM", "COMPLEX", "REASONING"]`, complexity.Config{}, picture, false},
		{`!(complexity_tier == "SIMPLE")`, complexity.Config{}, picture, true},
		{`complexity_tier == "SIMPLE" || model == "m"`, complexity.Config{}, picture, true},
		{`complexity_tier == "SIMPLE"`, complexity.Config{}, "", false},
	} {
		s := New([]Rule{{ID: "1", Name: "r", Enabled: true, Expression: c.expression, Targets: to("", "x")}}, Options{Complexity: c.config})
		if d, steps := s.Decide(Input{Model: "m", Body: []byte(c.body)}); d.Matched != c.want || s.Error("1") != nil {
			t.Errorf("%s of %s: %+v %v %v", c.expression, c.body, d, steps, s.Error("1"))
		}
	}
}

// The grade is said once, where it was first asked for, and it stays the same down a chain.
func TestStepsSayTheGrade(t *testing.T) {
	rules := []Rule{
		{ID: "1", Name: "1 by header", Enabled: true, Expression: `headers["x"] == "y" && complexity_tier == "SIMPLE"`, Targets: to("", "a")},
		{ID: "2", Name: "2 hard", Enabled: true, Chain: true, Expression: `provider == "" && complexity_tier == "REASONING"`, Targets: to("big", "")},
		{ID: "3", Name: "3 easy", Enabled: true, Expression: `provider == "big" && complexity_tier == "REASONING"`, Targets: to("bigger", "")},
	}
	s := New(rules, Options{MaxDepth: 3})
	made, graded := s.grade, 0
	s.grade = func() *complexity.Analyzer { graded++; return made() }
	_, steps := s.Decide(Input{Model: "m", Body: []byte(proof)})
	want := []string{
		"the request is graded REASONING (score 0.60: 8 words, reasoning 2)",
		`the rule "2 hard" sends m to big/m`, `the rule "3 easy" sends big/m to bigger/m`,
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), said(steps)); diff != "" || graded != 1 {
		t.Errorf("graded %d times: %s", graded, diff)
	}
	if _, steps = s.Decide(Input{Model: "m", Body: []byte(picture)}); len(steps) != 1 || !strings.Contains(said(steps), "no text to grade") {
		t.Errorf("%v", steps)
	}
	if _, steps = s.Decide(Input{Provider: "other", Body: []byte(proof)}); len(steps) != 0 {
		t.Errorf("nobody asked: %v", steps)
	}
}

func TestNobodyIsGradedUnasked(t *testing.T) {
	s := New([]Rule{
		{ID: "1", Name: "1", Enabled: true, Expression: `model == "none" && complexity_tier == "SIMPLE"`, Targets: to("", "a")},
		{ID: "2", Name: "2", Enabled: true, Expression: `provider == "none"`, Targets: to("", "b")},
	}, Options{})
	s.grade = func() *complexity.Analyzer { t.Error("an analyzer was made"); return nil }
	without, with := Input{Model: "m"}, Input{Model: "m", Body: []byte(proof)}
	few := testing.AllocsPerRun(100, func() { s.Decide(without) })
	if n := testing.AllocsPerRun(100, func() { s.Decide(with) }); n > few {
		t.Errorf("a body costs %v allocations more", n-few)
	}
}
