package route

import (
	"strings"
	"testing"
	"time"

	"heimdall/providers/fake"
)

// The life of a breaker: five failures open it, one call tries, and the traffic comes back bit by bit.
func TestBreaker(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	h := NewHealth(func() time.Time { return now }, func() float64 { return 0.5 })
	b := h.entry("p", "k", "secret")
	check := func(when, name string, share float64, failures int) {
		t.Helper()
		if s := h.State("p", "k"); s.Name != name || s.Share != share || s.Failures != failures {
			t.Errorf("%s: %+v", when, s)
		}
		if got := b.share(); got != share {
			t.Errorf("%s: share %v, want %v", when, got, share)
		}
	}
	check("new", "closed", 1, 0)
	for range 4 {
		b.failed("broken")
	}
	check("four failures", "closed", 1, 4)
	b.succeeded()
	check("a success between", "closed", 1, 0)
	for range 5 {
		b.failed("broken")
	}
	check("five failures", "open", 0, 5)
	if s := h.State("p", "k"); s.LastError != "broken" || !s.ErrorAt.Equal(now) || !s.RetryAt.Equal(now.Add(time.Second)) {
		t.Errorf("%+v", s)
	}
	b.failed("still") // who is tried all the same does not prolong it
	now = now.Add(time.Second)
	check("cooled down", "half_open", 1, 6)
	if !b.take() || b.take() {
		t.Error("not exactly one call tries")
	}
	check("the call is under way", "half_open", 0, 6)
	b.left()
	check("it left without telling", "half_open", 1, 6)
	b.take()
	b.failed("again")
	check("it failed", "open", 0, 7)
	if s := h.State("p", "k"); !s.RetryAt.Equal(now.Add(2 * time.Second)) {
		t.Errorf("not twice as long: %s", s.RetryAt.Sub(now))
	}
	now = now.Add(2 * time.Second)
	b.take()
	b.succeeded()
	check("it worked", "ramping", 0.1, 0)
	now = now.Add(rampStep)
	check("a step", "ramping", 0.25, 0)
	b.succeeded()
	now = now.Add(rampStep)
	check("two steps", "ramping", 0.5, 0)
	b.failed("once more")
	check("it fails on its way", "open", 0, 1)
	if s := h.State("p", "k"); !s.RetryAt.Equal(now.Add(4 * time.Second)) {
		t.Errorf("not twice as long again: %s", s.RetryAt.Sub(now))
	}
	now = now.Add(4 * time.Second)
	b.take()
	b.succeeded()
	now = now.Add(3 * rampStep)
	check("all the way", "closed", 1, 0)
	if b.ailing.Load() {
		t.Error("it is still looked at")
	}
	for range 40 {
		b.rejected("no")
		now = now.Add(2 * time.Minute)
		b.take()
	}
	b.failed("no")
	if s := h.State("p", "k"); s.RetryAt.Sub(now) != longestCoolDown {
		t.Errorf("after many times: %s", s.RetryAt.Sub(now))
	}
	if n := h.entry("p", "k", "other"); n == b || n.share() != 1 {
		t.Error("a key with another value has the old one's past")
	}
	if n := testing.AllocsPerRun(100, func() { h.entry("q", "", "").share() }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestHealthOfKeys(t *testing.T) {
	w := newWorld(t, provider("p", "a=1e9", "b=1"))
	says := map[string]fake.Reply{}
	w.script = func(_, key string) (fake.Reply, error) {
		if r, has := says[key]; has {
			return r, nil
		}
		return ok(), nil
	}
	ask := func() string {
		t.Helper()
		w.send(w.ask("p/m", ""))
		return w.happened()
	}
	says["a"] = fails(401, "who are you")
	if got := ask() + ", " + ask(); got != "p:a p:b, p:b" {
		t.Errorf("a key that is rejected: %s", got)
	}
	if s := w.Health.State("p", "a"); s.Name != "open" || s.LastError != "who are you (401)" {
		t.Errorf("%+v", s)
	}
	if s := w.Health.State("p", ""); s.Failures != 0 {
		t.Errorf("the provider: %+v", s)
	}
	says["b"] = fails(429, "slow", "Retry-After", "100")
	w.now = w.now.Add(100 * time.Millisecond)
	if got := ask(); got != "p:b p:a" {
		t.Errorf("the other is limited: %s", got)
	}
	delete(says, "a")
	w.now = w.now.Add(2 * time.Second)
	if got := ask(); got != "p:a" || w.Health.State("p", "b").Name != "open" {
		t.Errorf("one that is well again: %s", got)
	}
	w.now = w.now.Add(3 * rampStep)
	delete(says, "b")
	says["a"] = fails(400, "bad")
	for range 20 {
		ask()
	}
	if s := w.Health.State("p", "a"); s.Name != "closed" || s.Failures != 0 {
		t.Errorf("requests that are wrong: %+v", s)
	}
}

// A provider that fails is left out while there is another, and is tried without retries where there is none.
func TestHealthOfProviders(t *testing.T) {
	w := newWorld(t, provider("p", "a"), provider("q", "b"))
	w.script = func(name, _ string) (fake.Reply, error) {
		if name == "p" {
			return fails(500, "down"), nil
		}
		return ok(), nil
	}
	for range 2 {
		w.send(w.ask("p/m", ""))
	}
	w.happened()
	w.now = w.now.Add(100 * time.Millisecond)
	if s := w.Health.State("p", ""); s.Name == "closed" {
		t.Fatalf("%+v", s)
	}
	w.providers["p"].breaker.rest("down", 10*time.Second)
	x := w.ask("p/m", `,"fallbacks":["q/m"]`)
	if got := w.send(x) + " " + w.happened(); got != "200 q:b" {
		t.Errorf("with another: %s", got)
	}
	if rec := x.Record; rec.Provider != "q" || rec.Fallback != 1 || rec.PrimaryProvider != "p" || len(rec.Routing) != 2 || !strings.Contains(rec.Routing[0].Message, "p is left out for now") {
		t.Errorf("%+v", x.Record)
	}
	if got := w.send(w.ask("p/m", "")) + " " + w.happened(); got != "500 down p:a" {
		t.Errorf("without another: %s", got)
	}
	w.now = w.now.Add(10 * time.Second)
	w.script = func(string, string) (fake.Reply, error) { return ok(), nil }
	if got := w.send(w.ask("p/m", `,"fallbacks":["q/m"]`)) + " " + w.happened(); got != "200 p:a" {
		t.Errorf("the call that tries: %s", got)
	}
	if s := w.Health.State("p", ""); s.Name != "ramping" {
		t.Errorf("%+v", s)
	}
}
