package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/complexity"
	"heimdall/providers/llm"
)

func TestComplexityIsChecked(t *testing.T) {
	long := make([]string, maxKeywords+1)
	for i := range long {
		long[i] = fmt.Sprintf("word %d", i)
	}
	for _, c := range []struct {
		name, param, says string
		edit              ComplexityEdit
	}{
		{"nothing", "", "", ComplexityEdit{}},
		{"all", "", "", ComplexityEdit{of(0.1), of(0.2), of(0.3), []string{"c++"}, []string{"a b"}, []string{"証明"}, []string{strings.Repeat("x", 100)}}},
		{"one boundary", "", "", ComplexityEdit{MediumComplex: of(0.5)}},
		{"out of order", "tier_boundaries.medium_complex", "more than 0.4", ComplexityEdit{SimpleMedium: of(0.4)}},
		{"equal ones", "tier_boundaries.complex_reasoning", "more than 0.35", ComplexityEdit{ComplexReasoning: of(0.35)}},
		{"0", "tier_boundaries.medium_complex", "more than 0", ComplexityEdit{MediumComplex: of(0.0)}},
		{"less than 0", "tier_boundaries.simple_medium", "more than 0", ComplexityEdit{SimpleMedium: of(-0.1)}},
		{"1", "tier_boundaries.complex_reasoning", "less than 1", ComplexityEdit{ComplexReasoning: of(1.0)}},
		{"no keyword", "keywords.simple_keywords", "one keyword or more", ComplexityEdit{Simple: []string{}}},
		{"an empty keyword", "keywords.code_keywords", `"" must have`, ComplexityEdit{Code: []string{"go", " "}}},
		{"no letter", "keywords.reasoning_keywords", `"?!" must have`, ComplexityEdit{Reasoning: []string{"?!"}}},
		{"a long keyword", "keywords.technical_keywords", "100 bytes", ComplexityEdit{Technical: []string{strings.Repeat("x", 101)}}},
		{"too many", "keywords.code_keywords", "at most 1000", ComplexityEdit{Code: long}},
	} {
		d := ruled()
		err := d.EditComplexity(c.edit)
		if err == nil {
			err = Invalid(d.validate())
		}
		if c.param == "" && err == nil {
			continue
		}
		if e := llm.AsError(err); err == nil || e.Param != "governance.complexity_analyzer_config."+c.param || !strings.Contains(e.Message, c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestOnlyWhatIsChangedIsKept(t *testing.T) {
	d := ruled()
	builtin := complexity.Default()
	if err := d.EditComplexity(ComplexityEdit{SimpleMedium: of(0.2), MediumComplex: &builtin.MediumComplex, Simple: []string{"Hallo ", "hallo", "Guten  Tag"}, Code: builtin.Code}); err != nil {
		t.Fatal(err)
	}
	want := complexity.Config{SimpleMedium: 0.2, Simple: []string{"hallo", "guten tag"}}
	if diff := cmp.Diff(want, d.Complexity); diff != "" {
		t.Error(diff)
	}
	if err := d.EditComplexity(ComplexityEdit{ComplexReasoning: of(0.7)}); err != nil {
		t.Fatal(err)
	}
	want.ComplexReasoning = 0.7
	stored, err := d.encode()
	if err != nil {
		t.Fatal(err)
	}
	var entities []Entity
	for n, data := range stored {
		entities = append(entities, Entity{n.kind, n.id, data})
	}
	again, err := decode(entities, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, again.Complexity); diff != "" {
		t.Error("after it was stored:", diff)
	}
	if diff := cmp.Diff(want, d.clone().Complexity); diff != "" {
		t.Error("in a copy:", diff)
	}
	d.ResetComplexity()
	if stored, _ = d.encode(); stored[name{kindComplexity, kindComplexity}] != nil || !d.Complexity.IsZero() {
		t.Errorf("after a reset: %+v", d.Complexity)
	}
}
