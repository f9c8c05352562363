package compat_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/complexity"
	"heimdall/gateway/config"
	"heimdall/providers/llm"
)

func TestComplexityOfAllGenerations(t *testing.T) {
	n := func(f float64) *float64 { return &f }
	for body, want := range map[string]config.ComplexityEdit{
		`{}`: {},
		`{"tier_boundaries":{"simple_medium":0.1,"medium_complex":"0.2","complex_reasoning":0.3},"keywords":{"code_keywords":["a"],"reasoning_keywords":["b"],"technical_keywords":["c"],"simple_keywords":[]}}`: {
			SimpleMedium: n(0.1), MediumComplex: n(0.2), ComplexReasoning: n(0.3), Code: []string{"a"}, Reasoning: []string{"b"}, Technical: []string{"c"}, Simple: []string{},
		},
		`{"keywords":{"code":["a"],"reasoning":["b"],"technical":["c"],"simple":["d"]}}`: {Code: []string{"a"}, Reasoning: []string{"b"}, Technical: []string{"c"}, Simple: []string{"d"}},
		`{"keywords":{"code":["old"],"code_keywords":["new"],"simple_keywords":null}}`:   {Code: []string{"new"}},
		`{"tier_boundaries":null,"keywords":null,"semantic":null,"llm":{}}`:              {},
	} {
		got, err := decoder().Complexity([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", body, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
	for body, param := range map[string]string{
		`{"boundaries":{}}`:                         "boundaries",
		`{"tier_boundaries":{"simple_medum":0.1}}`:  "tier_boundaries.simple_medum",
		`{"tier_boundaries":{"simple_medium":"x"}}`: "tier_boundaries.simple_medium",
		`{"tier_boundaries":0.1}`:                   "tier_boundaries",
		`{"keywords":{"maths_keywords":["a"]}}`:     "keywords.maths_keywords",
		`{"keywords":{"code_keywords":"a"}}`:        "keywords.code_keywords",
		`{"semantic":{"embedding_model":"m"}}`:      "semantic",
		`{"llm":{"provider":"openai","model":"m"}}`: "llm",
		`[]`: "body",
	} {
		if _, err := decoder().Complexity([]byte(body)); llm.AsError(err).Param != param {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestComplexityOfTheFile(t *testing.T) {
	store, secrets := &shelf{entities: map[string]config.Entity{}}, chain{}
	start := func(text string) *config.Manager {
		t.Helper()
		f, err := decoder().ParseFile([]byte(text), "/app")
		if err != nil {
			t.Fatal(err)
		}
		m := config.NewManager(config.ManagerOptions{Store: store, Secrets: secrets, Kinds: kinds, Env: func(string) string { return "" }})
		if err := m.Load(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		return m
	}
	const text = `{%s"governance":{"complexity_analyzer_config":{"tier_boundaries":{"simple_medium":%s},"keywords":{"simple_keywords":["hallo"]},"semantic":{"provider":"openai"},"colour":"red"}}}`
	m := start(fmt.Sprintf(text, "", "0.2"))
	filed := complexity.Config{SimpleMedium: 0.2, Simple: []string{"hallo"}}
	if diff := cmp.Diff(filed, m.Snapshot().Complexity); diff != "" {
		t.Error(diff)
	}
	warned := fmt.Sprint(m.Snapshot().Problems)
	for _, what := range []string{"governance.complexity_analyzer_config.semantic is not served by this version", "governance.complexity_analyzer_config.colour is no known field"} {
		if !strings.Contains(warned, what) {
			t.Errorf("nobody says %s: %s", what, warned)
		}
	}

	// What is changed elsewhere stays, until the file says something new. A file that decides leaves nothing of it.
	own := 0.5
	err := m.Update(t.Context(), func(d *config.Draft) error {
		return d.EditComplexity(config.ComplexityEdit{SimpleMedium: &[]float64{0.3}[0], MediumComplex: &own})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, text string
		want       complexity.Config
	}{
		{"the same file", fmt.Sprintf(text, "", "0.2"), complexity.Config{SimpleMedium: 0.3, MediumComplex: 0.5, Simple: []string{"hallo"}}},
		{"a new file", fmt.Sprintf(text, "", "0.25"), complexity.Config{SimpleMedium: 0.25, MediumComplex: 0.5, Simple: []string{"hallo"}}},
		{"a file without it", `{}`, complexity.Config{SimpleMedium: 0.25, MediumComplex: 0.5, Simple: []string{"hallo"}}},
		{"a file that decides, without it", `{"source_of_truth":"config.json"}`, complexity.Config{SimpleMedium: 0.25, MediumComplex: 0.5, Simple: []string{"hallo"}}},
		{"a file that decides", fmt.Sprintf(text, `"source_of_truth":"config.json",`, "0.2"), filed},
	} {
		if diff := cmp.Diff(c.want, start(c.text).Snapshot().Complexity); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
