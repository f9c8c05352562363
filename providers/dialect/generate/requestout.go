package generate

import (
	"math"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

func encodeRequest(r *llm.Request) ([]byte, []llm.Warning, error) {
	o := &out{array: "messages", losses: dialect.Losses{Own: name}, own: r.Extra[name] != nil}
	o.w.Open('{')
	o.request(r)
	o.w.Close('}')
	return o.w.B, o.losses.List(), nil
}

// request writes the members of a request.
func (o *out) request(r *llm.Request) {
	first := o.instruction(r.Messages)
	o.contents(r, first)
	o.tools(r)
	o.config(r)
	o.keep(r.Extra, "generationConfig", wrapped)
	o.losses.Extra("", r.Extra)
}

// instruction writes the system text that comes first and returns where the turns begin.
func (o *out) instruction(messages []llm.Message) (first int) {
	open := false
	for first < len(messages) && (messages[first].Role == llm.RoleSystem || messages[first].Role == llm.RoleDeveloper) {
		o.index = first
		for _, p := range messages[first].Parts {
			if p.Kind != llm.PartText && (!o.own || p.Extra[name] == nil) {
				o.losses.Add(o.path("content"), "system text cannot hold such a part")
				continue
			}
			if !o.writable(p) {
				continue
			}
			if !open {
				o.w.Key("systemInstruction")
				o.w.Open('{')
				o.w.Key("parts")
				o.w.Open('[')
				open = true
			}
			o.part(p, "")
		}
		o.lost("", messages[first].Extra)
		first++
	}
	if open {
		o.w.Close(']')
		o.w.Close('}')
	}
	return first
}

func (o *out) tools(r *llm.Request) {
	list, functions := false, false
	w := &o.w
	for i, t := range r.Tools {
		if t.Name == "" && t.Extra[name] == nil {
			o.losses.Add(dialect.Index("tools", i), "only the dialect that it came from knows this tool")
			continue
		}
		if !list {
			w.Key("tools")
			w.Open('[')
			list = true
		}
		if functions && t.Name == "" {
			o.endFunctions()
			functions = false
		}
		if t.Name == "" {
			w.Elem()
			w.Raw(t.Extra[name])
			continue
		}
		if !functions {
			w.Elem()
			w.Open('{')
			w.Key("functionDeclarations")
			w.Open('[')
			functions = true
		}
		o.function(i, t)
	}
	if functions {
		o.endFunctions()
	}
	if list {
		w.Close(']')
	}
	o.choice(&r.Choice, list)
}

func (o *out) endFunctions() {
	o.w.Close(']')
	o.w.Close('}')
}

func (o *out) function(i int, t llm.Tool) {
	w := &o.w
	w.Elem()
	w.Open('{')
	w.StringField("name", t.Name)
	if t.Description != "" {
		w.StringField("description", t.Description)
	}
	if t.Schema != nil {
		w.RawField("parametersJsonSchema", t.Schema)
	}
	o.keep(t.Extra)
	w.Close('}')
	if len(t.Extra) > 0 {
		o.losses.Extra(dialect.Index("tools", i), t.Extra)
	}
	if t.Strict != nil && *t.Strict {
		o.losses.Add(dialect.Index("tools", i)+".strict", "the generate dialect has no field for it")
	}
}

var choiceModes = map[string]string{llm.ChoiceAuto: "AUTO", llm.ChoiceNone: "NONE", llm.ChoiceRequired: "ANY", llm.ChoiceTool: "ANY"}

func (o *out) choice(c *llm.ToolChoice, tools bool) {
	if len(c.Extra) > 0 {
		o.losses.Extra("tool_choice", c.Extra)
	}
	if c.Parallel != nil && !*c.Parallel {
		o.losses.Add("parallel_tool_calls", "the generate dialect cannot forbid parallel calls")
	}
	mode := choiceModes[c.Mode]
	if mode != "" && !tools && !o.own {
		if mode == "ANY" {
			o.losses.Add("tool_choice", "there is no tool to choose")
		}
		mode = ""
	}
	if mode == "" && c.Extra[name] == nil {
		return
	}
	w := &o.w
	left := dialect.Nested(c.Extra, name, "functionCallingConfig")
	w.Key("toolConfig")
	w.Open('{')
	if mode != "" || left != nil {
		w.Key("functionCallingConfig")
		w.Open('{')
		if _, kept, _ := rawjson.Get(orEmpty(left), "mode"); mode != "" && !kept {
			w.StringField("mode", mode)
		}
		if c.Mode == llm.ChoiceTool {
			w.Key("allowedFunctionNames")
			w.Open('[')
			w.String(c.Name)
			w.Close(']')
		}
		w.Members(orEmpty(left))
		w.Close('}')
	}
	o.keep(c.Extra, "functionCallingConfig")
	w.Close('}')
}

func orEmpty(obj []byte) []byte {
	if obj == nil {
		return []byte("{}")
	}
	return obj
}

// config writes generationConfig.
func (o *out) config(r *llm.Request) {
	c := &out{losses: o.losses, own: o.own}
	c.w.Open('{')
	c.params(&r.Params)
	c.format(r.Params.Format)
	c.thinking(r)
	if left := dialect.Nested(r.Extra, name, "generationConfig"); left != nil {
		c.w.Members(left)
	}
	c.w.Close('}')
	o.losses = c.losses
	if len(c.w.B) > 2 {
		o.w.RawField("generationConfig", c.w.B)
	}
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
	float("temperature", p.Temperature)
	float("topP", p.TopP)
	integer("topK", p.TopK)
	integer("candidateCount", p.N)
	integer("maxOutputTokens", p.MaxTokens)
	if len(p.Stop) > 0 {
		w.Key("stopSequences")
		w.Open('[')
		for _, s := range p.Stop {
			w.Elem()
			w.String(s)
		}
		w.Close(']')
	}
	float("presencePenalty", p.PresencePenalty)
	float("frequencyPenalty", p.FrequencyPenalty)
	if p.Logprobs != nil {
		w.BoolField("responseLogprobs", *p.Logprobs)
	}
	integer("logprobs", p.TopLogprobs)
	if p.Seed != nil && (*p.Seed > math.MaxInt32 || *p.Seed < math.MinInt32) {
		o.losses.Add("seed", "the generate dialect takes 32 bits")
	} else {
		integer("seed", p.Seed)
	}
	if p.User != "" {
		o.losses.Add("user", "the generate dialect has no field for it")
	}
	if p.ServiceTier != "" && p.ServiceTier != "auto" && p.ServiceTier != "default" {
		o.losses.Add("service_tier", "the generate dialect has no field for it")
	}
}

func (o *out) format(f *llm.Format) {
	if f == nil {
		return
	}
	w := &o.w
	if f.Type == "text" {
		w.StringField("responseMimeType", mimeText)
		return
	}
	w.StringField("responseMimeType", mimeJSON)
	if f.Schema != nil {
		w.RawField("responseJsonSchema", f.Schema)
	}
	if f.Description != "" {
		o.losses.Add("response_format.json_schema.description", "the generate dialect has no field for it")
	}
}
