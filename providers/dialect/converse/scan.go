package converse

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/eventstream"
	"heimdall/providers/rawjson"
)

// scan reads a whole answer by its end, where usage and stop reason stand in most; Usage.Raw points into body.
func scan(body []byte) (s dialect.Scan) {
	if usage, ok, _ := rawjson.GetLast(body, "usage"); ok && rawjson.IsObject(usage) {
		s.Usage, s.HasUsage = readUsage(usage), true
		s.Usage.Raw = usage
	}
	var stop stopIn
	it := rawjson.Object(body)
	for it.Next() {
		stop.take(&it)
	}
	if stop.raw != "" && it.Err() == nil {
		s.Finish, s.Done = stop.finish(), true
	}
	return s
}

// tee reads usage, finish and error off a stream.
type tee struct {
	split eventstream.Splitter
	out   dialect.Scan
	usage []byte
	err   error
}

func (t *tee) Feed(p []byte) {
	if t.err != nil {
		return
	}
	if err := t.split.Feed(p, t.frame); err != nil {
		t.err = err
	}
}

func (t *tee) Result() dialect.Scan {
	s := t.out
	if t.usage != nil {
		s.Usage = readUsage(t.usage)
		s.Usage.Raw = bytes.Clone(t.usage)
		s.HasUsage = true
	}
	return s
}

// frame looks only into the messages that say something for the record.
func (t *tee) frame(frame []byte) {
	m, err := eventstream.Parse(frame)
	if t.err == nil {
		t.err = err
	}
	if t.err != nil {
		return
	}
	switch string(m.Header(eventType)) {
	case "messageStop":
		t.stop(m.Payload)
	case "metadata":
		if v, ok, _ := rawjson.Get(m.Payload, "usage"); ok && rawjson.IsObject(v) {
			t.usage = append(t.usage[:0], v...)
		}
	case "":
		if e := streamError(m); e != nil && t.out.Err == nil {
			t.out.Err = e
		}
	}
}

func (t *tee) stop(obj []byte) {
	var s stopIn
	it := rawjson.Object(obj)
	for it.Next() {
		s.take(&it)
	}
	if !t.out.Done && it.Err() == nil {
		t.out.Finish, t.out.Done = s.finish(), true
	}
}
