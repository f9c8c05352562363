package messages

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// thinking is how a request thinks: what to send, and what else must give way to it.
type thinking struct {
	maxTokens int64
	effort    string // for output_config; only from this dialect
	send      bool
	kind      string
	budget    int64
	left      llm.Extra
	derived   bool // it was worked out from another dialect's words
}

// plan decides on thinking and max_tokens together, because the budget must be below the limit. The words of this
// dialect are kept. An effort of another becomes a budget: minimal 1024, low 2048, medium 8192, high 16384, more
// 32000 tokens, at most half of the caller's limit.
func (o *out) plan(r *llm.Request) thinking {
	t := thinking{maxTokens: defaultMaxTokens}
	if r.Params.MaxTokens != nil {
		t.maxTokens = *r.Params.MaxTokens
	}
	in := r.Params.Reasoning
	if in == nil {
		return t
	}
	o.losses.Extra("reasoning", in.Extra)
	if in.Extra[name] != nil {
		t.effort, t.left = in.Effort, in.Extra
	}
	if in.Enabled != nil && !*in.Enabled {
		t.send, t.kind = true, "disabled"
		return t
	}
	if in.Extra[name] != nil {
		if in.Enabled != nil {
			t.send, t.kind = true, "enabled"
			if in.Budget != nil {
				t.budget = *in.Budget
			}
		}
		return t
	}
	o.derive(&t, r)
	return t
}

func (o *out) derive(t *thinking, r *llm.Request) {
	in := r.Params.Reasoning
	budget, known := budgets[in.Effort]
	switch {
	case in.Budget != nil:
		budget = *in.Budget
	case in.Effort == "none" || in.Effort == "" && in.Enabled == nil:
		return
	case !known:
		budget = defaultBudget
	}
	if budget == 0 {
		return
	}
	why := ""
	switch {
	case r.Params.MaxTokens != nil && t.maxTokens <= minBudget:
		why = "max_tokens leaves no room for thinking"
	case r.Choice.Mode == llm.ChoiceRequired || r.Choice.Mode == llm.ChoiceTool:
		why = "a model that must call a tool does not think in the messages dialect"
	case unsignedLoop(r.Messages):
		why = "the tool calls to go on with came without their signed thoughts"
	}
	if why != "" && (in.Budget == nil || r.Params.MaxTokens != nil && t.maxTokens <= minBudget) {
		o.losses.Add("reasoning", why)
		return
	}
	budget = max(budget, minBudget)
	if r.Params.MaxTokens == nil {
		t.maxTokens += budget
	} else if budget >= t.maxTokens {
		budget = max(minBudget, t.maxTokens/2)
	}
	t.send, t.kind, t.budget, t.derived = true, "enabled", budget, in.Budget == nil || in.Extra != nil
}

// unsignedLoop reports whether the conversation stands in the middle of tool calls whose turn has no signed thought.
// The endpoint refuses to think on from there.
func unsignedLoop(messages []llm.Message) bool {
	for i := len(messages) - 1; i >= 0; i-- {
		m := messages[i]
		if m.Role == llm.RoleAssistant {
			calls, signed := false, false
			for _, p := range m.Parts {
				calls = calls || p.Kind == llm.PartCall
				signed = signed || p.Kind == llm.PartReasoning && p.Signature != "" && !dialect.Foreign(name, p.Signature)
			}
			return calls && !signed
		}
		if !answers(m) {
			return false
		}
	}
	return false
}

func answers(m llm.Message) bool {
	for _, p := range m.Parts {
		if p.Kind == llm.PartResult {
			return true
		}
	}
	return m.Role == llm.RoleTool
}

func (o *out) thinking(t thinking) {
	if !t.send {
		return
	}
	w := &o.w
	w.Key("thinking")
	w.Open('{')
	if kind := dialect.Nested(t.left, name, "type"); kind != nil {
		w.RawField("type", kind)
	} else {
		w.StringField("type", t.kind)
	}
	if t.budget > 0 {
		w.IntField("budget_tokens", t.budget)
	}
	o.own(t.left, "type")
	w.Close('}')
}
