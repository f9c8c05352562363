package govern

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// LedgerOptions is what a ledger must be told.
type LedgerOptions struct {
	Store Store
	Now   func() time.Time // nil = the clock
	Log   *slog.Logger     // nil = nowhere
}

// Ledger counts what is used of every limit. It outlives the policies: each new one says what there is to count, and
// what it no longer names is forgotten.
type Ledger struct {
	store Store
	now   func() time.Time
	log   *slog.Logger

	mu       sync.Mutex
	counters map[string]*counter
	loaded   map[string]Mark // of counters that no policy has named yet
	outputs  map[model]*outputs
	unpriced map[string]*atomic.Int64 // calls without a known price, by virtual key

	saved   sync.Cond  // something was saved, or could not be
	asked   []*counter // to be saved next
	begun   int        // how often something was saved,
	ended   int        // and how often that has ended
	saving  bool
	closed  bool
	trouble error
	retryAt time.Time // not before, once the store has failed
}

// OpenLedger reads what the store has. Close ends the ledger.
func OpenLedger(ctx context.Context, o LedgerOptions) (*Ledger, error) {
	l := &Ledger{
		store: o.Store, now: o.Now, log: o.Log, counters: map[string]*counter{}, loaded: map[string]Mark{},
		outputs: map[model]*outputs{}, unpriced: map[string]*atomic.Int64{},
	}
	if l.now == nil {
		l.now = time.Now
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	l.saved.L = &l.mu
	marks, err := l.store.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("load what was used of budgets: %w", err)
	}
	for _, m := range marks {
		l.loaded[m.ID] = m
	}
	return l, nil
}

// adoption gathers the counters of a new policy; commit makes the ledger count them. Until then nothing changes.
type adoption struct {
	ledger   *Ledger
	counters map[string]*counter
	specs    map[string]spec
}

func (l *Ledger) adopt() *adoption {
	return &adoption{ledger: l, counters: map[string]*counter{}, specs: map[string]spec{}}
}

func (a *adoption) counter(s spec) *counter {
	c := a.counters[s.id]
	if c == nil {
		a.ledger.mu.Lock()
		c = a.ledger.counters[s.id]
		a.ledger.mu.Unlock()
		if c == nil {
			c = &counter{}
		}
		a.counters[s.id] = c
	}
	a.specs[s.id] = s
	return c
}

// commit returns when the store knows of it.
func (a *adoption) commit() {
	l := a.ledger
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, c := range l.counters {
		if a.counters[id] == nil {
			l.forget(c)
		}
	}
	for id, m := range l.loaded {
		if a.counters[id] == nil {
			l.forget(&counter{spec: spec{id: id}, start: m.Start, mark: m.Value})
		}
	}
	for id, c := range a.counters {
		l.take(c, a.specs[id], now)
	}
	clear(l.loaded)
	l.counters = a.counters
	l.wait()
}

// take gives a counter what a policy says of it. What was used stays used where its windows change.
func (l *Ledger) take(c *counter, s spec, now time.Time) {
	before := c.spec
	c.spec, c.gone = s, false
	if m, ok := l.loaded[s.id]; ok {
		l.recall(c, m, now)
		return
	}
	switch {
	case c.end.IsZero():
		c.roll(now)
		c.step = c.least()
	case before.every != s.every || before.calendar != s.calendar || !before.anchor.Equal(s.anchor):
		c.roll(now) // by the old end: what is over is over
		start := c.start
		c.start, c.end = c.window(now)
		if !c.start.Equal(start) {
			c.mark = 0
			l.ask(c, now)
		}
	}
	c.bound()
}

// recall sets a counter to what the store has of it, where that is of the window of now; or of a later one, if the
// clock has gone back.
func (l *Ledger) recall(c *counter, m Mark, now time.Time) {
	c.start, c.end = c.window(now)
	if !m.Start.Before(c.start) {
		if !m.Start.Before(c.end) {
			c.start, c.end = c.window(m.Start)
		}
		c.used = m.Value
		if m.Start.Equal(c.start) {
			c.mark = m.Value
		} else {
			l.ask(c, now) // windows have changed while nobody counted
		}
	}
	c.bound()
	c.step = c.least()
}

// forget ends a counter and removes its mark.
func (l *Ledger) forget(c *counter) {
	c.gone = true
	if c.mark != 0 || c.asked {
		l.ask(c, l.now())
	}
}

// Spending is what is used of a budget in US dollars: Used is settled, Held by calls in flight. Start and End are of
// the window.
type Spending struct {
	Used, Held, Max float64
	Start, End      time.Time
}

// Count is what is used of a quota.
type Count struct {
	Used, Held, Max int64
	Start, End      time.Time
}

// Budget tells what is used of a budget; the zero value where no policy knows it.
func (l *Ledger) Budget(id string) Spending {
	c := l.count(money.id(id))
	return Spending{Used: usd(c.Used), Held: usd(c.Held), Max: usd(c.Max), Start: c.Start, End: c.End}
}

// Tokens tells what is used of a rate limit's tokens, Requests of its requests; the zero value where no policy knows it.
func (l *Ledger) Tokens(id string) Count { return l.count(tokens.id(id)) }

func (l *Ledger) Requests(id string) Count { return l.count(requests.id(id)) }

func (l *Ledger) count(id string) Count {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counters[id]
	if c == nil {
		return Count{}
	}
	c.roll(now)
	return Count{Used: c.used, Held: c.held, Max: c.limit, Start: c.start, End: c.end}
}

// ResetUsage forgets what was used of a budget, or of the tokens and requests of a rate limit, in this window. What
// calls in flight hold stays held. It returns when the store knows of it.
func (l *Ledger) ResetUsage(id string) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, u := range [...]unit{money, tokens, requests} {
		if c := l.counters[u.id(id)]; c != nil {
			c.roll(now)
			c.used, c.step = 0, c.least()
			l.ask(c, now)
		}
	}
	l.wait()
}

// Unpriced counts the calls of a virtual key whose price was unknown, since the ledger was opened.
func (l *Ledger) Unpriced(virtualKeyID string) int64 { return l.unpricedOf(virtualKeyID).Load() }

func (l *Ledger) unpricedOf(virtualKeyID string) *atomic.Int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.unpriced[virtualKeyID]
	if n == nil {
		n = &atomic.Int64{}
		l.unpriced[virtualKeyID] = n
	}
	return n
}
