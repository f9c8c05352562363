package exchange

import (
	"bytes"
	"iter"
	"slices"
	"strings"
	"sync"
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
func proves(value []byte) bool {
	for _, begin := range [...]string{"Bearer ", "Basic ", "sk-"} {
		if len(value) > len(begin) && strings.EqualFold(string(value[:len(begin)]), begin) {
			return true
		}
	}
	return false
}

// maxNames bounds the names of header fields that are remembered.
const maxNames = 512

// names remember which names are Secret: there are few, which come with every request.
var names = struct {
	sync.RWMutex
	secret map[string]bool
}{secret: map[string]bool{}}

// secret is Secret, remembered.
func secret(name []byte) bool {
	names.RLock()
	is, known := names.secret[string(name)]
	names.RUnlock()
	if known {
		return is
	}
	is = Secret(string(name))
	names.Lock()
	defer names.Unlock()
	if len(names.secret) >= maxNames {
		clear(names.secret)
	}
	names.secret[string(name)] = is
	return is
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
	for line := range bytes.Lines(header) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		name, value = bytes.TrimSpace(name), bytes.TrimSpace(value)
		out = append(append(out, name...), ": "...)
		if secret(name) || proves(value) {
			out = append(out, Masked...)
		} else {
			out = append(out, value...)
		}
		out = append(out, "\r\n"...)
	}
	return out
}
