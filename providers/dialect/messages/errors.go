package messages

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
	kind, _, _ := rawjson.Get(body, "type")
	inner, _, _ := rawjson.Get(body, "error", "type")
	message, _, _ := rawjson.Get(body, "error", "message")
	return rawjson.EqualString(kind, "error") && rawjson.IsString(inner) && rawjson.IsString(message)
}

func encodeError(e *llm.Error) (int, []byte) {
	status := dialect.Status(e)
	if isError(e.Raw) && rawjson.Valid(e.Raw) == nil {
		return status, e.Raw
	}
	var w rawjson.Writer
	w.Open('{')
	w.StringField("type", "error")
	w.Key("error")
	w.Open('{')
	w.StringField("type", errorType(status, e.Kind))
	w.StringField("message", e.Message)
	w.Close('}')
	w.Close('}')
	return status, w.B
}

func errorType(status int, kind llm.ErrorKind) string {
	switch status {
	case 401:
		return "authentication_error"
	case 402:
		return "billing_error"
	case 403:
		return "permission_error"
	case 404:
		return "not_found_error"
	case 413:
		return "request_too_large"
	case 429:
		return "rate_limit_error"
	case 504:
		return "timeout_error"
	case 529:
		return "overloaded_error"
	}
	switch {
	case status >= 500 && (kind == llm.KindOverloaded || kind == llm.KindDropped):
		return "overloaded_error"
	case status >= 500:
		return "api_error"
	}
	return "invalid_request_error"
}

func errorFrame(e *llm.Error) []byte {
	_, body := encodeError(e)
	return sse.AppendEvent(nil, "error", body)
}
