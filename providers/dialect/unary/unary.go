package unary

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// format is one endpoint. The request that answer gets may be nil: then it writes what the response holds.
type format struct {
	name    string
	read    func(body []byte) (*llm.Request, error)
	ask     func(*llm.Request) ([]byte, []llm.Warning, error)
	decode  func(body []byte) (*llm.Response, error)
	answer  func(*llm.Request, *llm.Response) ([]byte, []llm.Warning)
	scan    func(body []byte) dialect.Scan
	failure failure
}

func (f format) dialect() dialect.Dialect {
	return dialect.Dialect{Name: f.name, Server: server{f: f}, Client: client{f: f}}
}

type server struct {
	unstreamed
	f format
}

// Peek reads the two fields that routing needs. Its only allocation is the model.
func (server) Peek(_ dialect.Path, body []byte) (p dialect.Peek, err error) {
	it := rawjson.Object(body)
	for it.Next() {
		switch string(it.Key()) {
		case "model":
			p.Model = ""
			err = dialect.At("model", dialect.String(&p.Model, it.Value()))
		case "fallbacks":
			p.Fallbacks = true
		}
		if err != nil {
			return p, dialect.Invalid(err)
		}
	}
	if it.Err() != nil {
		return p, dialect.Invalid(dialect.Shape(it.Err(), body, rawjson.IsObject(body), "must be a JSON object"))
	}
	return p, nil
}

func (s server) DecodeRequest(_ dialect.Path, body []byte) (*llm.Request, error) {
	if err := rawjson.Valid(body); err != nil {
		return nil, dialect.Invalid(dialect.Bad("is " + err.Error()))
	}
	if !rawjson.IsObject(body) {
		return nil, dialect.Invalid(dialect.Bad("must be a JSON object"))
	}
	r, err := s.f.read(body)
	if err != nil {
		return nil, dialect.Invalid(err)
	}
	return r, nil
}

func (s server) EncodeResponse(r *llm.Response) ([]byte, []llm.Warning) { return s.f.answer(nil, r) }

func (s server) EncodeAnswer(req *llm.Request, r *llm.Response) ([]byte, []llm.Warning) {
	return s.f.answer(req, r)
}

func (s server) EncodeError(e *llm.Error) (int, []byte) { return s.f.failure.encode(e) }

type client struct {
	unstreamed
	f format
}

func (c client) EncodeRequest(r *llm.Request) ([]byte, []llm.Warning, error) { return c.f.ask(r) }

func (c client) DecodeResponse(body []byte) (*llm.Response, error) {
	if err := rawjson.Valid(body); err != nil {
		return nil, dialect.Unreadable(err)
	}
	if !rawjson.IsObject(body) {
		return nil, dialect.Unreadable(dialect.Bad("must be a JSON object"))
	}
	r, err := c.f.decode(body)
	if err != nil {
		return nil, dialect.Unreadable(err)
	}
	return r, nil
}

func (c client) DecodeError(status int, header func(string) string, body []byte) *llm.Error {
	return dialect.DecodeError(status, header, body, c.f.failure.is)
}

func (c client) Scan(body []byte) dialect.Scan {
	if !rawjson.IsObject(body) {
		return dialect.Scan{}
	}
	return c.f.scan(body)
}

// unstreamed stands where the contract wants a stream. These endpoints have none: nothing is written to one, and one
// that is read has no end.
type unstreamed struct{}

func (unstreamed) Encoder(*llm.Request) dialect.Encoder { return noEncoder{} }
func (unstreamed) ErrorFrame(*llm.Error) []byte         { return nil }
func (unstreamed) ContentType() string                  { return "application/json" }
func (unstreamed) Decoder() dialect.Decoder             { return noDecoder{} }
func (unstreamed) Tee() dialect.Tee                     { return noTee{} }

type noEncoder struct{}

func (noEncoder) Encode(dst []byte, _ llm.Event) []byte { return dst }
func (noEncoder) Close(dst []byte) []byte               { return dst }
func (noEncoder) Warnings() []llm.Warning               { return nil }

type noDecoder struct{}

func (noDecoder) Feed(dst []llm.Event, _ []byte) []llm.Event { return dst }

func (noDecoder) Close(dst []llm.Event) []llm.Event {
	err := llm.Errorf(llm.KindTruncated, "this endpoint does not stream")
	return append(dst, llm.Event{Type: llm.EventError, Err: err})
}

type noTee struct{}

func (noTee) Feed([]byte)          {}
func (noTee) Result() dialect.Scan { return dialect.Scan{} }

// object walks the members of an object. Member reports false for one that it does not know; those come back as an
// object, but for the nulls among them.
func object(v []byte, member func(key string, v []byte) (bool, error)) ([]byte, error) {
	var rest rawjson.Gather
	it := rawjson.Object(v)
	for it.Next() {
		known, err := member(string(it.Key()), it.Value())
		if err != nil {
			return nil, dialect.At(string(it.Key()), err)
		}
		if !known && !rawjson.IsNull(it.Value()) {
			rest.Add(&it)
		}
	}
	return rest.Object(), dialect.Shape(it.Err(), v, rawjson.IsObject(v), "must be an object")
}

// out writes a body in the format own.
type out struct {
	w      rawjson.Writer
	losses dialect.Losses
}

func newOut(own string) *out { return &out{losses: dialect.Losses{Own: own}} }

// own writes the members that only this format knows, and warns of those of others.
func (o *out) own(x llm.Extra) {
	if obj := x[o.losses.Own]; obj != nil {
		o.w.Members(obj)
	}
	o.losses.Extra("", x)
}

func (o *out) integer(key string, v *int64) {
	if v != nil {
		o.w.IntField(key, *v)
	}
}

// readUsage reads what an answer says of tokens, in the words of either family: a usage object, or the meta of an
// answer. Raw stays unset.
func readUsage(v []byte) (u llm.Usage) {
	var total, billed int64
	it := rawjson.Object(v)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "prompt_tokens":
			_ = dialect.Int(&u.Input, v)
		case "completion_tokens":
			_ = dialect.Int(&u.Output, v)
		case "total_tokens":
			_ = dialect.Int(&total, v)
		case "tokens":
			inputTokens(&u.Input, v)
		case "billed_units":
			inputTokens(&billed, v)
		}
	}
	if u.Input == 0 {
		u.Input = max(total-u.Output, billed, 0)
	}
	return u
}

func inputTokens(dst *int64, obj []byte) {
	if !rawjson.IsObject(obj) {
		return
	}
	if v, ok, _ := rawjson.Get(obj, "input_tokens"); ok {
		_ = dialect.Int(dst, v)
	}
}

func decodeUsage(v []byte) *llm.Usage {
	if !rawjson.IsObject(v) {
		return nil
	}
	u := readUsage(v)
	u.Raw = bytes.Clone(v)
	return &u
}

// usage writes a usage object: all that the provider's own says, and the two counts that clients expect of one.
func (o *out) usage(u *llm.Usage) {
	if u == nil {
		u = &llm.Usage{}
	}
	w := &o.w
	w.Key("usage")
	w.Open('{')
	w.IntField("prompt_tokens", u.Input)
	w.IntField("total_tokens", u.Input+u.Output)
	if _, own, _ := rawjson.Get(u.Raw, "total_tokens"); own {
		w.Members(u.Raw, "prompt_tokens", "total_tokens")
	}
	w.Close('}')
}

// meta writes what an answer of the other family says of its tokens.
func (o *out) meta(u *llm.Usage) {
	if u == nil {
		return
	}
	w := &o.w
	w.Key("meta")
	for _, key := range []string{"billed_units", "tokens", "api_version"} {
		if _, own, _ := rawjson.Get(u.Raw, key); own {
			w.Raw(u.Raw)
			return
		}
	}
	w.Open('{')
	w.Key("billed_units")
	w.Open('{')
	w.IntField("input_tokens", u.Input)
	w.Close('}')
	w.Close('}')
}

// scanFor reads the usage under key, which stands at the end of an answer. What comes before it is not looked at.
func scanFor(key string) func([]byte) dialect.Scan {
	return func(body []byte) (s dialect.Scan) {
		s.Done = true
		v, ok, err := rawjson.GetLast(body, key)
		if err != nil {
			s.Done = false
		}
		if ok && err == nil && rawjson.IsObject(v) {
			s.Usage, s.HasUsage = readUsage(v), true
			s.Usage.Raw = v
		}
		return s
	}
}

var (
	_ dialect.Server   = server{}
	_ dialect.Answerer = server{}
	_ dialect.Client   = client{}
)
