package generate

import (
	"strconv"
	"strings"
	"time"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

func decodeError(status int, header func(string) string, body []byte) *llm.Error {
	e := dialect.DecodeError(status, header, body, isError)
	if rawjson.Valid(body) == nil {
		refine(e, body)
	}
	return e
}

// errorObject is the error of a body, which may stand in a list; nil if there is none.
func errorObject(body []byte) []byte {
	if rawjson.IsArray(body) {
		it := rawjson.Array(body)
		if !it.Next() {
			return nil
		}
		body = it.Value()
	}
	if !rawjson.IsObject(body) {
		return nil
	}
	v, _, _ := rawjson.Get(body, "error")
	if !rawjson.IsObject(v) {
		return nil
	}
	return v
}

// isError reports whether a body is an error as this dialect writes it.
func isError(body []byte) bool {
	if !rawjson.IsObject(body) {
		return false
	}
	v := errorObject(body)
	if v == nil {
		return false
	}
	code, _, _ := rawjson.Get(v, "code")
	message, _, _ := rawjson.Get(v, "message")
	status, _, _ := rawjson.Get(v, "status")
	_, number := rawjson.Int(code)
	return number && rawjson.IsString(message) && rawjson.IsString(status)
}

// refine reads what only this dialect says of an error: the word for its status, and in the details how long to wait.
func refine(e *llm.Error, body []byte) {
	v := errorObject(body)
	if v == nil {
		return
	}
	var word string
	if status, ok, _ := rawjson.Get(v, "status"); ok && rawjson.IsString(status) {
		_ = dialect.String(&word, status)
	}
	if word == "" {
		return
	}
	e.Code = word
	wait, reason := details(v)
	if e.RetryAfter == 0 {
		e.RetryAfter = wait
	}
	text := strings.ToLower(e.Message)
	switch {
	case reason == "API_KEY_INVALID", word == "UNAUTHENTICATED":
		e.Kind = llm.KindAuthFailed
	case reason == "BILLING_DISABLED", strings.Contains(text, "credits are depleted"):
		e.Kind = llm.KindBilling
	case word == "RESOURCE_EXHAUSTED": // whose text speaks of plans and bills for every limit
		e.Kind = llm.KindProviderLimited
	case word == "UNAVAILABLE":
		e.Kind = llm.KindOverloaded
	case word == "DEADLINE_EXCEEDED":
		e.Kind = llm.KindTimeout
	}
}

// details reads how long the provider asks to wait, and its own word for what happened.
func details(v []byte) (wait time.Duration, reason string) {
	list, ok, _ := rawjson.Get(v, "details")
	if !ok || !rawjson.IsArray(list) {
		return 0, ""
	}
	for it := rawjson.Array(list); it.Next(); {
		if !rawjson.IsObject(it.Value()) {
			continue
		}
		if delay, ok, _ := rawjson.Get(it.Value(), "retryDelay"); ok {
			var text string
			_ = dialect.String(&text, delay)
			if s, err := strconv.ParseFloat(strings.TrimSuffix(text, "s"), 64); err == nil && s > 0 && s < 1e6 {
				wait = time.Duration(s * float64(time.Second))
			}
		}
		if word, ok, _ := rawjson.Get(it.Value(), "reason"); ok && reason == "" && rawjson.IsString(word) {
			_ = dialect.String(&reason, word)
		}
	}
	return wait, reason
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
	w.IntField("code", int64(status))
	w.StringField("message", e.Message)
	w.StringField("status", statusWord(status))
	if e.RetryAfter > 0 {
		w.Key("details")
		w.Open('[')
		w.Open('{')
		w.StringField("@type", "type.googleapis.com/google.rpc.RetryInfo")
		w.StringField("retryDelay", strconv.FormatFloat(e.RetryAfter.Seconds(), 'f', -1, 64)+"s")
		w.Close('}')
		w.Close(']')
	}
	w.Close('}')
	w.Close('}')
	return status, w.B
}

// statusWord is the canonical code that belongs to an HTTP status.
func statusWord(status int) string {
	switch status {
	case 401:
		return "UNAUTHENTICATED"
	case 402:
		return "FAILED_PRECONDITION"
	case 403:
		return "PERMISSION_DENIED"
	case 404:
		return "NOT_FOUND"
	case 408, 504:
		return "DEADLINE_EXCEEDED"
	case 409:
		return "ABORTED"
	case 429:
		return "RESOURCE_EXHAUSTED"
	case 499:
		return "CANCELLED"
	case 500:
		return "INTERNAL"
	case 501:
		return "UNIMPLEMENTED"
	case 503, 529:
		return "UNAVAILABLE"
	}
	if status > 500 {
		return "INTERNAL"
	}
	return "INVALID_ARGUMENT"
}

func errorFrame(e *llm.Error) []byte {
	_, body := encodeError(e)
	return sse.AppendData(nil, body)
}
