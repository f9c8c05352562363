package coherechat

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

func scan(body []byte) dialect.Scan {
	var t tee
	t.ended(body)
	if t.out.Err == nil && !t.out.Done && isError(body) {
		t.out.Err = streamError(body)
	}
	return t.Result()
}

// tee reads usage, finish and error off a stream; all stand in its last event.
type tee struct {
	split sse.Splitter
	event sse.Event
	out   dialect.Scan
	usage []byte
	err   error
}

func (t *tee) Feed(p []byte) {
	if t.err == nil {
		t.err = t.split.Feed(p, t.frame)
	}
}

func (t *tee) Result() dialect.Scan {
	if rest := t.split.Rest(); len(rest) > 0 {
		t.frame(rest)
	}
	s := t.out
	if t.usage != nil {
		s.Usage, s.HasUsage = readUsage(t.usage), true
		s.Usage.Raw = bytes.Clone(t.usage)
	}
	return s
}

func (t *tee) frame(frame []byte) {
	t.event.Parse(frame)
	data := t.event.Data
	if !rawjson.IsObject(data) {
		return
	}
	switch kind := eventType(&t.event); {
	case kind == nil:
		t.failed(data)
	case string(kind) == messageEnd:
		t.end(data)
	}
}

// end reads the last event.
func (t *tee) end(data []byte) {
	delta, _, _ := rawjson.Get(data, "delta")
	if !rawjson.IsObject(delta) {
		return
	}
	if e := endError(delta); e != nil && t.out.Err == nil {
		t.out.Err = e
		return
	}
	t.ended(delta)
}

func (t *tee) failed(data []byte) {
	if t.out.Err == nil && failure(data) {
		t.out.Err = streamError(data)
	}
}

// ended reads how an answer ended, from a whole answer or the last event of a stream.
func (t *tee) ended(obj []byte) {
	for it := rawjson.Object(obj); it.Next(); {
		switch v := it.Value(); string(it.Key()) {
		case "usage":
			if rawjson.IsObject(v) {
				t.usage = append(t.usage[:0], v...)
			}
		case "finish_reason":
			var raw string
			if !t.out.Done && len(v) > 2 && dialect.String(&raw, v) == nil && raw != "" {
				t.out.Finish, t.out.Done = decodeFinish(raw), true
			}
		}
	}
}
