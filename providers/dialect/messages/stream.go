package messages

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// decoder reads a stream of named events. A block that only this dialect can read becomes one event, when it is whole.
type decoder struct {
	split    sse.Splitter
	event    sse.Event
	started  bool
	finished bool
	done     bool // message_stop came
	failed   bool
	usage    []byte // the totals so far
	count    int    // blocks so far
	blocks   []*blockIn
}

type blockIn struct {
	index  int64
	block  int
	part   llm.Part
	input  []byte // of a tool call, when it came with the start
	pieces []byte // of an opaque block's input
	chars  int    // of a text, so far
	cited  []llm.Citation
	heard  bool // a piece of a tool call's input, or of a thought's signature, came
	ended  bool
}

func (d *decoder) Feed(dst []llm.Event, p []byte) []llm.Event {
	err := d.split.Feed(p, func(frame []byte) { dst = d.frame(dst, frame) })
	if err != nil {
		return d.fail(dst, dialect.Unreadable(err))
	}
	return dst
}

func (d *decoder) Close(dst []llm.Event) []llm.Event {
	if rest := d.split.Rest(); len(rest) > 0 {
		d.event.Parse(rest)
		if rawjson.Valid(d.event.Data) == nil {
			dst = d.frame(dst, rest)
		}
	}
	if !d.failed && !d.finished {
		return d.fail(dst, llm.Errorf(llm.KindTruncated, "the provider's stream ended before the answer was complete"))
	}
	return dst
}

func (d *decoder) fail(dst []llm.Event, err *llm.Error) []llm.Event {
	if d.failed {
		return dst
	}
	d.failed = true
	return append(dst, llm.Event{Type: llm.EventError, Err: err})
}

func (d *decoder) frame(dst []llm.Event, frame []byte) []llm.Event {
	d.event.Parse(frame)
	data := d.event.Data
	if d.failed || d.done || len(data) == 0 {
		return dst
	}
	if string(data) == "[DONE]" { // some compatible servers end so
		return dst
	}
	if err := rawjson.Valid(data); err != nil {
		return d.fail(dst, dialect.Unreadable(err))
	}
	if !rawjson.IsObject(data) {
		return d.fail(dst, dialect.Unreadable(dialect.Bad("must be a JSON object")))
	}
	kind, err := blockType(data)
	if err != nil {
		if v, ok, _ := rawjson.Get(data, "error"); ok && !rawjson.IsNull(v) {
			kind, err = "error", nil
		}
	}
	if err == nil {
		dst, err = d.take(dst, kind, data)
	}
	if err != nil {
		return d.fail(dst, dialect.Unreadable(err))
	}
	return dst
}

func (d *decoder) take(dst []llm.Event, kind string, data []byte) ([]llm.Event, error) {
	switch kind {
	case "message_start":
		return d.start(dst, data)
	case "content_block_start":
		return d.blockStart(dst, data)
	case "content_block_delta":
		return d.blockDelta(dst, data)
	case "content_block_stop":
		return d.blockStop(dst, data)
	case "message_delta":
		return d.messageDelta(dst, data)
	case "message_stop":
		d.done = true
	case "error":
		return d.fail(dst, streamError(data)), nil
	}
	return dst, nil // a ping, or an event of tomorrow
}

func streamError(data []byte) *llm.Error { return dialect.StreamError(data, isError) }

func (d *decoder) start(dst []llm.Event, data []byte) ([]llm.Event, error) {
	if d.started {
		return dst, nil
	}
	v, _, _ := rawjson.Get(data, "message")
	meta := &llm.Meta{}
	var stop stopIn
	var rest rawjson.Gather
	it := rawjson.Object(v)
	for it.Next() {
		var err error
		switch v := it.Value(); string(it.Key()) {
		case "id":
			err = dialect.String(&meta.ID, v)
		case "model":
			err = dialect.String(&meta.Model, v)
		case "type", "role", "content":
		case "usage":
			if rawjson.IsObject(v) {
				d.usage = bytes.Clone(v)
			}
		default:
			if !stop.take(&it) && !rawjson.IsNull(v) {
				rest.Add(&it)
			}
		}
		if err != nil {
			return dst, dialect.At("message", dialect.At(string(it.Key()), err))
		}
	}
	if it.Err() != nil {
		return dst, dialect.At("message", dialect.Bad("must be an object"))
	}
	d.started = true
	dialect.Keep(&meta.Extra, name, rest.Object())
	dst = append(dst, llm.Event{Type: llm.EventStart, Meta: meta})
	return d.totals(dst, nil), nil
}

func (d *decoder) totals(dst []llm.Event, extra []byte) []llm.Event {
	u := decodeUsage(d.usage)
	if u == nil {
		u = &llm.Usage{}
	}
	e := llm.Event{Type: llm.EventUsage, Usage: u}
	dialect.Keep(&e.Extra, name, extra)
	return append(dst, e)
}

// at finds the block that an event names; nil where it is not open.
func (d *decoder) at(data []byte) *blockIn {
	v, _, _ := rawjson.Get(data, "index")
	n, _ := rawjson.Int(v)
	for i := len(d.blocks) - 1; i >= 0; i-- {
		if d.blocks[i].index == n && !d.blocks[i].ended {
			return d.blocks[i]
		}
	}
	return nil
}

func (d *decoder) blockStart(dst []llm.Event, data []byte) ([]llm.Event, error) {
	v, _, _ := rawjson.Get(data, "content_block")
	p, err := decodeBlock(v)
	if err != nil {
		return dst, dialect.At("content_block", err)
	}
	b := &blockIn{block: d.count, part: p}
	index, _, _ := rawjson.Get(data, "index")
	b.index, _ = rawjson.Int(index)
	d.count++
	d.blocks = append(d.blocks, b)
	head := p
	switch p.Kind {
	case llm.PartOpaque:
		return dst, nil
	case llm.PartCall:
		b.input = []byte(p.Call.Arguments)
		head.Call = &llm.ToolCall{ID: p.Call.ID, Name: p.Call.Name}
	case llm.PartText:
		head.Text = ""
		b.chars, b.cited, head.Citations = dialect.Characters(p.Text), p.Citations, nil
	case llm.PartReasoning:
		head.Text = ""
		if !p.Redacted {
			head.Signature, head.Extra = "", own(head.Extra)
		}
	case llm.PartMedia, llm.PartResult, llm.PartRefusal:
	}
	dst = append(dst, llm.Event{Type: llm.EventBlockStart, Block: b.block, Part: head})
	if piece := (llm.Part{Kind: p.Kind, Text: p.Text}); p.Text != "" || p.Signature != "" && !p.Redacted {
		piece.Signature = p.Signature
		dst = append(dst, llm.Event{Type: llm.EventDelta, Block: b.block, Part: piece})
	}
	return dst, nil
}

// own leaves out the empty mark of an unsigned thought: in a stream the signature is still to come.
func own(x llm.Extra) llm.Extra {
	if string(x[name]) == ownMark {
		return nil
	}
	return x
}

func (d *decoder) blockDelta(dst []llm.Event, data []byte) ([]llm.Event, error) {
	b := d.at(data)
	if b == nil {
		return dst, nil
	}
	v, _, _ := rawjson.Get(data, "delta")
	kind, err := blockType(v)
	if err != nil {
		return dst, dialect.At("delta", err)
	}
	if b.part.Kind == llm.PartOpaque {
		return dst, b.grow(kind, v)
	}
	p := llm.Part{Kind: b.part.Kind}
	var rest rawjson.Gather
	err = dialect.TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "text", "thinking":
			return true, dialect.String(&p.Text, v)
		case "signature":
			err := dialect.String(&p.Signature, v)
			b.heard = b.heard || p.Signature != ""
			if p.Signature == unsigned {
				p.Signature = ""
			}
			return true, err
		case "partial_json":
			p.Call = &llm.ToolCall{}
			return true, dialect.String(&p.Call.Arguments, v)
		case "citation":
			b.citation(v, &rest)
			return true, nil
		}
		return false, nil
	})
	if err != nil {
		return dst, dialect.At("delta", err)
	}
	dialect.Keep(&p.Extra, name, rest.Object())
	if p.Call != nil && p.Call.Arguments != "" {
		b.heard = true
	}
	if p.Kind == llm.PartText {
		b.chars += dialect.Characters(p.Text)
	}
	if p.Text == "" && p.Signature == "" && p.Extra == nil && (p.Call == nil || p.Call.Arguments == "") {
		return dst, nil
	}
	return append(dst, llm.Event{Type: llm.EventDelta, Block: b.block, Part: p}), nil
}

// citation keeps a citation for the end of its block; one that says more than others can goes to rest.
func (b *blockIn) citation(v []byte, rest *rawjson.Gather) {
	cited, left := dialect.DecodeCitations(append(append([]byte{'['}, v...), ']'), decodeCitation)
	b.cited = append(b.cited, cited...)
	if left != nil {
		rest.Put(citations, left)
	}
}

// grow adds a delta to an opaque block: its input comes in pieces, all else whole.
func (b *blockIn) grow(kind string, v []byte) error {
	if kind == "input_json_delta" {
		piece, _, _ := rawjson.Get(v, "partial_json")
		var err error
		if rawjson.IsString(piece) {
			b.pieces, err = rawjson.AppendUnquoted(b.pieces, piece)
		}
		return err
	}
	it := rawjson.Object(v)
	for it.Next() {
		if key := string(it.Key()); key != "type" {
			if err := b.set(key, it.Value()); err != nil {
				return err
			}
		}
	}
	return it.Err()
}

func (b *blockIn) set(key string, value []byte) error {
	obj, err := rawjson.Set(nil, b.part.Extra[name], key, value)
	if err == nil {
		b.part.Extra = llm.Extra{name: obj}
	}
	return err
}

func (d *decoder) blockStop(dst []llm.Event, data []byte) ([]llm.Event, error) {
	b := d.at(data)
	if b == nil {
		return dst, nil
	}
	return b.end(dst)
}

func (b *blockIn) end(dst []llm.Event) ([]llm.Event, error) {
	b.ended = true
	dst = b.cite(dst)
	switch {
	case b.part.Kind == llm.PartOpaque:
		if len(b.pieces) > 0 && rawjson.Valid(b.pieces) == nil {
			if err := b.set("input", b.pieces); err != nil {
				return dst, err
			}
		}
		dst = append(dst, llm.Event{Type: llm.EventBlockStart, Block: b.block, Part: b.part})
	case b.part.Kind == llm.PartCall && !b.heard && len(b.input) > 0:
		call := &llm.ToolCall{Arguments: string(b.input)}
		dst = append(dst, llm.Event{Type: llm.EventDelta, Block: b.block, Part: llm.Part{Kind: llm.PartCall, Call: call}})
	case b.part.Kind == llm.PartReasoning && !b.heard && string(b.part.Extra[name]) == ownMark:
		mark := llm.Part{Kind: llm.PartReasoning, Extra: b.part.Extra}
		dst = append(dst, llm.Event{Type: llm.EventDelta, Block: b.block, Part: mark})
	}
	return append(dst, llm.Event{Type: llm.EventBlockEnd, Block: b.block}), nil
}

func (d *decoder) messageDelta(dst []llm.Event, data []byte) ([]llm.Event, error) {
	var rest rawjson.Gather
	var stop stopIn
	extra := false
	it := rawjson.Object(data)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "type":
		case "delta":
			inner := rawjson.Object(v)
			for inner.Next() {
				if !stop.take(&inner) && !rawjson.IsNull(inner.Value()) {
					rest.Add(&inner)
					extra = true
				}
			}
		case "usage":
			if rawjson.IsObject(v) {
				d.usage = overlay(d.usage, v)
			}
		default:
			if !rawjson.IsNull(v) {
				rest.Add(&it)
				extra = true
			}
		}
	}
	if stop.raw != "" && !d.finished {
		var err error
		for _, b := range d.blocks {
			if !b.ended && err == nil {
				dst, err = b.end(dst)
			}
		}
		if err != nil {
			return dst, err
		}
		d.finished = true
		f := stop.finish()
		dst = append(dst, llm.Event{Type: llm.EventFinish, Finish: &f})
	}
	var obj []byte
	if extra {
		obj = rest.Object()
	}
	return d.totals(dst, obj), nil
}
