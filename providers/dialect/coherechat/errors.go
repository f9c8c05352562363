package coherechat

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// isError reports whether a body is an error as this dialect writes it.
func isError(body []byte) bool {
	if !rawjson.IsObject(body) {
		return false
	}
	message := false
	for it := rawjson.Object(body); it.Next(); {
		switch string(it.Key()) {
		case "message":
			message = rawjson.IsString(it.Value())
		case "error", "type", "object":
			return false
		}
	}
	return message
}

func encodeError(e *llm.Error) (int, []byte) {
	status := e.Status
	if status < 400 {
		status = e.Kind.Status()
	}
	if isError(e.Raw) && rawjson.Valid(e.Raw) == nil {
		return status, e.Raw
	}
	var w rawjson.Writer
	w.Open('{')
	w.StringField("message", e.Message)
	w.Close('}')
	return status, w.B
}

// errorFrame is the end of a stream that failed; the endpoint has no other event for it.
func errorFrame(e *llm.Error) []byte {
	var w rawjson.Writer
	w.Open('{')
	w.StringField("type", messageEnd)
	w.Key("delta")
	w.Open('{')
	w.StringField("finish_reason", "ERROR")
	w.StringField("error", e.Message)
	w.Close('}')
	w.Close('}')
	return sse.AppendEvent(nil, messageEnd, w.B)
}

// endError is the error that the end of a stream tells of, nil if none.
func endError(delta []byte) *llm.Error {
	if !rawjson.IsObject(delta) {
		return nil
	}
	v, ok, _ := rawjson.Get(delta, "error")
	if !ok || len(v) <= 2 || rawjson.IsNull(v) {
		return nil
	}
	return dialect.ReadFailure(delta).Error()
}

// streamError reads an error body that stands in place of an event.
func streamError(data []byte) *llm.Error {
	e := dialect.ReadFailure(data).Error()
	if isError(data) {
		e.Raw = bytes.Clone(data)
	}
	return e
}
