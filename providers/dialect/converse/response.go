package converse

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// additionalResponse is the member that holds what a model said beside its answer, as far as the request asked for it.
const additionalResponse = "additionalModelResponseFields"

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
		switch v := it.Value(); string(it.Key()) {
		case "output":
			c, content, err = decodeOutput(v)
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
		return nil, dialect.Unreadable(dialect.Bad("must be a JSON object with an output message"))
	}
	c.Finish = stop.finish()
	r.Choices = []llm.Choice{c}
	dialect.Keep(&r.Extra, name, rest.Object())
	return r, nil
}

func decodeOutput(v []byte) (c llm.Choice, content bool, err error) {
	var rest, inner rawjson.Gather
	err = members(v, &rest, func(key string, v []byte) (bool, error) {
		if key != "message" || !rawjson.IsObject(v) {
			return false, nil
		}
		return true, members(v, &inner, func(key string, v []byte) (bool, error) {
			switch key {
			case "role":
				return true, nil
			case "content":
				content = rawjson.IsArray(v)
				c.Parts, err = decodeBlocks(v)
				return true, err
			}
			return false, nil
		})
	})
	if left := inner.Object(); left != nil {
		rest.Put("message", left)
	}
	dialect.Keep(&c.Extra, name, rest.Object())
	return c, content, err
}

// stopIn gathers why an answer stopped.
type stopIn struct {
	raw  string
	rest rawjson.Gather
}

func (s *stopIn) take(it *rawjson.Iter) bool {
	switch string(it.Key()) {
	case "stopReason":
		_ = dialect.String(&s.raw, it.Value())
		return true
	case additionalResponse:
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
	o.w.StringField("stopReason", stopWord(f, calls))
	o.own(f.Extra)
	if len(f.Extra) > 0 {
		o.losses.Extra("finish", f.Extra)
	}
}

// noMetrics stands where another dialect does not say how long an answer took; clients demand the object.
var noMetrics = []byte(`{"latencyMs":0}`)

func encodeResponse(r *llm.Response) ([]byte, []llm.Warning) {
	o := &out{array: "choices", losses: dialect.Losses{Own: name}, answer: true}
	w := &o.w
	var c llm.Choice
	if len(r.Choices) > 0 {
		c = r.Choices[0]
	}
	w.Open('{')
	w.Key("output")
	w.Open('{')
	w.Key("message")
	w.Open('{')
	w.StringField("role", string(llm.RoleAssistant))
	w.Key("content")
	w.Open('[')
	calls := false
	for _, p := range c.Parts {
		calls = calls || p.Kind == llm.PartCall
		if o.writable(p) {
			o.block(p)
		}
	}
	w.Close(']')
	if left := dialect.Nested(c.Extra, name, "message"); left != nil {
		w.Members(left)
	}
	w.Close('}')
	o.own(c.Extra, "message")
	w.Close('}')
	o.stop(c.Finish, calls)
	if r.Usage != nil || r.Extra[name] == nil {
		o.usage(r.Usage)
	}
	if r.Extra[name] == nil && (r.Usage == nil || !ownUsage(r.Usage)) {
		w.RawField("metrics", noMetrics)
	}
	o.own(r.Extra)
	w.Close('}')
	o.losses.Extra("", r.Extra)
	o.lost("", c.Extra)
	for i := 1; i < len(r.Choices); i++ {
		o.losses.Add(dialect.Index("choices", i), "the converse dialect gives one answer")
	}
	return w.B, o.losses.List()
}
