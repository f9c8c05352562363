package govern

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/period"
	"heimdall/providers/llm"
)

// clock is a clock that stands.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(text string) {
	at, err := time.Parse("2006-01-02T15:04:05", text)
	if err != nil {
		panic(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// memory is a store. before, where it is set, runs before each save and may make it fail.
type memory struct {
	mu     sync.Mutex
	marks  map[string]Mark
	saves  int
	before func() error
}

func (m *memory) Load(context.Context) ([]Mark, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Mark
	for _, one := range m.marks {
		out = append(out, one)
	}
	return out, nil
}

func (m *memory) Save(_ context.Context, marks []Mark) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.before != nil {
		if err := m.before(); err != nil {
			return err
		}
	}
	m.saves++
	if m.marks == nil {
		m.marks = map[string]Mark{}
	}
	for _, one := range marks {
		if one.Value == 0 {
			delete(m.marks, one.ID)
		} else {
			m.marks[one.ID] = one
		}
	}
	return nil
}

func (m *memory) copy() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &memory{marks: maps.Clone(m.marks)}
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.before = func() error { return err }
}

var errDisk = errors.New("disk full")

// world is a ledger and a switch on a clock that stands.
type world struct {
	t      testing.TB
	clock  clock
	store  *memory
	ledger *Ledger
	pause  *Switch
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, store: &memory{}}
	w.clock.set("2026-03-10T12:00:00")
	w.pause = NewSwitch(SwitchOptions{Now: w.clock.now, Tripped: func(Pause) error { return nil }})
	w.open()
	return w
}

// open opens the ledger, as a program does that starts.
func (w *world) open() {
	w.t.Helper()
	l, err := OpenLedger(context.Background(), LedgerOptions{Store: w.store, Now: w.clock.now})
	if err != nil {
		w.t.Fatal(err)
	}
	w.ledger = l
}

func (w *world) policy(o Options) *Policy {
	w.t.Helper()
	o.Ledger, o.Switch, o.Now = w.ledger, w.pause, w.clock.now
	if o.Price == nil {
		o.Price = perMillion
	}
	p, err := New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// perMillion prices a token with a millionth of a dollar; models called unpriced have no price.
func perMillion(_, model, _ string, u llm.Usage) (float64, bool) {
	return float64(u.Input+u.Output) / 1e6, model != "unpriced"
}

// quiet waits until nothing is being saved.
func (l *Ledger) quiet() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.saving {
		l.saved.Wait()
	}
}

// since is where the windows of tests begin.
var since = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func every(text string) period.Period {
	p, err := period.Parse(text)
	if err != nil {
		panic(err)
	}
	return p
}

func budget(id string, limit float64, per string) Budget {
	return Budget{ID: id, Max: limit, Every: every(per), Since: since}
}

func dollars(id string, limit float64) Allowance {
	return Allowance{Budgets: []Budget{budget(id, limit, "1M")}}
}

func rate(id string, tokens, requests int64, per string) Allowance {
	r := &RateLimit{ID: id, Since: since}
	if tokens > 0 {
		r.Tokens = &Quota{Max: tokens, Every: every(per)}
	}
	if requests > 0 {
		r.Requests = &Quota{Max: requests, Every: every(per)}
	}
	return Allowance{Rate: r}
}

const devValue = "sk-bf-development"

// dev is a key that may do everything.
func dev(edit ...func(*Key)) Key {
	k := Key{ID: "k1", Name: "dev", Hash: HashOf(devValue), Active: true, AllProviders: true}
	for _, e := range edit {
		e(&k)
	}
	return k
}

func ptr[T any](v T) *T { return &v }

type header map[string]string

func (h header) Get(name string) string {
	for n, v := range h {
		if strings.EqualFold(n, name) {
			return v
		}
	}
	return ""
}

func (h header) HasPrefix(string) bool { return false }

func (h header) Each(string, func(name, value string)) {}

// open is a route for clients.
var open = exchange.Row{Guard: exchange.GuardInference}

// call sends an exchange through the policy and returns it with the error it was refused with.
func call(p *Policy, h header, query string) (*exchange.Exchange, error) {
	x := &exchange.Exchange{Row: &open, Header: h, Record: &exchange.Record{}}
	if query != "" {
		x.Query, _ = url.ParseQuery(query)
	}
	reply, err := p.Wrap(func(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
		return &exchange.Reply{Status: http.StatusOK}, nil
	})(context.Background(), x)
	if err == nil && reply.Status != http.StatusOK {
		err = errors.New("another reply")
	}
	return x, err
}

// use makes one call of an exchange, which uses what is given.
func use(p *Policy, input, output int64) error {
	return useOf(p, "k1", "p", "m", input, output)
}

func useOf(p *Policy, key, provider, model string, input, output int64) error {
	h, err := p.Caller(key).Hold(exchange.Need{Provider: provider, Model: model, Input: input, MaxOutput: max(output, 1)})
	if err != nil {
		return err
	}
	h.Settle(spent(provider, model, input, output))
	return nil
}

func spent(provider, model string, input, output int64) exchange.Spent {
	u := llm.Usage{Input: input, Output: output}
	cost, known := perMillion(provider, model, "", u)
	return exchange.Spent{Usage: u, Cost: cost, Priced: known}
}
