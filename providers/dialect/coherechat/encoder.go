package coherechat

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// encoder writes a stream of named events. Clients read one block after the other, so a block that starts while another
// is open waits, unless the open one is visibly done. The finish goes out with the usage, which may come after it.
type encoder struct {
	o        out
	begun    bool // message-start is written
	failed   bool
	finish   *llm.Finish
	usage    *llm.Usage
	tail     llm.Extra // members that came with the usage
	contents int64
	calls    int64
	cited    int64
	current  *blockOut
	queue    []*blockOut
}

type blockOut struct {
	block     int
	kind      llm.Kind
	plan      bool
	call      bool
	silent    bool // it cannot be written
	index     int64
	arguments []byte // of a call, so far
	held      []llm.Event
}

func newEncoder() *encoder {
	return &encoder{o: out{array: "choices", losses: dialect.Losses{Own: name}}}
}

func (e *encoder) Warnings() []llm.Warning { return e.o.losses.List() }

func (e *encoder) Encode(dst []byte, ev llm.Event) []byte {
	if e.failed {
		return dst
	}
	if ev.Choice != 0 {
		e.o.losses.Add(dialect.Index("choices", ev.Choice), "the coherechat dialect gives one answer")
		return dst
	}
	switch ev.Type {
	case llm.EventStart:
		e.o.losses.Extra("", ev.Extra)
		return e.start(dst, ev.Meta)
	case llm.EventBlockStart:
		return e.blockStart(e.start(dst, nil), ev)
	case llm.EventDelta:
		return e.delta(e.start(dst, nil), ev)
	case llm.EventBlockEnd:
		return e.blockEnd(dst, ev)
	case llm.EventFinish:
		return e.stop(e.start(dst, nil), ev)
	case llm.EventUsage:
		e.total(ev)
	case llm.EventError:
		e.failed = true
		return append(dst, errorFrame(llm.AsError(ev.Err))...)
	}
	return dst
}

func (e *encoder) Close(dst []byte) []byte {
	if e.failed || e.finish == nil {
		return dst
	}
	w := &e.o.w
	e.open(messageEnd)
	w.Key("delta")
	w.Open('{')
	w.StringField("finish_reason", finishWord(*e.finish, e.calls > 0))
	if e.usage != nil {
		usage(w, e.usage)
	}
	e.o.own(e.tail)
	w.Close('}')
	return sse.AppendData(e.send(dst, messageEnd), doneMark)
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

// message begins an event of a block up to the members of its message; sendMessage ends it.
func (e *encoder) message(kind string, index int64) {
	w := &e.o.w
	e.open(kind)
	if index >= 0 {
		w.IntField("index", index)
	}
	w.Key("delta")
	w.Open('{')
	w.Key("message")
	w.Open('{')
}

func (e *encoder) sendMessage(dst []byte, kind string) []byte {
	e.o.w.Close('}')
	e.o.w.Close('}')
	return e.send(dst, kind)
}

// start writes message-start, once.
func (e *encoder) start(dst []byte, meta *llm.Meta) []byte {
	if e.begun {
		return dst
	}
	e.begun = true
	if meta == nil {
		meta = &llm.Meta{}
	}
	w := &e.o.w
	e.open(messageStart)
	w.StringField("id", meta.ID)
	w.RawField("delta", []byte(`{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}`))
	e.o.own(meta.Extra)
	e.o.losses.Extra("", meta.Extra)
	return e.send(dst, messageStart)
}

func (e *encoder) total(ev llm.Event) {
	if ev.Usage != nil {
		e.usage = ev.Usage
	}
	if ev.Extra != nil {
		e.tail = ev.Extra
		e.o.losses.Extra("", ev.Extra)
	}
}

func (e *encoder) stop(dst []byte, ev llm.Event) []byte {
	for e.current != nil {
		dst = e.next(e.close(dst))
	}
	if e.finish = ev.Finish; e.finish == nil {
		e.finish = &llm.Finish{Reason: llm.FinishStop}
	}
	e.o.lost("finish", e.finish.Extra)
	return e.extra(dst, ev.Extra)
}

// extra writes the citations among the members of a choice.
func (e *encoder) extra(dst []byte, x llm.Extra) []byte {
	if len(x) == 0 {
		return dst
	}
	e.o.lost("", x)
	cited := dialect.Nested(x, name, "citations")
	if !rawjson.IsArray(cited) {
		return dst
	}
	for it := rawjson.Array(cited); it.Next(); e.cited++ {
		e.message(citationStart, e.cited)
		e.o.w.RawField("citations", it.Value())
		dst = e.sendMessage(dst, citationStart)
		e.open(citationEnd)
		e.o.w.IntField("index", e.cited)
		dst = e.send(dst, citationEnd)
	}
	return dst
}

func (e *encoder) blockStart(dst []byte, ev llm.Event) []byte {
	b := &blockOut{block: ev.Block, kind: ev.Part.Kind}
	if e.current != nil && (len(e.queue) > 0 || !e.current.done()) {
		b.held = append(b.held, ev)
		e.queue = append(e.queue, b)
		return dst
	}
	return e.begin(e.close(dst), b, ev)
}

// done reports whether nothing more is to be expected of an open block: texts end where another block starts, calls
// when their arguments are whole.
func (b *blockOut) done() bool {
	return b.kind != llm.PartCall || rawjson.Valid(b.arguments) == nil
}

func (e *encoder) delta(dst []byte, ev llm.Event) []byte {
	if b := e.current; b != nil && b.block == ev.Block {
		return e.piece(dst, b, ev)
	}
	if e.waits(ev) {
		return dst
	}
	if ev.Part.Text != "" || ev.Part.Call != nil {
		e.o.losses.Add("choices[0].delta", "a piece came after its block had ended")
	}
	e.late(ev.Part)
	return e.extra(dst, ev.Extra)
}

func (e *encoder) blockEnd(dst []byte, ev llm.Event) []byte {
	if b := e.current; b != nil && b.block == ev.Block {
		return e.extra(e.next(e.close(dst)), ev.Extra)
	}
	if e.waits(ev) {
		return dst
	}
	return e.extra(dst, ev.Extra)
}

// waits holds an event of a block that waits.
func (e *encoder) waits(ev llm.Event) bool {
	for _, b := range e.queue {
		if b.block == ev.Block {
			b.held = append(b.held, ev)
			return true
		}
	}
	return false
}

// next opens the block that has waited longest, and the ones behind it while they are whole.
func (e *encoder) next(dst []byte) []byte {
	for e.current == nil && len(e.queue) > 0 {
		b := e.queue[0]
		e.queue = e.queue[1:]
		for _, ev := range b.held {
			switch ev.Type {
			case llm.EventBlockStart:
				dst = e.begin(dst, b, ev)
			case llm.EventDelta:
				dst = e.piece(dst, b, ev)
			default:
				dst = e.extra(e.close(dst), ev.Extra)
			}
		}
		b.held = nil
	}
	return dst
}

// begin starts a block. What has pieces to come starts empty; other parts are whole.
func (e *encoder) begin(dst []byte, b *blockOut, ev llm.Event) []byte {
	e.current = b
	p := ev.Part
	switch p.Kind {
	case llm.PartCall:
		dst = e.beginCall(dst, b, p)
	case llm.PartReasoning:
		b.plan = isPlan(p)
		if b.silent = p.Redacted; b.silent {
			e.o.losses.Add("choices[0].reasoning", "only the provider that encrypted it can read it")
		}
		dst = e.beginContent(dst, b, llm.Part{Kind: p.Kind, Extra: p.Extra})
	case llm.PartText, llm.PartRefusal:
		dst = e.beginContent(dst, b, llm.Part{Kind: llm.PartText, Citations: p.Citations, Extra: p.Extra})
	case llm.PartOpaque:
		if p.Call != nil && p.Extra[name] != nil {
			dst = e.beginCall(dst, b, p)
			break
		}
		b.silent = !e.o.writable(p)
		dst = e.beginContent(dst, b, p)
	case llm.PartMedia, llm.PartResult:
		b.silent = !e.o.writable(p)
		dst = e.beginContent(dst, b, p)
	}
	first := llm.Part{Kind: p.Kind, Text: p.Text, Signature: p.Signature}
	if p.Kind == llm.PartCall && p.Call != nil {
		first.Call = &llm.ToolCall{Arguments: p.Call.Arguments}
	}
	return e.piece(dst, b, llm.Event{Part: first, Extra: ev.Extra})
}

func (e *encoder) beginContent(dst []byte, b *blockOut, p llm.Part) []byte {
	if b.plan || b.silent {
		return dst
	}
	b.index = e.contents
	e.contents++
	e.message(contentStart, b.index)
	e.o.w.Key("content")
	e.o.part(p)
	return e.sendMessage(dst, contentStart)
}

func (e *encoder) beginCall(dst []byte, b *blockOut, p llm.Part) []byte {
	b.index, b.call = e.calls, true
	e.calls++
	e.message(callStart, b.index)
	e.o.w.Key("tool_calls")
	if p.Kind == llm.PartOpaque {
		e.o.w.Raw(p.Extra[name])
		return e.sendMessage(dst, callStart)
	}
	if p.Call == nil {
		p.Call = &llm.ToolCall{}
	}
	p.Call = &llm.ToolCall{ID: p.Call.ID, Name: p.Call.Name}
	e.o.call(p)
	e.o.lost("tool_calls", p.Extra)
	return e.sendMessage(dst, callStart)
}

// late warns of members that come behind the start of a part. What another dialect keeps at a thought is bookkeeping.
func (e *encoder) late(p llm.Part) {
	switch p.Kind {
	case llm.PartCall:
		e.o.lost("tool_calls", p.Extra)
	case llm.PartText, llm.PartRefusal, llm.PartMedia, llm.PartResult, llm.PartOpaque:
		e.o.said(p)
	case llm.PartReasoning:
	}
}

// piece writes what is new of a block, and the members of the choice that came with it.
func (e *encoder) piece(dst []byte, b *blockOut, ev llm.Event) []byte {
	p := ev.Part
	e.o.signed(p)
	e.late(p)
	logprobs := dialect.Nested(ev.Extra, name, "logprobs")
	switch {
	case b.silent:
	case b.kind == llm.PartCall:
		if p.Call != nil && p.Call.Arguments != "" {
			dst = e.arguments(dst, b, p.Call.Arguments)
		}
	case b.plan:
		if p.Text != "" {
			e.message(planDelta, -1)
			e.o.w.StringField("tool_plan", p.Text)
			dst = e.sendMessage(dst, planDelta)
		}
	case b.kind == llm.PartText || b.kind == llm.PartRefusal || b.kind == llm.PartReasoning:
		if p.Text != "" || logprobs != nil {
			dst = e.text(dst, b, p.Text, logprobs)
		}
	}
	return e.extra(dst, ev.Extra)
}

func (e *encoder) arguments(dst []byte, b *blockOut, piece string) []byte {
	w := &e.o.w
	b.arguments = append(b.arguments, piece...)
	e.message(callDelta, b.index)
	w.Key("tool_calls")
	w.Open('{')
	w.Key("function")
	w.Open('{')
	w.StringField("arguments", piece)
	w.Close('}')
	w.Close('}')
	return e.sendMessage(dst, callDelta)
}

// text writes a piece of text; its log probabilities are one object, as the endpoint sends them.
func (e *encoder) text(dst []byte, b *blockOut, text string, logprobs []byte) []byte {
	w := &e.o.w
	key := typeText
	if b.kind == llm.PartReasoning {
		key = typeThinking
	}
	e.message(contentDelta, b.index)
	w.Key("content")
	w.Open('{')
	w.StringField(key, text)
	w.Close('}')
	w.Close('}')
	w.Close('}')
	if it := rawjson.Array(logprobs); it.Next() {
		w.RawField("logprobs", it.Value())
	}
	return e.send(dst, contentDelta)
}

func (e *encoder) close(dst []byte) []byte {
	b := e.current
	e.current = nil
	if b == nil || b.silent || b.plan {
		return dst
	}
	kind := contentEnd
	if b.call {
		kind = callEnd
	}
	e.open(kind)
	e.o.w.IntField("index", b.index)
	return e.send(dst, kind)
}
