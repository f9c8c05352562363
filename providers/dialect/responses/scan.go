package responses

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// scan reads a whole answer. Usage.Raw points into body.
func scan(body []byte) (s dialect.Scan) {
	var a answerScan
	if rawjson.IsObject(body) {
		a.read(body)
	}
	a.result(&s, false)
	if a.usage != nil {
		s.Usage.Raw = a.usage
	}
	return s
}

// answerScan is what the record wants to know of an answer's object; its values point into it.
type answerScan struct {
	status, details, usage, failing []byte
	calls, whole                    bool
}

func (a *answerScan) read(obj []byte) {
	it := rawjson.Object(obj)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "status":
			a.status = v
		case "incomplete_details":
			a.details = v
		case "usage":
			if rawjson.IsObject(v) {
				a.usage = v
			}
		case "error":
			if rawjson.IsObject(v) {
				a.failing = v
			}
		case "output":
			a.calls = a.calls || calls(v)
		}
	}
	a.whole = it.Err() == nil
}

// calls reports whether there is a call of the client's tools among the items.
func calls(items []byte) bool {
	if !rawjson.IsArray(items) {
		return false
	}
	for it := rawjson.Array(items); it.Next(); {
		if isCall(it.Value()) {
			return true
		}
	}
	return false
}

func isCall(item []byte) bool {
	kind := kindOf(item)
	return rawjson.EqualString(kind, itemCall) || rawjson.EqualString(kind, itemCustom)
}

// kindOf is the raw type of an object; it stops there.
func kindOf(obj []byte) []byte {
	if !rawjson.IsObject(obj) {
		return nil
	}
	for it := rawjson.Object(obj); it.Next(); {
		if string(it.Key()) == "type" {
			return it.Value()
		}
	}
	return nil
}

func (a *answerScan) result(s *dialect.Scan, calls bool) {
	if a.usage != nil {
		s.Usage, s.HasUsage = readUsage(a.usage), true
	}
	status := word(a.status)
	if status == statusFailed || status == "" && a.failing != nil {
		s.Err = failure(a.failing)
		return
	}
	if !a.whole {
		return
	}
	reason := ""
	if status == statusIncomplete {
		reason = reasonOf(a.details)
	}
	s.Finish, s.Done = decodeFinish(status, reason, calls || a.calls), true
}

// word is a short string, without allocating where it is one that is known.
func word(v []byte) string {
	switch {
	case rawjson.EqualString(v, statusCompleted):
		return statusCompleted
	case rawjson.EqualString(v, statusIncomplete):
		return statusIncomplete
	}
	var s string
	if v != nil {
		_ = dialect.String(&s, v)
	}
	return s
}

// tee reads usage, finish and error off a stream: they stand in its last event.
type tee struct {
	split sse.Splitter
	event sse.Event
	out   dialect.Scan
	usage []byte
	calls bool
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
	if s.HasUsage {
		s.Usage.Raw = bytes.Clone(t.usage)
	}
	return s
}

// frame looks only into the events that say something for the record.
func (t *tee) frame(frame []byte) {
	t.event.Parse(frame)
	data := t.event.Data
	if t.out.Done || t.out.Err != nil || !rawjson.IsObject(data) {
		return
	}
	kind := kindOf(data)
	switch {
	case bytes.HasSuffix(kind, []byte(`.delta"`)):
	case rawjson.EqualString(kind, "response.output_item.done"):
		if v, ok, _ := rawjson.Get(data, "item"); ok {
			t.calls = t.calls || isCall(v)
		}
	case rawjson.EqualString(kind, "response.completed"), rawjson.EqualString(kind, "response.incomplete"),
		rawjson.EqualString(kind, "response.cancelled"), rawjson.EqualString(kind, "response.failed"):
		t.answer(data, rawjson.EqualString(kind, "response.failed"))
	case kind == nil || rawjson.EqualString(kind, "error"):
		if v, ok, _ := rawjson.Get(data, "error"); kind != nil || ok && !rawjson.IsNull(v) {
			t.out.Err = failure(data)
		}
	}
}

func (t *tee) answer(data []byte, failed bool) {
	v, _, err := rawjson.Get(data, "response")
	if err != nil || !rawjson.IsObject(v) {
		return
	}
	var a answerScan
	a.read(v)
	a.result(&t.out, t.calls)
	if a.usage != nil {
		t.usage = append(t.usage[:0], a.usage...)
	}
	if failed && t.out.Err == nil {
		t.out.Err, t.out.Done, t.out.Finish = failure(a.failing), false, llm.Finish{}
	}
}
