package providers_test

import (
	"net/url"
	"strings"
	"testing"

	"heimdall/providers"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

// TestEdits: an endpoint's edits change what they name and not a byte else.
func TestEdits(t *testing.T) {
	const body = `{ "model":"m", "messages":[ ] , "x":1.0e2,"old":7 }`
	for _, c := range []struct {
		edit   providers.Edit
		header string
		want   string
	}{
		{providers.Drop("x"), "", `{ "model":"m", "messages":[ ] ,"old":7 }`},
		{providers.Drop("gone"), "", body},
		{providers.Rename{From: "old", To: "new"}, "", `{ "model":"m", "messages":[ ] , "x":1.0e2,"new":7 }`},
		{providers.Rename{From: "old", To: "x"}, "", `{ "model":"m", "messages":[ ] , "x":1.0e2 }`},
		{providers.Default{Key: "x", Value: "2"}, "", body},
		{providers.Default{Key: "v", Value: `"2"`}, "", `{ "model":"m", "messages":[ ] , "x":1.0e2,"old":7,"v":"2" }`},
		{providers.Gather{Header: "Acme-Beta", Key: "beta"}, "a, b", `{ "model":"m", "messages":[ ] , "x":1.0e2,"old":7,"beta":["a","b"] }`},
		{providers.Gather{Header: "Acme-Beta", Key: "beta"}, "", body},
	} {
		p := table("chat")
		p.Routes[llm.OpChat][0].Edits = []providers.Edit{c.edit}
		upstream := says(chatAnswer)
		call := newCall(t, p, "chat", body, upstream)
		call.Header = func(name string) string {
			if name == "Acme-Beta" {
				return c.header
			}
			return ""
		}
		if _, err := call.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := upstream.Seen()[0].Body; strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(c.want, " ", "") {
			t.Errorf("%T %+v: %s\nwant %s", c.edit, c.edit, got, c.want)
		}
	}
}

// TestAddress: names in a path are filled from the call and from the key, and cannot lead anywhere else.
func TestAddress(t *testing.T) {
	for _, c := range []struct {
		name, path, model, base, query string
		options                        map[string]string
		paths                          map[string]string
		want, err                      string
	}{
		{name: "plain", path: "/chat", want: "https://api.acme.test/v1/chat"},
		{name: "model", path: "/models/{model}:say", model: "a/b:1?x", want: "https://api.acme.test/v1/models/a%2Fb%3A1%3Fx:say"},
		{name: "option", path: "/in/{region}/chat", options: map[string]string{"region": "eu"}, want: "https://api.acme.test/v1/in/eu/chat"},
		{name: "nobody says", path: "/in/{region}/chat", err: "needs a region"},
		{name: "address of the key", path: "/chat", options: map[string]string{"url": "http://box.test"}, want: "http://box.test/v1/chat"},
		{name: "address of the user", path: "/chat", options: map[string]string{"url": "http://box.test"}, base: "http://proxy.test", want: "http://proxy.test/v1/chat"},
		{name: "path of the user", path: "/chat", paths: map[string]string{"chat_completion": "/my/chat"}, want: "https://api.acme.test/my/chat"},
		{name: "address of the user's own", path: "/chat", paths: map[string]string{"chat_completion": "https://elsewhere.test/x"}, want: "https://elsewhere.test/x"},
		{name: "query", path: "/chat?a=1", query: "beta=true&provider=p&key=k", want: "https://api.acme.test/v1/chat?a=1&beta=true"},
	} {
		p := table("chat")
		p.Address = "url"
		p.Routes[llm.OpChat][0].Path = c.path
		upstream := says(chatAnswer)
		call := newCall(t, p, "chat", `{"model":"m","messages":[]}`, upstream)
		call.Target.BaseURL, call.Target.Paths, call.Credential.Options = c.base, c.paths, c.options
		if c.model != "" {
			call.Model = c.model
		}
		call.Query = query(t, c.query)
		_, err := call.Do(t.Context())
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || len(upstream.Seen()) != 0 {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := upstream.Seen()[0].URL; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestAllowed: a provider that may only be asked for chat gets a responses client's call as chat, and nothing that it
// may not be asked for.
func TestAllowed(t *testing.T) {
	call := func(client string, allowed ...string) (*fake.Doer, error) {
		upstream := says(chatAnswer)
		c := newCall(t, table("messages", "chat"), client, `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`, upstream)
		c.Target.Allowed = map[string]bool{}
		for _, a := range allowed {
			c.Target.Allowed[a] = true
		}
		_, err := c.Do(t.Context())
		return upstream, err
	}
	if up, err := call("chat", "chat_completion"); err != nil || len(up.Seen()) != 1 {
		t.Errorf("allowed: %v", err)
	}
	up, err := call("chat", "embedding")
	if e := llm.AsError(err); err == nil || e.Code != "unsupported_operation" || e.Status != 400 || e.Message != "chat_completion is not supported by acme provider" || len(up.Seen()) != 0 {
		t.Errorf("not allowed: %+v", e)
	}
}

// TestOwnCredential: what the client brought goes to the upstream as it is, and the gateway adds no key.
func TestOwnCredential(t *testing.T) {
	upstream := says(chatAnswer)
	call := newCall(t, table("chat"), "chat", `{"model":"m","messages":[]}`, upstream)
	call.Credential = providers.Credential{Own: fields("Authorization", "Bearer its-own-token")}
	if _, err := call.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := upstream.Seen()[0].Header["Authorization"]; got != "Bearer its-own-token" {
		t.Error(got)
	}
}

func query(t *testing.T, raw string) url.Values {
	t.Helper()
	q, err := url.ParseQuery(raw)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func fields(name, value string) []transport.Field {
	return []transport.Field{{Name: name, Value: value}}
}
