package coherechat

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

func decodeResponse(body []byte) (*llm.Response, error) {
	if err := rawjson.Valid(body); err != nil {
		return nil, dialect.Unreadable(err)
	}
	r := &llm.Response{}
	var m message
	var rest, own rawjson.Gather
	var finish string
	answered := false
	it := rawjson.Object(body)
	for it.Next() {
		var err error
		switch v := it.Value(); string(it.Key()) {
		case "id":
			err = dialect.String(&r.ID, v)
		case "message":
			answered = rawjson.IsObject(v)
			m, err = decodeMessage(v)
		case "finish_reason":
			err = dialect.String(&finish, v)
		case "usage":
			r.Usage = decodeUsage(v)
		case "logprobs":
			if !rawjson.IsNull(v) {
				own.Add(&it)
			}
		default:
			rest.Add(&it)
		}
		if err != nil {
			return nil, dialect.Unreadable(dialect.At(string(it.Key()), err))
		}
	}
	if it.Err() != nil {
		return nil, dialect.Unreadable(dialect.Bad("must be a JSON object"))
	}
	if !answered {
		return nil, dialect.Unreadable(dialect.At("message", dialect.Bad("must be an object")))
	}
	if left := m.rest.Object(); left != nil {
		gather(&own, left, "logprobs")
	}
	c := llm.Choice{Parts: m.parts(), Finish: decodeFinish(finish)}
	keep(&c.Extra, &own)
	keep(&r.Extra, &rest)
	r.Choices = []llm.Choice{c}
	return r, nil
}

func encodeResponse(r *llm.Response) ([]byte, []llm.Warning) {
	o := &out{array: "choices", losses: dialect.Losses{Own: name}}
	w := &o.w
	var c llm.Choice
	for i, other := range r.Choices {
		if i == 0 {
			c = other
			continue
		}
		o.losses.Add(dialect.Index("choices", i), "the coherechat dialect gives one answer")
	}
	w.Open('{')
	w.StringField("id", r.ID)
	w.StringField("finish_reason", finishWord(c.Finish, called(c.Parts)))
	w.Key("message")
	w.Open('{')
	w.StringField("role", string(llm.RoleAssistant))
	o.answer(c)
	w.Close('}')
	if r.Usage != nil {
		usage(w, r.Usage)
	}
	if v := dialect.Nested(c.Extra, name, "logprobs"); v != nil {
		w.RawField("logprobs", v)
	}
	o.own(r.Extra)
	o.losses.Extra("", r.Extra)
	w.Close('}')
	return w.B, o.losses.List()
}

// answer writes the message of an answer. Its content is always a list, as clients expect it.
func (o *out) answer(c llm.Choice) {
	var said []llm.Part
	plan := ""
	for _, p := range c.Parts {
		if p.Kind == llm.PartReasoning {
			o.signed(p)
		}
		switch {
		case isPlan(p):
			plan += p.Text
		case o.writable(p):
			said = append(said, p)
		}
	}
	if len(said) > 0 {
		o.list(said)
	}
	if plan != "" {
		o.w.StringField("tool_plan", plan)
	}
	o.calls(c.Parts)
	o.own(c.Extra, "logprobs")
	o.lost("", c.Extra)
	o.lost("finish", c.Finish.Extra)
}

// signed warns of what a client cannot send back to the provider that signed it.
func (o *out) signed(p llm.Part) {
	if p.Signature != "" {
		o.losses.Add(o.path("reasoning.signature"), "the coherechat dialect does not sign reasoning")
	}
}
