package generate

import (
	"slices"
	"strconv"
	"time"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// decodeResponse reads an answer. A list of answers is a stream whose frames came as one JSON.
func decodeResponse(body []byte) (*llm.Response, error) {
	if err := rawjson.Valid(body); err != nil {
		return nil, dialect.Unreadable(err)
	}
	if rawjson.IsArray(body) {
		return foldList(body)
	}
	in := responseIn{r: &llm.Response{}}
	err := members(body, &in.rest, in.field)
	if err == nil {
		err = in.choices()
	}
	if err != nil {
		return nil, dialect.Unreadable(err)
	}
	dialect.Keep(&in.r.Extra, name, in.rest.Object())
	return in.r, nil
}

func foldList(body []byte) (*llm.Response, error) {
	d := &decoder{}
	var events []llm.Event
	for it := rawjson.Array(body); it.Next(); {
		events = d.data(events, it.Value())
	}
	return llm.Fold(slices.Values(d.Close(events)))
}

type responseIn struct {
	r          *llm.Response
	candidates []byte
	blocked    string
	known      bool // it has a member that only an answer has
	rest       rawjson.Gather
}

func (in *responseIn) field(key string, v []byte) (bool, error) {
	r := in.r
	switch key {
	case "responseId":
		return true, dialect.String(&r.ID, v)
	case "modelVersion":
		return true, dialect.String(&r.Model, v)
	case "createTime":
		r.Created = decodeTime(v)
		return true, nil
	case "candidates":
		in.candidates, in.known = v, true
		return true, nil
	case "usageMetadata":
		r.Usage, in.known = decodeUsage(v), true
		return true, nil
	case "promptFeedback":
		in.blocked, in.known = blockReason(v), true
	}
	return false, nil
}

// decodeTime reads a time to the second; 0 where it is none.
func decodeTime(v []byte) int64 {
	s, err := rawjson.Unquote(v)
	if err != nil {
		return 0
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0
	}
	return t.Unix()
}

func encodeTime(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }

// blockReason is why a prompt was refused, "" if it was not.
func blockReason(feedback []byte) string {
	if !rawjson.IsObject(feedback) {
		return ""
	}
	v, ok, _ := rawjson.Get(feedback, "blockReason")
	if !ok || rawjson.IsNull(v) {
		return ""
	}
	var reason string
	if dialect.String(&reason, v) != nil {
		return string(v)
	}
	return reason
}

// choices reads the candidates. An answer always has one: without any, the prompt was refused or there is nothing to
// say.
func (in *responseIn) choices() error {
	if !in.known {
		return dialect.Bad("must be an object with candidates")
	}
	if in.candidates != nil && !rawjson.IsNull(in.candidates) {
		err := dialect.List(in.candidates, "must be a list", func(i int, v []byte) error {
			c, err := in.candidate(i, v)
			in.r.Choices = append(in.r.Choices, c)
			return err
		})
		if err != nil {
			return dialect.At("candidates", err)
		}
	}
	if len(in.r.Choices) == 0 {
		c := llm.Choice{Finish: llm.Finish{Reason: llm.FinishOther}}
		if in.blocked != "" {
			c.Finish = blockedFinish(in.blocked)
		}
		in.r.Choices = []llm.Choice{c}
	}
	return nil
}

func (in *responseIn) candidate(i int, v []byte) (c llm.Choice, err error) {
	index, finish := int64(i), ""
	var sources sourcesIn
	var rest rawjson.Gather
	var t turnIn
	err = members(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "index":
			return true, dialect.Int(&index, v)
		case "finishReason":
			finish = finishWord(v)
			return true, nil
		case "content":
			return true, in.content(&t, i, v)
		case grounding:
			sources.read(v)
		}
		return false, nil
	})
	cite(t.parts, sources.list)
	c.Index, c.Parts = int(index), t.parts
	c.Finish = decodeFinish(finish, t.calls > 0)
	dialect.Keep(&c.Extra, name, rest.Object())
	return c, err
}

func (in *responseIn) content(t *turnIn, choice int, v []byte) error {
	return contentParts(v, func(p partIn) {
		if p.Kind == llm.PartCall && p.Call.ID == "" {
			p.Call.ID = callID(in.r.ID, choice, t.calls)
		}
		t.add(p)
	})
}

// contentParts walks the parts of an answer's content; the role goes without saying.
func contentParts(v []byte, add func(partIn)) error {
	if rawjson.IsNull(v) {
		return nil
	}
	parts, ok, err := rawjson.Get(v, "parts")
	if err != nil {
		return dialect.Bad("must be an object")
	}
	if !ok || rawjson.IsNull(parts) {
		return nil
	}
	return dialect.At("parts", dialect.List(parts, "must be a list of parts", func(_ int, v []byte) error {
		p, err := decodePart(v)
		if err == nil {
			add(p)
		}
		return err
	}))
}

// callID is the id of a call that came without one: the same whether the answer was streamed or not, and another one
// in every answer.
func callID(response string, choice, n int) string {
	id := "call_" + strconv.Itoa(n)
	if choice > 0 {
		id = "call_" + strconv.Itoa(choice) + "_" + strconv.Itoa(n)
	}
	if response != "" {
		id += "_" + response
	}
	return id
}

func encodeResponse(r *llm.Response) ([]byte, []llm.Warning) {
	o := &out{array: "choices", losses: dialect.Losses{Own: name}, answer: true}
	w := &o.w
	w.Open('{')
	if !refused(r) {
		w.Key("candidates")
		w.Open('[')
		for i, c := range r.Choices {
			o.index = i
			o.candidate(c)
		}
		w.Close(']')
	}
	if r.Usage != nil {
		o.usage(r.Usage)
	}
	o.meta(r.ID, r.Model, r.Created)
	o.keep(r.Extra)
	o.losses.Extra("", r.Extra)
	w.Close('}')
	return w.B, o.losses.List()
}

// meta writes what every frame of an answer repeats.
func (o *out) meta(id, model string, created int64) {
	o.w.StringField("modelVersion", model)
	if created != 0 {
		o.w.StringField("createTime", encodeTime(created))
	}
	o.w.StringField("responseId", id)
}

// refused reports whether the answer is the refusal of a prompt, which has no candidates.
func refused(r *llm.Response) bool {
	if len(r.Choices) != 1 || len(r.Choices[0].Parts) > 0 || r.Choices[0].Extra != nil {
		return false
	}
	feedback := dialect.Nested(r.Extra, name, "promptFeedback")
	return feedback != nil && blockReason(feedback) != "" && blockReason(feedback) == r.Choices[0].Finish.Raw
}

func (o *out) candidate(c llm.Choice) {
	w := &o.w
	w.Elem()
	w.Open('{')
	w.Key("content")
	w.Open('{')
	w.Key("parts")
	w.Open('[')
	o.parts(c.Parts)
	w.Close(']')
	w.StringField("role", roleModel)
	w.Close('}')
	w.StringField("finishReason", encodeFinish(c.Finish))
	w.IntField("index", int64(c.Index))
	o.keep(c.Extra)
	o.grounded(c)
	w.Close('}')
	o.lost("", c.Extra)
	o.lost("finish", c.Finish.Extra)
}

// parts writes an answer's parts, each with the signature that a thought carries for it.
func (o *out) parts(parts []llm.Part) {
	t := turns{out: o, role: roleModel, names: map[string]string{}, given: o.collect(parts)}
	for _, p := range parts {
		t.piece(roleModel, p)
	}
	t.orphans(roleModel)
}
