package generate

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// decoder reads a stream whose frames are partial answers. Nothing but its end says that an answer is over, because
// some models name a finish reason in every frame; so the finish goes out at the end.
type decoder struct {
	split   sse.Splitter
	event   sse.Event
	started bool
	failed  bool
	id      string
	blocked string // why the prompt was refused
	choices []*choiceIn
	news    newsIn
	usage   *llm.Usage
}

// newsIn gathers members that only this dialect knows. What every frame repeats is kept once.
type newsIn struct {
	seen map[string][]byte
	rest rawjson.Gather
	any  bool
}

func (n *newsIn) note(key string, v []byte) {
	if rawjson.IsNull(v) || bytes.Equal(n.seen[key], v) {
		return
	}
	if n.seen == nil {
		n.seen = map[string][]byte{}
	}
	n.seen[key] = bytes.Clone(v)
	n.rest.Put(key, v)
	n.any = true
}

func (n *newsIn) take() (x llm.Extra) {
	if n.any {
		dialect.Keep(&x, name, n.rest.Object())
		n.rest, n.any = rawjson.Gather{}, false
	}
	return x
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
	if d.failed {
		return dst
	}
	if len(d.choices) == 0 && d.blocked != "" {
		f := blockedFinish(d.blocked)
		return append(dst, llm.Event{Type: llm.EventFinish, Finish: &f})
	}
	whole := len(d.choices) > 0
	for _, c := range d.choices {
		whole = whole && c.finished
	}
	if !whole {
		return d.fail(dst, llm.Errorf(llm.KindTruncated, "the provider's stream ended before the answer was complete"))
	}
	if extra := d.news.take(); extra != nil && d.usage != nil {
		dst = append(dst, llm.Event{Type: llm.EventUsage, Usage: d.usage, Extra: extra})
	}
	for _, c := range d.choices {
		dst = c.end(dst)
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
	if len(data) == 0 || string(data) == "[DONE]" {
		return dst
	}
	return d.answer(dst, data)
}

// answer reads one partial answer that may not even be JSON.
func (d *decoder) answer(dst []llm.Event, data []byte) []llm.Event {
	if d.failed {
		return dst
	}
	if err := rawjson.Valid(data); err != nil {
		return d.fail(dst, dialect.Unreadable(err))
	}
	return d.data(dst, data)
}

// data reads one partial answer.
func (d *decoder) data(dst []llm.Event, data []byte) []llm.Event {
	meta := &llm.Meta{}
	var candidates, usage []byte
	it := rawjson.Object(data)
	for it.Next() {
		var err error
		key, v := field(&it), it.Value()
		switch key {
		case "responseId":
			err = dialect.String(&meta.ID, v)
		case "modelVersion":
			err = dialect.String(&meta.Model, v)
		case "createTime":
			meta.Created = decodeTime(v)
		case "candidates":
			candidates = v
		case "usageMetadata":
			usage = v
		case "error":
			if !rawjson.IsNull(v) {
				return d.fail(dst, streamError(data))
			}
		case "promptFeedback":
			d.blocked = blockReason(v)
			d.news.note(key, v)
		default:
			d.news.note(string(it.Key()), v)
		}
		if err != nil {
			return d.fail(dst, dialect.Unreadable(dialect.At(key, err)))
		}
	}
	if it.Err() != nil {
		return d.fail(dst, dialect.Unreadable(dialect.Bad("must be a JSON object")))
	}
	if !d.started {
		d.started, d.id = true, meta.ID
		meta.Extra = d.news.take()
		dst = append(dst, llm.Event{Type: llm.EventStart, Meta: meta})
	}
	dst = d.said(dst, candidates)
	if u := decodeUsage(usage); u != nil && !d.failed {
		d.usage = u
		dst = append(dst, llm.Event{Type: llm.EventUsage, Usage: u, Extra: d.news.take()})
	}
	return dst
}

func (d *decoder) said(dst []llm.Event, candidates []byte) []llm.Event {
	if candidates == nil || rawjson.IsNull(candidates) {
		return dst
	}
	err := dialect.List(candidates, "must be a list", func(i int, v []byte) (err error) {
		dst, err = d.candidate(dst, i, v)
		return err
	})
	if err != nil {
		return d.fail(dst, dialect.Unreadable(dialect.At("candidates", err)))
	}
	return dst
}

func (d *decoder) at(index int) *choiceIn {
	for _, c := range d.choices {
		if c.index == index {
			return c
		}
	}
	c := &choiceIn{index: index, response: d.id, open: -1}
	d.choices = append(d.choices, c)
	return c
}

func (d *decoder) candidate(dst []llm.Event, i int, v []byte) ([]llm.Event, error) {
	index := int64(i)
	if n, ok, err := rawjson.Get(v, "index"); err != nil {
		return dst, dialect.Bad("must be an object")
	} else if ok {
		if err := dialect.Int(&index, n); err != nil {
			return dst, dialect.At("index", err)
		}
	}
	c := d.at(int(index))
	from, finished := len(dst), c.finished
	var content []byte
	for it := rawjson.Object(v); it.Next(); {
		switch key, v := field(&it), it.Value(); key {
		case "index":
		case "content":
			content = v
		case "finishReason":
			if !rawjson.IsNull(v) {
				c.finish, c.finished = finishWord(v), true
			}
		case grounding:
			c.sources.read(v)
			c.news.note(string(it.Key()), v)
		default:
			c.news.note(string(it.Key()), v)
		}
	}
	if content != nil {
		var bad error
		err := contentParts(content, func(p partIn) {
			if bad == nil {
				dst, bad = c.part(dst, p)
			}
		})
		if err == nil {
			err = bad
		}
		if err != nil {
			return dst, dialect.At("content", err)
		}
	}
	if !c.finished || finished {
		dst = c.attach(dst, from)
	}
	return dst, nil
}

// streamError is an error in the middle of a stream.
func streamError(data []byte) *llm.Error {
	e := dialect.ReadFailure(data).Error()
	refine(e, data)
	if isError(data) {
		e.Raw = bytes.Clone(data)
	}
	return e
}
