package chat

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

func scan(body []byte) dialect.Scan {
	var t tee
	if !t.ends(body) {
		t.read(body)
	}
	t.end()
	return t.Result()
}

var finishKey = []byte(`"finish_reason":"`)

// ends reads a whole answer by its two ends, where everything but the text stands: walking over the text costs more
// than all else that a relayed answer needs. It reports false where the answer is not of the usual form. The key it
// looks for cannot stand inside a string, where its quotes would be escaped.
func (t *tee) ends(body []byte) bool {
	usage, ok, err := rawjson.GetLast(body, "usage")
	if !ok || err != nil || !rawjson.IsObject(usage) {
		return false
	}
	i := bytes.LastIndex(body, finishKey)
	if i < 0 {
		return false
	}
	word, _, closed := bytes.Cut(body[i+len(finishKey):], []byte{'"'})
	if !closed || len(word) == 0 || bytes.IndexByte(word, '\\') >= 0 {
		return false
	}
	for it := rawjson.Object(body); (t.out.ID == "" || t.out.Model == "") && it.Next(); {
		switch string(it.Key()) {
		case "id":
			once(&t.out.ID, it.Value())
		case "model":
			once(&t.out.Model, it.Value())
		}
	}
	t.usage, t.out.HasUsage = usage, true
	t.out.Finish, t.out.Done = decodeFinish(string(word), false), true
	return true
}

// tee reads usage, finish and error off a stream.
type tee struct {
	split sse.Splitter
	event sse.Event
	out   dialect.Scan
	usage []byte // the last usage object
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
	if !t.out.Done && t.out.Err == nil && t.out.Model != "" {
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
		case "id":
			once(&t.out.ID, v)
		case "model":
			once(&t.out.Model, v)
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

// once reads a string that stays the same through a stream.
func once(dst *string, v []byte) {
	if *dst == "" && len(v) > 2 {
		_ = dialect.String(dst, v)
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
