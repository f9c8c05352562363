package messages

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

func encodeRequest(r *llm.Request) ([]byte, []llm.Warning, error) {
	o := &out{losses: dialect.Losses{Own: name, Array: "messages"}}
	w := &o.w
	thinking := o.plan(r)
	w.Open('{')
	w.StringField("model", r.Model)
	w.IntField("max_tokens", thinking.maxTokens)
	if r.Stream {
		w.BoolField("stream", true)
	}
	o.params(&r.Params, thinking)
	o.tools(r, thinking)
	o.thinking(thinking)
	o.output(r, thinking)
	first := o.system(r.Messages)
	w.Key("messages")
	w.Open('[')
	t := turns{out: o}
	for i := first; i < len(r.Messages); i++ {
		o.losses.Index = i
		t.message(r.Messages[i])
	}
	t.end()
	w.Close(']')
	o.own(r.Extra, "metadata", "output_config")
	o.losses.Extra("", r.Extra)
	w.Close('}')
	return w.B, o.losses.List(), nil
}

// onlyCache reports whether an Extra object of a message is its cache_control and nothing else.
func onlyCache(obj []byte) bool {
	n := 0
	if obj != nil {
		for it := rawjson.Object(obj); it.Next(); n++ {
			if string(it.Key()) != "cache_control" {
				return false
			}
		}
	}
	return n == 1
}

// system writes the system text that comes first and returns where the turns begin.
func (o *out) system(messages []llm.Message) (first int) {
	open := false
	for first < len(messages) && (messages[first].Role == llm.RoleSystem || messages[first].Role == llm.RoleDeveloper) {
		m := messages[first]
		o.losses.Index = first
		for _, p := range cached(m) {
			if p.Kind == llm.PartText && o.writable(p) {
				if !open {
					o.w.Key("system")
					o.w.Open('[')
					open = true
				}
				o.block(p)
			} else if p.Kind != llm.PartText {
				o.losses.Add(o.losses.Path("content"), "system text cannot hold such a part")
			}
		}
		o.losses.Lost("", m.Extra)
		first++
	}
	if open {
		o.w.Close(']')
	}
	return first
}

func (o *out) params(p *llm.Params, t thinking) {
	w := &o.w
	if p.Temperature != nil && !(t.derived && *p.Temperature != 1) {
		value := *p.Temperature
		if value > 1 {
			o.losses.Add("temperature", "the messages dialect ends at 1")
			value = 1
		}
		w.Key("temperature")
		w.Float(value)
	} else if p.Temperature != nil {
		o.losses.Add("temperature", "a model that thinks takes none")
	}
	if p.TopP != nil && !(t.derived && *p.TopP < 0.95) {
		w.Key("top_p")
		w.Float(*p.TopP)
	} else if p.TopP != nil {
		o.losses.Add("top_p", "a model that thinks takes none below 0.95")
	}
	if p.TopK != nil && !t.derived {
		w.IntField("top_k", *p.TopK)
	} else if p.TopK != nil {
		o.losses.Add("top_k", "a model that thinks takes none")
	}
	if len(p.Stop) > 0 {
		w.Key("stop_sequences")
		w.Open('[')
		for _, s := range p.Stop {
			w.Elem()
			w.String(s)
		}
		w.Close(']')
	}
	o.tier(p.ServiceTier)
	o.unsupported(p)
}

func (o *out) tier(tier string) {
	switch tier {
	case "":
	case "auto", "standard_only":
		o.w.StringField("service_tier", tier)
	case "default":
		o.w.StringField("service_tier", "standard_only")
	default:
		o.losses.Add("service_tier", "the messages dialect has only auto and standard_only")
	}
}

func (o *out) unsupported(p *llm.Params) {
	for _, f := range []struct {
		field string
		set   bool
	}{
		{"seed", p.Seed != nil},
		{"presence_penalty", p.PresencePenalty != nil && *p.PresencePenalty != 0},
		{"frequency_penalty", p.FrequencyPenalty != nil && *p.FrequencyPenalty != 0},
		{"n", p.N != nil && *p.N != 1},
		{"logprobs", p.Logprobs != nil && *p.Logprobs},
		{"top_logprobs", p.TopLogprobs != nil && *p.TopLogprobs != 0},
	} {
		if f.set {
			o.losses.Add(f.field, "the messages dialect has no field for it")
		}
	}
}

func (o *out) tools(r *llm.Request, t thinking) {
	open := false
	for i, tool := range r.Tools {
		if tool.Name == "" && tool.Extra[name] == nil {
			o.losses.Add(dialect.Index("tools", i), "only the dialect that it came from knows this tool")
			continue
		}
		if !open {
			o.w.Key("tools")
			o.w.Open('[')
			open = true
		}
		o.w.Elem()
		o.tool(i, tool)
	}
	if open {
		o.w.Close(']')
	}
	o.choice(&r.Choice, open, t)
}

func (o *out) tool(i int, t llm.Tool) {
	w := &o.w
	if t.Name == "" {
		w.Raw(t.Extra[name])
		return
	}
	w.Open('{')
	w.StringField("name", t.Name)
	if t.Description != "" {
		w.StringField("description", t.Description)
	}
	w.Key("input_schema")
	if rawjson.IsObject(t.Schema) {
		w.Raw(t.Schema)
	} else {
		w.Raw([]byte(`{"type":"object","properties":{}}`))
	}
	if t.Strict != nil {
		w.BoolField("strict", *t.Strict)
	}
	o.own(t.Extra)
	w.Close('}')
	if len(t.Extra) > 0 {
		o.losses.Extra(dialect.Index("tools", i), t.Extra)
	}
}

func (o *out) choice(c *llm.ToolChoice, tools bool, t thinking) {
	if len(c.Extra) > 0 {
		o.losses.Extra("tool_choice", c.Extra)
	}
	mode := c.Mode
	if mode == "" && c.Parallel != nil && !*c.Parallel {
		mode = llm.ChoiceAuto
	}
	if mode == "" || !tools {
		if mode == llm.ChoiceRequired || mode == llm.ChoiceTool {
			o.losses.Add("tool_choice", "there is no tool to choose")
		}
		return
	}
	w := &o.w
	w.Key("tool_choice")
	w.Open('{')
	switch mode {
	case llm.ChoiceRequired:
		w.StringField("type", "any")
	default:
		w.StringField("type", mode)
	}
	if mode == llm.ChoiceTool {
		w.StringField("name", c.Name)
	}
	if c.Parallel != nil && mode != llm.ChoiceNone {
		w.BoolField("disable_parallel_tool_use", !*c.Parallel)
	}
	o.own(c.Extra)
	w.Close('}')
}

func (o *out) output(r *llm.Request, t thinking) {
	w := &o.w
	left := dialect.Nested(r.Extra, name, "output_config")
	format := r.Params.Format
	if format != nil && format.Type != "json_schema" {
		if format.Type != "text" {
			o.losses.Add("response_format", "the messages dialect answers in JSON only with a schema")
		}
		format = nil
	}
	if left != nil || format != nil || t.effort != "" {
		w.Key("output_config")
		w.Open('{')
		if t.effort != "" {
			w.StringField("effort", t.effort)
		}
		if format != nil {
			w.Key("format")
			w.Open('{')
			w.StringField("type", format.Type)
			if format.Schema != nil {
				w.RawField("schema", format.Schema)
			}
			w.Close('}')
			if format.Description != "" {
				o.losses.Add("response_format.json_schema.description", "the messages dialect has no field for it")
			}
		}
		if left != nil {
			w.Members(left)
		}
		w.Close('}')
	}
	o.metadata(r)
}

func (o *out) metadata(r *llm.Request) {
	left := dialect.Nested(r.Extra, name, "metadata")
	if left == nil && r.Params.User == "" {
		return
	}
	o.w.Key("metadata")
	o.w.Open('{')
	if r.Params.User != "" {
		o.w.StringField("user_id", r.Params.User)
	}
	if left != nil {
		o.w.Members(left)
	}
	o.w.Close('}')
}
