package chat

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
	t.read(body)
	t.end()
	return t.Result()
}

var finishKey = []byte(`"finish_reason":"`)

// finishNear is how far before the usage an answer's finish is looked for; in between stand a few short fields.
var finishNear = [...]int{128, 512}

// scanEnds reads a whole answer by its end, where everything but the text stands: walking over the text costs more than
// all else that a relayed answer needs. ok is false where the answer is not of the usual form. The key it looks for
// cannot stand inside a string, where its quotes would be escaped. Usage.Raw points into body.
func scanEnds(body []byte) (s dialect.Scan, ok bool) {
	usage, ok, err := rawjson.GetLast(body, "usage")
	if !ok || err != nil || !rawjson.IsObject(usage) {
		return s, false
	}
	word := finishBefore(body[:len(body)-len(usage)])
	if word == "" {
		return s, false
	}
	s.Usage, s.HasUsage = readUsage(usage), true
	s.Usage.Raw = usage
	s.Finish, s.Done = decodeFinish(word, false), true
	return s, true
}

// finishBefore is the finish reason that stands last in b, near its end; "" where there is none, or more than one.
func finishBefore(b []byte) string {
	for _, near := range finishNear {
		near := b[max(0, len(b)-near):]
		i := bytes.Index(near, finishKey)
		if i < 0 {
			continue
		}
		word, rest, closed := bytes.Cut(near[i+len(finishKey):], []byte{'"'})
		if !closed || bytes.IndexByte(word, '\\') >= 0 || bytes.Contains(rest, finishKey) {
			return ""
		}
		return string(word)
	}
	return ""
}

// tee reads usage, finish and error off a stream.
type tee struct {
	split sse.Splitter
	event sse.Event
	out   dialect.Scan
	usage []byte // the last usage object
	begun bool   // the answer says which model gives it
	calls bool   // the model has called a tool
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
		t.out.Finish, t.out.Done = decodeFinish("", t.calls), true
	}
}

var someCall = []byte(`"tool_calls":[{`)

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
	for it := rawjson.Array(v); it.Next(); {
		if !rawjson.IsObject(it.Value()) {
			continue
		}
		v, ok, _ := rawjson.GetLast(it.Value(), "finish_reason")
		if !ok || len(v) <= 2 || !rawjson.IsString(v) || t.out.Done {
			t.calls = t.calls || bytes.Contains(it.Value(), someCall)
			continue
		}
		var raw string
		if dialect.String(&raw, v) == nil {
			t.out.Finish, t.out.Done = decodeFinish(raw, t.calls), true
		}
	}
}
