package generate

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// choiceIn is one candidate of a stream. Texts and thoughts go on from frame to frame; other parts come whole, but for
// the arguments of a call, which may come in pieces.
type choiceIn struct {
	index    int
	response string
	blocks   int
	open     int // the block that may go on, negative if none
	kind     llm.Kind
	texts    int
	calls    int
	call     *arguments // those of the open block, if it is a call
	finish   string
	finished bool
	news     newsIn
	spoken   []byte // all texts so far
	base     int    // how much of that stands before the open block
	sources  sourcesIn
}

func (c *choiceIn) part(dst []llm.Event, p partIn) ([]llm.Event, error) {
	if p.Kind == llm.PartCall {
		return c.callPiece(dst, p)
	}
	if c.call != nil {
		dst = c.stop(dst)
	}
	switch p.Kind {
	case llm.PartText, llm.PartReasoning:
		return c.text(dst, p), nil
	case llm.PartCall, llm.PartMedia, llm.PartResult, llm.PartRefusal, llm.PartOpaque:
	}
	return c.stop(c.start(dst, p.Part)), nil
}

// text adds to the open block, or opens one. What is signed stands alone, but a signature may follow its thought.
func (c *choiceIn) text(dst []llm.Event, p partIn) []llm.Event {
	signed := p.signature != ""
	if p.Kind == llm.PartText {
		if p.Text == "" && !signed && p.Extra == nil {
			return dst
		}
		if signed {
			dst = c.carry(dst, owner{ofText, c.texts}, p.signature)
		}
	}
	if p.Extra != nil {
		if p.Kind == llm.PartText {
			c.texts++
		}
		return c.stop(c.start(dst, p.Part))
	}
	goesOn := c.open >= 0 && c.kind == p.Kind && !p.Redacted && (!signed || p.Kind == llm.PartReasoning)
	if !goesOn {
		dst = c.start(dst, llm.Part{Kind: p.Kind, Redacted: p.Redacted})
		if p.Kind == llm.PartText {
			c.texts++
		}
	}
	if p.Text != "" || p.Signature != "" {
		if p.Kind == llm.PartText {
			c.spoken = append(c.spoken, p.Text...)
		}
		piece := llm.Part{Kind: p.Kind, Text: p.Text, Signature: p.Signature}
		dst = append(dst, llm.Event{Type: llm.EventDelta, Choice: c.index, Block: c.open, Part: piece})
	}
	if signed {
		return c.stop(dst)
	}
	return dst
}

func (c *choiceIn) carry(dst []llm.Event, of owner, signature string) []llm.Event {
	return c.stop(c.start(dst, carry(of, signature)))
}

// callPiece begins a call, or goes on with the one whose arguments come in pieces: such a piece has no name.
func (c *choiceIn) callPiece(dst []llm.Event, p partIn) ([]llm.Event, error) {
	if p.Call.Name == "" && c.call != nil {
		if p.signature != "" {
			c.call.signature = p.signature
		}
		return c.grow(dst, p)
	}
	if p.Call.Name == "" && p.Call.ID == "" && p.Call.Arguments == "{}" {
		return dst, nil // the end of a call that has ended
	}
	of := owner{ofCall, c.calls}
	if p.signature != "" {
		dst = c.carry(dst, of, p.signature)
	}
	if p.Call.ID == "" {
		p.Call.ID = callID(c.response, c.index, c.calls)
	}
	c.calls++
	head := p.Part
	head.Call = &llm.ToolCall{ID: p.Call.ID, Name: p.Call.Name}
	dst = c.start(dst, head)
	if p.partial != nil || p.more {
		c.call = &arguments{of: of}
		return c.grow(dst, p)
	}
	return c.stop(c.said(dst, p.Call.Arguments)), nil
}

func (c *choiceIn) grow(dst []llm.Event, p partIn) ([]llm.Event, error) {
	if p.partial != nil {
		if err := c.call.add(p.partial); err != nil {
			return dst, dialect.At("partialArgs", err)
		}
	}
	if !p.more {
		dst = c.stop(dst)
	}
	return dst, nil
}

func (c *choiceIn) said(dst []llm.Event, arguments string) []llm.Event {
	piece := llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{Arguments: arguments}}
	return append(dst, llm.Event{Type: llm.EventDelta, Choice: c.index, Block: c.open, Part: piece})
}

// start opens a block and ends the one that was open.
func (c *choiceIn) start(dst []llm.Event, p llm.Part) []llm.Event {
	dst = c.stop(dst)
	c.open, c.kind = c.blocks, p.Kind
	c.blocks++
	if p.Kind == llm.PartText {
		c.base = len(c.spoken)
		c.spoken = append(c.spoken, p.Text...)
	}
	return append(dst, llm.Event{Type: llm.EventBlockStart, Choice: c.index, Block: c.open, Part: p})
}

func (c *choiceIn) stop(dst []llm.Event) []llm.Event {
	if c.open < 0 {
		return dst
	}
	if c.kind == llm.PartText {
		dst = c.cite(dst, false)
	}
	call := c.call
	if c.call = nil; call != nil {
		dst = c.said(dst, call.JSON())
	}
	dst = append(dst, llm.Event{Type: llm.EventBlockEnd, Choice: c.index, Block: c.open})
	c.open = -1
	if call != nil && call.signature != "" {
		dst = c.carry(dst, call.of, call.signature)
	}
	return dst
}

// attach puts the news of a frame on the last of its events, or on an empty piece of the open block.
func (c *choiceIn) attach(dst []llm.Event, from int) []llm.Event {
	extra := c.news.take()
	if extra == nil {
		return dst
	}
	if len(dst) > from {
		dst[len(dst)-1].Extra = extra
		return dst
	}
	if c.open < 0 {
		dst = c.start(dst, llm.Part{Kind: llm.PartText})
		c.texts++
	}
	return append(dst, llm.Event{Type: llm.EventDelta, Choice: c.index, Block: c.open, Part: llm.Part{Kind: c.kind}, Extra: extra})
}

func (c *choiceIn) end(dst []llm.Event) []llm.Event {
	dst = c.stop(c.cite(dst, true))
	f := decodeFinish(c.finish, c.calls > 0)
	return append(dst, llm.Event{Type: llm.EventFinish, Choice: c.index, Finish: &f, Extra: c.news.take()})
}
