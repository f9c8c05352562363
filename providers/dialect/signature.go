package dialect

import (
	"bytes"
	"strings"
)

// A thought goes back to the provider that signed it through clients of whatever dialect, which keep nothing but its
// signature. A dialect whose signatures need more than themselves to be used again puts its mark in front of them.
// Signatures without a mark are a provider's own.
const (
	SignedResponses = "reasoning_item:" // with the id of the item, a colon and what is encrypted
	SignedGenerate  = "generate:"       // with the part that it belongs to, a colon and the signature

	// CarriedThought stands in front of a whole thought of another dialect, packed into what is encrypted here.
	CarriedThought = "carried_thought:"
)

// marks are the dialects that take a marked signature; "" = none takes it as it is.
var marks = [...]struct{ mark, owner string }{
	{SignedResponses, "responses"},
	{SignedGenerate, "generate"},
	{CarriedThought, ""},
}

// Carried reports whether a signature has a mark, and which dialect takes it; "" = none takes it as it is.
func Carried(signature string) (owner string, ok bool) {
	for _, m := range marks {
		if strings.HasPrefix(signature, m.mark) {
			return m.owner, true
		}
	}
	return "", false
}

// Foreign reports whether a signature has a mark of another dialect than own: no provider of own takes it.
func Foreign(own, signature string) bool {
	owner, ok := Carried(signature)
	return ok && owner != own
}

// ForeignIn reports whether a body has a member, of one of the names, whose text Foreign holds of. It looks at the bytes
// only: what stands inside a string does not count, because its quotes are escaped.
func ForeignIn(own string, body []byte, names ...string) bool {
	for _, m := range marks {
		if m.owner != own && begins(body, m.mark, names) {
			return true
		}
	}
	return false
}

// begins reports whether the text of a member begins with mark.
func begins(body []byte, mark string, names []string) bool {
	for {
		i := bytes.Index(body, []byte(mark))
		if i < 0 {
			return false
		}
		head, quoted := bytes.CutSuffix(body[:i], []byte{'"'})
		head, member := bytes.CutSuffix(bytes.TrimRight(head, " "), []byte{':'})
		if quoted && member && named(bytes.TrimRight(head, " "), names) {
			return true
		}
		body = body[i+len(mark):]
	}
}

// named reports whether b ends with one of names, quoted.
func named(b []byte, names []string) bool {
	for _, name := range names {
		n := len(b) - len(name) - 2
		if n >= 0 && b[n] == '"' && b[len(b)-1] == '"' && string(b[n+1:len(b)-1]) == name {
			return true
		}
	}
	return false
}
