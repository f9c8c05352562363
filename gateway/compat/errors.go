package compat

import (
	"strconv"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// ErrorReply renders err in the dialect d of its row. Rows that carry extra_fields get the gateway's members too. x is
// nil where the error came before there was an exchange.
func ErrorReply(row *exchange.Row, d dialect.Dialect, x *exchange.Exchange, err error) *exchange.Reply {
	e := *llm.AsError(err)
	if e.Dialect != d.Name {
		e.Raw = nil
	}
	status, body := d.Server.EncodeError(&e)
	if row != nil && row.Decorate != exchange.DecorateNever {
		body = rawjson.AppendMembers(nil, body, members(&e, status, x)...)
	}
	header := errorHeader(&e)
	if n, ok := d.Server.(dialect.ErrorNamer); ok {
		name, value := n.ErrorHeader(&e)
		header = append(header, exchange.Field{Name: name, Value: value})
	}
	return &exchange.Reply{Status: status, ContentType: "application/json", Header: header, Body: body}
}

func members(e *llm.Error, status int, x *exchange.Exchange) []rawjson.Member {
	out := []rawjson.Member{
		{Key: "is_bifrost_error", Value: strconv.AppendBool(nil, e.Gateway())},
		{Key: "status_code", Value: strconv.AppendInt(nil, int64(status), 10)},
	}
	if e.Refusal() && e.Type != "" {
		out = append(out, rawjson.Member{Key: "type", Value: rawjson.AppendString(nil, e.Type)})
	}
	if x == nil || x.Record == nil {
		return out
	}
	w := rawjson.Writer{}
	w.Open('{')
	w.StringField("error_type", string(e.Kind))
	appendIdentity(&w, x)
	w.Close('}')
	return append(out, rawjson.Member{Key: "extra_fields", Value: w.B})
}

// ManagementError renders err for the management API.
func ManagementError(err error) *exchange.Reply {
	e := llm.AsError(err)
	w := rawjson.Writer{}
	w.Open('{')
	w.BoolField("is_bifrost_error", e.Kind == llm.KindInternal)
	w.IntField("status_code", int64(e.Status))
	w.Key("error")
	w.Open('{')
	if e.Type != "" {
		w.StringField("type", e.Type)
	}
	w.StringField("message", e.Message)
	if e.Param != "" {
		w.StringField("param", e.Param)
	}
	w.Close('}')
	w.Close('}')
	return &exchange.Reply{Status: e.Status, ContentType: "application/json", Header: errorHeader(e), Body: w.B}
}

// errorHeader passes on when a retry makes sense, and that it makes none after a refusal of the gateway's own: it would
// be refused again.
func errorHeader(e *llm.Error) (header []exchange.Field) {
	if e.Refusal() {
		header = append(header, exchange.Field{Name: "X-Should-Retry", Value: "false"})
	}
	if e.RetryAfter > 0 {
		seconds := int64((e.RetryAfter + time.Second - 1) / time.Second)
		header = append(header, exchange.Field{Name: "Retry-After", Value: strconv.FormatInt(seconds, 10)})
	}
	return header
}
