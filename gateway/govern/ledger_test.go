package govern

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// Whatever the limits, the estimates and what calls use in the end: hundreds of them at the same time never use more
// than the limits and what they overshot their estimates, and never more requests.
func TestLimitsHoldUnderConcurrency(t *testing.T) {
	for round := range 12 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			holdUnderConcurrency(t, rand.New(rand.NewPCG(uint64(round), 7)))
		})
	}
}

func holdUnderConcurrency(t *testing.T, random *rand.Rand) {
	const goroutines, calls = 200, 10
	w := newWorld(t)
	maxTokens, maxRequests := 1+random.Int64N(200_000), 1+random.Int64N(goroutines*calls)
	limits := map[string]float64{"grant": random.Float64(), "key": random.Float64(), "team": 2 * random.Float64(), "customer": 2 * random.Float64()}
	keys := make([]Key, 4)
	for i := range keys {
		id := fmt.Sprint("k", i)
		keys[i] = Key{ID: id, Hash: HashOf(id), Active: true, TeamID: "team", Allowance: dollars("key"+id, limits["key"]),
			Grants: []Grant{{Provider: "p", AllModels: true, Allowance: dollars("grant"+id, limits["grant"])}}}
	}
	p := w.policy(Options{
		Keys:           keys,
		Teams:          []Owner{{ID: "team", CustomerID: "customer", Allowance: Allowance{Budgets: dollars("team", limits["team"]).Budgets, Rate: rate("team", 0, maxRequests, "1M").Rate}}},
		Customers:      []Owner{{ID: "customer", Allowance: dollars("customer", limits["customer"])}},
		ProviderLimits: []ProviderLimit{{"p", rate("p", maxTokens, 0, "1M")}},
	})
	var over sync.Map // by limit: how much calls overshot
	add := func(id string, n int64) {
		v, _ := over.LoadOrStore(id, &atomic.Int64{})
		v.(*atomic.Int64).Add(n)
	}
	var admitted atomic.Int64
	overshoots := random.IntN(2) == 0
	var group sync.WaitGroup
	for g := range goroutines {
		key, r := keys[g%len(keys)].ID, rand.New(rand.NewPCG(random.Uint64(), 1))
		group.Go(func() {
			for range calls {
				input, output := r.Int64N(2000), 1+r.Int64N(1000)
				h, err := p.Caller(key).Hold(exchange.Need{Provider: "p", Model: "m", Input: input, MaxOutput: output})
				if err != nil {
					continue
				}
				admitted.Add(1)
				for range r.IntN(4) { // the others go on meanwhile
					runtime.Gosched()
				}
				held := h.(*hold).need.tokens
				used := r.Int64N(held + 1)
				if overshoots {
					used = r.Int64N(2*held + 1)
				}
				h.Settle(spent("p", "m", used, 0))
				// The rest of a limit may be used by a call that is larger.
				more := max(used-held, 0)
				for _, id := range []string{"p", "team", "customer", "key" + key, "grant" + key} {
					add(id, more)
				}
			}
		})
	}
	group.Wait()
	excess := func(id string) int64 {
		v, _ := over.LoadOrStore(id, &atomic.Int64{})
		return v.(*atomic.Int64).Load() + 3000 // and one call that used the rest
	}
	if c := w.ledger.Requests("team"); c.Used > maxRequests || c.Used != admitted.Load() {
		t.Errorf("%d requests counted, %d admitted, at most %d", c.Used, admitted.Load(), maxRequests)
	}
	if c := w.ledger.Tokens("p"); c.Used > maxTokens+excess("p") || c.Held != 0 {
		t.Errorf("%+v tokens, at most %d and %d overshot", c, maxTokens, excess("p"))
	}
	ids := []string{"team", "customer"}
	for _, k := range keys {
		ids = append(ids, "key"+k.ID, "grant"+k.ID)
	}
	for _, id := range ids {
		b := w.ledger.Budget(id)
		if b.Used > b.Max+float64(excess(id))/1e6+1e-9 || b.Held != 0 {
			t.Errorf("%s: %+v, and %v dollars overshot", id, b, float64(excess(id))/1e6)
		}
	}
	checkMarks(t, w)
}

// checkMarks says whether the store knows of what is used, and of a block more at most.
func checkMarks(t *testing.T, w *world) {
	t.Helper()
	w.ledger.quiet()
	stored := w.store.copy().marks
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	for id, c := range w.ledger.counters {
		m := stored[id]
		if c.level() > 0 && (!m.Start.Equal(c.start) || m.Value < c.level()) || m.Value > c.level()+c.block() {
			t.Errorf("%s: used and held is %d from %s, the mark %d from %s, a block %d", id, c.level(), c.start, m.Value, m.Start, c.block())
		}
	}
}

// A limit is used to its end, one call at a time.
func TestTheRestOfALimitCanBeUsed(t *testing.T) {
	w := newWorld(t)
	p := w.policy(Options{Keys: []Key{dev(func(k *Key) { k.Allowance = rate("r", 1000, 0, "1h") })}})
	if err := use(p, 990, 0); err != nil {
		t.Fatal(err)
	}
	h, err := p.Caller("k1").Hold(exchange.Need{Provider: "p", Model: "m", Input: 500})
	if err != nil {
		t.Fatalf("a call for the rest: %v", err)
	}
	if err := use(p, 1, 1); err == nil {
		t.Error("a second call for the rest was admitted")
	}
	h.Settle(spent("p", "m", 5, 0))
	if err := use(p, 1, 1); err != nil {
		t.Errorf("after it has left something: %v", err)
	}
}

// A call that is refused on one level holds nothing on the others.
func TestAllLevelsOrNone(t *testing.T) {
	w := newWorld(t)
	p := w.policy(Options{
		Keys:           []Key{dev(func(k *Key) { k.TeamID, k.Allowance = "t", rate("key", 1e9, 100, "1h") })},
		Teams:          []Owner{{ID: "t", Allowance: dollars("team", 0.001)}},
		ProviderLimits: []ProviderLimit{{"p", rate("p", 1e9, 100, "1h")}},
	})
	if err := use(p, 1000, 0); err != nil {
		t.Fatal(err)
	}
	if err := use(p, 1, 0); refused(err).Type != "budget_exceeded" {
		t.Fatal(err)
	}
	for _, id := range []string{"key", "p"} {
		if r, c := w.ledger.Requests(id), w.ledger.Tokens(id); r.Used != 1 || c.Held != 0 || c.Used != 1000 {
			t.Errorf("%s: requests %+v, tokens %+v; want those of the one call", id, r, c)
		}
	}
}

// What is used survives a restart to the last digit.
func TestCloseIsExact(t *testing.T) {
	w := newWorld(t)
	o := Options{Keys: []Key{dev(func(k *Key) {
		k.Allowance = Allowance{Budgets: dollars("b", 1).Budgets, Rate: rate("r", 1e6, 1e6, "1M").Rate}
	})}}
	for range 3 {
		p := w.policy(o)
		for range 100 {
			if err := use(p, 7, 4); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.ledger.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.open()
	}
	w.policy(o)
	if b, r, c := w.ledger.Budget("b").Used, w.ledger.Requests("r").Used, w.ledger.Tokens("r").Used; b != 0.0033 || r != 300 || c != 3300 {
		t.Errorf("%v dollars, %d requests, %d tokens are known; want 0.0033, 300 and 3300", b, r, c)
	}
}

// Most calls do not wait for the store.
func TestTheStoreIsAskedRarely(t *testing.T) {
	w := newWorld(t)
	p := w.policy(Options{Keys: []Key{dev(func(k *Key) {
		k.Allowance = Allowance{Budgets: dollars("b", 100).Budgets, Rate: rate("r", 1e9, 1e6, "1M").Rate}
	})}})
	for range 10_000 {
		if err := use(p, 700, 100); err != nil {
			t.Fatal(err)
		}
		w.ledger.quiet()
	}
	if w.store.saves > 60 {
		t.Errorf("10000 calls, which used a percent of one limit and 8 of another, were saved %d times", w.store.saves)
	}
}

// A store that fails stops nobody; what is used meanwhile is saved when it works again.
func TestAFailingStore(t *testing.T) {
	w := newWorld(t)
	var log strings.Builder
	l, err := OpenLedger(t.Context(), LedgerOptions{Store: w.store, Now: w.clock.now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	w.ledger = l
	o := Options{Keys: []Key{dev(func(k *Key) { k.Allowance = rate("r", 0, 20, "1M") })}}
	p := w.policy(o)
	w.store.fail(errDisk)
	for i := range 10 {
		if err := use(p, 1, 1); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
		l.quiet()
		w.clock.pass(2 * retryAfter)
	}
	if l.Trouble() == nil || strings.Count(log.String(), errDisk.Error()) != 1 {
		t.Errorf("trouble %v; the log says %q, want it once", l.Trouble(), log.String())
	}
	w.store.fail(nil)
	w.clock.pass(2 * retryAfter)
	if err := use(p, 1, 1); err != nil {
		t.Fatal(err)
	}
	l.quiet()
	if l.Trouble() != nil {
		t.Errorf("the store works again, but %v", l.Trouble())
	}
	checkMarks(t, w)
	for range 9 {
		if err := use(p, 1, 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := use(p, 1, 1); err == nil {
		t.Error("what was used while the store failed was not counted")
	}
}

// What no policy names any more is forgotten, also by the store; what is in flight for it harms nobody.
func TestRemovedLimitsAreForgotten(t *testing.T) {
	w := newWorld(t)
	o := Options{Keys: []Key{dev(func(k *Key) { k.Allowance = rate("r", 1000, 10, "1M") })}}
	p := w.policy(o)
	if err := use(p, 900, 1); err != nil {
		t.Fatal(err)
	}
	h, err := p.Caller("k1").Hold(exchange.Need{Provider: "p", Model: "m", Input: 1, MaxOutput: 1})
	if err != nil {
		t.Fatal(err)
	}
	w.policy(Options{Keys: []Key{dev()}})
	h.Settle(spent("p", "m", 50, 50))
	w.ledger.quiet()
	if left := w.store.copy().marks; len(left) > 0 {
		t.Errorf("the store still has %v", left)
	}
	if c := w.ledger.Tokens("r"); c != (Count{}) {
		t.Errorf("the ledger still has %+v", c)
	}
	p = w.policy(o)
	if c := w.ledger.Tokens("r"); c.Used != 0 {
		t.Errorf("a limit that came back has %+v", c)
	}
	if err := use(p, 1, 1); err != nil {
		t.Fatal(err)
	}
	w.store.fail(errDisk)
	w.policy(Options{Keys: []Key{dev(func(k *Key) { k.Allowance = rate("other", 0, 10, "1M") })}})
	w.ledger.quiet()
	w.store.fail(nil)
	w.clock.pass(2 * retryAfter)
	if err := use(w.policy(Options{Keys: []Key{dev(func(k *Key) { k.Allowance = rate("other", 0, 10, "1M") })}}), 1, 1); err != nil {
		t.Fatal(err)
	}
	w.ledger.quiet()
	if left := w.store.copy().marks; len(left) != 1 {
		t.Errorf("after the store failed it has %v, want those of one limit", left)
	}
	w.store.marks = map[string]Mark{"budget/unknown": {ID: "budget/unknown", Start: since, Value: 7}}
	w.open()
	w.policy(o)
	if left := w.store.copy().marks; len(left) > 0 {
		t.Errorf("after a restart the store still has %v", left)
	}
}

// A policy that cannot be made leaves the ledger as it is.
func TestABadPolicyChangesNothing(t *testing.T) {
	w := newWorld(t)
	if err := use(w.policy(Options{Keys: []Key{dev(func(k *Key) { k.Allowance = rate("r", 1000, 0, "1M") })}}), 9, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Ledger: w.ledger, Switch: w.pause, Keys: []Key{dev(func(k *Key) { k.Grants = []Grant{{Denied: []string{"regex:["}}} })}}); err == nil {
		t.Fatal("a pattern that is none was taken")
	}
	if c := w.ledger.Tokens("r"); c.Used != 10 || c.Max != 1000 {
		t.Errorf("the ledger has %+v", c)
	}
}

// governed is a policy with a limit on every level.
func governed(t testing.TB) (*world, *Policy) {
	w := newWorld(t)
	w.clock.at = time.Now()
	full := func(id string) Allowance {
		return Allowance{Budgets: []Budget{budget(id, 1e6, "1M")}, Rate: rate(id, 1e12, 1e12, "1M").Rate}
	}
	return w, w.policy(Options{
		Keys: []Key{dev(func(k *Key) {
			k.TeamID, k.Allowance = "t", full("key")
			k.Grants = []Grant{{Provider: "p", AllModels: true, AllKeys: true, Allowance: full("grant")}}
		})},
		Teams:     []Owner{{ID: "t", CustomerID: "c", Allowance: full("team")}},
		Customers: []Owner{{ID: "c", Allowance: full("customer")}},
	})
}

func governOne(p *Policy, x *exchange.Exchange, rec *exchange.Record) error {
	*rec = exchange.Record{}
	x.Record, x.Caller = rec, nil
	if err := p.identify(x); err != nil {
		return err
	}
	if err := x.Caller.May("p", "m"); err != nil {
		return err
	}
	h, err := x.Caller.Hold(exchange.Need{Provider: "p", Model: "m", Input: 500, MaxOutput: 500})
	if err != nil {
		return err
	}
	h.Settle(exchange.Spent{Usage: llm.Usage{Input: 400, Output: 300}, Cost: 0.001, Priced: true})
	return nil
}

// A request that is bound on four levels, by money, tokens and requests on each, costs one object.
func TestAllocations(t *testing.T) {
	_, p := governed(t)
	x, rec := &exchange.Exchange{Row: &open, Header: header{"x-bf-vk": devValue}}, &exchange.Record{}
	allocs := testing.AllocsPerRun(1000, func() {
		if err := governOne(p, x, rec); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 1 {
		t.Errorf("%v allocations a request, want 1 at most", allocs)
	}
}

func BenchmarkGovern(b *testing.B) {
	_, p := governed(b)
	x, rec := &exchange.Exchange{Row: &open, Header: header{"x-bf-vk": devValue}}, &exchange.Record{}
	b.ReportAllocs()
	for b.Loop() {
		if err := governOne(p, x, rec); err != nil {
			b.Fatal(err)
		}
	}
}
