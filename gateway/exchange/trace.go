package exchange

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strings"
)

// Trace is a place in a trace of the W3C's: the ids of the trace and of the exchange's own span, and that of the
// caller's span, all zero where there is none.
type Trace struct {
	ID      [16]byte
	Span    [8]byte
	Parent  [8]byte
	Sampled bool
}

// NewTrace begins a trace.
func NewTrace() (t Trace) {
	for t.ID == ([16]byte{}) {
		binary.BigEndian.PutUint64(t.ID[:8], rand.Uint64())
		binary.BigEndian.PutUint64(t.ID[8:], rand.Uint64())
	}
	t.Span, t.Sampled = newSpan(), true
	return t
}

// ContinueTrace takes the trace of a traceparent header (W3C Trace Context, level 1) on; false where the text is none.
func ContinueTrace(parent string) (t Trace, ok bool) {
	if parent == "" {
		return t, false
	}
	// version-traceid-parentid-flags; later versions may append to it.
	parts := strings.Split(strings.TrimSpace(parent), "-")
	if len(parts) < 4 || len(parts[0]) != 2 || len(parts[3]) != 2 || parts[0] == "ff" || parts[0] == "00" && len(parts) != 4 {
		return t, false
	}
	var version, flags [1]byte
	for i, to := range [...][]byte{version[:], t.ID[:], t.Parent[:], flags[:]} {
		if len(parts[i]) != 2*len(to) || strings.ToLower(parts[i]) != parts[i] {
			return Trace{}, false
		}
		if _, err := hex.Decode(to, []byte(parts[i])); err != nil {
			return Trace{}, false
		}
	}
	if t.ID == ([16]byte{}) || t.Parent == ([8]byte{}) {
		return Trace{}, false
	}
	t.Span, t.Sampled = newSpan(), flags[0]&1 == 1
	return t, true
}

func newSpan() (s [8]byte) {
	for s == ([8]byte{}) {
		binary.BigEndian.PutUint64(s[:], rand.Uint64())
	}
	return s
}

// String is the traceparent header with which others continue the trace.
func (t Trace) String() string {
	flags := "00"
	if t.Sampled {
		flags = "01"
	}
	return "00-" + hex.EncodeToString(t.ID[:]) + "-" + hex.EncodeToString(t.Span[:]) + "-" + flags
}
