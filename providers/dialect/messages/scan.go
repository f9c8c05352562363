package messages

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

func scan(body []byte) dialect.Scan {
	if s, ok := scanEnds(body); ok {
		return s
	}
	var t tee
	t.message(body)
	return t.Result()
}

var stopDetails = []byte(`"stop_details"`)

// scanEnds reads a whole answer by its end, where its stop reason and its usage stand behind the text. ok is false
// where they do not. Usage.Raw points into body.
func scanEnds(body []byte) (s dialect.Scan, ok bool) {
	usage, found, err := rawjson.GetLast(body, "usage")
	if !found || err != nil || !rawjson.IsObject(usage) {
		return s, false
	}
	reason, found, err := rawjson.GetLast(body, "stop_reason")
	if !found || err != nil || !rawjson.IsString(reason) || bytes.Contains(body, stopDetails) {
		return s, false
	}
	sequence, _, _ := rawjson.GetLast(body, "stop_sequence")
	if len(sequence) > 0 && !rawjson.IsNull(sequence) {
		return s, false
	}
	var stop stopIn
	if dialect.String(&stop.raw, reason) != nil || stop.raw == "" {
		return s, false
	}
	s.Usage, s.HasUsage = readUsage(usage), true
	s.Usage.Raw = usage
	s.Finish, s.Done = stop.finish(), true
	return s, true
}

// tee reads usage, finish and error off a stream.
type tee struct {
	split sse.Splitter
	event sse.Event
	out   dialect.Scan
	usage []byte // the totals so far
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
		s.HasUsage = true
		s.Usage = readUsage(t.usage)
		s.Usage.Raw = bytes.Clone(t.usage)
	}
	return s
}

// frame looks only into the events that say something for the record.
func (t *tee) frame(frame []byte) {
	t.event.Parse(frame)
	data := t.event.Data
	if !rawjson.IsObject(data) {
		return
	}
	kind, ok, _ := rawjson.Get(data, "type")
	switch {
	case !ok || rawjson.EqualString(kind, "error"):
		t.failed(data)
	case rawjson.EqualString(kind, "message_start"):
		if v, ok, _ := rawjson.Get(data, "message"); ok && rawjson.IsObject(v) {
			t.message(v)
		}
	case rawjson.EqualString(kind, "message_delta"):
		t.delta(data)
	}
}

func (t *tee) failed(data []byte) {
	if v, ok, _ := rawjson.Get(data, "error"); ok && !rawjson.IsNull(v) && t.out.Err == nil {
		t.out.Err = streamError(data)
	}
}

// message reads a whole answer, or what a stream says of one at its start.
func (t *tee) message(obj []byte) {
	it := rawjson.Object(obj)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "error":
			t.failed(obj)
		case "usage":
			if rawjson.IsObject(v) {
				t.usage = append(t.usage[:0], v...)
			}
		}
	}
	t.stop(obj)
}

func (t *tee) delta(data []byte) {
	if v, ok, _ := rawjson.Get(data, "usage"); ok && rawjson.IsObject(v) {
		t.usage = overlay(t.usage, v)
	}
	if v, ok, _ := rawjson.Get(data, "delta"); ok && rawjson.IsObject(v) {
		t.stop(v)
	}
}

func (t *tee) stop(obj []byte) {
	var s stopIn
	it := rawjson.Object(obj)
	for it.Next() {
		s.take(&it)
	}
	if s.raw != "" && !t.out.Done {
		t.out.Finish, t.out.Done = s.finish(), true
	}
}
