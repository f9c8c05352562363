package generate

import (
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// wrapped is the member that holds a whole request to count. A request that came so has it in Extra, as null.
const wrapped = "generateContentRequest"

// NewCount gives the dialect of countTokens. A request of another dialect that has more than contents goes out wrapped.
func NewCount() dialect.Dialect {
	return dialect.Dialect{Name: name + ".count", Server: countServer{}, Client: countClient{wrap: true}, ModelInPath: true,
		RepeatsModel: true, Foreign: foreign}
}

// NewCountFlat is NewCount for hosts that take no wrapped request: all members stand beside the contents.
func NewCountFlat() dialect.Dialect {
	return dialect.Dialect{Name: name + ".count.flat", Server: countServer{}, Client: countClient{}, ModelInPath: true,
		RepeatsModel: true, Foreign: foreign}
}

type countServer struct{ server }

func (countServer) DecodeRequest(path dialect.Path, body []byte) (*llm.Request, error) {
	inner, ok, _ := rawjson.Get(body, wrapped)
	if !ok || !rawjson.IsObject(inner) || rawjson.Valid(body) != nil {
		return decodeRequest(path, body)
	}
	r, err := decodeRequest(path, inner)
	if err != nil {
		return nil, err
	}
	dialect.Keep(&r.Extra, name, rawjson.AppendMembers(nil, r.Extra[name], rawjson.Member{Key: wrapped, Value: null}))
	return r, nil
}

func (countServer) EncodeResponse(r *llm.Response) ([]byte, []llm.Warning) {
	o := &out{losses: dialect.Losses{Own: name}}
	o.w.Open('{')
	tokens := int64(0)
	if r.Usage != nil {
		tokens = r.Usage.Input
	}
	o.w.IntField("totalTokens", tokens)
	o.keep(r.Extra)
	o.losses.Extra("", r.Extra)
	o.w.Close('}')
	return o.w.B, o.losses.List()
}

type countClient struct {
	client
	wrap bool
}

func (c countClient) EncodeRequest(r *llm.Request) ([]byte, []llm.Warning, error) {
	o := &out{array: "messages", losses: dialect.Losses{Own: name}, own: r.Extra[name] != nil}
	w := &o.w
	system := len(r.Messages) > 0 && (r.Messages[0].Role == llm.RoleSystem || r.Messages[0].Role == llm.RoleDeveloper)
	wrap := c.wrap && (system || len(r.Tools) > 0)
	if o.own {
		_, wrap, _ = rawjson.Get(r.Extra[name], wrapped)
	}
	w.Open('{')
	if wrap {
		w.Key(wrapped)
		w.Open('{')
		w.StringField("model", resource(r.Model))
	}
	if o.own {
		o.request(r)
	} else { // what only steers the answer has no tokens
		o.contents(r, o.instruction(r.Messages))
		o.tools(&llm.Request{Tools: r.Tools})
	}
	if wrap {
		w.Close('}')
	}
	w.Close('}')
	return w.B, o.losses.List(), nil
}

// resource is a model's name as bodies have it.
func resource(model string) string {
	if strings.Contains(model, "/") {
		return model
	}
	return "models/" + model
}

func (countClient) DecodeResponse(body []byte) (*llm.Response, error) {
	r := &llm.Response{Choices: []llm.Choice{{}}}
	err := answerIn(r, body, func(key string, _ []byte) (bool, error) { return key == "totalTokens", nil })
	if err != nil {
		return nil, err
	}
	if r.Usage = decodeUsage(body); r.Usage == nil {
		return nil, dialect.Unreadable(dialect.At("totalTokens", dialect.Bad("is missing")))
	}
	return r, nil
}

// answerIn walks over an answer that says nothing in words; what take leaves stays in Extra.
func answerIn(r *llm.Response, body []byte, take func(key string, v []byte) (bool, error)) error {
	if err := rawjson.Valid(body); err != nil {
		return dialect.Unreadable(err)
	}
	var rest rawjson.Gather
	if err := members(body, &rest, take); err != nil {
		return dialect.Unreadable(err)
	}
	dialect.Keep(&r.Extra, name, rest.Object())
	return nil
}

func (countClient) Scan(body []byte) (s dialect.Scan) {
	if !rawjson.IsObject(body) {
		return s
	}
	if s.Usage, s.HasUsage = readUsage(body); s.HasUsage {
		s.Usage.Raw, s.Done = body, true
	}
	return s
}
