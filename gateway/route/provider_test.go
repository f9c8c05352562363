package route

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"heimdall/providers"
	"heimdall/providers/auth"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

func named(id string) providers.Credential { return providers.Credential{KeyID: id, KeyName: id} }

func TestKeyChoice(t *testing.T) {
	p := &Provider{Target: providers.Target{Name: "p"}, Keys: []Key{
		{Credential: named("idle"), All: true},
		{Credential: named("broken"), All: true, Weight: 1, Problem: "its variable is not set"},
		{Credential: named("a"), Models: []string{"m"}, Weight: 1},
		{Credential: named("b"), All: true, Denied: []string{"m"}, Weight: 1},
	}}
	for _, c := range []struct {
		model, pin, want string
		kind             llm.ErrorKind
	}{
		{"m", "", "a", ""}, {"n", "", "b", ""}, {"m", "idle", "idle", ""},
		{"m", "b", "", llm.KindModelUnavailable}, {"m", "broken", "", llm.KindNoCredentials}, {"m", "nobody", "", llm.KindModelUnavailable},
	} {
		got, err := p.key(c.model, c.pin)
		if got.KeyID != c.want || (err == nil) != (c.kind == "") || err != nil && llm.AsError(err).Kind != c.kind {
			t.Errorf("%s pinned to %q: %q, %v", c.model, c.pin, got.KeyID, err)
		}
	}
	if _, err := (&Provider{Keyless: true}).key("m", ""); err != nil {
		t.Errorf("a provider that needs no key: %v", err)
	}
}

func TestGate(t *testing.T) {
	g := NewGate(1, 1)
	if err := g.Enter(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancelCause(t.Context())
	why := errors.New("left")
	waits := make(chan error, 1)
	go func() { waits <- g.Enter(ctx, "p") }()
	for g.waiting.Load() == 0 {
		runtime.Gosched()
	}
	if err := g.Enter(t.Context(), "p"); llm.AsError(err).Type != "queue_full" {
		t.Errorf("beyond the queue: %v", err)
	}
	leave(why)
	if err := <-waits; !errors.Is(err, why) {
		t.Errorf("who leaves the queue: %v", err)
	}
	g.Leave()
	if err := g.Enter(t.Context(), "p"); err != nil {
		t.Errorf("after a place is free: %v", err)
	}
	var none *Gate
	if err := none.Enter(t.Context(), "p"); err != nil {
		t.Errorf("no gate: %v", err)
	}
	none.Leave()
}

func TestCatalogAge(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	reply := fake.Reply{Status: 200, Body: `{"data":[{"id":"m"},{"id":"denied"}]}`}
	doer := &fake.Doer{Remember: true, Script: func(*transport.Request) fake.Reply { return reply }}
	table := &providers.Table{About: providers.Info{BaseURL: "http://p.test"}, Auth: auth.Bearer, Routes: map[llm.Op][]providers.Endpoint{llm.OpModels: {{Method: "GET", Path: "/models"}}}}
	p := &Provider{Target: providers.Target{Name: "p", Provider: table, Doer: doer}, Keys: []Key{{Credential: named("k"), All: true, Denied: []string{"denied"}}}}
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
