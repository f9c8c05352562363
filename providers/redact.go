package providers

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"

	"heimdall/providers/rawjson"
)

// hidden stands in for a secret that an upstream has repeated.
const hidden = "[redacted]"

// shortestSecret is how long a secret must be to be looked for: shorter ones would be found in ordinary words.
const shortestSecret = 6

// redact replaces every secret in what an upstream says, also in the ways in which it is commonly written. text itself
// stays as it is.
func redact(text []byte, secrets ...string) []byte {
	for _, s := range secrets {
		if len(s) < shortestSecret {
			continue
		}
		for _, form := range spellings(s) {
			text = bytes.ReplaceAll(text, []byte(form), []byte(hidden))
		}
	}
	return text
}

func spellings(secret string) []string {
	b := []byte(secret)
	quoted := rawjson.AppendString(nil, secret)
	escaped, _ := json.Marshal(secret) // as many servers write it, with & < > as \u0026 and so on
	return []string{
		secret, string(quoted[1 : len(quoted)-1]), string(escaped[1 : len(escaped)-1]), url.QueryEscape(secret), url.PathEscape(secret),
		base64.StdEncoding.EncodeToString(b), base64.RawStdEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b),
		hex.EncodeToString(b),
	}
}

// secrets are what a call with that credential must not let out.
func (t *Target) secrets(c Credential) []string {
	out := append([]string{c.Value}, t.Secrets...)
	for _, o := range t.Provider.Info().Options {
		if o.Type == "secret" && o.Scope == "key" && o.Name != "value" {
			out = append(out, c.Options[o.Name])
		}
	}
	for _, f := range c.Own {
		out = append(out, f.Value, strings.TrimPrefix(f.Value, "Bearer "))
	}
	return out
}
