package exchange

import (
	"bytes"
	"iter"
	"slices"
	"strings"
)

// Masked stands for a value that was not kept because it proves who somebody is.
const Masked = "***"

// telling are parts of the names of header fields whose values prove who somebody is; innocent are the names that have
// such a part for another reason.
var (
	telling  = []string{"auth", "key", "token", "secret", "cookie", "password", "credential", "signature", "jwt", "-vk", "proof"}
	innocent = []string{"x-bf-cache-key", "idempotency-key", "sec-websocket-key", "sec-websocket-protocol", "x-bf-api-key-id", "author", "authority",
		"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens", "www-authenticate"}
)

// Secret reports whether the value of a header field proves who somebody is.
func Secret(name string) bool {
	name = strings.ToLower(name)
	if slices.Contains(innocent, name) || strings.Contains(name, "ratelimit") || strings.Contains(name, "max-tokens") {
		return false
	}
	return slices.ContainsFunc(telling, func(part string) bool { return strings.Contains(name, part) })
}

// proves reports whether a value looks like a credential, whatever its field is called.
func proves(value string) bool {
	for _, begin := range [...]string{"Bearer ", "Basic ", "sk-"} {
		if len(value) > len(begin) && strings.EqualFold(value[:len(begin)], begin) {
			return true
		}
	}
	return false
}

// Lines walks a header that is in lines. A line that is no field is passed over.
func Lines(header []byte) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for line := range bytes.Lines(header) {
			name, value, ok := bytes.Cut(line, []byte(":"))
			if ok && !yield(string(bytes.TrimSpace(name)), string(bytes.TrimSpace(value))) {
				return
			}
		}
	}
}

// MaskHeader gives a header in lines back with Masked for every value that proves who somebody is. The argument stays as
// it is.
func MaskHeader(header []byte) []byte {
	if len(header) == 0 {
		return nil
	}
	out := make([]byte, 0, len(header))
	for name, value := range Lines(header) {
		if Secret(name) || proves(value) {
			value = Masked
		}
		out = append(append(append(append(out, name...), ": "...), value...), "\r\n"...)
	}
	return out
}
