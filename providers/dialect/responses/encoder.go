package responses

import (
	"slices"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// encoder writes a stream of named events. An item is done when the next part does not go on with it; calls are done
// when they end, because their pieces may come in turns. The last event waits for Close: usage may come after the
// finish.
type encoder struct {
	o        out
	req      *llm.Request
	meta     *llm.Meta
	begun    bool
	failed   bool
	finish   *llm.Finish
	usage    *llm.Usage
	extra    llm.Extra // members of the answer that came with the usage
	echo     []byte    // what an answer repeats of its request
	sequence int64
	items    []*itemOut
	current  *itemOut // the message or thought that the next part may go on with
	blocks   map[int]*blockOut
}

// itemOut is an item that has begun. Its object is written when it is done.
type itemOut struct {
	index  int
	id     string
	blocks []*blockOut
	object []byte
}

// blockOut is a part of an item, as far as it has come.
type blockOut struct {
	item  *itemOut
	part  llm.Part
	text  []byte // so far; of a call its arguments
	sign  []byte
	index int // among the texts of its item, or in its summary
	ended bool
}

func newEncoder(req *llm.Request) *encoder {
	if req == nil {
		req = &llm.Request{}
	}
	return &encoder{req: req, blocks: map[int]*blockOut{},
		o: out{losses: dialect.Losses{Own: name, Array: "choices"}, box: newToolbox(req.Tools), answer: true}}
}

func (e *encoder) Warnings() []llm.Warning { return e.o.losses.List() }

func (e *encoder) Encode(dst []byte, ev llm.Event) []byte {
	if e.failed {
		return dst
	}
	if ev.Choice != 0 {
		e.o.losses.Add(dialect.Index("choices", ev.Choice), "the responses dialect gives one answer")
		return dst
	}
	if ev.Type != llm.EventUsage && len(ev.Extra) > 0 {
		e.o.losses.Extra("choices[0]", ev.Extra)
	}
	switch ev.Type {
	case llm.EventStart:
		e.meta = ev.Meta
		return e.begin(dst)
	case llm.EventBlockStart:
		return e.blockStart(e.begin(dst), ev)
	case llm.EventDelta:
		return e.delta(e.begin(dst), ev)
	case llm.EventBlockEnd:
		return e.blockEnd(dst, e.blocks[ev.Block])
	case llm.EventFinish:
		e.finish = ev.Finish
		if e.finish == nil {
			e.finish = &llm.Finish{Reason: llm.FinishStop}
		}
	case llm.EventUsage:
		e.totals(ev)
	case llm.EventError:
		return e.fail(dst, llm.AsError(ev.Err))
	}
	return dst
}

func (e *encoder) totals(ev llm.Event) {
	if ev.Usage != nil {
		e.usage = ev.Usage
	}
	if ev.Extra != nil {
		e.extra = ev.Extra
		e.o.losses.Extra("", ev.Extra)
	}
}

func (e *encoder) Close(dst []byte) []byte {
	if e.failed || e.finish == nil {
		return dst
	}
	dst = e.begin(dst)
	for _, it := range e.items {
		dst = e.itemDone(dst, it)
	}
	own := e.own()
	status, reason := statusOf(*e.finish, own)
	e.o.ended(*e.finish)
	kind := "response.completed"
	switch status {
	case statusIncomplete:
		kind = "response.incomplete"
	case "cancelled":
		kind = "response.cancelled"
	}
	e.open(kind)
	if own && e.extra != nil {
		e.echo = echo(&llm.Request{}, e.extra)
	}
	e.response(status, reason)
	return e.send(dst, kind)
}

// own reports whether the answer is of this dialect.
func (e *encoder) own() bool { return e.meta != nil && e.meta.Extra[name] != nil }

// open begins the JSON of an event; send numbers and frames it.
func (e *encoder) open(kind string) {
	e.o.w.B = e.o.w.B[:0]
	e.o.w.Open('{')
	e.o.w.StringField("type", kind)
}

func (e *encoder) send(dst []byte, kind string) []byte {
	e.o.w.IntField("sequence_number", e.sequence)
	e.sequence++
	e.o.w.Close('}')
	return sse.AppendEvent(dst, kind, e.o.w.B)
}

// begin writes the two events that every stream starts with.
func (e *encoder) begin(dst []byte) []byte {
	if e.begun {
		return dst
	}
	e.begun = true
	if e.meta == nil {
		e.meta = &llm.Meta{}
	}
	e.o.made = !e.own()
	e.o.losses.Extra("", e.meta.Extra)
	e.echo = echo(e.req, e.meta.Extra)
	for _, kind := range []string{"response.created", "response.in_progress"} {
		e.open(kind)
		e.response(statusRunning, "")
		dst = e.send(dst, kind)
	}
	return dst
}

// response writes the object of the answer as it is now.
func (e *encoder) response(status, reason string) {
	w := &e.o.w
	w.Key("response")
	w.Open('{')
	e.o.envelope(e.meta, status, reason)
	w.Key("output")
	w.Open('[')
	for _, it := range e.items {
		if it.object != nil && status != statusRunning {
			w.Elem()
			w.Raw(it.object)
		}
	}
	w.Close(']')
	if status == statusRunning {
		w.RawField("usage", []byte("null"))
	} else {
		usage(w, e.usage)
	}
	w.Members(e.echo)
	w.Close('}')
}

// fail writes the error, and then the answer as it failed: clients look for the one or the other.
func (e *encoder) fail(dst []byte, err *llm.Error) []byte {
	e.failed = true
	dst = errorFrame(dst, err, e.sequence)
	e.sequence++
	if !e.begun {
		return dst
	}
	e.open("response.failed")
	w := &e.o.w
	w.Key("response")
	w.Open('{')
	e.o.begins(e.meta, statusFailed)
	w.Key("error")
	w.Open('{')
	w.StringField("code", failureCode(err))
	w.StringField("message", err.Message)
	w.Close('}')
	w.RawField("incomplete_details", []byte("null"))
	w.RawField("output", []byte("[]"))
	usage(w, e.usage)
	w.Members(e.echo)
	w.Close('}')
	return e.send(dst, "response.failed")
}

func (e *encoder) blockStart(dst []byte, ev llm.Event) []byte {
	p := ev.Part
	if _, known := e.blocks[ev.Block]; known {
		return dst
	}
	b := &blockOut{part: p}
	e.blocks[ev.Block] = b
	if p.Text == "" && p.Signature == "" && p.Extra[name] == nil && len(p.Citations) == 0 && (p.Kind == llm.PartText && e.o.made || p.Kind == llm.PartReasoning) {
		return dst // it is nothing before its first piece
	}
	if !e.o.writable(p) {
		b.ended = true
		return dst
	}
	return e.begins(dst, b)
}

// begins opens the item of a block, or goes on with the one that is open.
func (e *encoder) begins(dst []byte, b *blockOut) []byte {
	p := b.part
	if it := e.current; it != nil && joins(it.blocks[0].part, p) {
		b.item = it
		b.index = it.count(p)
		it.blocks = append(it.blocks, b)
	} else {
		if it != nil {
			dst = e.itemDone(dst, it)
		}
		dst = e.itemAdded(dst, b)
	}
	if p.Call != nil {
		arguments := p.Call.Arguments
		b.part.Call = &llm.ToolCall{ID: p.Call.ID, Name: p.Call.Name}
		return e.arguments(dst, b, arguments)
	}
	b.part.Text, b.part.Signature = "", ""
	b.sign = append(b.sign, p.Signature...)
	dst = e.partAdded(dst, b)
	return e.text(dst, b, p.Text)
}

// count is how many parts of an item stand in the same list as p would.
func (it *itemOut) count(p llm.Part) (n int) {
	for _, b := range it.blocks {
		if inContent(b.part) == inContent(p) || p.Kind != llm.PartReasoning {
			n++
		}
	}
	return n
}

func (e *encoder) delta(dst []byte, ev llm.Event) []byte {
	b := e.blocks[ev.Block]
	if b == nil {
		dst = e.blockStart(dst, llm.Event{Block: ev.Block, Part: llm.Part{Kind: ev.Part.Kind}})
		b = e.blocks[ev.Block]
	}
	p := ev.Part
	if b.ended {
		if p.Text != "" || p.Signature != "" || p.Call != nil || len(p.Citations) > 0 {
			e.o.losses.Add("choices[0].delta", "a piece came after its block had ended")
		}
		return dst
	}
	overlay(&b.part.Extra, p.Extra)
	if len(p.Citations) > 0 {
		b.part.Citations = slices.Concat(b.part.Citations, p.Citations)
	}
	b.part.Redacted = b.part.Redacted || p.Redacted
	if b.item == nil {
		if p.Text == "" && p.Signature == "" && b.part.Extra[name] == nil && len(p.Citations) == 0 {
			return dst
		}
		dst = e.begins(dst, b)
	}
	b.sign = append(b.sign, p.Signature...)
	if b.part.Call == nil {
		return e.text(dst, b, p.Text)
	}
	if p.Call == nil {
		return dst
	}
	return e.arguments(dst, b, p.Call.Arguments)
}

func (e *encoder) blockEnd(dst []byte, b *blockOut) []byte {
	if b == nil || b.ended {
		return dst
	}
	if b.item == nil { // nothing came of it
		b.ended = true
		return dst
	}
	if b.part.Kind == llm.PartCall || b.part.Kind == llm.PartOpaque {
		return e.itemDone(dst, b.item)
	}
	return e.partDone(dst, b)
}

// overlay adds the members of x to dst; of two objects the later has its way, member by member.
func overlay(dst *llm.Extra, x llm.Extra) {
	if len(x) == 0 {
		return
	}
	all := llm.Extra{}
	for owner, obj := range *dst {
		all[owner] = obj
	}
	for owner, obj := range x {
		all[owner] = over(all[owner], obj, 2)
	}
	*dst = all
}

func over(a, b []byte, depth int) []byte {
	if depth == 0 || !rawjson.IsObject(a) || !rawjson.IsObject(b) {
		return b
	}
	for it := rawjson.Object(b); it.Next(); {
		key := string(it.Key())
		next, err := rawjson.Set(nil, a, key, over(member(a, key), it.Value(), depth-1))
		if err != nil {
			return b
		}
		a = next
	}
	return a
}
