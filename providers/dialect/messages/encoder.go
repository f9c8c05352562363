package messages

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// encoder writes a stream of named events. Blocks of the endpoint come one after the other, so a block that starts
// while another is open waits, unless the open one is visibly done. The stop reason goes out with the usage, which may
// come after it.
type encoder struct {
	o       out
	meta    *llm.Meta
	begun   bool // message_start is written
	usage   *llm.Usage
	extra   llm.Extra   // members that came with the usage
	finish  *llm.Finish // known, not yet written
	ended   bool        // message_delta is written
	failed  bool
	calls   bool
	index   int // of the next block on the wire
	current *blockOut
	queue   []*blockOut
}

type blockOut struct {
	block     int
	kind      llm.Kind
	index     int
	arguments []byte // of a call, so far
	chars     int    // of a text, so far
	held      []llm.Event
	silent    bool // nothing of it can be written yet, or at all
	signed    bool // of a thought: its signature is written, or it is of this dialect
}

func newEncoder() *encoder {
	return &encoder{o: out{losses: dialect.Losses{Own: name, Array: "choices"}, answer: true}}
}

func (e *encoder) Warnings() []llm.Warning { return e.o.losses.List() }

func (e *encoder) Encode(dst []byte, ev llm.Event) []byte {
	if e.failed {
		return dst
	}
	if ev.Choice != 0 {
		e.o.losses.Add(dialect.Index("choices", ev.Choice), "the messages dialect gives one answer")
		return dst
	}
	if len(ev.Extra) > 0 {
		e.o.losses.Extra("choices[0]", ev.Extra)
	}
	if e.ended && ev.Type != llm.EventError {
		return dst
	}
	switch ev.Type {
	case llm.EventStart:
		e.meta = ev.Meta
	case llm.EventBlockStart:
		return e.blockStart(e.begin(dst), ev)
	case llm.EventDelta:
		return e.delta(e.begin(dst), ev)
	case llm.EventBlockEnd:
		return e.blockEnd(e.begin(dst), ev)
	case llm.EventFinish:
		return e.stop(e.begin(dst), ev)
	case llm.EventUsage:
		return e.totals(dst, ev)
	case llm.EventError:
		e.failed = true
		return append(dst, errorFrame(llm.AsError(ev.Err))...)
	}
	return dst
}

func (e *encoder) Close(dst []byte) []byte {
	if e.failed || e.finish == nil && !e.ended {
		return dst
	}
	dst = e.messageDelta(e.begin(dst))
	e.open("message_stop")
	return e.send(dst, "message_stop")
}

// open begins the JSON of an event; send ends and frames it.
func (e *encoder) open(kind string) {
	e.o.w.B = e.o.w.B[:0]
	e.o.w.Open('{')
	e.o.w.StringField("type", kind)
}

func (e *encoder) send(dst []byte, kind string) []byte {
	e.o.w.Close('}')
	return sse.AppendEvent(dst, kind, e.o.w.B)
}

// begin writes message_start, as late as possible, because usage that is known at the start belongs there.
func (e *encoder) begin(dst []byte) []byte {
	if e.begun {
		return dst
	}
	e.begun = true
	meta := e.meta
	if meta == nil {
		meta = &llm.Meta{}
	}
	w := &e.o.w
	e.open("message_start")
	w.Key("message")
	w.Open('{')
	w.StringField("id", meta.ID)
	w.StringField("type", "message")
	w.StringField("role", string(llm.RoleAssistant))
	w.StringField("model", meta.Model)
	w.RawField("content", []byte("[]"))
	w.RawField("stop_reason", []byte("null"))
	w.RawField("stop_sequence", []byte("null"))
	usage(w, e.usage)
	e.o.own(meta.Extra)
	e.o.losses.Extra("", meta.Extra)
	w.Close('}')
	return e.send(dst, "message_start")
}

func (e *encoder) totals(dst []byte, ev llm.Event) []byte {
	if ev.Usage != nil {
		e.usage = ev.Usage
	}
	if ev.Extra != nil {
		e.extra = ev.Extra
	}
	if e.finish != nil {
		return e.messageDelta(e.begin(dst))
	}
	return dst
}

func (e *encoder) stop(dst []byte, ev llm.Event) []byte {
	for e.current != nil {
		dst = e.next(e.close(dst))
	}
	e.finish = ev.Finish
	if e.finish == nil {
		e.finish = &llm.Finish{Reason: llm.FinishStop}
	}
	return dst
}

func (e *encoder) messageDelta(dst []byte) []byte {
	if e.ended {
		return dst
	}
	e.ended = true
	w := &e.o.w
	e.open("message_delta")
	w.Key("delta")
	w.Open('{')
	e.o.stop(*e.finish, e.calls)
	e.o.own(e.extra, "context_management")
	w.Close('}')
	usage(w, e.usage)
	if v := dialect.Nested(e.extra, name, "context_management"); v != nil {
		w.RawField("context_management", v)
	}
	return e.send(dst, "message_delta")
}

func (e *encoder) blockStart(dst []byte, ev llm.Event) []byte {
	b := &blockOut{block: ev.Block, kind: ev.Part.Kind}
	if e.current != nil && (len(e.queue) > 0 || !e.current.done()) {
		b.held = append(b.held, ev)
		e.queue = append(e.queue, b)
		return dst
	}
	if e.current != nil {
		dst = e.close(dst)
	}
	return e.start(dst, b, ev)
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
	if ev.Part.Text != "" || ev.Part.Signature != "" || ev.Part.Call != nil || len(ev.Part.Citations) > 0 {
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
				dst = e.start(dst, b, ev)
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

func (e *encoder) start(dst []byte, b *blockOut, ev llm.Event) []byte {
	e.current = b
	p := ev.Part
	switch {
	case p.Kind == llm.PartOpaque:
		return e.whole(dst, b, p)
	case p.Kind == llm.PartReasoning && p.Redacted && p.Signature == "":
		b.silent = true // it is nothing before its data
		return dst
	case p.Kind != llm.PartCall && p.Kind != llm.PartText && p.Kind != llm.PartRefusal && p.Kind != llm.PartReasoning:
		b.silent = true
		e.o.losses.Add("choices[0].content", "the messages dialect has no such part")
		return dst
	}
	head := p
	head.Citations = nil
	if !p.Redacted {
		head.Text, head.Signature = "", ""
	}
	if p.Call != nil {
		e.calls = true
		head.Call = &llm.ToolCall{ID: p.Call.ID, Name: p.Call.Name}
	}
	b.signed = p.Redacted || p.Extra[name] != nil
	dst = e.openBlock(dst, b, head)
	if p.Redacted {
		return dst
	}
	p.Extra = nil
	return e.piece(dst, b, p)
}

func (e *encoder) openBlock(dst []byte, b *blockOut, p llm.Part) []byte {
	b.index = e.index
	e.index++
	e.open("content_block_start")
	e.o.w.IntField("index", int64(b.index))
	e.o.w.Key("content_block")
	e.o.value(p)
	return e.send(dst, "content_block_start")
}

// whole writes an opaque block. The input of a server's tool comes as a piece, as clients expect it.
func (e *encoder) whole(dst []byte, b *blockOut, p llm.Part) []byte {
	obj := p.Extra[name]
	if obj == nil {
		b.silent = true
		e.o.losses.Add("choices[0].content", "the messages dialect has no such part")
		return dst
	}
	input := dialect.Nested(p.Extra, name, "input")
	if input == nil {
		return e.openBlock(dst, b, p)
	}
	head, err := rawjson.Set(nil, obj, "input", []byte("{}"))
	if err != nil {
		return e.openBlock(dst, b, p)
	}
	dst = e.openBlock(dst, b, llm.Part{Kind: llm.PartOpaque, Extra: llm.Extra{name: head}})
	return e.write(dst, b, "input_json_delta", "partial_json", string(input))
}

// piece writes what is new of a block.
func (e *encoder) piece(dst []byte, b *blockOut, p llm.Part) []byte {
	if b.silent {
		if p.Kind == llm.PartReasoning && p.Signature != "" {
			b.silent, b.signed = false, true
			p.Redacted = true
			return e.openBlock(dst, b, p)
		}
		return dst
	}
	if b.kind == llm.PartCall && p.Call != nil && p.Call.Arguments != "" {
		b.arguments = append(b.arguments, p.Call.Arguments...)
		dst = e.write(dst, b, "input_json_delta", "partial_json", p.Call.Arguments)
	}
	if p.Text != "" && b.kind == llm.PartReasoning {
		dst = e.write(dst, b, "thinking_delta", "thinking", p.Text)
	} else if p.Text != "" {
		b.chars += dialect.Characters(p.Text)
		dst = e.write(dst, b, "text_delta", "text", p.Text)
	}
	dst = e.cite(dst, b, p.Citations)
	if p.Signature != "" {
		dst = e.write(dst, b, "signature_delta", "signature", p.Signature)
	}
	b.signed = b.signed || p.Signature != "" || p.Extra[name] != nil
	if v := dialect.Nested(p.Extra, name, citations); v != nil {
		for it := rawjson.Array(v); it.Next(); {
			dst = e.writeRaw(dst, b, "citations_delta", "citation", it.Value())
		}
	}
	if b.kind != llm.PartReasoning && len(p.Extra) > 0 {
		e.o.losses.Extra("choices[0].delta", p.Extra)
	}
	return dst
}

func (e *encoder) write(dst []byte, b *blockOut, kind, key, text string) []byte {
	e.openDelta(b, kind)
	e.o.w.StringField(key, text)
	e.o.w.Close('}')
	return e.send(dst, "content_block_delta")
}

func (e *encoder) writeRaw(dst []byte, b *blockOut, kind, key string, v []byte) []byte {
	e.openDelta(b, kind)
	e.o.w.RawField(key, v)
	e.o.w.Close('}')
	return e.send(dst, "content_block_delta")
}

func (e *encoder) openDelta(b *blockOut, kind string) {
	e.open("content_block_delta")
	e.o.w.IntField("index", int64(b.index))
	e.o.w.Key("delta")
	e.o.w.Open('{')
	e.o.w.StringField("type", kind)
}

func (e *encoder) close(dst []byte) []byte {
	b := e.current
	e.current = nil
	if b == nil || b.silent {
		if b != nil && b.kind == llm.PartReasoning {
			e.o.losses.Add("choices[0].reasoning", noHidden)
		}
		return dst
	}
	if b.kind == llm.PartReasoning && !b.signed {
		dst = e.write(dst, b, "signature_delta", "signature", unsigned)
	}
	e.open("content_block_stop")
	e.o.w.IntField("index", int64(b.index))
	return e.send(dst, "content_block_stop")
}
