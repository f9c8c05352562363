package completions

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// decoder reads a stream of chunks. Each choice is one block of text.
type decoder struct {
	split   sse.Splitter
	event   sse.Event
	started bool
	done    bool // the end marker came
	failed  bool
	choices []*choiceState
}

type choiceState struct {
	index    int64
	open     bool
	finished bool
}

var doneMark = []byte("[DONE]")

func (d *decoder) Feed(dst []llm.Event, p []byte) []llm.Event {
	err := d.split.Feed(p, func(frame []byte) { dst = d.frame(dst, frame) })
	if err != nil {
		return d.bad(dst, err)
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
			dst = c.finish(dst, "", nil)
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

func (d *decoder) bad(dst []llm.Event, err error) []llm.Event {
	return d.fail(dst, dialect.Unreadable(err))
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
			return d.bad(dst, err)
		}
		return d.chunk(dst, data)
	}
}

func (d *decoder) chunk(dst []llm.Event, data []byte) []llm.Event {
	var meta llm.Meta
	var choices, usage []byte
	var rest rawjson.Gather
	it := rawjson.Object(data)
	for it.Next() {
		var err error
		switch v := it.Value(); string(it.Key()) {
		case "id":
			err = dialect.String(&meta.ID, v)
		case "model":
			err = dialect.String(&meta.Model, v)
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
			if !rawjson.IsNull(v) {
				rest.Add(&it)
			}
		}
		if err != nil {
			return d.bad(dst, dialect.At(string(it.Key()), err))
		}
	}
	if it.Err() != nil {
		return d.bad(dst, dialect.Bad("must be a JSON object"))
	}
	if !d.started {
		d.started = true
		keep(&meta.Extra, &rest)
		dst = append(dst, llm.Event{Type: llm.EventStart, Meta: &meta})
	}
	dst = d.answers(dst, choices)
	if u := decodeUsage(usage); u != nil && !d.failed {
		dst = append(dst, llm.Event{Type: llm.EventUsage, Usage: u})
	}
	return dst
}

func (d *decoder) answers(dst []llm.Event, choices []byte) []llm.Event {
	if !rawjson.IsArray(choices) {
		return dst
	}
	it := rawjson.Array(choices)
	for i := int64(0); it.Next(); i++ {
		in, err := decodeChoice(i, it.Value())
		if err != nil {
			return d.bad(dst, dialect.At("choices", dialect.AtIndex(int(i), err)))
		}
		dst = d.at(in.index).piece(dst, &in)
	}
	return dst
}

func (d *decoder) at(index int64) *choiceState {
	for _, c := range d.choices {
		if c.index == index {
			return c
		}
	}
	c := &choiceState{index: index}
	d.choices = append(d.choices, c)
	return c
}

func (c *choiceState) piece(dst []llm.Event, in *choiceIn) []llm.Event {
	if c.finished {
		return dst
	}
	var extra llm.Extra
	keep(&extra, &in.rest)
	if in.text != "" || extra != nil && in.finish == "" {
		if !c.open {
			c.open = true
			dst = append(dst, c.event(llm.EventBlockStart, ""))
		}
		e := c.event(llm.EventDelta, in.text)
		e.Extra, extra = extra, nil
		dst = append(dst, e)
	}
	if in.finish == "" {
		return dst
	}
	return c.finish(dst, in.finish, extra)
}

func (c *choiceState) finish(dst []llm.Event, word string, extra llm.Extra) []llm.Event {
	if c.open {
		dst = append(dst, c.event(llm.EventBlockEnd, ""))
	}
	c.finished = true
	f := decodeFinish(word)
	return append(dst, llm.Event{Type: llm.EventFinish, Choice: int(c.index), Finish: &f, Extra: extra})
}

func (c *choiceState) event(kind llm.EventType, text string) llm.Event {
	return llm.Event{Type: kind, Choice: int(c.index), Part: llm.Part{Kind: llm.PartText, Text: text}}
}
