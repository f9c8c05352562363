package completions

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
	var rest rawjson.Gather
	it := rawjson.Object(body)
	for it.Next() {
		var err error
		switch v := it.Value(); string(it.Key()) {
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
	f := float64(*dst)
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
		in, err := decodeChoice(int64(i), v)
		c := llm.Choice{Index: int(in.index), Finish: decodeFinish(in.finish)}
		if in.text != "" {
			c.Parts = []llm.Part{{Kind: llm.PartText, Text: in.text}}
		}
		keep(&c.Extra, &in.rest)
		r.Choices = append(r.Choices, c)
		return err
	})
}

// choiceIn is an answer as it stands on the wire, whole or in a chunk.
type choiceIn struct {
	index  int64
	text   string
	finish string
	rest   rawjson.Gather
}

func decodeChoice(i int64, v []byte) (c choiceIn, err error) {
	c.index = i
	it := rawjson.Object(v)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "index":
			err = dialect.Int(&c.index, v)
		case "text":
			err = dialect.String(&c.text, v)
		case "finish_reason":
			err = dialect.String(&c.finish, v)
		default:
			if !rawjson.IsNull(v) {
				c.rest.Add(&it)
			}
		}
		if err != nil {
			return c, dialect.At(string(it.Key()), err)
		}
	}
	return c, dialect.Shape(it.Err(), v, rawjson.IsObject(v), "must be an object")
}

func encodeResponse(r *llm.Response) ([]byte, []llm.Warning) {
	o := &out{losses: dialect.Losses{Own: name, Array: "choices"}}
	w := &o.w
	w.Open('{')
	w.StringField("id", r.ID)
	w.StringField("object", object)
	w.IntField("created", r.Created)
	w.StringField("model", r.Model)
	w.Key("choices")
	w.Open('[')
	for i, c := range r.Choices {
		o.losses.Index = i
		w.Elem()
		o.choice(int64(c.Index), o.text(c.Parts), finishWord(c.Finish), c.Extra)
		o.losses.Lost("finish", c.Finish.Extra)
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

// choice writes an answer, whole or what is new of it; one that goes on has no finish.
func (o *out) choice(index int64, text, finish string, x llm.Extra) {
	w := &o.w
	w.Open('{')
	w.StringField("text", text)
	w.IntField("index", index)
	if dialect.Nested(x, name, "logprobs") == nil {
		w.RawField("logprobs", null)
	}
	o.own(x)
	if finish == "" {
		w.RawField("finish_reason", null)
	} else {
		w.StringField("finish_reason", finish)
	}
	w.Close('}')
	o.losses.Lost("", x)
}
