package govern

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// refusal is what a client sees.
type refusal struct {
	Kind    llm.ErrorKind
	Status  int
	Type    string
	Message string
}

func refused(err error) refusal {
	var e *llm.Error
	if !errors.As(err, &e) {
		return refusal{}
	}
	return refusal{e.Kind, e.Status, e.Type, e.Message}
}

func TestRefusals(t *testing.T) {
	withKey := header{"x-bf-vk": devValue}
	one := exchange.Need{Provider: "openai", Model: "gpt-4o", Input: 1000, MaxOutput: 1000}
	gpt := Grant{Provider: "openai", Models: []string{"gpt-4o"}, AllKeys: true}
	bound := func(a Allowance) func(*Key) { return func(k *Key) { k.Allowance = a } }
	for name, c := range map[string]struct {
		options Options
		header  header
		query   string
		spent   int64 // tokens before
		held    int64 // tokens by a call in flight
		need    exchange.Need
		want    refusal
	}{
		"no key where one is needed": {Options{Mandatory: true}, nil, "", 0, 0, one,
			refusal{llm.KindAccessDenied, 401, "virtual_key_required", "virtual key is required. Provide a virtual key via the x-bf-vk header."}},
		"an unknown key": {Options{}, header{"x-bf-vk": "whatever"}, "", 0, 0, one,
			refusal{llm.KindAccessDenied, 401, "virtual_key_not_found", "virtual key not found"}},
		"a value that was replaced": {Options{Keys: []Key{dev(func(k *Key) { k.Previous, k.PreviousUntil = HashOf("old"), since })}},
			header{"x-bf-vk": "old"}, "", 0, 0, one,
			refusal{llm.KindAccessDenied, 401, "virtual_key_not_found", "virtual key not found: its value was replaced; use the new one"}},
		"an inactive key": {Options{Keys: []Key{dev(func(k *Key) { k.Active = false })}}, withKey, "", 0, 0, one,
			refusal{llm.KindAccessDenied, 403, "access_blocked", "virtual key is inactive"}},
		"an expired key": {Options{Keys: []Key{dev(func(k *Key) { k.Expires = since })}}, withKey, "", 0, 0, one,
			refusal{llm.KindAccessDenied, 403, "access_blocked", "virtual key has expired"}},
		"missing headers": {Options{RequiredHeaders: []string{"x-tenant-id", "X-User", "x-bf-vk"}, Keys: []Key{dev()}}, withKey, "", 0, 0, one,
			refusal{llm.KindInvalidRequest, 400, "missing_required_headers", "missing required headers: x-tenant-id, X-User"}},
		"a provider without a grant": {Options{Keys: []Key{dev(func(k *Key) { k.AllProviders = false })}}, withKey, "", 0, 0, one,
			refusal{llm.KindProviderBlocked, 403, "provider_blocked", "Provider 'openai' is not allowed for virtual key 'dev'"}},
		"a model that is not granted": {Options{Keys: []Key{dev(func(k *Key) { k.Grants = []Grant{gpt} })}}, withKey, "", 0, 0,
			exchange.Need{Provider: "openai", Model: "o3"},
			refusal{llm.KindModelBlocked, 403, "model_blocked", "Model 'o3' is not allowed for virtual key 'dev'"}},
		"tokens of the key": {Options{Keys: []Key{dev(bound(rate("r", 1000, 0, "1h")))}}, withKey, "", 1500, 0, one,
			refusal{llm.KindRateLimited, 429, "token_limited", "Rate limit exceeded: virtual key 'dev' token limit exceeded (1500/1000, resets every 1h)"}},
		"tokens in flight": {Options{Keys: []Key{dev(bound(rate("r", 3000, 0, "1h")))}}, withKey, "", 1000, 1000, one,
			refusal{llm.KindRateLimited, 429, "token_limited", "Rate limit exceeded: virtual key 'dev' token limit would be exceeded (1000 used + 1000 held by calls in flight + 2000 for this call > 3000, resets every 1h)"}},
		"requests of the key": {Options{Keys: []Key{dev(bound(rate("r", 0, 1, "1h")))}}, withKey, "", 1, 0, one,
			refusal{llm.KindRateLimited, 429, "request_limited", "Rate limit exceeded: virtual key 'dev' request limit exceeded (1/1, resets every 1h)"}},
		"requests of a provider, for nobody": {Options{ProviderLimits: []ProviderLimit{{"openai", rate("r", 0, 1, "1d")}}}, nil, "", 1, 0, one,
			refusal{llm.KindRateLimited, 429, "request_limited", "Rate limit exceeded: provider 'openai' request limit exceeded (1/1, resets every 1d)"}},
		"tokens of a model": {Options{ModelLimits: []ModelLimit{{"gpt-4o", "openai", "", rate("r", 10, 0, "1d")}}}, nil, "", 10, 0, one,
			refusal{llm.KindRateLimited, 429, "token_limited", "Rate limit exceeded: model 'gpt-4o' of provider 'openai' token limit exceeded (10/10, resets every 1d)"}},
		"the key's budget": {Options{Keys: []Key{dev(bound(dollars("b", 100)))}}, withKey, "", 105_500_000, 0, one,
			refusal{llm.KindBudgetExceeded, 402, "budget_exceeded", "Budget exceeded: virtual key 'dev' budget exceeded: 105.5000 >= 100.0000 dollars"}},
		"small money": {Options{Keys: []Key{dev(bound(dollars("b", 0.000012)))}}, withKey, "", 13, 0, one,
			refusal{llm.KindBudgetExceeded, 402, "budget_exceeded", "Budget exceeded: virtual key 'dev' budget exceeded: 0.000013 >= 0.000012 dollars"}},
		"money in flight": {Options{Keys: []Key{dev(bound(dollars("b", 0.003)))}}, withKey, "", 1000, 1000, one,
			refusal{llm.KindBudgetExceeded, 402, "budget_exceeded", "Budget exceeded: virtual key 'dev' budget would be exceeded: 0.0010 used + 0.0010 held by calls in flight + 0.0020 for this call > 0.0030 dollars"}},
		"the grant's budget": {Options{Keys: []Key{dev(func(k *Key) { k.Grants = []Grant{{Provider: "openai", AllModels: true, Allowance: dollars("b", 1)}} })}},
			withKey, "", 1_000_000, 0, one,
			refusal{llm.KindBudgetExceeded, 402, "budget_exceeded", "Budget exceeded: provider 'openai' of virtual key 'dev' budget exceeded: 1.0000 >= 1.0000 dollars"}},
		"the team's budget": {Options{Keys: []Key{dev(func(k *Key) { k.TeamID = "t" })}, Teams: []Owner{{ID: "t", Name: "Core", Allowance: dollars("b", 1)}}},
			withKey, "", 1_000_000, 0, one,
			refusal{llm.KindBudgetExceeded, 402, "budget_exceeded", "Budget exceeded: team 'Core' budget exceeded: 1.0000 >= 1.0000 dollars"}},
		"the budget of the team's customer": {Options{Keys: []Key{dev(func(k *Key) { k.TeamID = "t" })}, Teams: []Owner{{ID: "t", CustomerID: "c"}},
			Customers: []Owner{{ID: "c", Name: "Acme", Allowance: dollars("b", 1)}}},
			withKey, "", 1_000_000, 0, one,
			refusal{llm.KindBudgetExceeded, 402, "budget_exceeded", "Budget exceeded: customer 'Acme' budget exceeded: 1.0000 >= 1.0000 dollars"}},
		"a limit before a budget": {Options{Keys: []Key{dev(func(k *Key) { k.TeamID = "t"; k.Allowance = dollars("b", 1) })}, Teams: []Owner{{ID: "t", Name: "Core", Allowance: rate("r", 1, 0, "1d")}}},
			withKey, "", 1_000_000, 0, one,
			refusal{llm.KindRateLimited, 429, "token_limited", "Rate limit exceeded: team 'Core' token limit exceeded (1000000/1, resets every 1d)"}},
		"no price": {Options{RefuseUnpriced: true, Keys: []Key{dev(bound(dollars("b", 1)))}}, withKey, "", 0, 0,
			exchange.Need{Provider: "openai", Model: "unpriced"},
			refusal{llm.KindModelBlocked, 403, "price_unknown", "The price of model 'unpriced' of provider 'openai' is unknown and virtual key 'dev' has a budget. Add a price for the model, or allow models without a price in the client settings"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := w.policy(c.options)
			if c.spent > 0 {
				x, err := call(p, c.header, c.query)
				if err != nil {
					t.Fatal(err)
				}
				h, err := x.Caller.Hold(exchange.Need{Provider: c.need.Provider, Model: c.need.Model, Input: 1, MaxOutput: 1})
				if err != nil {
					t.Fatal(err)
				}
				h.Settle(spent(c.need.Provider, c.need.Model, c.spent, 0))
			}
			err := exchangeOf(p, c.header, c.query, c.need, c.held)
			if diff := cmp.Diff(c.want, refused(err)); diff != "" {
				t.Errorf("refused with (-want +got):\n%s", diff)
			}
		})
	}
}

// exchangeOf runs one exchange as the router does, while another one holds tokens.
func exchangeOf(p *Policy, h header, query string, n exchange.Need, held int64) error {
	if held > 0 {
		x, err := call(p, h, query)
		if err != nil {
			return err
		}
		if _, err := x.Caller.Hold(exchange.Need{Provider: n.Provider, Model: n.Model, Input: held - 1, MaxOutput: 1}); err != nil {
			return err
		}
	}
	x, err := call(p, h, query)
	if err != nil {
		return err
	}
	if err := x.Caller.May(n.Provider, n.Model); err != nil {
		return err
	}
	_, err = x.Caller.Hold(n)
	return err
}

func TestRateLimitSaysWhenToComeBack(t *testing.T) {
	w := newWorld(t)
	p := w.policy(Options{Keys: []Key{dev(func(k *Key) { k.Allowance = rate("r", 0, 1, "1h") })}})
	if err := use(p, 1, 1); err != nil {
		t.Fatal(err)
	}
	w.clock.set("2026-03-10T12:45:00")
	var e *llm.Error
	if err := use(p, 1, 1); !errors.As(err, &e) || e.RetryAfter.Minutes() != 15 {
		t.Errorf("refused with %v, retry after %v; want 15 minutes", err, e.RetryAfter)
	}
}

func TestPausedRefusesEverybody(t *testing.T) {
	w := newWorld(t)
	p := w.policy(Options{Keys: []Key{dev()}, Mandatory: true})
	w.pause.Set(Pause{Paused: true, Reason: "by hand"})
	want := refusal{llm.KindAccessDenied, 403, "gateway_paused", `The gateway is paused (by hand): no calls are made. To resume, use Resume in Heimdall's window or tray menu, or PUT /api/kill-switch with {"paused":false}`}
	for _, h := range []header{nil, {"x-bf-vk": devValue}} {
		_, err := call(p, h, "")
		if diff := cmp.Diff(want, refused(err)); diff != "" {
			t.Errorf("refused with (-want +got):\n%s", diff)
		}
	}
	w.pause.Set(Pause{})
	if _, err := call(p, header{"x-bf-vk": devValue}, ""); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}
