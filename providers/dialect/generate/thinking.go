package generate

import (
	"strings"

	"heimdall/providers/llm"
)

// budgets gives the tokens for an effort, as the reference equates them for models that take a budget.
var budgets = map[string]int64{"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576, "max": 24576}

// levels gives the level for an effort. Thinking cannot be switched off where levels are taken.
var levels = map[string]string{"none": "MINIMAL", "minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "xhigh": "HIGH", "max": "HIGH"}

// levelsSince is the first generation of models that takes levels, and that refuses calls without a signature.
const levelsSince = 3

// generation is the first number in a model's name that stands behind a dash; names without one mean the newest.
func generation(model string) int {
	for i := 1; i < len(model); i++ {
		if c := model[i]; model[i-1] == '-' && c >= '0' && c <= '9' {
			return int(c - '0')
		}
	}
	return levelsSince
}

// thinking writes thinkingConfig. The words of this dialect are kept. Of others a budget goes out as it is; an effort
// becomes a level, for models before the third generation a budget. Thoughts are asked for, because other dialects show
// them without being asked.
func (o *out) thinking(r *llm.Request) {
	in := r.Params.Reasoning
	if in == nil {
		return
	}
	o.losses.Extra("reasoning", in.Extra)
	if in.Extra[name] != nil {
		o.ownThinking(in)
		return
	}
	effort := in.Effort
	if in.Enabled != nil && !*in.Enabled {
		effort = "none"
	} else if effort == "" && in.Enabled == nil && in.Budget == nil {
		return
	}
	w := &o.w
	w.Key("thinkingConfig")
	w.Open('{')
	if effort != "none" {
		w.BoolField("includeThoughts", true)
	}
	switch budget, known := budgets[effort]; {
	case in.Budget != nil && effort != "none":
		w.IntField("thinkingBudget", *in.Budget)
	case effort == "":
	case !known:
		o.losses.Add("reasoning.effort", "the generate dialect has no "+effort)
	case generation(r.Model) < levelsSince:
		w.IntField("thinkingBudget", budget)
	case levels[effort] == "MINIMAL" && strings.Contains(r.Model, "pro"):
		w.StringField("thinkingLevel", "LOW") // the least that the larger models take
	default:
		w.StringField("thinkingLevel", levels[effort])
	}
	w.Close('}')
}

func (o *out) ownThinking(in *llm.Reasoning) {
	w := &o.w
	w.Key("thinkingConfig")
	w.Open('{')
	if in.Enabled != nil && *in.Enabled {
		w.BoolField("includeThoughts", true)
	}
	if in.Effort != "" {
		w.StringField("thinkingLevel", strings.ToUpper(in.Effort))
	}
	switch {
	case in.Budget != nil:
		w.IntField("thinkingBudget", *in.Budget)
	case in.Enabled != nil && !*in.Enabled:
		w.IntField("thinkingBudget", 0)
	}
	o.keep(in.Extra)
	w.Close('}')
}
