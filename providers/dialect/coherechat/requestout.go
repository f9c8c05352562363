package coherechat

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

func encodeRequest(r *llm.Request) ([]byte, []llm.Warning, error) {
	o := &out{array: "messages", losses: dialect.Losses{Own: name}}
	w := &o.w
	w.Open('{')
	w.StringField("model", r.Model)
	if r.Stream {
		w.BoolField("stream", true)
	}
	w.Key("messages")
	w.Open('[')
	for i, m := range r.Messages {
		o.index = i
		o.message(m)
	}
	w.Close(']')
	o.tools(r)
	o.params(&r.Params)
	o.unsupported(&r.Params)
	o.thinking(&r.Params)
	o.format(r.Params.Format)
	o.own(r.Extra)
	o.losses.Extra("", r.Extra)
	w.Close('}')
	return w.B, o.losses.List(), nil
}

func (o *out) params(p *llm.Params) {
	w := &o.w
	integer := func(key string, v *int64) {
		if v != nil {
			w.IntField(key, *v)
		}
	}
	float := func(key string, v *float64) {
		if v != nil {
			w.Key(key)
			w.Float(*v)
		}
	}
	integer("max_tokens", p.MaxTokens)
	float("temperature", p.Temperature)
	float("p", p.TopP)
	integer("k", p.TopK)
	if len(p.Stop) > 0 {
		w.Key("stop_sequences")
		w.Open('[')
		for _, s := range p.Stop {
			w.Elem()
			w.String(s)
		}
		w.Close(']')
	}
	integer("seed", p.Seed)
	float("presence_penalty", p.PresencePenalty)
	float("frequency_penalty", p.FrequencyPenalty)
	if p.Logprobs != nil {
		w.BoolField("logprobs", *p.Logprobs)
	}
}

func (o *out) unsupported(p *llm.Params) {
	for _, f := range []struct {
		field string
		set   bool
	}{
		{"n", p.N != nil && *p.N != 1},
		{"top_logprobs", p.TopLogprobs != nil && *p.TopLogprobs != 0},
		{"user", p.User != ""},
		{"service_tier", p.ServiceTier != "" && p.ServiceTier != "auto" && p.ServiceTier != "default"},
	} {
		if f.set {
			o.losses.Add(f.field, "the coherechat dialect has no field for it")
		}
	}
}

// thinking writes how to think. An effort of another dialect becomes a budget: minimal 1024, low 2048, medium 8192,
// high 16384 tokens, at most half of the caller's limit, and of a higher effort none.
func (o *out) thinking(p *llm.Params) {
	r := p.Reasoning
	if r == nil {
		return
	}
	o.losses.Extra("reasoning", r.Extra)
	own := r.Extra[name]
	on, budget := r.Enabled, r.Budget
	if own == nil && on == nil && (r.Effort != "" || budget != nil) {
		think := r.Effort != "none"
		on = &think
	}
	if n, known := budgets[r.Effort]; known && budget == nil {
		if p.MaxTokens != nil {
			n = min(n, *p.MaxTokens/2)
		}
		budget = &n
	}
	if own == nil && on == nil {
		return
	}
	w := &o.w
	w.Key("thinking")
	w.Open('{')
	if on != nil {
		kind := "disabled"
		if *on {
			kind = "enabled"
		}
		w.StringField("type", kind)
	}
	if budget != nil && (on == nil || *on || own != nil) {
		w.IntField("token_budget", *budget)
	}
	o.own(r.Extra)
	w.Close('}')
}

func (o *out) format(f *llm.Format) {
	if f == nil {
		return
	}
	w := &o.w
	w.Key("response_format")
	w.Open('{')
	if f.Type != "json_schema" {
		w.StringField("type", f.Type)
		w.Close('}')
		return
	}
	w.StringField("type", "json_object")
	if f.Schema != nil {
		w.RawField("json_schema", f.Schema)
	}
	w.Close('}')
	if f.Description != "" {
		o.losses.Add("response_format.description", "the coherechat dialect has no field for it")
	}
}

// tools writes the tools. One that must be called is the only one that is offered, because the endpoint cannot name it.
func (o *out) tools(r *llm.Request) {
	w := &o.w
	open := false
	var strict []bool
	for i, t := range r.Tools {
		if t.Name == "" && t.Extra[name] == nil {
			o.losses.Add(dialect.Index("tools", i), "only the dialect that it came from knows this tool")
			continue
		}
		if r.Choice.Mode == llm.ChoiceTool && t.Name != r.Choice.Name {
			o.losses.Add(dialect.Index("tools", i), "the coherechat dialect forces a tool by offering no other")
			continue
		}
		if !open {
			w.Key("tools")
			w.Open('[')
			open = true
		}
		w.Elem()
		o.tool(t)
		o.losses.Extra(dialect.Index("tools", i), t.Extra)
		if t.Strict != nil {
			strict = append(strict, *t.Strict)
		}
	}
	if open {
		w.Close(']')
	}
	o.strict(strict)
	switch r.Choice.Mode {
	case llm.ChoiceRequired, llm.ChoiceTool:
		w.StringField("tool_choice", "REQUIRED")
	case llm.ChoiceNone:
		w.StringField("tool_choice", "NONE")
	}
	if p := r.Choice.Parallel; p != nil && !*p {
		o.losses.Add("parallel_tool_calls", "the coherechat dialect cannot forbid parallel calls")
	}
	o.losses.Extra("tool_choice", r.Choice.Extra)
}

// strict writes the one mark for all tools: strict where one of them is.
func (o *out) strict(marks []bool) {
	if len(marks) == 0 {
		return
	}
	strict, mixed := marks[0], false
	for _, m := range marks {
		mixed = mixed || m != strict
	}
	if mixed {
		strict = true
		o.losses.Add("tools.strict", "the coherechat dialect is strict with all tools or none")
	}
	o.w.BoolField("strict_tools", strict)
}

func (o *out) tool(t llm.Tool) {
	w := &o.w
	if t.Name == "" {
		w.Raw(t.Extra[name])
		return
	}
	w.Open('{')
	w.StringField("type", "function")
	w.Key("function")
	w.Open('{')
	w.StringField("name", t.Name)
	if t.Description != "" {
		w.StringField("description", t.Description)
	}
	schema := t.Schema
	if schema == nil {
		schema = []byte(`{"type":"object","properties":{}}`) // the endpoint demands one
	}
	w.RawField("parameters", schema)
	if left := dialect.Nested(t.Extra, name, "function"); rawjson.IsObject(left) {
		w.Members(left)
	}
	w.Close('}')
	o.own(t.Extra, "function")
	w.Close('}')
}

// message writes one turn. Results become messages of their own, in front of the rest of their turn, because a call
// must be answered before anything else is said.
func (o *out) message(m llm.Message) {
	if m.Name != "" {
		o.losses.Add(o.path("name"), "the coherechat dialect does not name speakers")
	}
	o.lost("", m.Extra)
	var rest []llm.Part
	results := 0
	for _, p := range m.Parts {
		if p.Kind != llm.PartResult || p.Result == nil {
			continue
		}
		own := m.Extra
		if m.Role != llm.RoleTool || results > 0 {
			own = nil
		}
		rest = append(rest, o.result(p, m.Role == llm.RoleTool, own)...)
		results++
	}
	if results == 0 {
		o.turn(m, m.Parts)
		return
	}
	for _, p := range m.Parts {
		if p.Kind != llm.PartResult {
			rest = append(rest, p)
		}
	}
	if len(rest) > 0 {
		if m.Role == llm.RoleTool {
			m.Role, m.Extra = llm.RoleUser, nil
		}
		o.turn(m, rest)
	}
}

// result writes a tool message, which holds text and documents. Media of a result that stands in a user's turn is
// returned, to follow in that turn; a tool's turn has no place for it.
func (o *out) result(p llm.Part, alone bool, own llm.Extra) (media []llm.Part) {
	var parts []llm.Part
	for _, q := range p.Result.Parts {
		switch {
		case q.Kind != llm.PartMedia || plainText(q.Media) != "":
			parts = append(parts, q)
		case alone:
			o.losses.Add(o.path("content"), "a tool message of the coherechat dialect holds only text")
		default:
			media = append(media, q)
		}
	}
	w := &o.w
	w.Elem()
	w.Open('{')
	w.StringField("role", string(llm.RoleTool))
	w.StringField("tool_call_id", p.Result.ID)
	o.content(parts, `""`)
	o.own(own)
	w.Close('}')
	if p.Result.IsError {
		o.losses.Add(o.path("content.is_error"), "the coherechat dialect has no mark for a failed tool")
	}
	o.lost("content", p.Extra)
	return media
}

func (o *out) turn(m llm.Message, parts []llm.Part) {
	w := &o.w
	role := m.Role
	switch role {
	case llm.RoleDeveloper:
		role = llm.RoleSystem
	case llm.RoleTool:
		role = llm.RoleUser
	case llm.RoleSystem, llm.RoleUser, llm.RoleAssistant:
	}
	w.Elem()
	w.Open('{')
	w.StringField("role", string(role))
	if role == llm.RoleAssistant {
		o.assistant(parts)
	} else {
		o.content(parts, `""`)
	}
	o.own(m.Extra)
	w.Close('}')
}

// assistant writes an earlier answer. Reasoning of another dialect explains the calls of its turn where it has any.
func (o *out) assistant(parts []llm.Part) {
	calls := called(parts)
	var said []llm.Part
	plan := ""
	for _, p := range parts {
		if p.Kind != llm.PartReasoning {
			said = append(said, p)
			continue
		}
		if p.Signature != "" || p.Redacted {
			o.losses.Add(o.path("reasoning"), "only the provider that signed it can read it")
			continue
		}
		if isPlan(p) || calls && p.Extra[name] == nil {
			plan += p.Text
			continue
		}
		said = append(said, p)
	}
	empty := `""`
	if calls || plan != "" {
		empty = ""
	}
	o.content(said, empty)
	if plan != "" {
		o.w.StringField("tool_plan", plan)
	}
	o.calls(parts)
}
