package dialect

import (
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// The error body that several endpoints share: {"error":{"message":"","type":"","param":null,"code":null}}.

// IsErrorObject reports whether a body is such an error. One that says its type outside the object, or a status in words
// inside it, is of another endpoint.
func IsErrorObject(body []byte) bool {
	if !rawjson.IsObject(body) {
		return false
	}
	v, ok, err := rawjson.Get(body, "error")
	if err != nil || !ok || !rawjson.IsObject(v) {
		return false
	}
	kind, _, _ := rawjson.Get(body, "type")
	message, _, _ := rawjson.Get(v, "message")
	status, _, _ := rawjson.Get(v, "status")
	return rawjson.IsString(message) && !rawjson.EqualString(kind, "error") && !rawjson.IsString(status)
}

// EncodeErrorObject makes the answer for an error; a body that already is of this form stays as it is.
func EncodeErrorObject(e *llm.Error) (status int, body []byte) {
	status = Status(e)
	if IsErrorObject(e.Raw) && rawjson.Valid(e.Raw) == nil {
		return status, e.Raw
	}
	var w rawjson.Writer
	w.Open('{')
	w.Key("error")
	ErrorObject(&w, e)
	w.Close('}')
	return status, w.B
}

// ErrorObject writes the object alone.
func ErrorObject(w *rawjson.Writer, e *llm.Error) {
	kind, code := e.Type, e.Code
	if kind == "" {
		kind = errorType(Status(e))
	}
	if code == "" && e.Kind == llm.KindModelUnavailable {
		code = "model_not_found"
	}
	w.Open('{')
	w.StringField("message", e.Message)
	w.StringField("type", kind)
	StringOrNull(w, "param", e.Param)
	StringOrNull(w, "code", code)
	w.Close('}')
}

// Status is the HTTP status of an error for a client.
func Status(e *llm.Error) int {
	if e.Status < 400 {
		return e.Kind.Status()
	}
	return e.Status
}

// StringOrNull writes a member that is null where s is empty.
func StringOrNull(w *rawjson.Writer, key, s string) {
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
