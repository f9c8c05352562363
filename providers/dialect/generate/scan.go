package generate

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// scan reads a whole answer. It is over, whatever it says.
func scan(body []byte) dialect.Scan {
	if s, ok := scanEnds(body); ok {
		return s
	}
	var t tee
	if rawjson.IsArray(body) {
		for it := rawjson.Array(body); it.Next(); {
			t.read(it.Value())
		}
		return t.Result()
	}
	t.read(body)
	if t.out.Err == nil && !t.finished && t.blocked == nil {
		t.whole = rawjson.IsObject(body)
	}
	return t.Result()
}

var (
	finishKey = []byte(`"finishReason"`)
	// rawKeys are members whose values are free JSON, which may hold any key.
	rawKeys = [...][]byte{[]byte(`"args"`), []byte(`"response"`)}
)

// finishNear is how far before the usage an answer's finish is looked for.
const finishNear = 512

// scanEnds reads a whole answer by its end, where everything but the text stands: walking over the text costs more than
// all else that a relayed answer needs. ok is false where the answer is not of the usual form. The key it looks for
// cannot stand inside a string, where its quotes would be escaped. Usage.Raw points into body.
func scanEnds(body []byte) (s dialect.Scan, ok bool) {
	for _, key := range rawKeys {
		if bytes.Contains(body, key) {
			return s, false
		}
	}
	raw, ok, err := rawjson.GetLast(body, "usageMetadata")
	if !ok || err != nil || !rawjson.IsObject(raw) || bytes.Count(body, finishKey) != 1 {
		return s, false
	}
	near := body[max(0, len(body)-len(raw)-finishNear):]
	i := bytes.Index(near, finishKey)
	if i < 0 {
		return s, false
	}
	rest := bytes.TrimLeft(near[i+len(finishKey):], ": \t\r\n")
	if len(rest) == 0 || rest[0] != '"' {
		return s, false
	}
	word, _, closed := bytes.Cut(rest[1:], []byte{'"'})
	if !closed || bytes.IndexByte(word, '\\') >= 0 {
		return s, false
	}
	if s.Usage, s.HasUsage = readUsage(raw); s.HasUsage {
		s.Usage.Raw = raw
	}
	s.Finish, s.Done = decodeFinish(string(word), false), true
	return s, true
}

// tee reads usage, finish and error off a stream.
type tee struct {
	split    sse.Splitter
	event    sse.Event
	out      dialect.Scan
	usage    []byte // the last usage object
	finish   []byte // the raw value of the first candidate's last finish reason
	blocked  []byte // why the prompt was refused, raw
	finished bool
	calls    bool // the first candidate has called a function
	spoke    bool // there is a candidate
	whole    bool // no more will come
	err      error
}

func (t *tee) Feed(p []byte) {
	if t.err == nil {
		t.err = t.split.Feed(p, t.frame)
	}
}

func (t *tee) frame(frame []byte) {
	t.event.Parse(frame)
	if rawjson.IsObject(t.event.Data) {
		t.read(t.event.Data)
	}
}

func (t *tee) Result() dialect.Scan {
	if rest := t.split.Rest(); len(rest) > 0 {
		t.frame(rest)
	}
	s := t.out
	if s.HasUsage {
		s.Usage, _ = readUsage(t.usage)
		s.Usage.Raw = bytes.Clone(t.usage)
	}
	switch {
	case t.finished:
		s.Finish, s.Done = decodeFinish(finishWord(t.finish), t.calls), true
	case t.blocked != nil && !t.spoke:
		s.Finish, s.Done = blockedFinish(blockReason(t.blocked)), true
	case t.whole && t.spoke:
		s.Finish, s.Done = decodeFinish("", t.calls), true
	case t.whole && s.Err == nil:
		s.Finish, s.Done = llm.Finish{Reason: llm.FinishOther}, true
	}
	return s
}

func (t *tee) read(obj []byte) {
	if !rawjson.IsObject(obj) {
		return
	}
	it := rawjson.Object(obj)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "usageMetadata":
			if !rawjson.IsObject(v) {
				continue
			}
			if _, found := readUsage(v); found {
				t.usage = append(t.usage[:0], v...)
				t.out.HasUsage = true
			}
		case "candidates":
			t.candidates(v)
		case "promptFeedback":
			if rawjson.IsObject(v) {
				if reason, ok, _ := rawjson.Get(v, "blockReason"); ok && !rawjson.IsNull(reason) {
					t.blocked = append(t.blocked[:0], v...)
				}
			}
		case "error":
			if !rawjson.IsNull(v) && t.out.Err == nil {
				t.out.Err = streamError(obj)
			}
		}
	}
}

func (t *tee) candidates(v []byte) {
	if !rawjson.IsArray(v) {
		return
	}
	for it := rawjson.Array(v); it.Next(); {
		c := it.Value()
		if !rawjson.IsObject(c) {
			continue
		}
		t.spoke = true
		if index, ok, _ := rawjson.Get(c, "index"); ok {
			if n, _ := rawjson.Int(index); n != 0 {
				continue
			}
		}
		if finish, ok, _ := rawjson.Get(c, "finishReason"); ok && len(finish) > 0 && !rawjson.IsNull(finish) {
			t.finish = append(t.finish[:0], finish...)
			t.finished = true
		}
		t.calls = t.calls || calls(c)
	}
}

// calls reports whether a candidate calls a function.
func calls(candidate []byte) bool {
	parts, ok, _ := rawjson.Get(candidate, "content", "parts")
	if !ok || !rawjson.IsArray(parts) {
		return false
	}
	for it := rawjson.Array(parts); it.Next(); {
		if !rawjson.IsObject(it.Value()) {
			continue
		}
		if call, ok, _ := rawjson.Get(it.Value(), partCall); ok && rawjson.IsObject(call) && string(call) != "{}" {
			return true
		}
	}
	return false
}
