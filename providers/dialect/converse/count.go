package converse

import (
	"bytes"
	"encoding/base64"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// NewCount gives the dialect of counting the tokens of a request, which stands in the body in this dialect's words or as
// the body of an invoke. Messages is the dialect of the latter.
func NewCount(messages dialect.Dialect) dialect.Dialect {
	invoke := NewInvoke(messages)
	return dialect.Dialect{Name: countName, ModelInPath: true, Foreign: foreign, Server: countServer{invoke: invoke.Server},
		Client: countClient{Client: client{}, invoke: invoke.Client}}
}

const countName = name + ".count"

type countServer struct {
	server
	invoke dialect.Server
}

const badInput = "must be an object with converse or invokeModel"

func (s countServer) DecodeRequest(path dialect.Path, body []byte) (*llm.Request, error) {
	if err := rawjson.Valid(body); err != nil {
		return nil, dialect.Invalid(dialect.Bad("is " + err.Error()))
	}
	if !rawjson.IsObject(body) {
		return nil, dialect.Invalid(dialect.Bad("must be a JSON object"))
	}
	if v, ok, _ := rawjson.Get(body, "input", "converse"); ok && rawjson.IsObject(v) {
		r, err := decodeRequest(path, v)
		if err != nil {
			return nil, dialect.Invalid(dialect.At("input.converse", err))
		}
		return r, nil
	}
	v, ok, _ := rawjson.Get(body, "input", "invokeModel", "body")
	if !ok {
		return nil, dialect.Invalid(dialect.At("input", dialect.Bad(badInput)))
	}
	const at = "input.invokeModel.body"
	var text string
	if err := dialect.String(&text, v); err != nil {
		return nil, dialect.Invalid(dialect.At(at, err))
	}
	inner, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, dialect.Invalid(dialect.At(at, dialect.Bad("must be base64")))
	}
	r, err := s.invoke.DecodeRequest(path, inner)
	if err != nil {
		return nil, dialect.Invalid(dialect.At(at, err))
	}
	return r, nil
}

func (countServer) EncodeResponse(r *llm.Response) ([]byte, []llm.Warning) {
	var w rawjson.Writer
	w.Open('{')
	var n int64
	if r.Usage != nil {
		n = r.Usage.Input
	}
	w.IntField("inputTokens", n)
	w.Close('}')
	return w.B, nil
}

type countClient struct {
	dialect.Client
	invoke dialect.Client
}

// EncodeRequest writes what counts: the conversation and the tools. What came in as the body of an invoke goes out so.
func (c countClient) EncodeRequest(r *llm.Request) ([]byte, []llm.Warning, error) {
	if r.Extra[invokeName] != nil {
		body, warnings, err := c.invoke.EncodeRequest(r)
		if err != nil {
			return nil, warnings, err
		}
		var w rawjson.Writer
		w.Raw([]byte(`{"input":{"invokeModel":{"body":`))
		w.String(base64.StdEncoding.EncodeToString(body))
		w.Raw([]byte("}}}"))
		return w.B, warnings, nil
	}
	o := newOut(r)
	o.w.Raw([]byte(`{"input":{"converse":{`))
	o.conversation(r)
	o.toolConfig(r)
	o.additional(r, o.plan(r))
	o.own(r.Extra, additionalRequest, "inferenceConfig", "toolConfig", "outputConfig", "serviceTier")
	o.losses.Extra("", without(r.Extra, "cache_control", betaKey))
	o.w.Raw([]byte("}}}"))
	return o.w.B, o.losses.List(), nil
}

// DecodeResponse gives an answer that says nothing, with its usage.
func (countClient) DecodeResponse(body []byte) (*llm.Response, error) {
	u, ok := readCount(body)
	if rawjson.Valid(body) != nil || !ok {
		return nil, dialect.Unreadable(dialect.At("inputTokens", dialect.Bad("must be a whole number")))
	}
	u.Raw = bytes.Clone(body)
	return &llm.Response{Choices: []llm.Choice{{}}, Usage: &u}, nil
}

func (countClient) Scan(body []byte) (s dialect.Scan) {
	s.Usage, s.HasUsage = readCount(body)
	s.Usage.Raw, s.Done = body, s.HasUsage
	return s
}

func readCount(body []byte) (u llm.Usage, ok bool) {
	v, ok, _ := rawjson.Get(body, "inputTokens")
	if ok {
		u.Input, ok = rawjson.Int(v)
	}
	return u, ok
}
