package completions

import (
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

func encodeRequest(r *llm.Request) ([]byte, []llm.Warning, error) {
	o := &out{losses: dialect.Losses{Own: name, Array: "messages"}}
	w := &o.w
	w.Open('{')
	w.StringField("model", r.Model)
	w.StringField("prompt", o.prompt(r.Messages))
	o.params(&r.Params)
	o.unsupported(r)
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

// prompt joins the turns of a conversation, an empty line between them.
func (o *out) prompt(messages []llm.Message) string {
	if len(messages) > 1 {
		o.losses.Add("messages", "the completions dialect has one prompt, so the turns are joined without their roles")
	}
	var turns []string
	for i, m := range messages {
		o.losses.Index = i
		if m.Name != "" {
			o.losses.Add(o.losses.Path("name"), noField)
		}
		if text := o.text(m.Parts); text != "" {
			turns = append(turns, text)
		}
		o.losses.Lost("", m.Extra)
	}
	return strings.Join(turns, "\n\n")
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
	switch {
	case p.Logprobs != nil && !*p.Logprobs:
		w.BoolField("logprobs", false)
	case p.TopLogprobs != nil:
		w.IntField("logprobs", *p.TopLogprobs)
	case p.Logprobs != nil:
		w.BoolField("logprobs", true)
	}
	if p.User != "" {
		w.StringField("user", p.User)
	}
}

func (o *out) unsupported(r *llm.Request) {
	p := &r.Params
	for _, f := range []struct {
		field string
		set   bool
	}{
		{"tools", len(r.Tools) > 0},
		{"tool_choice", len(r.Tools) == 0 && r.Choice.Mode != ""},
		{"reasoning", p.Reasoning != nil},
		{"response_format", p.Format != nil && p.Format.Type != "text"},
		{"service_tier", p.ServiceTier != ""},
	} {
		if f.set {
			o.losses.Add(f.field, noField)
		}
	}
}
