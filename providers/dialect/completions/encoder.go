package completions

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/sse"
)

// encoder writes a stream of chunks. Usage goes into a chunk of its own at the end, if the caller asked for it.
type encoder struct {
	o        out
	usage    bool
	head     []byte // what every chunk begins with
	totals   *llm.Usage
	tail     llm.Extra // members that came with the usage
	failed   bool
	finished bool
}

func newEncoder(req *llm.Request) *encoder {
	e := &encoder{o: out{losses: dialect.Losses{Own: name, Array: "choices"}}}
	if req != nil {
		e.usage = req.Params.IncludeUsage
	}
	return e
}

func (e *encoder) Warnings() []llm.Warning { return e.o.losses.List() }

func (e *encoder) Encode(dst []byte, ev llm.Event) []byte {
	if e.failed {
		return dst
	}
	e.o.losses.Index = ev.Choice
	switch ev.Type {
	case llm.EventStart:
		e.start(ev.Meta)
		e.o.losses.Extra("", ev.Extra)
	case llm.EventBlockStart, llm.EventDelta:
		return e.piece(dst, ev)
	case llm.EventBlockEnd:
		e.o.losses.Lost("", ev.Extra)
	case llm.EventFinish:
		return e.finish(dst, ev)
	case llm.EventUsage:
		e.total(ev)
	case llm.EventError:
		e.failed = true
		return append(dst, errorFrame(llm.AsError(ev.Err))...)
	}
	return dst
}

func (e *encoder) Close(dst []byte) []byte {
	if e.failed || !e.finished {
		return dst
	}
	if e.usage && e.totals != nil {
		e.open()
		e.o.w.Close(']')
		usage(&e.o.w, e.totals)
		e.o.own(e.tail)
		e.o.w.Close('}')
		dst = sse.AppendData(dst, e.o.w.B)
	}
	return sse.AppendData(dst, doneMark)
}

func (e *encoder) start(meta *llm.Meta) {
	if meta == nil {
		meta = &llm.Meta{}
	}
	w := &e.o.w
	w.B = w.B[:0]
	w.Open('{')
	w.StringField("id", meta.ID)
	w.StringField("object", object)
	w.IntField("created", meta.Created)
	w.StringField("model", meta.Model)
	e.o.own(meta.Extra)
	e.o.losses.Extra("", meta.Extra)
	w.Key("choices")
	w.Open('[')
	e.head = append([]byte(nil), w.B...)
}

func (e *encoder) total(ev llm.Event) {
	if ev.Usage != nil {
		e.totals = ev.Usage
	}
	if ev.Extra != nil {
		e.tail = ev.Extra
		e.o.losses.Extra("", ev.Extra)
	}
}

// open begins a chunk up to its list of choices; send ends and frames it.
func (e *encoder) open() {
	if e.head == nil {
		e.start(nil)
	}
	e.o.w.B = append(e.o.w.B[:0], e.head...)
}

func (e *encoder) send(dst []byte) []byte {
	e.o.w.Close(']')
	e.o.w.Close('}')
	return sse.AppendData(dst, e.o.w.B)
}

func (e *encoder) piece(dst []byte, ev llm.Event) []byte {
	text := e.o.text([]llm.Part{ev.Part})
	if text == "" && ev.Extra[name] == nil {
		e.o.losses.Lost("", ev.Extra)
		return dst
	}
	e.open()
	e.o.choice(int64(ev.Choice), text, "", ev.Extra)
	return e.send(dst)
}

func (e *encoder) finish(dst []byte, ev llm.Event) []byte {
	f := ev.Finish
	if f == nil {
		f = &llm.Finish{}
	}
	e.finished = true
	e.open()
	e.o.choice(int64(ev.Choice), "", finishWord(*f), ev.Extra)
	e.o.losses.Lost("finish", f.Extra)
	return e.send(dst)
}
