package chat

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

func encodeRequest(r *llm.Request) ([]byte, []llm.Warning, error) {
	o := &out{losses: dialect.Losses{Own: name, Array: "messages"}}
	w := &o.w
	w.Open('{')
	w.StringField("model", r.Model)
	w.Key("messages")
	w.Open('[')
	for i, m := range r.Messages {
		o.losses.Index = i
		o.message(m)
	}
	w.Close(']')
	o.tools(r)
	o.params(&r.Params)
	o.reasoning(r.Params.Reasoning)
	o.format(r.Params.Format)
	options := dialect.Nested(r.Extra, name, "stream_options")
	if r.Stream {
		w.BoolField("stream", true)
	}
	if r.Params.IncludeUsage && r.Stream || options != nil {
		w.Key("stream_options")
		w.Open('{')
		if r.Params.IncludeUsage {
			w.BoolField("include_usage", true)
		}
		if options != nil {
			w.Members(options)
		}
		w.Close('}')
	}
	o.own(r.Extra, "stream_options")
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
	// max_tokens is the older name, which the newest models refuse.
	integer("max_completion_tokens", p.MaxTokens)
	float("temperature", p.Temperature)
	float("top_p", p.TopP)
	integer("top_k", p.TopK)
	if len(p.Stop) > 0 {
		w.Key("stop")
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
	integer("n", p.N)
	if p.Logprobs != nil {
		w.BoolField("logprobs", *p.Logprobs)
	}
	integer("top_logprobs", p.TopLogprobs)
	if p.User != "" {
		w.StringField("user", p.User)
	}
	switch p.ServiceTier {
	case "":
	case "standard_only":
		w.StringField("service_tier", "default")
	default:
		w.StringField("service_tier", p.ServiceTier)
	}
}

// reasoning writes the long form where the request had it, else the effort. A budget without an effort becomes one:
// below 4096 tokens low, below 16384 medium, else high.
func (o *out) reasoning(r *llm.Reasoning) {
	if r == nil {
		return
	}
	o.losses.Extra("reasoning", r.Extra)
	w := &o.w
	own, long := r.Extra[name]
	if long {
		w.Key("reasoning")
		w.Open('{')
		if r.Enabled != nil {
			w.BoolField("enabled", *r.Enabled)
		}
		if r.Effort != "" {
			w.StringField("effort", r.Effort)
		}
		if r.Budget != nil {
			w.IntField("max_tokens", *r.Budget)
		}
		w.Members(own)
		w.Close('}')
		return
	}
	effort := r.Effort
	if effort == "" && r.Budget != nil {
		switch {
		case *r.Budget < 4096:
			effort = "low"
		case *r.Budget < 16384:
			effort = "medium"
		default:
			effort = "high"
		}
	}
	if effort != "" {
		w.StringField("reasoning_effort", effort)
	}
}

func (o *out) format(f *llm.Format) {
	if f == nil {
		return
	}
	w := &o.w
	w.Key("response_format")
	w.Open('{')
	w.StringField("type", f.Type)
	if f.Type == "json_schema" {
		w.Key("json_schema")
		w.Open('{')
		title := f.Name
		if title == "" {
			title = "response" // required here, unknown to dialects that only have the schema
		}
		w.StringField("name", title)
		if f.Description != "" {
			w.StringField("description", f.Description)
		}
		if f.Strict != nil {
			w.BoolField("strict", *f.Strict)
		}
		if f.Schema != nil {
			w.RawField("schema", f.Schema)
		}
		w.Close('}')
	}
	w.Close('}')
}

func (o *out) tools(r *llm.Request) {
	open := false
	for i, t := range r.Tools {
		if t.Name == "" && t.Extra[name] == nil {
			o.losses.Add(dialect.Index("tools", i), "only the dialect that it came from knows this tool")
			continue
		}
		if !open {
			o.w.Key("tools")
			o.w.Open('[')
			open = true
		}
		o.w.Elem()
		o.tool(i, t)
	}
	if open {
		o.w.Close(']')
	}
	o.toolChoice(&r.Choice, open)
}

func (o *out) tool(i int, t llm.Tool) {
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
	if t.Schema != nil {
		w.RawField("parameters", t.Schema)
	}
	if t.Strict != nil {
		w.BoolField("strict", *t.Strict)
	}
	if left := dialect.Nested(t.Extra, name, "function"); left != nil {
		w.Members(left)
	}
	w.Close('}')
	o.own(t.Extra, "function")
	w.Close('}')
	if len(t.Extra) > 0 {
		o.losses.Extra(dialect.Index("tools", i), t.Extra)
	}
}

func (o *out) toolChoice(c *llm.ToolChoice, tools bool) {
	w := &o.w
	switch {
	case c.Extra[name] != nil:
		w.RawField("tool_choice", c.Extra[name])
	case c.Mode == llm.ChoiceTool:
		w.Key("tool_choice")
		w.Open('{')
		w.StringField("type", "function")
		w.Key("function")
		w.Open('{')
		w.StringField("name", c.Name)
		w.Close('}')
		w.Close('}')
	case c.Mode != "":
		w.StringField("tool_choice", c.Mode)
	}
	if c.Parallel != nil && (tools || c.Extra[name] != nil) {
		w.BoolField("parallel_tool_calls", *c.Parallel)
	}
	if len(c.Extra) > 0 {
		o.losses.Extra("tool_choice", c.Extra)
	}
}

// message writes one turn. Results become messages of their own, in front of the rest of their turn, because a call
// must be answered before anything else is said.
func (o *out) message(m llm.Message) {
	var rest []llm.Part
	results := 0
	for _, p := range m.Parts {
		if p.Kind != llm.PartResult || p.Result == nil {
			continue
		}
		var extra llm.Extra
		if m.Role == llm.RoleTool && results == 0 {
			extra = m.Extra
		}
		rest = append(rest, o.result(p, m.Role == llm.RoleTool, extra)...)
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
	} else if m.Role != llm.RoleTool {
		o.losses.Lost("", m.Extra)
	}
}

// result writes a tool message. Media that came from a dialect with richer results is returned: only user messages
// may hold it here.
func (o *out) result(p llm.Part, inline bool, extra llm.Extra) (media []llm.Part) {
	parts := p.Result.Parts
	if !inline {
		parts = nil
		for _, q := range p.Result.Parts {
			if q.Kind == llm.PartMedia {
				media = append(media, q)
				continue
			}
			parts = append(parts, q)
		}
	}
	w := &o.w
	w.Elem()
	w.Open('{')
	w.StringField("role", string(llm.RoleTool))
	w.StringField("tool_call_id", p.Result.ID)
	if p.Result.Name != "" {
		w.StringField("name", p.Result.Name)
	}
	o.content(parts, `""`)
	o.own(extra)
	w.Close('}')
	if p.Result.IsError {
		o.losses.Add(o.losses.Path("content.is_error"), "the chat dialect has no mark for a failed tool")
	}
	o.losses.Lost("content", p.Extra)
	o.losses.Lost("", extra)
	return media
}

func (o *out) turn(m llm.Message, parts []llm.Part) {
	w := &o.w
	w.Elem()
	w.Open('{')
	w.StringField("role", string(m.Role))
	if m.Name != "" {
		w.StringField("name", m.Name)
	}
	empty := `""`
	if m.Role == llm.RoleAssistant && called(parts) {
		empty = "null"
	}
	o.content(parts, empty)
	if m.Role == llm.RoleAssistant {
		o.remembered(parts)
		o.calls(parts)
	}
	o.own(m.Extra)
	w.Close('}')
	o.losses.Lost("", m.Extra)
}

// content writes a string where that says everything, else a list of parts.
func (o *out) content(parts []llm.Part, empty string) {
	var keep []llm.Part
	for _, p := range parts {
		if len(p.Citations) > 0 {
			o.losses.Uncited(o.losses.Path("content"))
		}
		if o.writable("content", p) {
			keep = append(keep, p)
		}
	}
	o.w.Key("content")
	switch {
	case len(keep) == 0:
		o.w.Raw([]byte(empty))
	case len(keep) == 1 && keep[0].Kind == llm.PartText && keep[0].Extra[name] == nil:
		o.w.String(keep[0].Text)
		o.losses.Lost("content", keep[0].Extra)
	default:
		o.w.Open('[')
		for _, p := range keep {
			o.part("content", p)
		}
		o.w.Close(']')
	}
}

// remembered writes the reasoning of an earlier turn. Signed reasoning goes out only if it came in through this
// dialect, or from a provider of it: no other upstream of it can check the signature, and some refuse the field.
func (o *out) remembered(parts []llm.Part) {
	var plain []llm.Part
	structured := false
	for _, p := range parts {
		if p.Kind != llm.PartReasoning || inContent(p) {
			continue
		}
		_, _, ours := unmarked(p.Signature)
		if p.Signature != "" && !ours && (p.Extra[name] == nil || dialect.Foreign(name, p.Signature)) {
			o.losses.Add(o.losses.Path("reasoning"), "only the provider that signed it can read it")
			continue
		}
		if o.hidden(p) {
			continue
		}
		structured = structured || ours || p.Extra[name] != nil
		plain = append(plain, p)
	}
	switch text := textOf(plain, llm.PartReasoning); {
	case structured:
		o.details(plain)
	case text != "":
		o.w.StringField("reasoning_content", text)
	}
}
