package govern

import (
	"math"
	"time"

	"heimdall/gateway/period"
)

// unit is what a counter counts.
type unit byte

const (
	money    unit = 'b' // billionths of a dollar, of a budget
	tokens   unit = 't'
	requests unit = 'r'
)

// id is a counter's name, also in the store.
func (u unit) id(id string) string {
	switch u {
	case tokens:
		return "tokens/" + id
	case requests:
		return "requests/" + id
	case money:
	}
	return "budget/" + id
}

// spec is what a counter is told by a policy.
type spec struct {
	id       string
	unit     unit
	max      int64
	extra    int64     // added to max in windows that begin before until
	from     time.Time // and end after from
	until    time.Time // zero = for ever
	every    period.Period
	calendar period.Calendar
	anchor   time.Time
}

func (s *spec) window(at time.Time) (start, end time.Time) {
	return s.every.Window(at, s.anchor, s.calendar)
}

// Overrides for more windows than this last for ever.
const maxCycles = 100_000

func newSpec(u unit, id string, limit int64, every period.Period, since time.Time, c period.Calendar) spec {
	if since.IsZero() {
		since = time.Unix(0, 0)
	}
	// The store keeps microseconds.
	return spec{id: u.id(id), unit: u, max: limit, every: every, calendar: c, anchor: since.UTC().Truncate(time.Microsecond)}
}

func budgetSpec(b Budget, aligned bool) spec {
	s := newSpec(money, b.ID, nano(b.Max), b.Every, b.Since, period.Calendar{Aligned: aligned, QuarterStart: b.QuarterStart})
	if o := b.Override; o != nil {
		s.extra, s.from = nano(o.Amount), o.Since
		if o.Cycles > 0 && o.Cycles < maxCycles {
			s.until = o.Since
			for range o.Cycles {
				_, s.until = s.window(s.until)
			}
		}
	}
	return s
}

// counter counts what is used within a window of time. The ledger's lock guards it.
type counter struct {
	spec
	limit      int64 // max with what is added to it in this window
	start, end time.Time
	used       int64 // settled
	held       int64 // by calls in flight
	gone       bool  // no policy knows it any more

	mark  int64 // what the store has at least for this window
	step  int64 // how far ahead of what is used the mark is set
	asked bool  // it waits to be saved
}

// roll begins a new window where the last one is over. What calls in flight hold goes with it: it is spent when they
// end. A clock that goes back changes nothing.
func (c *counter) roll(now time.Time) {
	if now.Before(c.end) {
		return
	}
	c.start, c.end = c.window(now)
	c.used, c.mark = 0, 0
	c.bound()
}

// bound finds the limit of the window.
func (c *counter) bound() {
	c.limit = c.max
	if c.extra > 0 && c.end.After(c.from) && (c.until.IsZero() || c.start.Before(c.until)) {
		c.limit = min(c.max, math.MaxInt64-c.extra) + c.extra
	}
}

// level is how much the store must know of.
func (c *counter) level() int64 { return c.used + c.held }

// room reports whether need fits. One call at a time may use the rest of a limit, however much it needs.
func (c *counter) room(need int64) bool {
	return c.used < c.limit && (c.held == 0 || need <= c.limit-c.used-c.held)
}

// reserve takes need, which fits. A request is used at once.
func (c *counter) reserve(need int64) {
	if c.unit == requests {
		c.used += need
	} else {
		c.held += need
	}
	c.step = max(c.least(), need, c.step-c.step/8)
}

// least is how far ahead the mark is set where calls need little.
func (c *counter) least() int64 { return max(1, c.limit/128) }

// block is how far the mark may be ahead.
func (c *counter) block() int64 { return 2 * c.step }

// stale reports whether the mark should move: up before it is reached, down where too much was set aside.
func (c *counter) stale() bool {
	ahead := c.mark - c.level()
	return 2*ahead < c.step || ahead > c.block()
}
