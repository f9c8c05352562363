package chat

import (
	"slices"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

func decodeResponse(body []byte) (*llm.Response, error) {
	if err := rawjson.Valid(body); err != nil {
		return nil, dialect.Unreadable(err)
	}
	r := &llm.Response{}
	var rest rawjson.Gather
	var err error
	it := rawjson.Object(body)
	for it.Next() {
		v := it.Value()
		switch string(it.Key()) {
		case "id":
			err = dialect.String(&r.ID, v)
		case "model":
			err = dialect.String(&r.Model, v)
		case "created":
			err = decodeCreated(&r.Created, v)
		case "object":
		case "choices":
			err = decodeChoices(r, v)
		case "usage":
			r.Usage = decodeUsage(v)
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
	if r.Choices == nil {
		return nil, dialect.Unreadable(dialect.At("choices", dialect.Bad("must be a list")))
	}
	keep(&r.Extra, &rest)
	return r, nil
}

// decodeCreated takes seconds with a fraction too.
func decodeCreated(dst *int64, v []byte) error {
	var f float64
	err := dialect.Float(&f, v)
	*dst = int64(f)
	return err
}

func decodeChoices(r *llm.Response, v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	r.Choices = []llm.Choice{}
	return dialect.List(v, "must be a list", func(i int, v []byte) error {
		c, err := decodeChoice(i, v)
		r.Choices = append(r.Choices, c)
		return err
	})
}

func decodeChoice(i int, v []byte) (c llm.Choice, err error) {
	index, finish := int64(i), ""
	var rest rawjson.Gather
	it := rawjson.Object(v)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "index":
			err = dialect.Int(&index, v)
		case "finish_reason":
			err = dialect.String(&finish, v)
		case "message":
			var m message
			if m, err = decodeMessage(v); err == nil {
				c.Parts = signed(m.parts())
				if obj := cited(c.Parts, m.rest.Object()); obj != nil {
					rest.Put("message", obj)
				}
			}
		default:
			rest.Add(&it)
		}
		if err != nil {
			return c, dialect.At(string(it.Key()), err)
		}
	}
	if it.Err() != nil {
		return c, dialect.Bad("must be an object")
	}
	c.Index, c.Finish = int(index), decodeFinish(finish, called(c.Parts))
	keep(&c.Extra, &rest)
	return c, nil
}

func called(parts []llm.Part) bool {
	for _, p := range parts {
		if p.Call != nil {
			return true
		}
	}
	return false
}

func encodeResponse(r *llm.Response) ([]byte, []llm.Warning) {
	o := &out{losses: dialect.Losses{Own: name, Array: "choices"}}
	w := &o.w
	w.Open('{')
	w.StringField("id", r.ID)
	w.StringField("object", "chat.completion")
	w.IntField("created", r.Created)
	w.StringField("model", r.Model)
	w.Key("choices")
	w.Open('[')
	for i, c := range r.Choices {
		o.losses.Index = i
		o.choice(c)
	}
	w.Close(']')
	if r.Usage != nil {
		usage(w, r.Usage)
	}
	o.own(r.Extra)
	o.losses.Extra("", r.Extra)
	w.Close('}')
	return w.B, o.losses.List()
}

func (o *out) choice(c llm.Choice) {
	w := &o.w
	w.Elem()
	w.Open('{')
	w.IntField("index", int64(c.Index))
	w.Key("message")
	w.Open('{')
	w.StringField("role", string(llm.RoleAssistant))
	o.answer(c.Parts)
	w.Key("refusal")
	if text := textOf(c.Parts, llm.PartRefusal); text != "" {
		w.String(text)
	} else {
		w.Raw([]byte("null"))
	}
	o.thoughts(c.Parts)
	o.calls(c.Parts)
	o.annotations(c.Parts, dialect.Nested(c.Extra, name, "message"))
	w.Close('}')
	w.StringField("finish_reason", finishWord(c.Finish))
	o.own(c.Extra, "message")
	w.Close('}')
	o.losses.Lost("", c.Extra)
	o.losses.Lost("finish", c.Finish.Extra)
}

// answer writes the content: one string, as clients expect it, unless a part is more than plain text or a thought that
// stood in it.
func (o *out) answer(parts []llm.Part) {
	list := false
	for _, p := range parts {
		switch p.Kind {
		case llm.PartText:
			list = list || p.Extra[name] != nil
		case llm.PartMedia, llm.PartOpaque:
			list = o.writable("content", p) || list
		case llm.PartReasoning:
			list = list || inContent(p)
		case llm.PartCall, llm.PartResult, llm.PartRefusal:
		}
	}
	o.w.Key("content")
	if list {
		o.w.Open('[')
		for _, p := range parts {
			if p.Kind != llm.PartRefusal && o.writable("content", p) {
				o.part("content", p)
			}
		}
		o.w.Close(']')
		return
	}
	for _, p := range parts {
		if p.Kind == llm.PartText {
			o.losses.Lost("content", p.Extra)
		}
	}
	if text := textOf(parts, llm.PartText); text != "" {
		o.w.String(text)
		return
	}
	o.w.Raw([]byte("null"))
}

// thoughts writes reasoning for a client: the text, and with signatures the details that it must send back.
func (o *out) thoughts(parts []llm.Part) {
	parts = slices.DeleteFunc(slices.Clone(parts), func(p llm.Part) bool { return inContent(p) || o.hidden(p) })
	if text := textOf(parts, llm.PartReasoning); text != "" {
		o.w.StringField("reasoning", text)
	}
	for _, p := range parts {
		if p.Kind == llm.PartReasoning && (p.Signature != "" || p.Extra[name] != nil) {
			o.details(parts)
			return
		}
	}
}
