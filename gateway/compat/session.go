package compat

import "heimdall/gateway/exchange"

// Session is the caller's own name for a run of requests that belong together.
func Session(h exchange.Header) string {
	for _, name := range [...]string{"X-Bf-Session-Id", "X-Claude-Code-Session-Id"} {
		if v := h.Get(name); v != "" {
			return v
		}
	}
	return ""
}
