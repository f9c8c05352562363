package responses

import (
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

func encodeRequest(r *llm.Request) ([]byte, []llm.Warning, error) {
	o := &out{losses: dialect.Losses{Own: name, Array: "input"}, box: newToolbox(r.Tools)}
	w := &o.w
	w.Open('{')
	w.StringField("model", r.Model)
	messages := o.instructions(r.Messages)
	if len(messages) > 0 || !answersElse(r.Extra) {
		w.Key("input")
		w.Open('[')
		for i, m := range messages {
			o.losses.Index = i
			o.message(m)
		}
		w.Close(']')
	}
	o.tools(r.Tools)
	o.choice(&r.Choice)
	o.params(&r.Params, r.Extra[name] != nil)
	o.reasoning(r.Params.Reasoning)
	o.text(r)
	if r.Stream {
		w.BoolField("stream", true)
	}
	if r.Extra[name] == nil {
		o.unstored(&r.Params)
	}
	o.own(r.Extra, "text")
	o.losses.Extra("", r.Extra)
	w.Close('}')
	return w.B, o.losses.List(), nil
}

// answersElse reports whether a request of this dialect has something else than input to answer.
func answersElse(x llm.Extra) bool {
	for _, key := range []string{"previous_response_id", "conversation", "prompt"} {
		if dialect.Nested(x, name, key) != nil {
			return true
		}
	}
	return false
}

// unstored keeps a request of another dialect from being stored by the provider, as nothing is elsewhere. Thoughts that
// are not stored must come back encrypted; models that were not asked to think may refuse to encrypt.
func (o *out) unstored(p *llm.Params) {
	o.w.BoolField("store", false)
	var include []string
	if r := p.Reasoning; r != nil && r.Effort != "none" && (r.Enabled == nil || *r.Enabled) {
		include = append(include, "reasoning.encrypted_content")
	}
	if p.Logprobs != nil && *p.Logprobs {
		include = append(include, "message.output_text.logprobs")
	}
	if len(include) == 0 {
		return
	}
	o.w.Key("include")
	o.w.Open('[')
	for _, s := range include {
		o.w.Elem()
		o.w.String(s)
	}
	o.w.Close(']')
}

// instructions writes the system text that comes first and returns the messages behind it. System text that came as an
// item is marked and stays one.
func (o *out) instructions(messages []llm.Message) []llm.Message {
	if len(messages) == 0 {
		return nil
	}
	m := messages[0]
	if m.Role != llm.RoleSystem || m.Name != "" || m.Extra[name] != nil || len(m.Parts) != 1 ||
		m.Parts[0].Kind != llm.PartText || m.Parts[0].Text == "" || m.Parts[0].Extra[name] != nil {
		return messages
	}
	o.w.StringField("instructions", m.Parts[0].Text)
	o.losses.Extra("instructions", m.Extra)
	o.losses.Extra("instructions", m.Parts[0].Extra)
	return messages[1:]
}

// message writes one turn: results are items of their own, the assistant's parts too, the rest is one message.
func (o *out) message(m llm.Message) {
	if m.Name != "" {
		o.losses.Add(o.losses.Path("name"), "the responses dialect does not name speakers")
	}
	if m.Role == llm.RoleAssistant {
		o.items(m.Parts, o.item)
		o.losses.Lost("", m.Extra)
		return
	}
	var rest []llm.Part
	results := false
	for _, p := range m.Parts {
		if p.Kind == llm.PartResult && p.Result != nil {
			o.result(p)
			results = true
			continue
		}
		rest = append(rest, p)
	}
	if len(rest) > 0 || !results {
		o.turn(m, rest)
	}
	o.losses.Lost("", m.Extra)
}

// turn writes a message that is not the assistant's.
func (o *out) turn(m llm.Message, parts []llm.Part) {
	role := m.Role
	if role == llm.RoleTool {
		role = llm.RoleUser
	}
	w := &o.w
	w.Elem()
	w.Open('{')
	w.StringField("type", itemMessage)
	w.StringField("role", string(role))
	o.content("content", parts)
	o.own(m.Extra)
	w.Close('}')
}

// content writes a string where that says everything, else a list.
func (o *out) content(key string, parts []llm.Part) {
	w := &o.w
	w.Key(key)
	if len(parts) == 0 {
		w.String("")
		return
	}
	if len(parts) == 1 && parts[0].Kind == llm.PartText && parts[0].Extra[name] == nil && parts[0].Text != "" {
		w.String(parts[0].Text)
		o.uncited(parts[0])
		o.losses.Lost("content", parts[0].Extra)
		return
	}
	w.Open('[')
	for _, p := range parts {
		o.part(p, typeInput)
	}
	w.Close(']')
}

func (o *out) result(p llm.Part) {
	w := &o.w
	w.Elem()
	w.Open('{')
	if dialect.Nested(p.Extra, name, "type") == nil {
		kind := itemResult
		if o.typed[p.Result.ID] {
			kind = itemCustomResult
		}
		w.StringField("type", kind)
	}
	w.StringField("call_id", p.Result.ID)
	o.content("output", p.Result.Parts)
	o.own(p.Extra)
	w.Close('}')
	if p.Result.IsError {
		o.losses.Add(o.losses.Path("is_error"), "the responses dialect has no mark for a failed tool")
	}
	o.losses.Lost("output", p.Extra)
}

// Limits that the endpoint has and others have not.
const (
	minTokens = 16
	maxUser   = 64
)

// params writes the knobs. What callers of other dialects ask for is fitted to the limits of this one.
func (o *out) params(p *llm.Params, own bool) {
	w := &o.w
	if p.MaxTokens != nil {
		n := *p.MaxTokens
		if !own && n < minTokens {
			o.losses.Add("max_tokens", "the responses dialect begins at 16")
			n = minTokens
		}
		w.IntField("max_output_tokens", n)
	}
	if p.Temperature != nil {
		w.Key("temperature")
		w.Float(*p.Temperature)
	}
	if p.TopP != nil {
		w.Key("top_p")
		w.Float(*p.TopP)
	}
	if p.TopLogprobs != nil {
		w.IntField("top_logprobs", *p.TopLogprobs)
	}
	switch {
	case p.User == "":
	case !own && len(p.User) > maxUser:
		o.losses.Add("user", "the responses dialect ends at 64 letters")
	default:
		w.StringField("user", p.User)
	}
	switch p.ServiceTier {
	case "":
	case "standard_only":
		w.StringField("service_tier", "default")
	default:
		w.StringField("service_tier", p.ServiceTier)
	}
	for _, f := range []struct {
		field string
		set   bool
	}{
		{"top_k", p.TopK != nil},
		{"stop", len(p.Stop) > 0},
		{"seed", p.Seed != nil},
		{"presence_penalty", p.PresencePenalty != nil && *p.PresencePenalty != 0},
		{"frequency_penalty", p.FrequencyPenalty != nil && *p.FrequencyPenalty != 0},
		{"n", p.N != nil && *p.N != 1},
	} {
		if f.set {
			o.losses.Add(f.field, "the responses dialect has no field for it")
		}
	}
}

// reasoning writes the effort. A budget without one becomes one: below 4096 tokens low, below 16384 medium, else high.
func (o *out) reasoning(r *llm.Reasoning) {
	if r == nil {
		return
	}
	o.losses.Extra("reasoning", r.Extra)
	effort := r.Effort
	switch {
	case effort == "max" && r.Extra[name] == nil:
		effort = "xhigh"
	case effort != "":
	case r.Enabled != nil && !*r.Enabled:
		o.losses.Add("reasoning.enabled", "not every model of the responses dialect can be kept from thinking")
	case r.Budget == nil:
	case *r.Budget < 4096:
		effort = "low"
	case *r.Budget < 16384:
		effort = "medium"
	default:
		effort = "high"
	}
	if effort == "" && r.Extra[name] == nil {
		return
	}
	o.w.Key("reasoning")
	o.w.Open('{')
	if effort != "" {
		o.w.StringField("effort", effort)
	}
	o.own(r.Extra)
	o.w.Close('}')
}

func (o *out) text(r *llm.Request) {
	left := dialect.Nested(r.Extra, name, "text")
	f := r.Params.Format
	if left == nil && f == nil {
		return
	}
	w := &o.w
	w.Key("text")
	w.Open('{')
	if f != nil {
		w.Key("format")
		format(w, f)
	}
	if left != nil {
		w.Members(left)
	}
	w.Close('}')
}

func format(w *rawjson.Writer, f *llm.Format) {
	w.Open('{')
	w.StringField("type", f.Type)
	if f.Type == "json_schema" {
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
	}
	w.Close('}')
}

func audioFormat(mime string) string {
	format := strings.TrimPrefix(mime, "audio/")
	if format == "mpeg" {
		return "mp3"
	}
	return format
}
