package unary

import (
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// failure is how an endpoint writes its errors; is recognises such a body.
type failure struct {
	is    func(body []byte) bool
	write func(w *rawjson.Writer, status int, e *llm.Error)
}

// wrapped has an error object; plain has the message and little else.
var (
	wrapped = failure{isWrapped, writeWrapped}
	plain   = failure{isPlain, writePlain}
)

func (f failure) encode(e *llm.Error) (int, []byte) {
	status := e.Status
	if status < 400 {
		status = e.Kind.Status()
	}
	if f.is(e.Raw) && rawjson.Valid(e.Raw) == nil {
		return status, e.Raw
	}
	var w rawjson.Writer
	f.write(&w, status, e)
	return status, w.B
}

func isWrapped(body []byte) bool {
	if !rawjson.IsObject(body) {
		return false
	}
	kind, _, _ := rawjson.Get(body, "type")
	message, _, _ := rawjson.Get(body, "error", "message")
	return !rawjson.EqualString(kind, "error") && rawjson.IsString(message)
}

func writeWrapped(w *rawjson.Writer, status int, e *llm.Error) {
	kind, code := e.Type, e.Code
	if kind == "" {
		kind = errorType(status)
	}
	if code == "" && e.Kind == llm.KindModelUnavailable {
		code = "model_not_found"
	}
	w.Open('{')
	w.Key("error")
	w.Open('{')
	w.StringField("message", e.Message)
	w.StringField("type", kind)
	orNull(w, "param", e.Param)
	orNull(w, "code", code)
	w.Close('}')
	w.Close('}')
}

func orNull(w *rawjson.Writer, key, s string) {
	if s == "" {
		w.RawField(key, []byte("null"))
		return
	}
	w.StringField(key, s)
}

func errorType(status int) string {
	switch status {
	case 401:
		return "authentication_error"
	case 402:
		return "billing_error"
	case 403:
		return "permission_error"
	case 404:
		return "not_found_error"
	case 408, 504:
		return "timeout_error"
	case 429:
		return "rate_limit_error"
	case 503, 529:
		return "overloaded_error"
	}
	if status >= 500 {
		return "server_error"
	}
	return "invalid_request_error"
}

func isPlain(body []byte) bool {
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

func writePlain(w *rawjson.Writer, _ int, e *llm.Error) {
	w.Open('{')
	w.StringField("message", e.Message)
	w.Close('}')
}
