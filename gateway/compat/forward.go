package compat

import (
	"slices"
	"strings"

	"heimdall/gateway/exchange"
	"heimdall/providers/transport"
)

// extraPrefix starts the names of fields that are sent on without it.
const extraPrefix = HeaderPrefix + "Eh-"

// kept are the fields that never leave the gateway, whoever asks.
var kept = []string{"proxy-authorization", "cookie", "host", "content-length", "content-type", "content-encoding", "accept-encoding",
	"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
	"x-api-key", "x-goog-api-key", "x-bf-api-key", "x-bf-api-key-id", "x-bf-vk", "authorization", "api-key"}

// ExtraHeaders gives the fields of a client's header that it wants to be sent to the provider: x-bf-eh-NAME as NAME,
// and the fields of the allow list under their own names. A list of allowed names lets only them through, a list of
// denied ones all but them.
func ExtraHeaders(allow, deny []string) func(exchange.Header) []transport.Field {
	allow, deny = lower(allow), lower(deny)
	permitted := func(name string) bool {
		return name != "" && !slices.Contains(kept, name) && !strings.HasPrefix(name, "x-bf-") &&
			(len(allow) == 0 || slices.Contains(allow, name)) && !slices.Contains(deny, name)
	}
	return func(h exchange.Header) []transport.Field {
		if len(allow) == 0 && !h.HasPrefix(extraPrefix) {
			return nil
		}
		var out []transport.Field
		for _, name := range allow {
			if v := h.Get(name); v != "" && permitted(name) {
				out = append(out, transport.Field{Name: name, Value: v})
			}
		}
		h.Each(extraPrefix, func(name, value string) {
			if name = strings.ToLower(name[len(extraPrefix):]); permitted(name) {
				out = append(out, transport.Field{Name: name, Value: value})
			}
		})
		return out
	}
}

func lower(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = strings.ToLower(n)
	}
	return out
}
