package route

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// So many failures in a row open a breaker.
	maxFailures = 5
	// How long it stays open first; each time it opens anew without having closed, twice as long.
	firstCoolDown   = time.Second
	longestCoolDown = time.Minute
	// A provider may ask to be left alone for longer, but not for so long.
	longestRest = time.Hour
	// How long each step of the way back takes.
	rampStep = 3 * time.Second
)

// ramp are the shares of the usual traffic on the way back.
var ramp = [...]float64{0.1, 0.25, 0.5}

// phase is what state a breaker is in.
type phase int

const (
	closed phase = iota
	open
	halfOpen
	ramping
)

func (p phase) String() string { return [...]string{"closed", "open", "half_open", "ramping"}[p] }

// breaker is a circuit breaker: it leaves out who fails again and again, tries with one call whether that is over, and
// then gives back the traffic bit by bit. The zero breaker is closed.
type breaker struct {
	mark uint64
	now  func() time.Time
	draw func() float64

	ailing atomic.Bool // there is something to look at below; false = closed, and nothing has failed

	mu       sync.Mutex
	phase    phase
	failures int       // in a row
	opened   int       // how often it opened since it was closed
	until    time.Time // open until then
	probing  bool      // half open: the one call is under way
	since    time.Time // ramping: when the step began
	step     int
	reason   string
	at       time.Time
}

// share is the part of the usual traffic that may go there now.
func (b *breaker) share() float64 {
	if !b.ailing.Load() {
		return 1
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pass(b.now())
	return b.part()
}

func (b *breaker) part() float64 {
	switch {
	case b.phase == ramping:
		return ramp[b.step]
	case b.phase == open, b.phase == halfOpen && b.probing:
		return 0
	}
	return 1
}

// pass does what time alone does.
func (b *breaker) pass(now time.Time) {
	if b.phase == open && !now.Before(b.until) {
		b.phase, b.probing = halfOpen, false
	}
	for b.phase == ramping && now.Sub(b.since) >= rampStep {
		b.since = b.since.Add(rampStep)
		if b.step++; b.step == len(ramp) {
			b.close()
		}
	}
}

func (b *breaker) close() {
	b.phase, b.failures, b.opened = closed, 0, 0
	b.ailing.Store(false)
}

// take begins a call. Where it is the one that tries, left must end it if nothing else does.
func (b *breaker) take() (probe bool) {
	if !b.ailing.Load() {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pass(b.now())
	if b.phase != halfOpen || b.probing {
		return false
	}
	b.probing = true
	return true
}

// left ends the call that tried without telling anything.
func (b *breaker) left() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}

// succeeded is a call that went well.
func (b *breaker) succeeded() {
	if !b.ailing.Load() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.pass(now)
	b.failures = 0
	switch b.phase {
	case closed:
		b.close()
	case open, halfOpen:
		b.phase, b.probing, b.since, b.step = ramping, false, now, 0
	case ramping:
	}
}

// failed is a call that failed.
func (b *breaker) failed(why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.ail(why)
	if b.phase != open && (b.phase != closed || b.failures >= maxFailures) {
		b.trip(now)
	}
}

// rejected is a call that shows that others need not be tried for now.
func (b *breaker) rejected(why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.ail(why)
	if b.phase != open {
		b.trip(now)
	}
}

// rest is a call whose answer asks for no further ones for that long.
func (b *breaker) rest(why string, d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.ail(why)
	b.phase, b.until, b.probing = open, now.Add(min(d, longestRest)), false
}

func (b *breaker) ail(why string) (now time.Time) {
	now = b.now()
	b.pass(now)
	b.ailing.Store(true)
	b.failures++
	b.reason, b.at = why, now
	return now
}

func (b *breaker) trip(now time.Time) {
	cool := longestCoolDown
	if b.opened < 6 {
		cool = firstCoolDown << b.opened
	}
	b.opened++
	cool = time.Duration(float64(cool) * (0.8 + 0.4*b.draw()))
	b.phase, b.until, b.probing = open, now.Add(min(cool, longestCoolDown)), false
}

func (b *breaker) show() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pass(b.now())
	s := State{Name: b.phase.String(), Share: b.part(), Failures: b.failures, LastError: b.reason, ErrorAt: b.at}
	if b.phase == open {
		s.RetryAt = b.until
	}
	return s
}
