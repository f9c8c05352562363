package generate

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// encoder writes a stream of partial answers. Texts and thoughts go out as they come, calls when they are whole. The
// finish waits for the usage, which belongs into the same, last frame.
type encoder struct {
	o        out
	array    bool // the stream is an array, not events
	meta     *llm.Meta
	said     bool // a frame is written
	choices  []*choiceOut
	usage    *llm.Usage
	tail     []llm.Extra // members that came with the usage
	finished bool
	failed   bool
}

type choiceOut struct {
	index   int
	blocks  map[int]*blockOut
	order   []*blockOut
	pending []pendingOut
	finish  *llm.Finish
	extra   []llm.Extra // members for the last frame
	spoke   bool

	text    []byte // of all texts so far
	sources []sourceOut
	own     bool // the answer says itself what it rests on
}

// blockOut is a block that is open.
type blockOut struct {
	part      llm.Part
	base      int    // of a text: how much text stands before it
	written   bool   // something of it
	arguments []byte // of a call, so far
	signature []byte // of a thought, so far
	held      *heldOut
}

// heldOut is the latest piece of a thought. It waits for what comes next: a signature at the end stands on a piece with
// words, because clients drop pieces without.
type heldOut struct {
	piece llm.Part
	extra llm.Extra
}

// pendingOut is a signature whose part is still to come.
type pendingOut struct {
	kind      byte
	signature string
}

func newEncoder() *encoder {
	return &encoder{o: out{array: "choices", losses: dialect.Losses{Own: name}, answer: true}}
}

func (e *encoder) Warnings() []llm.Warning { return e.o.losses.List() }

func (e *encoder) Encode(dst []byte, ev llm.Event) []byte {
	if e.failed {
		return dst
	}
	if dialect.Nested(ev.Extra, name, grounding) != nil {
		e.choice(ev.Choice).own = true
	}
	switch ev.Type {
	case llm.EventStart:
		e.start(ev)
	case llm.EventBlockStart:
		return e.block(dst, ev)
	case llm.EventDelta:
		return e.delta(dst, ev)
	case llm.EventBlockEnd:
		return e.blockEnd(dst, ev)
	case llm.EventFinish:
		return e.finish(dst, ev)
	case llm.EventUsage:
		e.total(ev)
	case llm.EventError:
		e.failed = true
		_, body := encodeError(llm.AsError(ev.Err))
		return e.end(e.frame(dst, body))
	}
	return dst
}

func (e *encoder) start(ev llm.Event) {
	e.meta = ev.Meta
	e.o.losses.Extra("", ev.Extra)
	if ev.Meta != nil {
		e.o.losses.Extra("", ev.Meta.Extra)
	}
}

func (e *encoder) total(ev llm.Event) {
	if ev.Usage != nil {
		e.usage = ev.Usage
	}
	if ev.Extra != nil {
		e.tail = append(e.tail, ev.Extra)
		e.o.losses.Extra("", ev.Extra)
	}
}

func (e *encoder) choice(index int) *choiceOut {
	for _, c := range e.choices {
		if c.index == index {
			return c
		}
	}
	c := &choiceOut{index: index, blocks: map[int]*blockOut{}}
	e.choices = append(e.choices, c)
	return c
}

func (e *encoder) block(dst []byte, ev llm.Event) []byte {
	c := e.choice(ev.Choice)
	for _, open := range c.order {
		dst = e.release(dst, c, open, "")
	}
	b := &blockOut{part: ev.Part, base: len(c.text)}
	b.part.Text, b.part.Signature = "", ""
	c.blocks[ev.Block] = b
	c.order = append(c.order, b)
	if ev.Part.Call != nil {
		b.part.Call = &llm.ToolCall{ID: ev.Part.Call.ID, Name: ev.Part.Call.Name}
		b.arguments = append(b.arguments, ev.Part.Call.Arguments...)
	}
	return e.grow(dst, c, b, ev)
}

func (e *encoder) delta(dst []byte, ev llm.Event) []byte {
	c := e.choice(ev.Choice)
	b := c.blocks[ev.Block]
	if b == nil {
		b = &blockOut{part: llm.Part{Kind: ev.Part.Kind}, base: len(c.text)}
		c.blocks[ev.Block] = b
		c.order = append(c.order, b)
	}
	if call := ev.Part.Call; call != nil && b.part.Call != nil {
		b.arguments = append(b.arguments, call.Arguments...)
		if call.Name != "" {
			b.part.Call.Name = call.Name
		}
	}
	if b.part.Kind == llm.PartCall && ev.Part.Extra != nil {
		e.o.losses.Extra("choices.delta", ev.Part.Extra)
	}
	return e.grow(dst, c, b, ev)
}

// grow writes what is new of a block, if it can go out in pieces.
func (e *encoder) grow(dst []byte, c *choiceOut, b *blockOut, ev llm.Event) []byte {
	p := ev.Part
	c.hear(b, ev)
	b.signature = append(b.signature, p.Signature...)
	switch b.part.Kind {
	case llm.PartText, llm.PartRefusal, llm.PartReasoning:
		piece := llm.Part{Kind: b.part.Kind, Text: p.Text, Extra: p.Extra}
		if p.Text == "" && piece.Extra[name] == nil && ev.Extra == nil {
			if b.part.Kind != llm.PartReasoning {
				e.o.losses.Extra("choices.delta", p.Extra)
			}
			return dst
		}
		if b.part.Kind == llm.PartReasoning && p.Text == "" {
			c.keep(ev.Extra)
			return dst
		}
		signature := ""
		if b.part.Kind == llm.PartText && !b.written {
			signature = c.next(ofText)
		}
		b.written = true
		if b.part.Kind == llm.PartReasoning {
			dst = e.release(dst, c, b, "")
			b.held = &heldOut{piece, ev.Extra}
			return dst
		}
		return e.send(dst, c, piece, signature, ev.Extra)
	case llm.PartCall, llm.PartMedia, llm.PartResult, llm.PartOpaque:
	}
	c.keep(ev.Extra)
	return dst
}

// release writes the piece of a thought that waits, if one does.
func (e *encoder) release(dst []byte, c *choiceOut, b *blockOut, signature string) []byte {
	held := b.held
	if held == nil {
		return dst
	}
	b.held = nil
	held.piece.Signature = signature
	return e.send(dst, c, held.piece, "", held.extra)
}

// keep holds members of a frame that is not written; the last one takes them.
func (c *choiceOut) keep(x llm.Extra) {
	if x != nil {
		c.extra = append(c.extra, x)
	}
}

func (c *choiceOut) next(kind byte) string {
	for i, p := range c.pending {
		if p.kind == kind {
			c.pending = append(c.pending[:i], c.pending[i+1:]...)
			return p.signature
		}
	}
	return ""
}

func (e *encoder) blockEnd(dst []byte, ev llm.Event) []byte {
	c := e.choice(ev.Choice)
	c.keep(ev.Extra)
	b := c.blocks[ev.Block]
	if b == nil {
		return dst
	}
	delete(c.blocks, ev.Block)
	return e.endBlock(dst, c, b)
}

// endBlock writes what waited for the end of a block.
func (e *encoder) endBlock(dst []byte, c *choiceOut, b *blockOut) []byte {
	for i, at := range c.order {
		if at == b {
			c.order = append(c.order[:i], c.order[i+1:]...)
			break
		}
	}
	p := b.part
	switch p.Kind {
	case llm.PartText:
		if !b.written {
			if signature := c.next(ofText); signature != "" {
				return e.send(dst, c, p, signature, nil)
			}
		}
		return dst
	case llm.PartRefusal:
		return dst
	case llm.PartReasoning:
		return e.endThought(dst, c, b)
	case llm.PartCall:
		p.Call.Arguments = string(b.arguments)
		return e.send(dst, c, p, c.next(ofCall), nil)
	case llm.PartMedia, llm.PartResult, llm.PartOpaque:
	}
	if !e.o.writable(p) {
		return dst
	}
	return e.send(dst, c, p, "", nil)
}

func (e *encoder) endThought(dst []byte, c *choiceOut, b *blockOut) []byte {
	p := b.part
	p.Signature = string(b.signature)
	if of, signature, ok := carrier(p); ok {
		c.pending = append(c.pending, pendingOut{of.kind, signature})
		return e.release(dst, c, b, "")
	}
	if b.held != nil {
		return e.release(dst, c, b, p.Signature)
	}
	if p.Signature == "" {
		return dst
	}
	p.Extra = nil
	return e.send(dst, c, p, "", nil)
}

func (e *encoder) finish(dst []byte, ev llm.Event) []byte {
	c := e.choice(ev.Choice)
	for len(c.order) > 0 {
		dst = e.endBlock(dst, c, c.order[0])
	}
	for _, p := range c.pending {
		dst = e.send(dst, c, llm.Part{Kind: llm.PartText}, p.signature, nil)
	}
	c.pending, c.blocks = nil, map[int]*blockOut{}
	c.keep(ev.Extra)
	c.finish = ev.Finish
	if c.finish == nil {
		c.finish = &llm.Finish{Reason: llm.FinishStop}
	}
	e.o.losses.Extra("choices.finish", c.finish.Extra)
	e.finished = true
	return dst
}

// send writes a frame with one part.
func (e *encoder) send(dst []byte, c *choiceOut, p llm.Part, signature string, extra llm.Extra) []byte {
	c.spoke = true
	e.o.index = c.index
	e.open()
	w := &e.o.w
	w.Key("candidates")
	w.Open('[')
	e.openCandidate()
	e.o.part(p, signature)
	e.closeContent()
	w.IntField("index", int64(c.index))
	e.members(extra)
	w.Close('}')
	w.Close(']')
	return e.close(dst)
}

func (e *encoder) openCandidate() {
	w := &e.o.w
	w.Elem()
	w.Open('{')
	w.Key("content")
	w.Open('{')
	w.Key("parts")
	w.Open('[')
}

func (e *encoder) closeContent() {
	e.o.w.Close(']')
	e.o.w.StringField("role", roleModel)
	e.o.w.Close('}')
}

func (e *encoder) members(extra llm.Extra) {
	e.o.keep(extra)
	e.o.losses.Extra("choices", extra)
}

func (e *encoder) open() {
	e.o.w.B = e.o.w.B[:0]
	e.o.w.Open('{')
}

// close ends a frame with what every one repeats; the first has the members that only this dialect knows.
func (e *encoder) close(dst []byte) []byte {
	meta := e.meta
	if meta == nil {
		meta = &llm.Meta{}
	}
	e.o.meta(meta.ID, meta.Model, meta.Created)
	if !e.said {
		e.o.keep(meta.Extra)
	}
	e.o.w.Close('}')
	return e.frame(dst, e.o.w.B)
}

func (e *encoder) frame(dst, data []byte) []byte {
	first := !e.said
	e.said = true
	switch {
	case !e.array:
		return sse.AppendData(dst, data)
	case first:
		dst = append(dst, '[')
	default:
		dst = append(dst, arrayComma...)
	}
	return append(dst, data...)
}

// end ends the stream behind its last frame.
func (e *encoder) end(dst []byte) []byte {
	if e.array {
		dst = append(dst, arrayEnd...)
	}
	return dst
}

func (e *encoder) Close(dst []byte) []byte {
	if e.failed || !e.finished {
		return dst
	}
	e.open()
	w := &e.o.w
	if !e.refused() {
		w.Key("candidates")
		w.Open('[')
		for _, c := range e.choices {
			e.last(c)
		}
		w.Close(']')
	}
	if e.usage != nil {
		e.o.usage(e.usage)
	}
	for _, x := range e.tail {
		e.o.keep(x)
	}
	return e.end(e.close(dst))
}

// last writes how a choice ended.
func (e *encoder) last(c *choiceOut) {
	if c.finish == nil {
		return
	}
	w := &e.o.w
	e.openCandidate()
	e.o.part(llm.Part{Kind: llm.PartText}, "")
	e.closeContent()
	w.StringField("finishReason", encodeFinish(*c.finish))
	w.IntField("index", int64(c.index))
	if e.o.index = c.index; len(c.sources) > 0 && !c.own {
		e.o.grounding(c.text, c.sources)
	}
	seen := map[string]bool{}
	for i := len(c.extra) - 1; i >= 0; i-- {
		e.latest(c.extra[i], seen)
	}
	w.Close('}')
}

// latest writes members that are not there yet.
func (e *encoder) latest(x llm.Extra, seen map[string]bool) {
	e.o.losses.Extra("choices", x)
	if x[name] == nil {
		return
	}
	for it := rawjson.Object(x[name]); it.Next(); {
		if key := string(it.Key()); !seen[key] {
			seen[key] = true
			e.o.w.RawField(key, it.Value())
		}
	}
}

// refused reports whether the answer is the refusal of a prompt, which has no candidates.
func (e *encoder) refused() bool {
	if e.meta == nil || len(e.choices) != 1 || e.choices[0].spoke || e.choices[0].finish == nil || len(e.choices[0].extra) > 0 {
		return false
	}
	feedback := dialect.Nested(e.meta.Extra, name, "promptFeedback")
	return feedback != nil && blockReason(feedback) != "" && blockReason(feedback) == e.choices[0].finish.Raw
}
