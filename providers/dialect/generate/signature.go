package generate

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// A signature stands on the part that it belongs to: a text, a call, a thought. Other dialects sign thoughts only, so
// the signature of a text or a call becomes a redacted thought in front of it, whose Signature names the part:
//
//	generate:c1:SIGNATURE
//
// is that of the second call of its turn, t0 that of the first text. Clients send thoughts back, but not in their place,
// which is why the name is needed. r is a thought's own signature: the mark alone keeps those of other providers apart.
//
// The other way round, what another provider signed goes to a client as base64 of "thought:" or "redacted:" and the
// signature, because clients take these fields for bytes.

const (
	mark         = dialect.SignedGenerate
	ofText       = 't'
	ofCall       = 'c'
	ofThought    = 'r'
	wrapThought  = "thought:"
	wrapRedacted = "redacted:"

	// noSignature is what the reference tells to send with a call that the model did not make itself: base64 of
	// "skip_thought_signature_validator".
	noSignature = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
)

// owner is the part of a turn that a signature belongs to.
type owner struct {
	kind  byte
	index int
}

func (o owner) sign(signature string) string {
	return mark + string(o.kind) + strconv.Itoa(o.index) + ":" + signature
}

// signed reads a marked signature.
func signed(s string) (of owner, signature string, ok bool) {
	rest, ok := strings.CutPrefix(s, mark)
	if !ok {
		return of, "", false
	}
	head, signature, ok := strings.Cut(rest, ":")
	if !ok || len(head) < 2 {
		return of, "", false
	}
	of.kind = head[0]
	n, err := strconv.Atoi(head[1:])
	if err != nil || n < 0 || of.kind != ofText && of.kind != ofCall && of.kind != ofThought {
		return of, "", false
	}
	of.index = n
	return of, signature, true
}

// carrier is the thought that carries the signature of another part; ok is false for a thought in its own right.
func carrier(p llm.Part) (of owner, signature string, ok bool) {
	if p.Kind != llm.PartReasoning || !p.Redacted || p.Text != "" {
		return of, "", false
	}
	of, signature, ok = signed(p.Signature)
	return of, signature, ok && of.kind != ofThought
}

func carry(of owner, signature string) llm.Part {
	return llm.Part{Kind: llm.PartReasoning, Redacted: true, Signature: of.sign(signature)}
}

// wrap makes the signature that a client of this dialect gets with a thought.
func wrap(p llm.Part) string {
	if _, signature, ok := signed(p.Signature); ok {
		return signature
	}
	kind := wrapThought
	if p.Redacted {
		kind = wrapRedacted
	}
	return base64.StdEncoding.EncodeToString([]byte(kind + p.Signature))
}

var standard = strings.NewReplacer("-", "+", "_", "/", "=", "")

// unwrap puts on a thought the signature that came with it.
func unwrap(p *llm.Part, signature string) {
	if signature == "" {
		return
	}
	if s, redacted, ok := unwrapped(signature); ok {
		p.Signature, p.Redacted = s, redacted
		return
	}
	p.Signature = owner{kind: ofThought}.sign(signature)
}

// unwrapped reads what wrap made of another provider's signature.
func unwrapped(signature string) (s string, redacted, ok bool) {
	text, err := base64.RawStdEncoding.DecodeString(standard.Replace(signature))
	if err != nil {
		return "", false, false
	}
	if s, ok := strings.CutPrefix(string(text), wrapThought); ok {
		return s, false, true
	}
	s, ok = strings.CutPrefix(string(text), wrapRedacted)
	return s, true, ok
}

// signatureKeys are the members that hold signatures, as they stand in a body. Inside a string their quotes would be
// escaped.
var signatureKeys = [...][]byte{[]byte(`"thoughtSignature"`), []byte(`"thought_signature"`)}

// foreign reports whether a body holds thoughts that another provider signed.
func foreign(body []byte) bool {
	for _, key := range signatureKeys {
		for _, rest, found := bytes.Cut(body, key); found; _, rest, found = bytes.Cut(rest, key) {
			value, quoted := bytes.CutPrefix(bytes.TrimLeft(rest, ": \t\r\n"), []byte{'"'})
			text, _, _ := bytes.Cut(value, []byte{'"'})
			if _, _, ok := unwrapped(string(text)); quoted && ok {
				return true
			}
		}
	}
	return false
}
