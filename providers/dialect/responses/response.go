package responses

import (
	"strconv"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

func decodeResponse(body []byte) (*llm.Response, error) {
	if err := rawjson.Valid(body); err != nil {
		return nil, dialect.Unreadable(err)
	}
	var in answerIn
	if err := in.read(body); err != nil {
		return nil, dialect.Unreadable(err)
	}
	if in.failed() {
		return nil, in.failure()
	}
	if !rawjson.IsArray(in.output) {
		return nil, dialect.Unreadable(dialect.At("output", dialect.Bad("must be a list")))
	}
	c := llm.Choice{}
	calls := false
	err := dialect.List(in.output, "must be a list", func(_ int, v []byte) error {
		it, err := decodeOutput(v)
		c.Parts = join(c.Parts, it.parts)
		for _, p := range it.parts {
			calls = calls || p.Kind == llm.PartCall
		}
		return err
	})
	if err != nil {
		return nil, dialect.Unreadable(dialect.At("output", err))
	}
	c.Finish = decodeFinish(in.status, in.reason, calls)
	r := &llm.Response{ID: in.id, Model: in.model, Created: in.created, Choices: []llm.Choice{c}, Usage: decodeUsage(in.usage)}
	r.Extra = settings(in.rest.Object())
	return r, nil
}

// settings keeps what an answer says of its request and its circumstances. For other dialects that is one thing to lose.
func settings(obj []byte) (x llm.Extra) {
	mark(&x, nil)
	if obj != nil {
		addMember(&x, settingsKey, obj)
	}
	return x
}

const settingsKey = "response"

// decodeOutput is decodeItem for answers, where a message of anybody else is opaque.
func decodeOutput(v []byte) (item, error) {
	it, err := decodeItem(v, true)
	if err == nil && it.role != llm.RoleAssistant {
		it = item{role: llm.RoleAssistant, parts: []llm.Part{opaque(v)}}
	}
	return it, err
}

// answerIn is the object of an answer, whole or so far.
type answerIn struct {
	id, model, status, reason string
	created                   int64
	output, usage, failing    []byte
	rest                      rawjson.Gather
}

func (a *answerIn) read(v []byte) error {
	return dialect.TypedMembers(v, &a.rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "id":
			return true, dialect.String(&a.id, v)
		case "object":
			return true, nil
		case "model":
			return true, dialect.String(&a.model, v)
		case "created_at":
			var seconds float64
			err := dialect.Float(&seconds, v)
			a.created = int64(seconds)
			return true, err
		case "status":
			return true, dialect.String(&a.status, v)
		case "incomplete_details":
			a.reason = reasonOf(v)
			return true, nil
		case "output":
			a.output = v
			return true, nil
		case "usage":
			a.usage = v
			return true, nil
		case "error":
			a.failing = v
			return true, nil
		}
		return false, nil
	})
}

func reasonOf(details []byte) (reason string) {
	if v, ok, _ := rawjson.Get(details, "reason"); ok && rawjson.IsObject(details) {
		_ = dialect.String(&reason, v)
	}
	return reason
}

func (a *answerIn) failed() bool {
	return a.status == statusFailed || a.status == "" && rawjson.IsObject(a.failing)
}

func (a *answerIn) failure() *llm.Error { return failure(a.failing) }

// failure reads the error of an answer that failed, or of an event of a stream.
func failure(v []byte) *llm.Error {
	f := dialect.Failure{Message: "the provider could not finish its answer"}
	if rawjson.IsObject(v) {
		message := f.Message
		if f = dialect.ReadFailure(v); f.Message == "" {
			f.Message = message
		}
	}
	if f.Type == "error" {
		f.Type = ""
	}
	return f.Error()
}

// encodeResponse writes the answer to req, where that is known: its tools tell how the client wants to hear of calls. An
// answer of this dialect says itself what its settings are.
func encodeResponse(req *llm.Request, r *llm.Response) ([]byte, []llm.Warning) {
	if req == nil {
		req = &llm.Request{}
	}
	own := r.Extra[name] != nil
	o := &out{losses: dialect.Losses{Own: name, Array: "choices"}, box: newToolbox(req.Tools), answer: true, made: !own}
	if own {
		req = &llm.Request{}
	}
	w := &o.w
	var c llm.Choice
	if len(r.Choices) > 0 {
		c = r.Choices[0]
	}
	status, reason := statusOf(c.Finish, own)
	meta := llm.Meta{ID: r.ID, Model: r.Model, Created: r.Created, Extra: r.Extra}
	w.Open('{')
	o.envelope(&meta, status, reason)
	w.Key("output")
	w.Open('[')
	index := 0
	o.items(c.Parts, func(group []llm.Part) {
		id := ""
		if o.made {
			id = itemID(group[0], meta.ID, index, o.free(group[0]))
		}
		state := statusCompleted
		if n := len(c.Parts); &group[len(group)-1] == &c.Parts[n-1] {
			state = status
		}
		o.state(group, id, o.status(group[0], state))
		index++
	})
	w.Close(']')
	usage(w, r.Usage)
	w.Members(echo(req, r.Extra))
	w.Close('}')
	o.losses.Extra("", r.Extra)
	o.losses.Lost("", c.Extra)
	o.ended(c.Finish)
	for i := 1; i < len(r.Choices); i++ {
		o.losses.Add(dialect.Index("choices", i), "the responses dialect gives one answer")
	}
	return w.B, o.losses.List()
}

// ended warns of what an answer cannot say of its end.
func (o *out) ended(f llm.Finish) {
	if f.Reason == llm.FinishOther && o.made && f.Raw != "" {
		o.losses.Add("finish_reason", "the responses dialect has no word for "+f.Raw)
	}
	o.losses.Lost("finish", f.Extra)
}

// status is the state of an item that says none itself: whole, unless it is the last of an answer that is cut off.
func (o *out) status(p llm.Part, answer string) string {
	if !o.made {
		return ""
	}
	if answer == statusIncomplete && p.Kind != llm.PartCall {
		return statusIncomplete
	}
	return statusCompleted
}

// envelope writes what an answer begins with.
func (o *out) envelope(meta *llm.Meta, status, reason string) {
	w := &o.w
	o.begins(meta, status)
	w.RawField("error", []byte("null"))
	w.Key("incomplete_details")
	if reason == "" {
		w.Raw([]byte("null"))
		return
	}
	w.Open('{')
	w.StringField("reason", reason)
	w.Close('}')
}

func (o *out) begins(meta *llm.Meta, status string) {
	w := &o.w
	id := meta.ID
	if o.made {
		id = responseID(id)
	}
	w.StringField("id", id)
	w.StringField("object", "response")
	w.IntField("created_at", meta.Created)
	w.StringField("status", status)
	w.StringField("model", meta.Model)
}

var idPrefixes = map[llm.Kind]string{llm.PartText: "msg_", llm.PartRefusal: "msg_", llm.PartReasoning: "rs_", llm.PartCall: "fc_"}

// itemID makes the id of an item out of that of its answer and its place there.
func itemID(p llm.Part, answer string, index int, free bool) string {
	prefix, ok := idPrefixes[p.Kind]
	switch {
	case !ok:
		prefix = "item_"
	case free:
		prefix = "ctc_"
	}
	return prefix + strings.TrimPrefix(responseID(answer), "resp_") + "_" + strconv.Itoa(index)
}

// echo is the object of the settings that x keeps of an answer, and of those of its request that clients read off an
// answer. One of another dialect keeps none: then the settings that the request leaves open are there too.
func echo(req *llm.Request, x llm.Extra) []byte {
	own := dialect.Nested(x, name, settingsKey)
	o := &out{box: newToolbox(req.Tools)}
	o.w.Open('{')
	o.instructions(req.Messages)
	o.tools(req.Tools)
	o.choice(&req.Choice)
	o.params(&req.Params, true)
	o.reasoning(req.Params.Reasoning)
	o.text(req)
	for _, key := range echoed {
		if v := dialect.Nested(req.Extra, name, key); v != nil {
			o.w.RawField(key, v)
		}
	}
	o.w.Close('}')
	var w rawjson.Writer
	w.Open('{')
	has := func(obj []byte, key string) bool {
		if obj == nil {
			return false
		}
		_, ok, _ := rawjson.Get(obj, key)
		return ok
	}
	for it := rawjson.Object(o.w.B); it.Next(); {
		if key := string(it.Key()); !has(own, key) {
			w.RawField(key, it.Value())
		}
	}
	for _, f := range defaults {
		if x[name] == nil && !has(o.w.B, f[0]) {
			w.RawField(f[0], []byte(f[1]))
		}
	}
	if own != nil {
		w.Members(own)
	}
	w.Close('}')
	return w.B
}

// echoed are the settings among those that only this dialect knows.
var echoed = []string{"conversation", "max_tool_calls", "metadata", "previous_response_id", "prompt", "prompt_cache_key",
	"safety_identifier", "truncation"}

// defaults are what an answer says of settings that the request leaves open.
var defaults = [][2]string{
	{"instructions", "null"}, {"metadata", "{}"}, {"parallel_tool_calls", "true"}, {"previous_response_id", "null"},
	{"reasoning", `{"effort":null,"summary":null}`}, {"store", "false"}, {"temperature", "null"},
	{"text", `{"format":{"type":"text"}}`}, {"tool_choice", `"auto"`}, {"tools", "[]"}, {"top_p", "null"},
	{"truncation", `"disabled"`}, {"max_output_tokens", "null"},
}
