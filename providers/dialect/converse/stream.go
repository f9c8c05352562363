package converse

import (
	"heimdall/providers/dialect"
	"heimdall/providers/eventstream"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// Headers of a stream's messages.
const (
	messageType   = ":message-type"
	eventType     = ":event-type"
	exceptionType = ":exception-type"
	contentType   = ":content-type"
	jsonType      = "application/json"
)

// decoder reads a stream of binary messages. Text and thoughts have no start event: their first piece opens the block.
// A block that only this dialect can read becomes one event, when it is whole.
type decoder struct {
	frames
	started  bool
	finished bool
	count    int // blocks so far
	blocks   []*blockIn
}

type blockIn struct {
	index int64
	block int
	part  llm.Part
	heard bool // a piece of a tool call's input came
	chars int  // of a text, so far
	cited []llm.Citation
	held  held // of an opaque block
	ended bool
}

func (d *decoder) Feed(dst []llm.Event, p []byte) []llm.Event {
	return d.feed(dst, p, d.message)
}

func (d *decoder) Close(dst []llm.Event) []llm.Event {
	if !d.finished {
		return d.fail(dst, truncated())
	}
	return dst
}

func truncated() *llm.Error {
	return llm.Errorf(llm.KindTruncated, "the provider's stream ended before the answer was complete")
}

func (d *decoder) message(dst []llm.Event, m eventstream.Message) ([]llm.Event, error) {
	if err := rawjson.Valid(m.Payload); err != nil {
		return dst, err
	}
	if !rawjson.IsObject(m.Payload) {
		return dst, dialect.Bad("must be a JSON object")
	}
	return d.take(dst, string(m.Header(eventType)), m.Payload)
}

func (d *decoder) take(dst []llm.Event, kind string, data []byte) ([]llm.Event, error) {
	if d.finished && kind != "metadata" {
		return dst, nil
	}
	switch kind {
	case "messageStart":
		return d.start(dst), nil
	case "contentBlockStart":
		return d.blockStart(d.start(dst), data)
	case "contentBlockDelta":
		return d.blockDelta(d.start(dst), data)
	case "contentBlockStop":
		if b := d.at(indexOf(data)); b != nil {
			return b.end(dst), nil
		}
	case "messageStop":
		return d.stop(d.start(dst), data), nil
	case "metadata":
		return d.metadata(d.start(dst), data), nil
	}
	return dst, nil // an event of tomorrow
}

func (d *decoder) start(dst []llm.Event) []llm.Event {
	if d.started {
		return dst
	}
	d.started = true
	return append(dst, llm.Event{Type: llm.EventStart, Meta: &llm.Meta{}})
}

func indexOf(data []byte) int64 {
	v, _, _ := rawjson.Get(data, "contentBlockIndex")
	n, _ := rawjson.Int(v)
	return n
}

// at finds the open block with an index; nil where there is none.
func (d *decoder) at(index int64) *blockIn {
	for i := len(d.blocks) - 1; i >= 0; i-- {
		if b := d.blocks[i]; b.index == index && !b.ended {
			return b
		}
	}
	return nil
}

func (d *decoder) open(index int64, p llm.Part) *blockIn {
	b := &blockIn{index: index, block: d.count, part: p}
	d.count++
	d.blocks = append(d.blocks, b)
	return b
}

func (d *decoder) blockStart(dst []llm.Event, data []byte) ([]llm.Event, error) {
	start, _, _ := rawjson.Get(data, "start")
	index := indexOf(data)
	if b := d.at(index); b != nil {
		dst = b.end(dst)
	}
	kind, value, _, err := union(start)
	if err != nil {
		if rawjson.IsObject(start) && rawjson.Valid(start) == nil {
			return dst, nil // an empty start says nothing
		}
		return dst, dialect.At("start", err)
	}
	if kind != blockCall {
		b := d.open(index, llm.Part{Kind: llm.PartOpaque})
		return dst, b.held.begin(start)
	}
	p, err := decodeCall(start, value)
	if err != nil {
		return dst, dialect.At("start.toolUse", err)
	}
	b := d.open(index, p)
	if p.Kind == llm.PartOpaque {
		return dst, b.held.begin(start)
	}
	head := p
	head.Call = &llm.ToolCall{ID: p.Call.ID, Name: p.Call.Name}
	return append(dst, llm.Event{Type: llm.EventBlockStart, Block: b.block, Part: head}), nil
}

func (d *decoder) blockDelta(dst []llm.Event, data []byte) ([]llm.Event, error) {
	delta, _, _ := rawjson.Get(data, "delta")
	if !rawjson.IsObject(delta) {
		return dst, dialect.At("delta", dialect.Bad("must be an object"))
	}
	index := indexOf(data)
	b := d.at(index)
	if b != nil && b.part.Kind == llm.PartOpaque {
		return dst, dialect.At("delta", b.held.grow(delta))
	}
	p, known, err := decodeDelta(delta)
	if err != nil {
		return dst, dialect.At("delta", err)
	}
	if !known {
		if b != nil {
			dst = b.end(dst)
		}
		b = d.open(index, llm.Part{Kind: llm.PartOpaque})
		return dst, dialect.At("delta", b.held.grow(delta))
	}
	if said(p) {
		return d.piece(dst, b, index, p), nil
	}
	return dst, nil
}

func said(p llm.Part) bool {
	return p.Text != "" || p.Signature != "" || p.Extra != nil || p.Citations != nil || p.Call != nil && p.Call.Arguments != ""
}

// piece adds to the open block, or opens one for the first piece. Some models change the kind under one index.
func (d *decoder) piece(dst []llm.Event, b *blockIn, index int64, p llm.Part) []llm.Event {
	if b == nil || b.part.Kind != p.Kind {
		if b != nil {
			dst = b.end(dst)
		}
		if p.Kind == llm.PartCall {
			return dst // a piece of a call that never started
		}
		b = d.open(index, llm.Part{Kind: p.Kind})
		head := llm.Part{Kind: p.Kind}
		if p.Redacted {
			head = p
		}
		dst = append(dst, llm.Event{Type: llm.EventBlockStart, Block: b.block, Part: head})
		if p.Redacted {
			return dst
		}
	}
	b.heard = true
	if p.Kind == llm.PartText {
		b.chars += dialect.Characters(p.Text)
		b.cited = append(b.cited, p.Citations...)
		if p.Citations = nil; !said(p) {
			return dst
		}
	}
	return append(dst, llm.Event{Type: llm.EventDelta, Block: b.block, Part: p})
}

// decodeDelta reads a piece; known is false for one of a block that only this dialect has.
func decodeDelta(delta []byte) (p llm.Part, known bool, err error) {
	it := rawjson.Object(delta)
	for it.Next() {
		v := it.Value()
		if rawjson.IsNull(v) {
			continue
		}
		known = true
		switch key := string(it.Key()); key {
		case "text":
			p.Kind = llm.PartText
			err = dialect.String(&p.Text, v)
		case "citation":
			p.Kind = llm.PartText
			var left []byte
			if p.Citations, left = dialect.DecodeCitations(append(append([]byte{'['}, v...), ']'), decodeCitation); left != nil {
				dialect.Keep(&p.Extra, name, append(append([]byte(`{"citations":`), left...), '}'))
			}
		case blockCall:
			p.Kind, p.Call = llm.PartCall, &llm.ToolCall{}
			input, _, _ := rawjson.Get(v, "input")
			if len(input) > 0 {
				err = dialect.String(&p.Call.Arguments, input)
			}
		case blockReasoning:
			known, err = decodeThought(&p, v)
		default:
			known = false
		}
		if err != nil || !known {
			return p, known, dialect.At(string(it.Key()), err)
		}
	}
	return p, known, it.Err()
}

func decodeThought(p *llm.Part, v []byte) (known bool, err error) {
	p.Kind = llm.PartReasoning
	var rest rawjson.Gather
	err = members(v, &rest, thoughtIn(p))
	return rest.Object() == nil, err
}

func (b *blockIn) end(dst []llm.Event) []llm.Event {
	b.ended = true
	dst = b.cite(dst)
	switch {
	case b.part.Kind == llm.PartOpaque:
		dst = append(dst, llm.Event{Type: llm.EventBlockStart, Block: b.block, Part: opaque(b.held.whole())})
	case b.part.Kind == llm.PartCall && !b.heard:
		call := &llm.ToolCall{Arguments: b.part.Call.Arguments}
		dst = append(dst, llm.Event{Type: llm.EventDelta, Block: b.block, Part: llm.Part{Kind: llm.PartCall, Call: call}})
	}
	return append(dst, llm.Event{Type: llm.EventBlockEnd, Block: b.block})
}

func (d *decoder) stop(dst []llm.Event, data []byte) []llm.Event {
	d.finished = true
	for _, b := range d.blocks {
		if !b.ended {
			dst = b.end(dst)
		}
	}
	var stop stopIn
	for it := rawjson.Object(data); it.Next(); {
		stop.take(&it)
	}
	f := stop.finish()
	return append(dst, llm.Event{Type: llm.EventFinish, Finish: &f})
}

// padding is a member of random length that hides how long a message is.
const padding = "p"

func (d *decoder) metadata(dst []llm.Event, data []byte) []llm.Event {
	e := llm.Event{Type: llm.EventUsage}
	var rest rawjson.Gather
	for it := rawjson.Object(data); it.Next(); {
		switch key := string(it.Key()); {
		case key == "usage":
			e.Usage = decodeUsage(it.Value())
		case key != padding && !rawjson.IsNull(it.Value()):
			rest.Add(&it)
		}
	}
	dialect.Keep(&e.Extra, name, rest.Object())
	return append(dst, e)
}
