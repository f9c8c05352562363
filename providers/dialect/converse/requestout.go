package converse

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

func encodeRequest(r *llm.Request) ([]byte, []llm.Warning, error) {
	o := newOut(r)
	w := &o.w
	w.Open('{')
	o.conversation(r)
	thinking := o.plan(r)
	o.inference(r, thinking)
	o.toolConfig(r)
	o.additional(r, thinking)
	o.output(r, thinking)
	o.tier(r)
	o.unsupported(&r.Params)
	o.own(r.Extra, additionalRequest, "inferenceConfig", "toolConfig", "outputConfig", "serviceTier")
	o.losses.Extra("", without(r.Extra, "cache_control", betaKey))
	w.Close('}')
	return w.B, o.losses.List(), nil
}

func newOut(r *llm.Request) *out {
	return &out{array: "messages", losses: dialect.Losses{Own: name}, family: familyOf(r.Model)}
}

// conversation writes messages and system.
func (o *out) conversation(r *llm.Request) {
	w := &o.w
	first := 0
	for first < len(r.Messages) && (r.Messages[first].Role == llm.RoleSystem || r.Messages[first].Role == llm.RoleDeveloper) {
		first++
	}
	w.Key("messages")
	w.Open('[')
	t := turns{out: o}
	for i := first; i < len(r.Messages); i++ {
		o.index = i
		t.message(r.Messages[i])
	}
	t.point(cacheMark(r.Extra))
	t.end()
	w.Close(']')
	o.system(r.Messages[:first])
}

// system writes the system text.
func (o *out) system(messages []llm.Message) {
	open := false
	write := func(p llm.Part) {
		if !open {
			o.w.Key("system")
			o.w.Open('[')
			open = true
		}
		o.block(p)
	}
	for i, m := range messages {
		o.index = i
		for _, p := range m.Parts {
			switch {
			case p.Kind != llm.PartText && (p.Kind != llm.PartOpaque || p.Extra[name] == nil):
				o.losses.Add(o.path("content"), "system text cannot hold such a part")
			case o.writable(p):
				write(p)
				o.point(cacheMark(p.Extra), open)
			}
		}
		o.point(cacheMark(m.Extra), open)
		o.lost("", without(m.Extra, "cache_control"))
	}
	if open {
		o.w.Close(']')
	}
}

func (o *out) inference(r *llm.Request, t thinking) {
	p, w := &r.Params, &o.w
	left := dialect.Nested(r.Extra, name, "inferenceConfig")
	start := len(w.B)
	w.Key("inferenceConfig")
	w.Open('{')
	empty := len(w.B)
	if p.MaxTokens != nil {
		w.IntField("maxTokens", *p.MaxTokens)
	}
	o.sampling(p, t)
	if len(p.Stop) > 0 {
		w.Key("stopSequences")
		w.Open('[')
		for _, s := range p.Stop {
			w.Elem()
			w.String(s)
		}
		w.Close(']')
	}
	if left != nil {
		w.Members(left)
	}
	if len(w.B) == empty {
		w.B = w.B[:start]
		return
	}
	w.Close('}')
}

func (o *out) sampling(p *llm.Params, t thinking) {
	w := &o.w
	switch {
	case p.Temperature == nil:
	case t.derived && *p.Temperature != 1:
		o.losses.Add("temperature", "a model that thinks takes none")
	default:
		value := *p.Temperature
		if value > 1 {
			o.losses.Add("temperature", "the converse dialect ends at 1")
			value = 1
		}
		w.Key("temperature")
		w.Float(value)
	}
	switch {
	case p.TopP == nil:
	case t.derived && *p.TopP < 0.95:
		o.losses.Add("top_p", "a model that thinks takes none below 0.95")
	default:
		w.Key("topP")
		w.Float(*p.TopP)
	}
}

func (o *out) tier(r *llm.Request) {
	left := dialect.Nested(r.Extra, name, "serviceTier")
	tier := r.Params.ServiceTier
	switch tier {
	case "standard_only":
		tier = "default"
	case "auto":
		tier = ""
	case "", "default", "priority", "flex", "reserved":
	default:
		o.losses.Add("service_tier", "the converse dialect has only default, priority, flex and reserved")
		tier = ""
	}
	if tier == "" && left == nil {
		return
	}
	o.w.Key("serviceTier")
	o.w.Open('{')
	if tier != "" {
		o.w.StringField("type", tier)
	}
	if left != nil {
		o.w.Members(left)
	}
	o.w.Close('}')
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
		{"user", p.User != ""},
	} {
		if f.set {
			o.losses.Add(f.field, "the converse dialect has no field for it")
		}
	}
}

// toolConfig writes the tools and the choice among them. The endpoint wants tools declared that the conversation called,
// even if they may not be called any more.
func (o *out) toolConfig(r *llm.Request) {
	w := &o.w
	left := dialect.Nested(r.Extra, name, "toolConfig")
	called := calledTools(r)
	hidden := r.Choice.Mode == llm.ChoiceNone && len(called) == 0
	if hidden && len(r.Tools) > 0 {
		o.losses.Add("tools", "the converse dialect cannot forbid tools, so they are left out")
	}
	if hidden || len(r.Tools)+len(called) == 0 && left == nil {
		o.noTools(r)
		return
	}
	start := len(w.B)
	w.Key("toolConfig")
	w.Open('{')
	w.Key("tools")
	w.Open('[')
	empty := len(w.B)
	for i, t := range r.Tools {
		o.tool(i, t)
	}
	if len(w.B) == empty {
		for _, title := range called {
			o.tool(0, llm.Tool{Name: title})
		}
	}
	if len(w.B) == empty && left == nil {
		w.B = w.B[:start]
		o.noTools(r)
		return
	}
	w.Close(']')
	o.choice(&r.Choice)
	if left != nil {
		w.Members(left)
	}
	w.Close('}')
}

func (o *out) noTools(r *llm.Request) {
	if r.Choice.Mode == llm.ChoiceRequired || r.Choice.Mode == llm.ChoiceTool {
		o.losses.Add("tool_choice", "there is no tool to choose")
	}
}

// calledTools names the tools that the conversation called, each once, in order.
func calledTools(r *llm.Request) (names []string) {
	seen := map[string]bool{}
	for _, m := range r.Messages {
		for _, p := range m.Parts {
			if p.Kind == llm.PartCall && p.Call != nil && p.Call.Name != "" && !seen[p.Call.Name] {
				seen[p.Call.Name] = true
				names = append(names, p.Call.Name)
			}
		}
	}
	return names
}

func (o *out) tool(i int, t llm.Tool) {
	w := &o.w
	if t.Name == "" {
		if t.Extra[name] == nil {
			o.losses.Add(dialect.Index("tools", i), "only the dialect that it came from knows this tool")
			return
		}
		w.Elem()
		w.Raw(t.Extra[name])
		return
	}
	w.Elem()
	w.Open('{')
	w.Key("toolSpec")
	w.Open('{')
	w.StringField("name", t.Name)
	if t.Description != "" {
		w.StringField("description", t.Description)
	}
	w.Key("inputSchema")
	w.Open('{')
	if rawjson.IsObject(t.Schema) {
		w.RawField("json", t.Schema)
	} else {
		w.RawField("json", []byte(`{"type":"object","properties":{}}`))
	}
	w.Close('}')
	if t.Strict != nil {
		w.BoolField("strict", *t.Strict)
	}
	o.own(t.Extra)
	w.Close('}')
	w.Close('}')
	o.point(cacheMark(t.Extra), true)
	if len(t.Extra) > 0 {
		o.losses.Extra(dialect.Index("tools", i), without(t.Extra, "cache_control"))
	}
}

func (o *out) choice(c *llm.ToolChoice) {
	if len(c.Extra) > 0 {
		o.losses.Extra("tool_choice", c.Extra)
	}
	if o.serial(c) {
		return
	}
	if c.Parallel != nil && !*c.Parallel {
		o.losses.Add("parallel_tool_calls", "the model takes no such setting")
	}
	w := &o.w
	switch c.Mode {
	case llm.ChoiceAuto:
		w.RawField("toolChoice", []byte(`{"auto":{}}`))
	case llm.ChoiceRequired:
		w.RawField("toolChoice", []byte(`{"any":{}}`))
	case llm.ChoiceTool:
		w.Key("toolChoice")
		w.Open('{')
		w.Key("tool")
		w.Open('{')
		w.StringField("name", c.Name)
		w.Close('}')
		w.Close('}')
	case llm.ChoiceNone:
		o.losses.Add("tool_choice", "the conversation called tools, so they must stay declared")
	}
}

// serial reports whether the choice goes to the model itself, because only there it can ask for one call at a time.
func (o *out) serial(c *llm.ToolChoice) bool {
	return o.family.own && c.Parallel != nil && !*c.Parallel && c.Mode != llm.ChoiceNone
}

// additional writes what the model itself takes.
func (o *out) additional(r *llm.Request, t thinking) {
	w := &o.w
	left := dialect.Nested(r.Extra, name, additionalRequest)
	if left != nil && !rawjson.IsObject(left) {
		w.RawField(additionalRequest, left)
		return
	}
	start := len(w.B)
	w.Key(additionalRequest)
	w.Open('{')
	empty := len(w.B)
	o.thinking(t)
	o.level(t)
	o.topK(r.Params.TopK, t)
	if len(r.Tools) > 0 && o.serial(&r.Choice) {
		o.serialChoice(&r.Choice)
	}
	if v := dialect.Nested(r.Extra, invokeName, betaKey); v != nil {
		if o.family.own {
			w.RawField(betaKey, v)
		} else {
			o.losses.Add(betaKey, "the model takes no such setting")
		}
	}
	if left != nil {
		w.Members(left)
	}
	if len(w.B) == empty {
		w.B = w.B[:start]
		return
	}
	w.Close('}')
}

func (o *out) topK(k *int64, t thinking) {
	w, at := &o.w, o.family.topK
	switch {
	case k == nil:
	case t.derived:
		o.losses.Add("top_k", "a model that thinks takes none")
	case len(at) == 1:
		w.IntField(at[0], *k)
	case len(at) == 2:
		w.Key(at[0])
		w.Open('{')
		w.IntField(at[1], *k)
		w.Close('}')
	default:
		o.losses.Add("top_k", "the model takes no such setting")
	}
}

func (o *out) serialChoice(c *llm.ToolChoice) {
	w := &o.w
	w.Key("tool_choice")
	w.Open('{')
	switch c.Mode {
	case llm.ChoiceRequired:
		w.StringField("type", "any")
	case llm.ChoiceTool:
		w.StringField("type", "tool")
		w.StringField("name", c.Name)
	default:
		w.StringField("type", "auto")
	}
	w.BoolField("disable_parallel_tool_use", true)
	w.Close('}')
}

func (o *out) output(r *llm.Request, t thinking) {
	w := &o.w
	left := dialect.Nested(r.Extra, name, "outputConfig")
	format := r.Params.Format
	if format != nil && format.Type != "json_schema" {
		if format.Type != "text" {
			o.losses.Add("response_format", "the converse dialect answers in JSON only with a schema")
		}
		format = nil
	}
	if fields := dialect.Nested(r.Extra, name, additionalRequest); fields != nil && format != nil {
		if _, own, _ := rawjson.Get(fields, modelOutput, "format"); own {
			format = nil // it goes out where it came in
		}
	}
	if left == nil && format == nil && t.effort == "" {
		return
	}
	w.Key("outputConfig")
	w.Open('{')
	if t.effort != "" {
		w.StringField("effort", t.effort)
	}
	if format != nil {
		o.schema(format)
	}
	if left != nil {
		w.Members(left)
	}
	w.Close('}')
}

func (o *out) schema(f *llm.Format) {
	w := &o.w
	w.Key("textFormat")
	w.Open('{')
	w.StringField("type", f.Type)
	w.Key("structure")
	w.Open('{')
	w.Key("jsonSchema")
	w.Open('{')
	if f.Name != "" {
		w.StringField("name", f.Name)
	}
	if f.Description != "" {
		w.StringField("description", f.Description)
	}
	if f.Schema != nil {
		w.StringField("schema", string(f.Schema))
	}
	w.Close('}')
	w.Close('}')
	w.Close('}')
}
