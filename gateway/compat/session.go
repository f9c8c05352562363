package compat

import "heimdall/gateway/exchange"

// sessionFields are where callers name the run of requests that belong together: ours, then those of coding agents.
var sessionFields = [...]string{
	"X-Bf-Session-Id",
	"X-Claude-Code-Session-Id",
	"Session-Id", "Session_id", // Codex, now and before
	"X-Session-Id", // opencode
}

// Session is the caller's own name for a run of requests that belong together; "" where it has none.
func Session(h exchange.Header) string {
	for _, name := range sessionFields {
		if v := h.Get(name); v != "" {
			return v
		}
	}
	return ""
}
