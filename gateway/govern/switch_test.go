package govern

import (
	"errors"
	"testing"
	"time"

	"heimdall/gateway/exchange"
)

func cost(usd float64) exchange.Spent { return exchange.Spent{Cost: usd, Priced: true} }

func TestBurnRate(t *testing.T) {
	w := newWorld(t)
	s := w.pause
	check := func(when string, minute, today float64) {
		t.Helper()
		if b := s.Burn(); b.LastMinute != minute || b.Today != today {
			t.Errorf("%s: %v in a minute, %v today; want %v and %v", when, b.LastMinute, b.Today, minute, today)
		}
	}
	w.clock.set("2026-03-10T23:58:30")
	s.Spent(cost(1), w.clock.now())
	w.clock.pass(30 * time.Second)
	s.Spent(cost(0.25), w.clock.now())
	check("at once", 1.25, 1.25)
	w.clock.pass(29 * time.Second)
	check("59 s after the first", 1.25, 1.25)
	w.clock.pass(time.Second)
	check("a minute after it", 0.25, 1.25)
	w.clock.pass(29 * time.Second)
	check("59 s after the second", 0.25, 1.25)
	w.clock.pass(time.Second)
	check("the next day", 0, 0)
	s.Spent(cost(2), w.clock.now())
	w.clock.pass(-10 * time.Minute)
	s.Spent(cost(1), w.clock.now())
	check("after the clock went back", 3, 3)
}

func TestTheSwitchTrips(t *testing.T) {
	w := newWorld(t)
	tripped := make(chan Pause)
	remembered := make(chan error)
	s := NewSwitch(SwitchOptions{Now: w.clock.now, Tripped: func(p Pause) error { tripped <- p; return <-remembered }})
	w.pause = s
	s.Set(Pause{MaxPerMinute: 1})
	o := Options{Keys: []Key{dev()}}
	p := w.policy(o)
	if err := use(p, 1_000_000, 0); err != nil {
		t.Fatal(err)
	}
	if s.Burn().Paused {
		t.Fatal("tripped at the limit, not above it")
	}
	if err := use(p, 500_000, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := call(p, nil, ""); refused(err).Type != "gateway_paused" {
		t.Errorf("after the limit: %v", err)
	}
	got := <-tripped
	const reason = "$1.5000 were spent within a minute, more than the limit of $1.0000"
	if want := (Pause{Paused: true, Reason: reason, Since: w.clock.now(), MaxPerMinute: 1}); got != want {
		t.Errorf("tripped with %+v, want %+v", got, want)
	}
	s.Set(Pause{MaxPerMinute: 1}) // another change of the configuration, which does not know of it yet
	if _, err := call(p, nil, ""); err == nil {
		t.Error("a change of something else resumed")
	}
	s.Set(got)
	remembered <- nil
	s.Set(Pause{MaxPerMinute: 1})
	if _, err := call(p, nil, ""); err != nil {
		t.Errorf("after it was resumed: %v", err)
	}
	s.Spent(cost(0.75), w.clock.now())
	if s.Burn().Paused {
		t.Error("tripped again by what was spent before the pause")
	}
}

// A trip that cannot be remembered pauses nevertheless, until somebody resumes.
func TestATripThatIsNotRemembered(t *testing.T) {
	w := newWorld(t)
	done := make(chan error, 1)
	s := NewSwitch(SwitchOptions{Now: w.clock.now, Tripped: func(Pause) error { defer close(done); return errors.New("no") }})
	s.Set(Pause{MaxPerMinute: 1})
	s.Spent(cost(2), w.clock.now())
	<-done
	if !s.Burn().Paused {
		t.Error("not paused")
	}
}
