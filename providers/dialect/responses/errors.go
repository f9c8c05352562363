package responses

import (
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

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
	status := statusCode(e)
	if isError(e.Raw) && rawjson.Valid(e.Raw) == nil {
		return status, e.Raw
	}
	var w rawjson.Writer
	w.Open('{')
	w.Key("error")
	errorObject(&w, e)
	w.Close('}')
	return status, w.B
}

func statusCode(e *llm.Error) int {
	if e.Status < 400 {
		return e.Kind.Status()
	}
	return e.Status
}

func errorObject(w *rawjson.Writer, e *llm.Error) {
	w.Open('{')
	w.StringField("message", e.Message)
	kind := e.Type
	if kind == "" {
		kind = errorType(statusCode(e))
	}
	w.StringField("type", kind)
	orNull(w, "param", e.Param)
	code := e.Code
	if code == "" && e.Kind == llm.KindModelUnavailable {
		code = "model_not_found"
	}
	orNull(w, "code", code)
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

// failureCode is the word for an error in a stream; clients decide by it whether to try again.
func failureCode(e *llm.Error) string {
	switch {
	case e.Code != "":
		return e.Code
	case e.Kind == llm.KindProviderLimited, e.Kind == llm.KindRateLimited:
		return "rate_limit_exceeded"
	case e.Kind == llm.KindBilling, e.Kind == llm.KindBudgetExceeded:
		return "insufficient_quota"
	case e.Kind == llm.KindInvalidRequest:
		return "invalid_prompt"
	}
	return "server_error"
}

// errorFrame writes the event of an error twice in one: flat, as the reference has it, and nested, as it is sent by the
// endpoint and read by its clients.
func errorFrame(dst []byte, e *llm.Error, sequence int64) []byte {
	var w rawjson.Writer
	w.Open('{')
	w.StringField("type", "error")
	w.StringField("code", failureCode(e))
	w.StringField("message", e.Message)
	orNull(&w, "param", e.Param)
	w.IntField("sequence_number", sequence)
	w.Key("error")
	errorObject(&w, e)
	w.Close('}')
	return sse.AppendEvent(dst, "error", w.B)
}
