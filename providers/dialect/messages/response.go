package messages

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
	c := llm.Choice{}
	var stop stopIn
	var rest rawjson.Gather
	content := false
	it := rawjson.Object(body)
	for it.Next() {
		var err error
		v := it.Value()
		switch string(it.Key()) {
		case "id":
			err = dialect.String(&r.ID, v)
		case "model":
			err = dialect.String(&r.Model, v)
		case "type", "role":
		case "content":
			content = rawjson.IsArray(v)
			c.Parts, err = decodeBlocks(v)
		case "usage":
			r.Usage = decodeUsage(v)
		default:
			if !stop.take(&it) && !rawjson.IsNull(v) {
				rest.Add(&it)
			}
		}
		if err != nil {
			return nil, dialect.Unreadable(dialect.At(string(it.Key()), err))
		}
	}
	if it.Err() != nil || !content {
		return nil, dialect.Unreadable(dialect.Bad("must be a JSON object with a list of content"))
	}
	c.Finish = stop.finish()
	r.Choices = []llm.Choice{c}
	dialect.Keep(&r.Extra, name, rest.Object())
	return r, nil
}

// stopIn gathers why an answer stopped.
type stopIn struct {
	raw  string
	rest rawjson.Gather
}

func (s *stopIn) take(it *rawjson.Iter) bool {
	switch string(it.Key()) {
	case "stop_reason":
		_ = dialect.String(&s.raw, it.Value())
		return true
	case "stop_sequence", "stop_details":
		if !rawjson.IsNull(it.Value()) {
			s.rest.Add(it)
		}
		return true
	}
	return false
}

func (s *stopIn) finish() llm.Finish {
	f := decodeStop(s.raw)
	dialect.Keep(&f.Extra, name, s.rest.Object())
	return f
}

// stop writes why an answer stopped.
func (o *out) stop(f llm.Finish, calls bool) {
	o.w.StringField("stop_reason", stopWord(f, calls))
	if dialect.Nested(f.Extra, name, "stop_sequence") == nil {
		o.w.RawField("stop_sequence", []byte("null"))
	}
	o.own(f.Extra)
	if len(f.Extra) > 0 {
		o.losses.Extra("finish", f.Extra)
	}
}

func encodeResponse(r *llm.Response) ([]byte, []llm.Warning) {
	o := &out{losses: dialect.Losses{Own: name, Array: "choices"}, answer: true}
	w := &o.w
	w.Open('{')
	w.StringField("id", r.ID)
	w.StringField("type", "message")
	w.StringField("role", string(llm.RoleAssistant))
	w.StringField("model", r.Model)
	var c llm.Choice
	if len(r.Choices) > 0 {
		c = r.Choices[0]
	}
	w.Key("content")
	w.Open('[')
	calls := false
	for _, p := range c.Parts {
		calls = calls || p.Kind == llm.PartCall
		if o.writable(p) {
			if p.Kind == llm.PartReasoning && p.Signature == "" && p.Extra[name] == nil {
				p.Signature = unsigned
			}
			o.block(p)
		}
	}
	w.Close(']')
	o.stop(c.Finish, calls)
	usage(w, r.Usage)
	o.own(r.Extra)
	w.Close('}')
	o.losses.Extra("", r.Extra)
	o.losses.Lost("", c.Extra)
	for i := 1; i < len(r.Choices); i++ {
		o.losses.Add(dialect.Index("choices", i), "the messages dialect gives one answer")
	}
	return w.B, o.losses.List()
}
