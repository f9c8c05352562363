package govern

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/exchange"
)

func TestWhereAKeyIsFound(t *testing.T) {
	const value, loose = "sk-bf-abc", "vk-prod-main"
	for name, c := range map[string]struct {
		header header
		query  string
		want   string // "" = nobody
	}{
		"its own header":                 {header{"X-BF-VK": value}, "", "a"},
		"its own header, loose":          {header{"x-bf-vk": loose}, "", "b"},
		"the other name of it":           {header{"x-bf-virtual-key": loose}, "", "b"},
		"bearer":                         {header{"authorization": "Bearer " + value}, "", "a"},
		"bearer in small letters":        {header{"authorization": "bearer " + value}, "", "a"},
		"x-api-key":                      {header{"x-api-key": value}, "", "a"},
		"x-goog-api-key":                 {header{"x-goog-api-key": value}, "", "a"},
		"api-key":                        {header{"api-key": value}, "", "a"},
		"the query":                      {nil, "key=" + value, "a"},
		"the first one counts":           {header{"x-bf-vk": loose, "authorization": "Bearer " + value}, "", "b"},
		"somebody else's key is none":    {header{"authorization": "Bearer sk-ant-123", "x-api-key": value}, "", "a"},
		"a loose one is not in others":   {header{"authorization": "Bearer " + loose, "x-api-key": loose}, "key=" + loose, ""},
		"a password is none":             {header{"authorization": "Basic " + value}, "", ""},
		"nothing":                        {nil, "", ""},
		"the value before, while it may": {header{"x-api-key": "sk-bf-before"}, "", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := w.policy(Options{Keys: []Key{
				{ID: "a", Active: true, Hash: HashOf(value), Previous: HashOf("sk-bf-before"), PreviousUntil: w.clock.now().Add(time.Second)},
				{ID: "b", Active: true, Hash: HashOf(loose)},
			}})
			x, err := call(p, c.header, c.query)
			if err != nil {
				t.Fatal(err)
			}
			if got := x.Record.Identity.VirtualKeyID; got != c.want {
				t.Errorf("the caller is %q, want %q", got, c.want)
			}
			if id, err := p.KeyID(x.Header, x.Query); id != c.want || err != nil {
				t.Errorf("KeyID says %q, %v; want %q", id, err, c.want)
			}
			if governed := x.Caller != nil; governed != (c.want != "") {
				t.Errorf("governed: %v, for caller %q", governed, c.want)
			}
		})
	}
}

func TestTheRecordSaysWho(t *testing.T) {
	w := newWorld(t)
	p := w.policy(Options{
		Keys:      []Key{dev(func(k *Key) { k.TeamID, k.NoBodies = "t", ptr(true) })},
		Teams:     []Owner{{ID: "t", Name: "Core", CustomerID: "c"}},
		Customers: []Owner{{ID: "c", Name: "Acme"}},
	})
	x, err := call(p, header{"x-bf-vk": devValue}, "")
	if err != nil {
		t.Fatal(err)
	}
	want := &exchange.Record{
		Identity: exchange.Identity{VirtualKeyID: "k1", VirtualKeyName: "dev", TeamID: "t", TeamName: "Core", CustomerID: "c", CustomerName: "Acme"},
		NoBodies: true,
		Routing:  []exchange.Step{{Engine: "identity", Message: "virtual key 'dev', team 'Core', customer 'Acme'"}},
	}
	if diff := cmp.Diff(want, x.Record); diff != "" {
		t.Errorf("the record (-want +got):\n%s", diff)
	}
	x.Record.Routing = append(x.Record.Routing, exchange.Step{Engine: "core"})
	again, _ := call(p, header{"x-bf-vk": devValue}, "")
	if len(again.Record.Routing) != 1 {
		t.Errorf("steps of one exchange are in another: %v", again.Record.Routing)
	}
}

func TestNobodyIsBoundByWhatBindsAll(t *testing.T) {
	w := newWorld(t)
	p := w.policy(Options{Keys: []Key{dev()}, ModelLimits: []ModelLimit{{"*", "", "k1", rate("r", 0, 1, "1h")}}})
	if x, err := call(p, nil, ""); err != nil || x.Caller != nil {
		t.Errorf("a limit of one key governs nobody's call: %v, %v", x.Caller, err)
	}
	p = w.policy(Options{ModelLimits: []ModelLimit{{"*", "", "", rate("r", 0, 1, "1h")}}})
	x, err := call(p, nil, "")
	if err != nil || x.Caller == nil {
		t.Fatalf("a limit of all does not govern nobody's call: %v", err)
	}
	if err := x.Caller.May("any", "model"); err != nil || x.Caller.Keys("any") != nil || x.Caller.Shares("model") != nil {
		t.Errorf("nobody may not use a provider: %v", err)
	}
	if err := useOf(p, "", "any", "model", 1, 1); err != nil {
		t.Error(err)
	}
	if err := useOf(p, "", "other", "one", 1, 1); refused(err).Type != "request_limited" {
		t.Errorf("the second request: %v", err)
	}
}

func TestState(t *testing.T) {
	w := newWorld(t)
	keys := []Key{
		dev(func(k *Key) { k.TeamID = "t" }),
		dev(func(k *Key) { k.ID, k.Hash, k.Active = "off", HashOf("off"), false }),
		dev(func(k *Key) { k.ID, k.Hash, k.Expires = "old", HashOf("old"), since }),
		dev(func(k *Key) { k.ID, k.Hash, k.Allowance = "quick", HashOf("quick"), rate("r", 0, 1, "1h") }),
	}
	p := w.policy(Options{Keys: keys, Teams: []Owner{{ID: "t", Allowance: dollars("b", 1)}}})
	check := func(want map[string]KeyState) {
		t.Helper()
		for id, state := range want {
			if got := p.State(id); got != state {
				t.Errorf("key %s is %q, want %q", id, got, state)
			}
		}
	}
	check(map[string]KeyState{"k1": KeyActive, "off": KeyInactive, "old": KeyExpired, "quick": KeyActive, "none": ""})
	if err := useOf(p, "k1", "p", "m", 1_000_000, 0); err != nil {
		t.Fatal(err)
	}
	if err := useOf(p, "quick", "p", "m", 1, 0); err != nil {
		t.Fatal(err)
	}
	check(map[string]KeyState{"k1": KeyOverBudget, "quick": KeyRateLimited})
}

func TestUnpricedCallsAreCounted(t *testing.T) {
	w := newWorld(t)
	p := w.policy(Options{Keys: []Key{dev(func(k *Key) { k.Allowance = dollars("b", 1) })}})
	for _, model := range []string{"unpriced", "m", "unpriced"} {
		if err := useOf(p, "k1", "p", model, 10, 10); err != nil {
			t.Fatal(err)
		}
	}
	h, err := p.Caller("k1").Hold(exchange.Need{Provider: "p", Model: "unpriced"})
	if err != nil {
		t.Fatal(err)
	}
	h.Settle(exchange.Spent{}) // a call that failed
	if n, today := w.ledger.Unpriced("k1"), w.pause.Burn().Unpriced; n != 2 || today != 2 {
		t.Errorf("%d unpriced calls of the key and %d today, want 2", n, today)
	}
	if got := w.ledger.Budget("b").Used; got != 0.00002 {
		t.Errorf("%v dollars used, want those of the call with a price", got)
	}
}

// A test call of the administrator's needs no key and no header, but goes nowhere while all is paused.
func TestTheAdministratorsOwnCalls(t *testing.T) {
	w := newWorld(t)
	p := w.policy(Options{Mandatory: true, RequiredHeaders: []string{"x-tenant"}})
	ask := func() error {
		x := &exchange.Exchange{Row: &exchange.Row{Guard: exchange.GuardManage}, Header: header{}, Record: &exchange.Record{}}
		_, err := p.Wrap(func(context.Context, *exchange.Exchange) (*exchange.Reply, error) { return &exchange.Reply{}, nil })(t.Context(), x)
		if x.Caller != nil {
			t.Error("the administrator is governed")
		}
		return err
	}
	if err := ask(); err != nil {
		t.Error(err)
	}
	w.pause.Set(Pause{Paused: true})
	if err := ask(); err == nil {
		t.Error("a call was made though all is paused")
	}
}
