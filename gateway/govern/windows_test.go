package govern

import (
	"testing"
	"time"

	"heimdall/gateway/exchange"
)

// Spending begins anew with each window, at its very edge, in UTC.
func TestBudgetsBeginAnew(t *testing.T) {
	for _, c := range []struct {
		every, since string
		aligned      bool
		quarter      time.Month
		last, next   string // the last second of a window, the first of the next
	}{
		{"30s", "2026-03-01T00:00:00", false, 0, "2026-03-10T12:00:29", "2026-03-10T12:00:30"},
		{"5m", "2026-03-01T00:00:00", false, 0, "2026-03-10T12:04:59", "2026-03-10T12:05:00"},
		{"1h", "2026-03-01T00:30:00", true, 0, "2026-03-10T12:29:59", "2026-03-10T12:30:00"},
		{"1d", "2026-03-01T10:30:00", false, 0, "2026-03-11T10:29:59", "2026-03-11T10:30:00"},
		{"1d", "2026-03-01T10:30:00", true, 0, "2026-03-10T23:59:59", "2026-03-11T00:00:00"},
		{"1w", "2026-03-01T10:30:00", true, 0, "2026-03-15T23:59:59", "2026-03-16T00:00:00"},
		{"1w", "2026-03-01T10:30:00", false, 0, "2026-03-15T10:29:59", "2026-03-15T10:30:00"},
		{"1M", "2026-01-31T12:00:00", false, 0, "2026-04-30T11:59:59", "2026-04-30T12:00:00"},
		{"1M", "2023-12-31T12:00:00", false, 0, "2028-02-29T11:59:59", "2028-02-29T12:00:00"},
		{"1M", "2026-01-31T12:00:00", true, 0, "2026-03-31T23:59:59", "2026-04-01T00:00:00"},
		{"1Q", "2026-01-01T00:00:00", false, 0, "2026-03-31T23:59:59", "2026-04-01T00:00:00"},
		{"1Q", "2026-01-15T00:00:00", true, time.February, "2026-04-30T23:59:59", "2026-05-01T00:00:00"},
		{"1Y", "2024-02-29T00:00:00", false, 0, "2027-02-27T23:59:59", "2027-02-28T00:00:00"},
		{"1Y", "2024-02-29T00:00:00", true, 0, "2026-12-31T23:59:59", "2027-01-01T00:00:00"},
	} {
		w := newWorld(t)
		begin := clock{}
		begin.set(c.since)
		a := Allowance{Aligned: c.aligned, Budgets: []Budget{{ID: "b", Max: 1, Every: every(c.every), QuarterStart: c.quarter, Since: begin.at}},
			Rate: &RateLimit{ID: "r", Since: begin.at}}
		if c.quarter == 0 {
			a.Rate.Requests = &Quota{Max: 1, Every: every(c.every)}
		}
		p := w.policy(Options{Keys: []Key{dev(func(k *Key) { k.Allowance = a })}})
		w.clock.set(c.last)
		if err := use(p, 1_000_000, 0); err != nil {
			t.Errorf("%s: the first call: %v", c.every, err)
		}
		if err := use(p, 1, 1); err == nil {
			t.Errorf("%s: a call at %s was admitted, in the window of what was spent", c.every, c.last)
		}
		edge := w.ledger.Budget("b").End
		w.clock.set(c.next)
		if !edge.Equal(w.clock.now()) {
			t.Errorf("%s: the window ends at %s, want %s", c.every, edge, c.next)
		}
		if err := use(p, 1_000_000, 0); err != nil {
			t.Errorf("%s: a call at %s, in the next window: %v", c.every, c.next, err)
		}
	}
}

// What is in flight when a window ends is spent in the next.
func TestHoldsGoOverTheEdge(t *testing.T) {
	w := newWorld(t)
	p := w.policy(Options{Keys: []Key{dev(func(k *Key) { k.Allowance = rate("r", 100, 0, "1h") })}})
	h, err := p.Caller("k1").Hold(exchange.Need{Provider: "p", Model: "m", Input: 59, MaxOutput: 1})
	if err != nil {
		t.Fatal(err)
	}
	w.clock.pass(time.Hour)
	if c := w.ledger.Tokens("r"); c.Held != 60 || c.Used != 0 {
		t.Errorf("in the next window: %+v", c)
	}
	if err := use(p, 59, 1); err == nil {
		t.Error("what is held was given to another")
	}
	w.clock.pass(time.Hour)
	h.Settle(spent("p", "m", 50, 0))
	if c := w.ledger.Tokens("r"); c.Held != 0 || c.Used != 50 {
		t.Errorf("settled: %+v", c)
	}
	checkMarks(t, w)
	w.clock.pass(time.Hour)
	if err := use(p, 2, 0); err != nil {
		t.Fatal(err)
	}
	checkMarks(t, w)
}

func TestAClockThatGoesBack(t *testing.T) {
	w := newWorld(t)
	o := Options{Keys: []Key{dev(func(k *Key) { k.Allowance = rate("r", 0, 1, "1h") })}}
	p := w.policy(o)
	if err := use(p, 1, 1); err != nil {
		t.Fatal(err)
	}
	w.clock.pass(-3 * time.Hour)
	if err := use(p, 1, 1); err == nil {
		t.Error("going back in time gave a request back")
	}
	if err := w.ledger.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.open()
	if err := use(w.policy(o), 1, 1); err == nil {
		t.Error("going back in time and starting again gave a request back")
	}
}

func TestOverrides(t *testing.T) {
	w := newWorld(t)
	b := budget("b", 1, "1d")
	b.Override = &Override{Amount: 0.5, Cycles: 2, Since: w.clock.now()}
	p := w.policy(Options{Keys: []Key{dev(func(k *Key) { k.Allowance.Budgets = []Budget{b} })}})
	for day, want := range []float64{1.5, 1.5, 1, 1} {
		if got := w.ledger.Budget("b").Max; got != want {
			t.Errorf("day %d: at most %v dollars, want %v", day, got, want)
		}
		if err := use(p, 1_200_000, 0); err != nil {
			t.Errorf("day %d: %v", day, err)
		}
		if err := use(p, 1, 0); (err == nil) != (want > 1) {
			t.Errorf("day %d: more than a dollar: %v", day, err)
		}
		w.clock.pass(24 * time.Hour)
	}
	b.Override = &Override{Amount: 2, Since: w.clock.now()}
	w.policy(Options{Keys: []Key{dev(func(k *Key) { k.Allowance.Budgets = []Budget{b} })}})
	w.clock.pass(1000 * 24 * time.Hour)
	if got := w.ledger.Budget("b").Max; got != 3 {
		t.Errorf("for ever: at most %v dollars, want 3", got)
	}
}

// A new policy with other windows or limits keeps what was used, also after a crash.
func TestChangedLimitsKeepWhatWasUsed(t *testing.T) {
	w := newWorld(t)
	options := func(limit float64, aligned bool, per string) Options {
		a := Allowance{Aligned: aligned, Budgets: []Budget{budget("b", limit, per)}}
		return Options{Keys: []Key{dev(func(k *Key) { k.Allowance = a })}}
	}
	if err := use(w.policy(options(10, false, "1M")), 2_000_000, 0); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{options(1, false, "1M"), options(2, true, "1w"), options(2, true, "1d"), options(2, false, "1h")} {
		p := w.policy(o)
		if got := w.ledger.Budget("b").Used; got != 2 {
			t.Errorf("%v dollars used, want 2", got)
		}
		if err := use(p, 1, 0); err == nil {
			t.Error("more than the new limit was admitted")
		}
		crashed := newWorld(t)
		crashed.store = w.store.copy()
		crashed.open()
		crashed.policy(o)
		if got := crashed.ledger.Budget("b").Used; got < 2 {
			t.Errorf("after a crash %v dollars are known, want 2", got)
		}
	}
	if got := w.ledger.Budget("b"); !got.Start.Equal(w.clock.now()) {
		t.Errorf("the window begins at %s, want this hour", got.Start)
	}
}

func TestResetUsage(t *testing.T) {
	w := newWorld(t)
	a := dollars("b", 1)
	a.Rate = rate("b", 1_000_000, 1, "1h").Rate
	o := Options{Keys: []Key{dev(func(k *Key) { k.Allowance = a })}}
	p := w.policy(o)
	if err := use(p, 1_000_000, 0); err != nil {
		t.Fatal(err)
	}
	before := w.ledger.Budget("b")
	w.ledger.ResetUsage("b")
	if got := w.ledger.Budget("b"); got.Used != 0 || !got.Start.Equal(before.Start) || !got.End.Equal(before.End) {
		t.Errorf("after a reset: %+v, before it %+v", got, before)
	}
	w.store = w.store.copy() // a crash
	w.open()
	w.policy(o)
	if got := w.ledger.Budget("b").Used; got > 1.0/64 {
		t.Errorf("after a reset and a crash %v dollars are used; want a block at most", got)
	}
	if err := use(p, 1, 1); err != nil {
		t.Errorf("after a reset: %v", err)
	}
}
