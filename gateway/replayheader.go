package gateway

import (
	"strings"

	"heimdall/gateway/exchange"
)

// replayHeader is the header of a request that is sent again.
type replayHeader []exchange.Field

// replayAgent is the User-Agent of requests that are sent again.
const replayAgent = "Heimdall (replay)"

// headerOf is the header that a logged request had, without what was about that one call: who called, in which session
// and trace and under which id, and how its bytes were sent. moved leaves out which key was to be used.
func headerOf(rec *exchange.Record, moved bool) replayHeader {
	h := replayHeader{{Name: "User-Agent", Value: replayAgent}}
	for name, value := range exchange.Lines(rec.Header) {
		if value != exchange.Masked && !ofTheCall(strings.ToLower(name), moved) {
			h = append(h, exchange.Field{Name: name, Value: value})
		}
	}
	return h
}

func ofTheCall(name string, moved bool) bool {
	switch name {
	case "user-agent", "host", "content-length", "transfer-encoding", "connection", "expect", "traceparent", "tracestate", "x-request-id", "idempotency-key":
		return true
	case "x-bf-api-key-id":
		return moved
	}
	return strings.Contains(name, "session") || strings.HasPrefix(name, "x-bf-cache-")
}

func (h replayHeader) Get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

func (h replayHeader) HasPrefix(prefix string) (found bool) {
	h.Each(prefix, func(string, string) { found = true })
	return found
}

func (h replayHeader) Each(prefix string, f func(name, value string)) {
	for _, one := range h {
		if len(one.Name) >= len(prefix) && strings.EqualFold(one.Name[:len(prefix)], prefix) {
			f(one.Name, one.Value)
		}
	}
}

// Lines is the header as the log keeps it.
func (h replayHeader) Lines() (out []byte) {
	for _, f := range h {
		out = append(append(append(append(out, f.Name...), ": "...), f.Value...), "\r\n"...)
	}
	return out
}
