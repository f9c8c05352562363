package providers

import (
	"bytes"
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	const secret = `sk-a/b+c"d=&0123456789`
	for _, form := range spellings(secret) {
		text := []byte(`{"message":"the key ` + form + ` is wrong"}`)
		before := bytes.Clone(text)
		if got := string(redact(text, "", secret)); got != `{"message":"the key [redacted] is wrong"}` {
			t.Errorf("%s: %s", form, got)
		}
		if !bytes.Equal(text, before) {
			t.Error("the text itself was changed")
		}
	}
	if got := string(redact([]byte("a key of two letters"), "ke", "")); strings.Contains(got, hidden) {
		t.Errorf("a short secret mangles words: %s", got)
	}
}
