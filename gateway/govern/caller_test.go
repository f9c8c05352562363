package govern

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/exchange"
)

func TestModelLists(t *testing.T) {
	for _, c := range []struct {
		models, denied []string
		all            bool
		model          string
		want           bool
	}{
		{nil, nil, true, "anything", true},
		{nil, nil, false, "anything", false},
		{[]string{"gpt-4o"}, nil, false, "gpt-4o", true},
		{[]string{"gpt-4o"}, nil, false, "GPT-4o", false},
		{[]string{"gpt-4o"}, nil, false, "gpt-4o-mini", false},
		{[]string{"gpt-4o"}, nil, false, "openai/gpt-4o", false},
		{[]string{"openai/gpt-4o"}, nil, false, "gpt-4o", true},
		{[]string{"openai/gpt-4o"}, nil, false, "openai/gpt-4o", true},
		{[]string{"openai/gpt-4o"}, nil, false, "azure/gpt-4o", false},
		{[]string{"regex:gpt-4.*"}, nil, false, "GPT-4o-mini", true},
		{[]string{"regex:gpt-4.*"}, nil, false, "my-gpt-4o", false},
		{[]string{"regex:a|b"}, nil, false, "ax", false},
		{[]string{"gpt-4o"}, []string{"gpt-4o"}, false, "gpt-4o", false},
		{nil, []string{"regex:.*-preview"}, true, "o3-preview", false},
		{nil, []string{"gpt-4o"}, true, "openai/gpt-4o", false},
		{nil, []string{"gpt-4o"}, true, "gpt-4o-mini", true},
	} {
		g, err := newGrant(Grant{AllModels: c.all, Models: c.models, Denied: c.denied}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.may(c.model); got != c.want {
			t.Errorf("all %v, models %q, denied %q: may %q is %v", c.all, c.models, c.denied, c.model, got)
		}
	}
	w := newWorld(t)
	if _, err := New(Options{Ledger: w.ledger, Switch: w.pause, Keys: []Key{dev(func(k *Key) { k.Grants = []Grant{{Models: []string{"regex:("}}} })}}); err == nil {
		t.Error("a pattern that is none was taken")
	}
}

func TestShares(t *testing.T) {
	grants := []Grant{
		{Provider: "openai", Weight: ptr(0.2), Models: []string{"gpt-4o", "gpt-4o-mini"}, AllKeys: true},
		{Provider: "azure", Weight: ptr(0.8), Models: []string{"gpt-4o"}, KeyIDs: []string{"z1"}, Allowance: rate("azure", 0, 1, "1h")},
		{Provider: "backup", AllModels: true},
	}
	w := newWorld(t)
	p := w.policy(Options{Keys: []Key{dev(func(k *Key) { k.AllProviders, k.Grants = false, grants })}})
	caller := p.Caller("k1")
	check := func(model string, want ...exchange.Share) {
		t.Helper()
		if diff := cmp.Diff(want, caller.Shares(model)); diff != "" {
			t.Errorf("shares of %s (-want +got):\n%s", model, diff)
		}
	}
	azure, openai := exchange.Share{Provider: "azure", Weight: 0.8}, exchange.Share{Provider: "openai", Weight: 0.2}
	check("gpt-4o", azure, openai)
	check("gpt-4o-mini", openai)
	check("o3")
	if err := useOf(p, "k1", "azure", "gpt-4o", 1, 1); err != nil {
		t.Fatal(err)
	}
	check("gpt-4o", openai)
	if diff := cmp.Diff([]string{"z1"}, caller.Keys("azure")); diff != "" {
		t.Errorf("keys of azure: %s", diff)
	}
	if got := caller.Keys("openai"); got != nil {
		t.Errorf("keys of openai: %q, want all", got)
	}
	if got := caller.Keys("backup"); got == nil || len(got) != 0 {
		t.Errorf("keys of backup: %q, want none", got)
	}
	if got := p.Used("k1", "azure", "gpt-4o"); got != (Percent{Requests: 100}) {
		t.Errorf("used %v, want all requests", got)
	}
}

// Where nobody has anything left, the refusal says why.
func TestSharesOfWhatIsSpent(t *testing.T) {
	w := newWorld(t)
	p := w.policy(Options{
		Keys:           []Key{dev(func(k *Key) { k.Grants = []Grant{{Provider: "openai", Weight: ptr(1.0), AllModels: true}} })},
		ProviderLimits: []ProviderLimit{{"openai", dollars("b", 1)}},
	})
	if err := useOf(p, "k1", "openai", "m", 1_000_000, 0); err != nil {
		t.Fatal(err)
	}
	if got := p.Caller("k1").Shares("m"); len(got) != 1 {
		t.Errorf("shares %v, want the one that will be refused", got)
	}
}

// A model limit binds what it names and nothing else.
func TestModelLimits(t *testing.T) {
	for _, c := range []struct {
		limit                ModelLimit
		key, provider, model string
		bound                bool
	}{
		{ModelLimit{Model: "m"}, "k1", "p", "m", true},
		{ModelLimit{Model: "m"}, "", "q", "m", true},
		{ModelLimit{Model: "m"}, "k1", "p", "n", false},
		{ModelLimit{Model: "*"}, "k1", "p", "n", true},
		{ModelLimit{Model: "m", Provider: "p"}, "k1", "p", "m", true},
		{ModelLimit{Model: "m", Provider: "p"}, "k1", "q", "m", false},
		{ModelLimit{Model: "*", Provider: "p"}, "k1", "q", "m", false},
		{ModelLimit{Model: "p/m"}, "k1", "p", "m", true},
		{ModelLimit{Model: "p/m"}, "k1", "q", "p/m", true},
		{ModelLimit{Model: "p/m"}, "k1", "q", "m", false},
		{ModelLimit{Model: "m", KeyID: "k1"}, "k1", "p", "m", true},
		{ModelLimit{Model: "m", KeyID: "k1"}, "k2", "p", "m", false},
	} {
		w := newWorld(t)
		c.limit.Allowance = rate("r", 0, 0, "")
		c.limit.Allowance.Rate.Requests = &Quota{Max: 0, Every: every("1h")}
		other := dev(func(k *Key) { k.ID, k.Hash = "k2", HashOf("k2") })
		p := w.policy(Options{Keys: []Key{dev(), other}, ModelLimits: []ModelLimit{c.limit}})
		err := useOf(p, c.key, c.provider, c.model, 1, 1)
		if bound := err != nil; bound != c.bound {
			t.Errorf("limit of %q at %q for %q, call of %s/%s by %q: %v", c.limit.Model, c.limit.Provider, c.limit.KeyID, c.provider, c.model, c.key, err)
		}
	}
}

// An exchange is one request of its key, but each call is one of its provider.
func TestRequestsOfExchangesAndCalls(t *testing.T) {
	w := newWorld(t)
	p := w.policy(Options{
		Keys:           []Key{dev(func(k *Key) { k.Allowance = rate("key", 0, 10, "1h") })},
		ProviderLimits: []ProviderLimit{{"a", rate("a", 0, 2, "1h")}, {"b", rate("b", 0, 10, "1h")}},
	})
	for range 3 { // the third one's first provider has nothing left
		caller := p.Caller("k1")
		for attempt, provider := range []string{"a", "b", "b"} {
			h, err := caller.Hold(exchange.Need{Provider: provider, Model: "m", Attempt: attempt})
			if err == nil {
				h.Settle(exchange.Spent{})
			}
		}
	}
	for id, want := range map[string]int64{"key": 3, "a": 2, "b": 6} {
		if got := w.ledger.Requests(id).Used; got != want {
			t.Errorf("%s: %d requests, want %d", id, got, want)
		}
	}
}

func TestEstimates(t *testing.T) {
	w := newWorld(t)
	p := w.policy(Options{Keys: []Key{dev(func(k *Key) { k.Allowance = rate("r", 1<<40, 0, "1M") })}})
	held := func(input, allowed int64) int64 {
		t.Helper()
		h, err := p.Caller("k1").Hold(exchange.Need{Provider: "p", Model: "m", Input: input, MaxOutput: allowed})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Settle(exchange.Spent{})
		return w.ledger.Tokens("r").Held
	}
	check := func(input, allowed, want int64) {
		t.Helper()
		if got := held(input, allowed); got != want {
			t.Errorf("%d tokens are held for input %d and output %d, want %d", got, input, allowed, want)
		}
	}
	check(100, 0, 100+1024)
	check(100, 50, 150)
	check(100, 5000, 100+1024)
	for i := range int64(200) { // of which the last hundred count: 101 … 200
		if err := use(p, 1, i+1); err != nil {
			t.Fatal(err)
		}
	}
	check(100, 0, 100+195)
	check(100, 5000, 100+195)
	check(100, 50, 150)
	if held := w.ledger.Tokens("r").Held; held != 0 {
		t.Errorf("%d tokens are still held", held)
	}
}

// What is settled twice counts once, and what failed costs nothing.
func TestSettle(t *testing.T) {
	w := newWorld(t)
	p := w.policy(Options{Keys: []Key{dev(func(k *Key) { k.Allowance = dollars("b", 1) })}})
	h, err := p.Caller("k1").Hold(exchange.Need{Provider: "p", Model: "m", Input: 500_000, MaxOutput: 1})
	if err != nil {
		t.Fatal(err)
	}
	if b := w.ledger.Budget("b"); b.Held != 0.500001 || b.Used != 0 || b.Max != 1 {
		t.Errorf("in flight: %+v", b)
	}
	h.Settle(spent("p", "m", 600_000, 0))
	h.Settle(spent("p", "m", 600_000, 0))
	failed, err := p.Caller("k1").Hold(exchange.Need{Provider: "p", Model: "m", Input: 500_000})
	if err != nil {
		t.Fatalf("one call may use the rest: %v", err)
	}
	failed.Settle(exchange.Spent{})
	if b := w.ledger.Budget("b"); b.Held != 0 || b.Used != 0.6 {
		t.Errorf("settled: %+v", b)
	}
}
