package govern

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// Pause is what the kill switch is set to: while Paused no call is made. It trips by itself when more than MaxPerMinute
// US dollars are spent within a minute; 0 = never.
type Pause struct {
	Paused       bool
	Reason       string
	Since        time.Time
	MaxPerMinute float64
}

// SwitchOptions is what a switch must be told. Tripped makes the configuration remember that the switch has tripped; it
// runs on a goroutine of its own, and until it returns no Set resumes. An error is logged.
type SwitchOptions struct {
	Now     func() time.Time // nil = the clock
	Tripped func(Pause) error
	Log     *slog.Logger // nil = nowhere
}

// Switch is the kill switch, and knows how fast money is spent. It outlives the policies.
type Switch struct {
	o      SwitchOptions
	paused atomic.Pointer[llm.Error] // what calls are refused with; nil = they are not

	mu       sync.Mutex
	pause    Pause
	tripping bool
	max      int64 // within a minute; 0 = no bound
	seconds  [60]int64
	last     int64 // the second, since 1970, that was counted last
	minute   int64 // sum of seconds
	midnight time.Time
	today    int64
	unpriced int64
}

// NewSwitch makes a switch that is not paused.
func NewSwitch(o SwitchOptions) *Switch {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Switch{o: o}
}

// Set makes the switch what the configuration says.
func (s *Switch) Set(p Pause) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.max = nano(p.MaxPerMinute)
	if s.tripping && !p.Paused {
		s.pause.MaxPerMinute = p.MaxPerMinute
		return
	}
	s.tripping = false               // it is remembered
	if s.pause.Paused && !p.Paused { // or it would trip again at once
		s.seconds, s.minute = [60]int64{}, 0
	}
	s.set(p)
}

func (s *Switch) set(p Pause) {
	s.pause = p
	if !p.Paused {
		s.paused.Store(nil)
		return
	}
	why := ""
	if p.Reason != "" {
		why = " (" + p.Reason + ")"
	}
	s.paused.Store(refuse(llm.KindAccessDenied, "gateway_paused",
		"The gateway is paused%s: no calls are made. To resume, use Resume in Heimdall's window or tray menu, or PUT /api/kill-switch with {\"paused\":false}", why))
}

// refuse costs one load where the switch is not paused.
func (s *Switch) refuse() error {
	if e := s.paused.Load(); e != nil {
		own := *e
		return &own
	}
	return nil
}

// Spent counts what a call cost. Calls that have a Caller are counted by their holds.
func (s *Switch) Spent(spent exchange.Spent, now time.Time) {
	var cost int64
	if spent.Priced {
		cost = nano(spent.Cost)
	}
	missing := unpriced(spent)
	if cost == 0 && !missing {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now)
	s.seconds[s.last%60] += cost
	s.minute += cost
	s.today += cost
	if missing {
		s.unpriced++
	}
	if s.max > 0 && s.minute > s.max && !s.pause.Paused {
		s.trip(now)
	}
}

func (s *Switch) trip(now time.Time) {
	p := s.pause
	p.Paused, p.Since = true, now
	p.Reason = "$" + shown(s.minute) + " were spent within a minute, more than the limit of $" + shown(s.max)
	s.set(p)
	s.tripping = true
	s.o.Log.Warn("the kill switch has tripped", "reason", p.Reason)
	go func() {
		err := s.o.Tripped(p)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tripping = false
		if err != nil {
			s.o.Log.Error("that the kill switch has tripped cannot be saved; it stays paused until it is resumed or the program ends", "error", err)
		}
	}()
}

// turn lets go of what is older than a minute, and of yesterday. A clock that goes back changes nothing.
func (s *Switch) turn(now time.Time) {
	second := now.Unix()
	if second-s.last >= 60 {
		s.seconds, s.minute, s.last = [60]int64{}, 0, second
	}
	for s.last < second {
		s.last++
		s.minute -= s.seconds[s.last%60]
		s.seconds[s.last%60] = 0
	}
	if !now.Before(s.midnight) {
		y, m, d := now.Date()
		s.midnight = time.Date(y, m, d+1, 0, 0, 0, 0, now.Location())
		s.today, s.unpriced = 0, 0
	}
}

// Burn is how the switch is set and what was spent, in US dollars: within the last minute, and today, by the clock of
// the place. Unpriced are today's calls whose price is unknown.
type Burn struct {
	Pause
	LastMinute float64
	Today      float64
	Unpriced   int64
}

// Burn tells what was spent.
func (s *Switch) Burn() Burn {
	now := s.o.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now)
	return Burn{Pause: s.pause, LastMinute: usd(s.minute), Today: usd(s.today), Unpriced: s.unpriced}
}
