package config

import (
	"heimdall/gateway/complexity"
)

// ComplexityEdit is a wished change of how rules grade requests. What is nil stays; a list replaces the old one.
type ComplexityEdit struct {
	SimpleMedium     *float64
	MediumComplex    *float64
	ComplexReasoning *float64
	Code             []string
	Reasoning        []string
	Technical        []string
	Simple           []string
}

// complexityAt is where the settings of complexity stand in a file.
const complexityAt = "governance.complexity_analyzer_config."

// EditComplexity changes how requests are graded.
func (d *Draft) EditComplexity(e ComplexityEdit) error {
	c := d.Complexity.Filled()
	for _, n := range []struct {
		name         string
		value, place *float64
	}{
		{"simple_medium", e.SimpleMedium, &c.SimpleMedium}, {"medium_complex", e.MediumComplex, &c.MediumComplex},
		{"complex_reasoning", e.ComplexReasoning, &c.ComplexReasoning},
	} {
		switch {
		case n.value == nil:
		case *n.value == 0: // what is stored as 0 means the built-in one
			return invalid(complexityAt+"tier_boundaries."+n.name, "must be more than 0 and less than 1")
		default:
			*n.place = *n.value
		}
	}
	for _, l := range []struct {
		name  string
		value []string
		place *[]string
	}{
		{"code", e.Code, &c.Code}, {"reasoning", e.Reasoning, &c.Reasoning}, {"technical", e.Technical, &c.Technical}, {"simple", e.Simple, &c.Simple},
	} {
		if l.value == nil {
			continue
		}
		if len(l.value) == 0 {
			return invalid(complexityAt+"keywords."+l.name+"_keywords", "needs one keyword or more; leave it out to keep those there are")
		}
		*l.place = complexity.Tidy(l.value)
	}
	d.Complexity = c.Stripped()
	return nil
}

// ResetComplexity grades requests with the built-in settings again.
func (d *Draft) ResetComplexity() { d.Complexity = complexity.Config{} }

const maxKeywords = 1000

func (v *validator) complexity() {
	c := v.draft.Complexity.Filled()
	low := 0.0
	for _, n := range []struct {
		name  string
		value float64
	}{{"simple_medium", c.SimpleMedium}, {"medium_complex", c.MediumComplex}, {"complex_reasoning", c.ComplexReasoning}} {
		if !(n.value > low && n.value < 1) {
			v.say(complexityAt+"tier_boundaries."+n.name, "must be more than %g, the boundary before it, and less than 1", low)
		}
		low = n.value
	}
	for _, l := range []struct {
		name string
		list []string
	}{{"code", c.Code}, {"reasoning", c.Reasoning}, {"technical", c.Technical}, {"simple", c.Simple}} {
		at := complexityAt + "keywords." + l.name + "_keywords"
		if len(l.list) > maxKeywords {
			v.say(at, "has %d keywords; at most %d may be in a list", len(l.list), maxKeywords)
		}
		for _, k := range l.list {
			if len(k) > complexity.MaxKeyword || !complexity.HasWord(k) {
				v.say(at, "%q must have a letter or a digit, and at most %d bytes", k, complexity.MaxKeyword)
			}
		}
	}
}
