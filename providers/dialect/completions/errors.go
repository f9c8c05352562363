package completions

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

func decodeError(status int, header func(string) string, body []byte) *llm.Error {
	return dialect.DecodeError(status, header, body, isError)
}

// isError reports whether a body is an error as this dialect writes it.
func isError(body []byte) bool {
	if !rawjson.IsObject(body) {
		return false
	}
	v, ok, err := rawjson.Get(body, "error")
	if err != nil || !ok || !rawjson.IsObject(v) {
		return false
	}
	kind, _, _ := rawjson.Get(body, "type")
	message, _, _ := rawjson.Get(v, "message")
	return !rawjson.EqualString(kind, "error") && rawjson.IsString(message)
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
	w.Key("error")
	w.Open('{')
	w.StringField("message", e.Message)
	kind := e.Type
	if kind == "" {
		kind = errorType(status)
	}
	w.StringField("type", kind)
	orNull(&w, "param", e.Param)
	code := e.Code
	if code == "" && e.Kind == llm.KindModelUnavailable {
		code = "model_not_found"
	}
	orNull(&w, "code", code)
	w.Close('}')
	w.Close('}')
	return status, w.B
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

func errorFrame(e *llm.Error) []byte {
	_, body := encodeError(e)
	return sse.AppendData(nil, body)
}
