package route

import (
	"testing"
	"time"

	"heimdall/providers"
	"heimdall/providers/auth"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

func TestCatalogAge(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	reply := fake.Reply{Status: 200, Body: `{"data":[{"id":"m"},{"id":"denied"}]}`}
	doer := &fake.Doer{Remember: true, Script: func(*transport.Request) fake.Reply { return reply }}
	table := &providers.Table{About: providers.Info{BaseURL: "http://p.test"}, Auth: auth.Bearer, Routes: map[llm.Op][]providers.Endpoint{llm.OpModels: {{Method: "GET", Path: "/models"}}}}
	p := &Provider{Target: providers.Target{Name: "p", Provider: table, Doer: doer}, Keys: []Key{{Credential: providers.Credential{KeyID: "k"}, Models: Models{All: true}, Denied: Models{Names: []string{"denied"}}, Aliases: map[string]Alias{"fast": {Model: "m"}}}}}
	c := NewCatalog(func() time.Time { return now }, func(status int, _ func(string) string, _ []byte) *llm.Error {
		return &llm.Error{Kind: llm.KindAuthFailed, Status: status}
	})
	ask := func(model string, want bool, calls int) {
		t.Helper()
		if l := c.List(t.Context(), p); l.Has(model) != want {
			t.Errorf("%s: %+v", model, l)
		}
		if n := len(doer.Seen()); n != calls {
			t.Errorf("asked %d times, want %d", n, calls)
		}
	}
	ask("m", true, 1)
	ask("denied", false, 1)
	ask("fast", true, 1)
	now = now.Add(listAge)
	ask("m", true, 1)
	now = now.Add(time.Second)
	reply = fake.Reply{Status: 401}
	ask("m", false, 2)
	now = now.Add(failAge + time.Second)
	reply = fake.Reply{Status: 200, Body: `{"data":[{"id":"m"}]}`}
	ask("m", true, 3)
	c.Forget("p")
	ask("m", true, 4)
}
