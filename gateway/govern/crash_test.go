package govern

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"heimdall/gateway/exchange"
)

// mortal is a store that dies at one of its saves, before or after it has written it. Who waits for it then waits until
// the test lets go.
type mortal struct {
	memory
	at      int
	written bool
	dead    chan struct{}
}

func (m *mortal) Save(ctx context.Context, marks []Mark) error {
	dies := m.saves >= m.at // one save at a time
	if !dies || m.saves == m.at && m.written {
		if err := m.memory.Save(ctx, marks); err != nil {
			return err
		}
	}
	if dies {
		<-m.dead
		return errDisk
	}
	return nil
}

// The process may die at any save. The next one knows of all that went on, and of a block more at most.
func TestACrashAtEachSave(t *testing.T) {
	for _, limit := range []int64{400_000, 40_000} { // of the smaller one a call needs much
		for _, callers := range []int{1, 8} {
			for at := range 40 {
				for _, written := range []bool{false, true} {
					t.Run(fmt.Sprint(callers, " callers, limit ", limit, ", save ", at, ", written ", written), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { crash(t, callers, limit, &mortal{at: at, written: written}) })
					})
				}
			}
		}
	}
}

func crash(t *testing.T, callers int, limit int64, store *mortal) {
	const input = 1000 // at most
	options := Options{
		Keys: []Key{dev(func(k *Key) {
			k.Allowance = Allowance{Budgets: dollars("b", float64(limit)/1e6).Budgets, Rate: rate("r", limit, 300, "1M").Rate}
		})},
		ProviderLimits: []ProviderLimit{{"p", rate("p", 1e6, 1e4, "1h")}},
	}
	w := newWorld(t)
	store.dead = make(chan struct{})
	l, err := OpenLedger(t.Context(), LedgerOptions{Store: store, Now: w.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	w.ledger = l
	p := w.policy(options)
	var mu sync.Mutex
	var tokens, requests, begun int64 // of calls that went on; calls that have begun
	for i := range callers {
		random := rand.New(rand.NewPCG(uint64(store.at), uint64(i)))
		go func() {
			for range 400 / callers {
				n := exchange.Need{Provider: "p", Model: "m", Input: random.Int64N(input), MaxOutput: 1}
				used := random.Int64N(n.Input + 2)
				mu.Lock()
				begun++
				mu.Unlock()
				h, err := p.Caller("k1").Hold(n)
				if err != nil || l.Trouble() != nil {
					return
				}
				mu.Lock()
				tokens += used
				requests++
				mu.Unlock()
				runtime.Gosched()
				h.Settle(spent("p", "m", used, 0))
			}
		}()
	}
	synctest.Wait()
	mu.Lock()
	least, calls, open := tokens, requests, begun-requests
	mu.Unlock()
	w.store = store.copy()
	close(store.dead)
	synctest.Wait()

	w.open()
	w.policy(options)
	check := func(what string, got, low, high int64) {
		t.Helper()
		if got < low || got > high {
			t.Errorf("%d %s are known, want from %d to %d", got, what, low, high)
		}
	}
	// All may have held while the last mark was saved, and hold again.
	high := least + (open+2*int64(callers))*input
	check("tokens", w.ledger.Tokens("r").Used, least, high+max(2*input, limit/64))
	check("tokens of the provider", w.ledger.Tokens("p").Used, least, high+max(2*input, 1_000_000/64))
	check("nano-dollars", nano(w.ledger.Budget("b").Used), least*1000, 1000*(high+max(2*input, limit/64)))
	check("requests", w.ledger.Requests("r").Used, calls, calls+open+300/64)
	check("requests of the provider", w.ledger.Requests("p").Used, calls, calls+open+10_000/64)
}

// While a mark is being lowered, nobody relies on where it was.
func TestACrashWhileAMarkIsLowered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		store := &mortal{at: 1 << 30, written: true, dead: make(chan struct{})}
		l, err := OpenLedger(t.Context(), LedgerOptions{Store: store, Now: w.clock.now})
		if err != nil {
			t.Fatal(err)
		}
		w.ledger = l
		p := w.policy(Options{Keys: []Key{dev(func(k *Key) { k.Allowance = rate("r", 12_800, 0, "1M") })}})
		hold := func(tokens int64) exchange.Hold {
			h, err := p.Caller("k1").Hold(exchange.Need{Provider: "p", Model: "m", Input: tokens - 1, MaxOutput: 1})
			if err != nil {
				t.Fatal(err)
			}
			return h
		}
		hold(10_000).Settle(exchange.Spent{})
		synctest.Wait()
		store.at = store.saves
		for store.saves == store.at { // the calls are small again, so the mark comes down
			hold(2).Settle(exchange.Spent{})
			synctest.Wait()
		}
		wentOn := false
		go func() {
			hold(10_000)
			wentOn = true
		}()
		synctest.Wait()
		if mark := store.copy().marks["tokens/r"].Value; wentOn && mark < 10_000 {
			t.Errorf("a call of 10000 tokens went on while the store knew of %d", mark)
		}
		close(store.dead)
		synctest.Wait()
	})
}
