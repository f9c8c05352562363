package chat

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// encoder writes a stream of chunks. Usage goes into a chunk of its own at the end, if the caller asked for it.
type encoder struct {
	usage    bool
	head     []byte // what every chunk begins with
	w        rawjson.Writer
	choices  []*choiceOut
	totals   *llm.Usage
	failed   bool
	tail     [][]byte // objects of members that came with usage
	losses   dialect.Losses
	finished bool
}

type choiceOut struct {
	index   int
	calls   int
	details int
	chars   int64 // of text so far
	blocks  map[int]blockOut
}

// blockOut is where a block stands among those of its kind.
type blockOut struct {
	kind   llm.Kind
	index  int
	base   int64 // of a text: how many characters stand before it
	listed bool  // of a thought: it stands in the content
	hidden bool  // of a thought: nobody but its provider may read it, and nothing of it came so far
}

func newEncoder(req *llm.Request) *encoder {
	e := &encoder{losses: dialect.Losses{Own: name}}
	if req != nil {
		e.usage = req.Params.IncludeUsage
	}
	return e
}

func (e *encoder) Warnings() []llm.Warning { return e.losses.List() }

func (e *encoder) Encode(dst []byte, ev llm.Event) []byte {
	if e.failed {
		return dst
	}
	switch ev.Type {
	case llm.EventStart:
		return e.start(dst, ev)
	case llm.EventBlockStart:
		return e.block(dst, ev)
	case llm.EventDelta:
		return e.delta(dst, ev)
	case llm.EventBlockEnd:
		e.blockEnd(ev)
		return dst
	case llm.EventFinish:
		return e.finish(dst, ev)
	case llm.EventUsage:
		return e.total(dst, ev)
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
		e.w.Close(']')
		usage(&e.w, e.totals)
		for _, own := range e.tail {
			e.w.Members(own)
		}
		e.w.Close('}')
		dst = sse.AppendData(dst, e.w.B)
	}
	return sse.AppendData(dst, doneMark)
}

func (e *encoder) start(dst []byte, ev llm.Event) []byte {
	meta := ev.Meta
	if meta == nil {
		meta = &llm.Meta{}
	}
	e.setHead(meta)
	e.losses.Extra("", meta.Extra)
	e.losses.Extra("", ev.Extra)
	_, dst = e.choice(dst, 0)
	return dst
}

func (e *encoder) total(dst []byte, ev llm.Event) []byte {
	if ev.Usage != nil {
		e.totals = ev.Usage
	}
	if own := ev.Extra[name]; own != nil {
		e.tail = append(e.tail, own)
	}
	e.losses.Extra("", ev.Extra)
	return dst
}

func (e *encoder) setHead(meta *llm.Meta) {
	var w rawjson.Writer
	w.Open('{')
	w.StringField("id", meta.ID)
	w.StringField("object", "chat.completion.chunk")
	w.IntField("created", meta.Created)
	w.StringField("model", meta.Model)
	if own := meta.Extra[name]; own != nil {
		w.Members(own)
	}
	w.Key("choices")
	w.Open('[')
	e.head = w.B
}

// open begins a chunk up to its list of choices.
func (e *encoder) open() {
	if e.head == nil {
		e.setHead(&llm.Meta{})
	}
	e.w.B = append(e.w.B[:0], e.head...)
}

// choice finds a choice; a new one begins with the chunk that names its role.
func (e *encoder) choice(dst []byte, index int) (*choiceOut, []byte) {
	for _, c := range e.choices {
		if c.index == index {
			return c, dst
		}
	}
	c := &choiceOut{index: index, blocks: map[int]blockOut{}}
	e.choices = append(e.choices, c)
	e.begin(c)
	e.w.StringField("role", string(llm.RoleAssistant))
	e.w.StringField("content", "")
	return c, e.end(dst, "", nil)
}

// begin opens a chunk up to the members of its delta; end closes and frames it.
func (e *encoder) begin(c *choiceOut) {
	e.open()
	e.w.Open('{')
	e.w.IntField("index", int64(c.index))
	e.w.Key("delta")
	e.w.Open('{')
}

func (e *encoder) end(dst []byte, finish string, extra llm.Extra) []byte {
	own := extra[name]
	if left := dialect.Nested(extra, name, "message"); left != nil {
		e.w.Members(left)
	}
	e.w.Close('}')
	if finish == "" {
		e.w.RawField("finish_reason", []byte("null"))
	} else {
		e.w.StringField("finish_reason", finish)
	}
	if own != nil {
		e.w.Members(own, "message")
	}
	e.losses.Extra("choices", extra)
	e.w.Close('}')
	e.w.Close(']')
	e.w.Close('}')
	return sse.AppendData(dst, e.w.B)
}

func (e *encoder) block(dst []byte, ev llm.Event) []byte {
	c, dst := e.choice(dst, ev.Choice)
	b := blockOut{kind: ev.Part.Kind}
	switch ev.Part.Kind {
	case llm.PartCall:
		b.index = c.calls
		c.calls++
	case llm.PartReasoning:
		if b.listed = inContent(ev.Part); !b.listed {
			b.index = detailIndex(ev.Part.Extra, c.details)
			c.details++
		}
	case llm.PartText:
		b.base = c.chars
	case llm.PartRefusal, llm.PartMedia, llm.PartResult, llm.PartOpaque:
	}
	b.hidden = ev.Part.Redacted
	c.blocks[ev.Block] = b
	if ev.Part.Kind == llm.PartCall {
		return e.callStart(dst, c, b, ev)
	}
	return e.piece(dst, c, b, ev)
}

func (e *encoder) delta(dst []byte, ev llm.Event) []byte {
	c, dst := e.choice(dst, ev.Choice)
	b, ok := c.blocks[ev.Block]
	if !ok {
		b = blockOut{kind: ev.Part.Kind}
	}
	if b.kind == llm.PartCall {
		return e.callPiece(dst, c, b, ev)
	}
	return e.piece(dst, c, b, ev)
}

func (e *encoder) blockEnd(ev llm.Event) {
	e.losses.Extra("choices", ev.Extra)
	for _, c := range e.choices {
		if c.index == ev.Choice && c.blocks[ev.Block].hidden {
			e.losses.Add("choices.delta.reasoning", noHidden)
		}
	}
}

// piece writes what is new of a block that is no call; nothing, where there is nothing.
func (e *encoder) piece(dst []byte, c *choiceOut, b blockOut, ev llm.Event) []byte {
	p := ev.Part
	switch b.kind {
	case llm.PartReasoning:
		if b.listed {
			return e.thinking(dst, c, ev)
		}
		return e.thought(dst, c, b, ev)
	case llm.PartText, llm.PartRefusal:
		e.losses.Extra("choices.delta", p.Extra)
		if p.Text == "" && ev.Extra == nil && len(p.Citations) == 0 {
			return dst
		}
		e.begin(c)
		e.annotations(p.Citations, b.base)
		if p.Text != "" && b.kind == llm.PartText {
			c.chars += int64(dialect.Characters(p.Text))
			e.w.StringField("content", p.Text)
		} else if p.Text != "" {
			e.w.StringField("refusal", p.Text)
		}
		return e.end(dst, "", ev.Extra)
	case llm.PartMedia, llm.PartOpaque, llm.PartCall, llm.PartResult:
	}
	return e.other(dst, c, ev)
}

// other writes a part that only this dialect can read, whole.
func (e *encoder) other(dst []byte, c *choiceOut, ev llm.Event) []byte {
	own := ev.Part.Extra[name]
	if ev.Part.Kind != llm.PartOpaque || own == nil || ev.Type != llm.EventBlockStart {
		e.losses.Add("choices.delta.content", "the chat dialect has no such part")
		return dst
	}
	key := "content"
	if ev.Part.Call != nil {
		key = "tool_calls"
	}
	e.begin(c)
	e.w.Key(key)
	e.w.Open('[')
	e.w.Raw(own)
	e.w.Close(']')
	return e.end(dst, "", ev.Extra)
}

// thought writes reasoning twice: as text for clients that show it, and as a detail for those that send it back.
func (e *encoder) thought(dst []byte, c *choiceOut, b blockOut, ev llm.Event) []byte {
	p := ev.Part
	p.Kind = llm.PartReasoning
	if _, signature, ok := unmarked(p.Signature); ok && signature == "" {
		p.Signature = ""
	}
	if p.Text == "" && p.Signature == "" && (p.Extra[name] == nil || ev.Type == llm.EventBlockStart) {
		if ev.Extra == nil {
			return dst
		}
		e.begin(c)
		return e.end(dst, "", ev.Extra)
	}
	b.hidden = false
	c.blocks[ev.Block] = b
	e.begin(c)
	if p.Text != "" {
		e.w.StringField("reasoning", p.Text)
	}
	e.w.Key("reasoning_details")
	e.w.Open('[')
	detail(&e.w, p, b.index)
	e.w.Close(']')
	return e.end(dst, "", ev.Extra)
}

// thinking writes a piece of a thought in the content. The start of one without words says nothing.
func (e *encoder) thinking(dst []byte, c *choiceOut, ev llm.Event) []byte {
	p := ev.Part
	says := p.Text != "" || ev.Type == llm.EventDelta && p.Extra[name] != nil
	if !says && ev.Extra == nil {
		return dst
	}
	e.begin(c)
	if says {
		e.w.Key("content")
		e.w.Open('[')
		e.w.Elem()
		thinking(&e.w, p)
		e.w.Close(']')
	}
	return e.end(dst, "", ev.Extra)
}

func (e *encoder) callStart(dst []byte, c *choiceOut, b blockOut, ev llm.Event) []byte {
	call := ev.Part.Call
	if call == nil {
		call = &llm.ToolCall{}
	}
	e.openCall(c, b)
	e.w.StringField("id", call.ID)
	e.w.StringField("type", "function")
	e.w.Key("function")
	e.w.Open('{')
	e.w.StringField("name", call.Name)
	e.w.StringField("arguments", call.Arguments)
	return e.closeCall(dst, ev)
}

func (e *encoder) callPiece(dst []byte, c *choiceOut, b blockOut, ev llm.Event) []byte {
	call := ev.Part.Call
	if call == nil {
		call = &llm.ToolCall{}
	}
	if call.Arguments == "" && call.Name == "" && ev.Extra == nil && ev.Part.Extra == nil {
		return dst
	}
	e.openCall(c, b)
	e.w.Key("function")
	e.w.Open('{')
	if call.Name != "" {
		e.w.StringField("name", call.Name)
	}
	e.w.StringField("arguments", call.Arguments)
	return e.closeCall(dst, ev)
}

func (e *encoder) openCall(c *choiceOut, b blockOut) {
	e.begin(c)
	e.w.Key("tool_calls")
	e.w.Open('[')
	e.w.Open('{')
	e.w.IntField("index", int64(b.index))
}

func (e *encoder) closeCall(dst []byte, ev llm.Event) []byte {
	own := ev.Part.Extra[name]
	if left := dialect.Nested(ev.Part.Extra, name, "function"); left != nil {
		e.w.Members(left)
	}
	e.w.Close('}')
	if own != nil {
		e.w.Members(own, "function")
	}
	e.losses.Extra("choices.delta.tool_calls", ev.Part.Extra)
	e.w.Close('}')
	e.w.Close(']')
	return e.end(dst, "", ev.Extra)
}

func (e *encoder) finish(dst []byte, ev llm.Event) []byte {
	c, dst := e.choice(dst, ev.Choice)
	f := ev.Finish
	if f == nil {
		f = &llm.Finish{}
	}
	e.finished = true
	e.losses.Extra("choices.finish", f.Extra)
	e.begin(c)
	return e.end(dst, finishWord(*f), ev.Extra)
}
