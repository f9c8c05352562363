package chat

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// decoder reads a stream of chunks. A block of text or reasoning ends where another kind begins; the blocks of tool
// calls end with the choice, because their pieces may come in turns.
type decoder struct {
	split   sse.Splitter
	event   sse.Event
	started bool
	done    bool // the end marker came
	failed  bool
	choices []*choiceIn
	seen    map[string][]byte // top-level members that only this dialect knows, as last sent
	news    rawjson.Gather    // those that have not been sent
	hasNews bool
}

type choiceIn struct {
	index    int
	blocks   int
	open     int // the block of text or reasoning that is open, negative if none
	kind     llm.Kind
	listed   bool // the open block is a thought in the content
	calls    []callIn
	details  []detailIn
	thoughts int            // the blocks of reasoning outside the content
	base     int64          // how many characters of text stand before the open block
	chars    int64          // how many characters of text there are so far
	waiting  []llm.Citation // those that no text could carry yet
	finished bool
}

type callIn struct {
	index int64
	id    string
	block int
}

var doneMark = []byte("[DONE]")

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
		if bytes.Equal(d.event.Data, doneMark) || rawjson.Valid(d.event.Data) == nil {
			dst = d.frame(dst, rest)
		}
	}
	if d.failed {
		return dst
	}
	whole := len(d.choices) > 0
	for _, c := range d.choices {
		if !c.finished && d.done {
			dst = d.finish(dst, c, decodeFinish("", len(c.calls) > 0), nil)
		}
		whole = whole && c.finished
	}
	if !whole {
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
	switch data := d.event.Data; {
	case d.failed || d.done || len(data) == 0:
		return dst
	case bytes.Equal(data, doneMark):
		d.done = true
		return dst
	default:
		if err := rawjson.Valid(data); err != nil {
			return d.fail(dst, dialect.Unreadable(err))
		}
		return d.chunk(dst, data)
	}
}

func (d *decoder) chunk(dst []llm.Event, data []byte) []llm.Event {
	var meta llm.Meta
	var choices, usage []byte
	it := rawjson.Object(data)
	for it.Next() {
		var err error
		switch v := it.Value(); string(it.Key()) {
		case "id":
			err = d.once(&meta.ID, v)
		case "model":
			err = d.once(&meta.Model, v)
		case "created":
			err = decodeCreated(&meta.Created, v)
		case "choices":
			choices = v
		case "usage":
			usage = v
		case "error":
			if !rawjson.IsNull(v) {
				return d.fail(dst, streamError(data))
			}
		case "object", "obfuscation": // the latter is padding
		default:
			d.note(&it)
		}
		if err != nil {
			return d.fail(dst, dialect.Unreadable(dialect.At(string(it.Key()), err)))
		}
	}
	if it.Err() != nil {
		return d.fail(dst, dialect.Unreadable(dialect.Bad("must be a JSON object")))
	}
	return d.said(dst, meta, choices, usage)
}

// said turns what a chunk holds into events.
func (d *decoder) said(dst []llm.Event, meta llm.Meta, choices, usage []byte) []llm.Event {
	first := rawjson.Array(choices)
	empty := !first.Next()
	if !d.started {
		if empty && meta.ID == "" && !rawjson.IsObject(usage) {
			return dst // a preface, of content filters say; its members go out with the start
		}
		d.started = true
		dialect.Keep(&meta.Extra, name, d.take())
		dst = append(dst, llm.Event{Type: llm.EventStart, Meta: &meta})
	}
	if !empty {
		it := rawjson.Array(choices)
		for i := int64(0); it.Next(); i++ {
			if dst = d.choice(dst, i, it.Value()); d.failed {
				return dst
			}
		}
	}
	if u := decodeUsage(usage); u != nil {
		e := llm.Event{Type: llm.EventUsage, Usage: u}
		dialect.Keep(&e.Extra, name, d.take())
		dst = append(dst, e)
	}
	return dst
}

func (d *decoder) once(dst *string, v []byte) error {
	if d.started {
		return nil
	}
	return dialect.String(dst, v)
}

// note remembers an unknown member of a chunk where it is new.
func (d *decoder) note(it *rawjson.Iter) {
	key := it.Key()
	if rawjson.IsNull(it.Value()) || bytes.Equal(d.seen[string(key)], it.Value()) {
		return
	}
	if d.seen == nil {
		d.seen = map[string][]byte{}
	}
	d.seen[string(key)] = bytes.Clone(it.Value())
	d.news.Add(it)
	d.hasNews = true
}

func (d *decoder) take() []byte {
	if !d.hasNews {
		return nil
	}
	obj := d.news.Object()
	d.news, d.hasNews = rawjson.Gather{}, false
	return obj
}

func (d *decoder) at(index int64) *choiceIn {
	for _, c := range d.choices {
		if c.index == int(index) {
			return c
		}
	}
	c := &choiceIn{index: int(index), open: -1}
	d.choices = append(d.choices, c)
	return c
}

func (d *decoder) choice(dst []llm.Event, index int64, v []byte) []llm.Event {
	var delta []byte
	var finish string
	var rest rawjson.Gather
	it := rawjson.Object(v)
	for it.Next() {
		var err error
		switch v := it.Value(); string(it.Key()) {
		case "index":
			err = dialect.Int(&index, v)
		case "delta":
			delta = v
		case "finish_reason":
			err = dialect.String(&finish, v)
		default:
			if !rawjson.IsNull(v) {
				rest.Add(&it)
			}
		}
		if err != nil {
			return d.fail(dst, dialect.Unreadable(dialect.At("choices", dialect.At(string(it.Key()), err))))
		}
	}
	c := d.at(index)
	if c.finished {
		return dst
	}
	from := len(dst)
	if rawjson.IsObject(delta) {
		dst = d.delta(dst, c, delta, &rest)
	}
	var extra llm.Extra
	keep(&extra, &rest)
	if finish != "" {
		return d.finish(dst, c, decodeFinish(finish, len(c.calls) > 0), extra)
	}
	return c.attach(dst, from, extra)
}

// attach puts the extra members of a chunk on one of its events, or on an empty piece of the open block.
func (c *choiceIn) attach(dst []llm.Event, from int, extra llm.Extra) []llm.Event {
	if extra == nil {
		return dst
	}
	if len(dst) > from {
		dst[len(dst)-1].Extra = extra
		return dst
	}
	if c.open < 0 {
		dst = c.start(dst, llm.Part{Kind: llm.PartText})
	}
	return append(dst, llm.Event{Type: llm.EventDelta, Choice: c.index, Block: c.open, Part: llm.Part{Kind: c.kind}, Extra: extra})
}

func (d *decoder) finish(dst []llm.Event, c *choiceIn, f llm.Finish, extra llm.Extra) []llm.Event {
	if len(c.waiting) > 0 {
		dst = c.cite(c.start(dst, llm.Part{Kind: llm.PartText}), nil)
	}
	dst = c.stop(dst)
	for _, call := range c.calls {
		dst = append(dst, llm.Event{Type: llm.EventBlockEnd, Choice: c.index, Block: call.block})
	}
	c.finished = true
	return append(dst, llm.Event{Type: llm.EventFinish, Choice: c.index, Finish: &f, Extra: extra})
}
