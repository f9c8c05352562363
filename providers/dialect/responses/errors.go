package responses

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

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
	dialect.StringOrNull(&w, "param", e.Param)
	w.IntField("sequence_number", sequence)
	w.Key("error")
	dialect.ErrorObject(&w, e)
	w.Close('}')
	return sse.AppendEvent(dst, "error", w.B)
}
