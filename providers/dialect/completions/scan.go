package completions

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

func scan(body []byte) dialect.Scan {
	var t tee
	t.read(body)
	t.end()
	return t.Result()
}

// tee reads usage, finish and error off a stream.
type tee struct {
	split sse.Splitter
	event sse.Event
	out   dialect.Scan
	usage []byte // the last usage object
	begun bool   // the answer says which model gives it
	err   error
}

func (t *tee) Feed(p []byte) {
	if t.err == nil {
		t.err = t.split.Feed(p, t.frame)
	}
}

func (t *tee) frame(frame []byte) {
	t.event.Parse(frame)
	switch data := t.event.Data; {
	case rawjson.IsObject(data):
		t.read(data)
	case bytes.Equal(data, doneMark):
		t.end()
	}
}

// end is the end of an answer, which counts as its finish where the provider gave none.
func (t *tee) end() {
	if !t.out.Done && t.out.Err == nil && t.begun {
		t.out.Finish, t.out.Done = decodeFinish(""), true
	}
}

func (t *tee) Result() dialect.Scan {
	if rest := t.split.Rest(); len(rest) > 0 {
		t.frame(rest)
	}
	s := t.out
	if s.HasUsage {
		s.Usage = readUsage(t.usage)
		s.Usage.Raw = bytes.Clone(t.usage)
	}
	return s
}

func (t *tee) read(obj []byte) {
	it := rawjson.Object(obj)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "model":
			t.begun = t.begun || len(v) > 2
		case "usage":
			if rawjson.IsObject(v) {
				t.usage = append(t.usage[:0], v...)
				t.out.HasUsage = true
			}
		case "choices":
			t.choices(v)
		case "error":
			if !rawjson.IsNull(v) && t.out.Err == nil {
				t.out.Err = streamError(obj)
			}
		}
	}
}

// choices reads the finish of the first choice that has one.
func (t *tee) choices(v []byte) {
	if !rawjson.IsArray(v) {
		return
	}
	for it := rawjson.Array(v); it.Next() && !t.out.Done; {
		if !rawjson.IsObject(it.Value()) {
			continue
		}
		v, ok, _ := rawjson.GetLast(it.Value(), "finish_reason")
		var raw string
		if ok && len(v) > 2 && dialect.String(&raw, v) == nil && raw != "" {
			t.out.Finish, t.out.Done = decodeFinish(raw), true
		}
	}
}
