package converse

import (
	"heimdall/providers/dialect"
	"heimdall/providers/eventstream"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// encoder writes a stream of binary messages. Blocks of the endpoint come one after the other, so a block that starts
// while another is open waits, unless the open one is visibly done. Usage goes out at the end, behind the stop reason.
type encoder struct {
	o        out
	begun    bool // messageStart is written
	usage    *llm.Usage
	extra    llm.Extra // members that came with the usage
	finished bool
	failed   bool
	calls    bool
	index    int // of the next block on the wire
	current  *blockOut
	queue    []*blockOut
}

type blockOut struct {
	block     int
	kind      llm.Kind
	index     int
	arguments []byte // of a call, so far
	chars     int    // of a text, so far
	held      []llm.Event
	opened    bool // something of it is written, so it has an index
	redacted  bool
}

func newEncoder() *encoder {
	return &encoder{o: out{array: "choices", losses: dialect.Losses{Own: name}, answer: true}}
}

func (e *encoder) Warnings() []llm.Warning { return e.o.losses.List() }

func (e *encoder) Encode(dst []byte, ev llm.Event) []byte {
	if e.failed {
		return dst
	}
	if ev.Choice != 0 {
		e.o.losses.Add(dialect.Index("choices", ev.Choice), "the converse dialect gives one answer")
		return dst
	}
	e.lost(ev)
	if e.finished && ev.Type != llm.EventError && ev.Type != llm.EventUsage {
		return dst
	}
	switch ev.Type {
	case llm.EventStart:
		return e.begin(dst)
	case llm.EventBlockStart:
		return e.blockStart(e.begin(dst), ev)
	case llm.EventDelta:
		return e.delta(e.begin(dst), ev)
	case llm.EventBlockEnd:
		return e.blockEnd(e.begin(dst), ev)
	case llm.EventFinish:
		return e.stop(e.begin(dst), ev)
	case llm.EventUsage:
		e.totals(ev)
	case llm.EventError:
		e.failed = true
		return append(dst, errorFrame(llm.AsError(ev.Err))...)
	}
	return dst
}

// lost warns of the foreign members of an event: those of the whole answer come at its start and with the usage.
func (e *encoder) lost(ev llm.Event) {
	if ev.Meta != nil {
		e.o.losses.Extra("", ev.Meta.Extra)
	}
	at := "choices[0]"
	if ev.Type == llm.EventStart || ev.Type == llm.EventUsage {
		at = ""
	}
	e.o.losses.Extra(at, ev.Extra)
}

func (e *encoder) totals(ev llm.Event) {
	if ev.Usage != nil {
		e.usage = ev.Usage
	}
	if ev.Extra != nil {
		e.extra = ev.Extra
	}
}

// Close writes the metadata, where anything is known that belongs there.
func (e *encoder) Close(dst []byte) []byte {
	own := e.extra[name]
	if e.failed || !e.finished || e.usage == nil && own == nil {
		return dst
	}
	e.open()
	if e.usage != nil {
		e.o.usage(e.usage)
	}
	if own == nil && !ownUsage(e.usage) {
		e.o.w.RawField("metrics", noMetrics)
	}
	e.o.own(e.extra)
	e.extra, e.usage = nil, nil
	return e.send(dst, "metadata")
}

// open begins the JSON of an event; send ends and frames it.
func (e *encoder) open() {
	e.o.w.B = e.o.w.B[:0]
	e.o.w.Open('{')
}

func (e *encoder) send(dst []byte, kind string) []byte {
	e.o.w.Close('}')
	return appendEvent(dst, kind, e.o.w.B)
}

func appendEvent(dst []byte, kind string, payload []byte) []byte {
	return eventstream.Append(dst, payload, eventstream.Header{Name: eventType, Value: kind},
		eventstream.Header{Name: contentType, Value: jsonType}, eventstream.Header{Name: messageType, Value: "event"})
}

func (e *encoder) begin(dst []byte) []byte {
	if e.begun {
		return dst
	}
	e.begun = true
	e.open()
	e.o.w.StringField("role", string(llm.RoleAssistant))
	return e.send(dst, "messageStart")
}

func (e *encoder) stop(dst []byte, ev llm.Event) []byte {
	for e.current != nil {
		dst = e.next(e.close(dst))
	}
	finish := ev.Finish
	if finish == nil {
		finish = &llm.Finish{Reason: llm.FinishStop}
	}
	e.finished = true
	e.open()
	e.o.stop(*finish, e.calls)
	return e.send(dst, "messageStop")
}

func (e *encoder) blockStart(dst []byte, ev llm.Event) []byte {
	b := &blockOut{block: ev.Block, kind: ev.Part.Kind, redacted: ev.Part.Redacted}
	if e.current != nil && (len(e.queue) > 0 || !e.current.done()) {
		b.held = append(b.held, ev)
		e.queue = append(e.queue, b)
		return dst
	}
	if e.current != nil {
		dst = e.close(dst)
	}
	return e.start(dst, b, ev.Part)
}

// done reports whether nothing more is to be expected of an open block: texts end where another block starts, calls
// when their arguments are whole.
func (b *blockOut) done() bool {
	return b.kind != llm.PartCall || rawjson.Valid(b.arguments) == nil
}

func (e *encoder) waiting(block int) *blockOut {
	for _, b := range e.queue {
		if b.block == block {
			return b
		}
	}
	return nil
}

func (e *encoder) delta(dst []byte, ev llm.Event) []byte {
	if b := e.current; b != nil && b.block == ev.Block {
		return e.piece(dst, b, ev.Part)
	}
	if b := e.waiting(ev.Block); b != nil {
		b.held = append(b.held, ev)
		return dst
	}
	if said(ev.Part) {
		e.o.losses.Add("choices[0].delta", "a piece came after its block had ended")
	}
	return dst
}

func (e *encoder) blockEnd(dst []byte, ev llm.Event) []byte {
	if b := e.current; b != nil && b.block == ev.Block {
		return e.next(e.close(dst))
	}
	if b := e.waiting(ev.Block); b != nil {
		b.held = append(b.held, ev)
	}
	return dst
}

// next opens the block that has waited longest, and the ones behind it while they are whole.
func (e *encoder) next(dst []byte) []byte {
	for e.current == nil && len(e.queue) > 0 {
		b := e.queue[0]
		e.queue = e.queue[1:]
		for _, ev := range b.held {
			switch ev.Type {
			case llm.EventBlockStart:
				dst = e.start(dst, b, ev.Part)
			case llm.EventDelta:
				dst = e.piece(dst, b, ev.Part)
			default:
				dst = e.close(dst)
			}
		}
		b.held = nil
	}
	return dst
}

// start opens a block. Only calls and the endpoint's own blocks have a start event; the others begin with their first
// piece.
func (e *encoder) start(dst []byte, b *blockOut, p llm.Part) []byte {
	e.current = b
	switch p.Kind {
	case llm.PartText, llm.PartRefusal, llm.PartReasoning:
		return e.piece(dst, b, p)
	case llm.PartCall:
		if p.Call != nil {
			return e.call(dst, b, p)
		}
	case llm.PartOpaque:
		if block := p.Extra[name]; block != nil {
			return e.whole(dst, b, block)
		}
	case llm.PartMedia, llm.PartResult:
	}
	b.kind = llm.PartMedia // of which no piece is written
	e.o.losses.Add("choices[0].content", "the converse dialect has no such part")
	return dst
}

// at is the index of a block, which it gets when something of it is written.
func (e *encoder) at(b *blockOut) int64 {
	if !b.opened {
		b.opened, b.index = true, e.index
		e.index++
	}
	return int64(b.index)
}

func (e *encoder) call(dst []byte, b *blockOut, p llm.Part) []byte {
	e.calls = true
	w := &e.o.w
	e.open()
	w.IntField("contentBlockIndex", e.at(b))
	w.Key("start")
	w.Open('{')
	w.Key(blockCall)
	w.Open('{')
	w.StringField("toolUseId", e.o.callID(p.Call.ID))
	w.StringField("name", p.Call.Name)
	e.o.own(p.Extra)
	w.Close('}')
	w.Close('}')
	e.o.lost("content", p.Extra)
	p.Extra = nil
	return e.piece(e.send(dst, "contentBlockStart"), b, p)
}

func (e *encoder) whole(dst []byte, b *blockOut, block []byte) []byte {
	start, delta := parted(block)
	w := &e.o.w
	if start != nil {
		e.open()
		w.IntField("contentBlockIndex", e.at(b))
		w.RawField("start", start)
		dst = e.send(dst, "contentBlockStart")
	}
	if delta != nil {
		e.open()
		w.IntField("contentBlockIndex", e.at(b))
		w.RawField("delta", delta)
		dst = e.send(dst, "contentBlockDelta")
	}
	return dst
}

// piece writes what is new of a block.
func (e *encoder) piece(dst []byte, b *blockOut, p llm.Part) []byte {
	if b.kind == llm.PartCall {
		e.o.lost("content", p.Extra)
	}
	switch {
	case b.kind == llm.PartCall && p.Call != nil && p.Call.Arguments != "":
		b.arguments = append(b.arguments, p.Call.Arguments...)
		return e.nested(dst, b, blockCall, "input", p.Call.Arguments)
	case b.kind == llm.PartReasoning:
		return e.thought(dst, b, p)
	case b.kind == llm.PartText || b.kind == llm.PartRefusal:
		return e.text(dst, b, p)
	}
	return dst
}

func (e *encoder) text(dst []byte, b *blockOut, p llm.Part) []byte {
	if p.Text != "" {
		e.openDelta(b)
		e.o.w.StringField("text", p.Text)
		dst = e.sendDelta(dst)
	}
	b.chars += dialect.Characters(p.Text)
	for _, c := range p.Citations {
		if e.o.citable(c, b.chars) {
			e.openDelta(b)
			e.o.w.Key("citation")
			citation(&e.o.w, c)
			dst = e.sendDelta(dst)
		}
	}
	if v := dialect.Nested(p.Extra, name, citations); v != nil {
		for it := rawjson.Array(v); it.Next(); {
			e.openDelta(b)
			e.o.w.RawField("citation", it.Value())
			dst = e.sendDelta(dst)
		}
	}
	if len(p.Extra) > 0 {
		e.o.losses.Extra("choices[0].delta", p.Extra)
	}
	return dst
}

func (e *encoder) thought(dst []byte, b *blockOut, p llm.Part) []byte {
	if p.Text != "" {
		dst = e.nested(dst, b, blockReasoning, "text", p.Text)
	}
	switch {
	case p.Signature == "":
	case p.Redacted || b.redacted:
		dst = e.nested(dst, b, blockReasoning, "redactedContent", blob(p.Signature))
	default:
		dst = e.nested(dst, b, blockReasoning, "signature", p.Signature)
	}
	return dst
}

func (e *encoder) nested(dst []byte, b *blockOut, outer, key, text string) []byte {
	e.openDelta(b)
	e.o.w.Key(outer)
	e.o.w.Open('{')
	e.o.w.StringField(key, text)
	e.o.w.Close('}')
	return e.sendDelta(dst)
}

func (e *encoder) openDelta(b *blockOut) {
	e.open()
	e.o.w.IntField("contentBlockIndex", e.at(b))
	e.o.w.Key("delta")
	e.o.w.Open('{')
}

func (e *encoder) sendDelta(dst []byte) []byte {
	e.o.w.Close('}')
	return e.send(dst, "contentBlockDelta")
}

func (e *encoder) close(dst []byte) []byte {
	b := e.current
	e.current = nil
	if b == nil || !b.opened {
		return dst
	}
	e.open()
	e.o.w.IntField("contentBlockIndex", e.at(b))
	return e.send(dst, "contentBlockStop")
}
