package converse

import (
	"bytes"
	"encoding/base64"

	"heimdall/providers/dialect"
)

// blob is s where it is base64 already, as all that the endpoint itself redacts; else what makes it so.
func blob(s string) string {
	if _, err := base64.StdEncoding.DecodeString(s); err == nil {
		return s
	}
	return base64.StdEncoding.EncodeToString([]byte(s))
}

// unblob reads redacted content. What blob made base64 is again what another dialect knows by its mark.
func unblob(dst *string, v []byte) error {
	err := dialect.String(dst, v)
	if s, ok := carried(*dst); ok {
		*dst = s
	}
	return err
}

// carried is what blob made of a marked signature.
func carried(s string) (signature string, ok bool) {
	text, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return "", false
	}
	_, ok = dialect.Carried(string(text))
	return string(text), ok
}

// redactedKey is the member with redacted content as it stands in a body. Inside a string its quotes would be escaped.
var redactedKey = []byte(`"redactedContent"`)

// foreign reports whether a body holds thoughts that another provider signed.
func foreign(body []byte) bool {
	if dialect.ForeignIn(name, body, `"signature"`) {
		return true
	}
	for _, rest, found := bytes.Cut(body, redactedKey); found; _, rest, found = bytes.Cut(rest, redactedKey) {
		value, quoted := bytes.CutPrefix(bytes.TrimLeft(rest, ": \t\r\n"), []byte{'"'})
		text, _, _ := bytes.Cut(value, []byte{'"'})
		if _, ok := carried(string(text)); quoted && ok {
			return true
		}
	}
	return false
}
