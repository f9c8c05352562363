package dialect

import (
	"bytes"
	"strings"
)

// A thought goes back to the provider that signed it through clients of whatever dialect, which keep nothing but its
// signature. A dialect whose signatures need more than themselves to be used again puts its mark in front of them.
// Signatures without a mark are a provider's own.
const (
	SignedResponses = "reasoning_item:"   // with the id of the item, a colon and what is encrypted
	SignedGenerate  = "generate:"         // with the part that it belongs to, a colon and the signature
	SignedChat      = "reasoning_detail:" // with the rest of the detail in base64, a colon and the signature

	// CarriedThought stands in front of a whole thought of another dialect, packed into what is encrypted here. Alone it
	// stands in for the signature of one that nobody signed.
	CarriedThought = "carried_thought:"
)

// marks are the dialects that take a marked signature; "" = none takes it as it is.
var marks = [...]struct{ mark, owner string }{
	{SignedResponses, "responses"},
	{SignedGenerate, "generate"},
	{SignedChat, "chat"},
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

// ForeignIn reports whether a body has a member, of one of the quoted names, whose text Foreign holds of. It looks at the
// bytes only: what stands inside a string does not count, because its quotes are escaped.
func ForeignIn(own string, body []byte, names ...string) bool {
	for _, name := range names {
		// Searching for a rare letter first is several times as fast.
		rare := max(0, strings.IndexByte(name, '_'))
		for rest := body; ; {
			i := bytes.Index(rest, []byte(name[rare:]))
			if i < 0 {
				break
			}
			member := bytes.HasSuffix(rest[:i], []byte(name[:rare]))
			rest = rest[i+len(name)-rare:]
			if member && foreignText(own, rest) {
				return true
			}
		}
	}
	return false
}

// foreignText reports whether a colon and a string with a foreign mark follow.
func foreignText(own string, b []byte) bool {
	b, member := bytes.CutPrefix(bytes.TrimLeft(b, " "), []byte{':'})
	b, text := bytes.CutPrefix(bytes.TrimLeft(b, " "), []byte{'"'})
	if !member || !text {
		return false
	}
	for _, m := range marks {
		if m.owner != own && bytes.HasPrefix(b, []byte(m.mark)) {
			return true
		}
	}
	return false
}
