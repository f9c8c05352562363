package period

import (
	"fmt"
	"strconv"
	"time"
)

// Period is a length of time as people count it: N units. Unit is one of s, m (minutes), h, d, w, M (months), Q
// (quarters) and Y. The zero value is no period.
type Period struct {
	N    int
	Unit byte
}

// Parse reads a number and a unit, such as 30s, 5m, 1h, 1d, 1w, 1M, 1Q or 1Y.
func Parse(s string) (Period, error) {
	if s == "" {
		return Period{}, errPeriod
	}
	p := Period{Unit: s[len(s)-1]}
	n, err := strconv.Atoi(s[:len(s)-1])
	if err != nil || n < 1 || n > 100_000 || s[0] == '+' {
		return Period{}, errPeriod
	}
	p.N = n
	switch p.Unit {
	case 's', 'm', 'h', 'd', 'w', 'M', 'Q', 'Y':
		return p, nil
	}
	return Period{}, errPeriod
}

var errPeriod = fmt.Errorf("must be a number and a unit: s, m (minutes), h, d, w, M (months), Q (quarters) or Y, such as 1h or 1M")

func (p Period) String() string {
	if p.N == 0 {
		return ""
	}
	return strconv.Itoa(p.N) + string(p.Unit)
}

// MarshalText is String, and UnmarshalText Parse; no text is no period.
func (p Period) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

func (p *Period) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*p = Period{}
		return nil
	}
	*p, err = Parse(string(text))
	return err
}

// Zero reports whether it is no period.
func (p Period) Zero() bool { return p.N == 0 }

// Calendar says where windows begin: Aligned ones with the day, Monday, the month, the quarter or the year; others
// where the first of them began. A year's first quarter begins with QuarterStart; 0 = January.
type Calendar struct {
	Aligned      bool
	QuarterStart time.Month
}

// Window is the window that holds at. anchor is the beginning of one of them where they follow no calendar. A window
// ends where the next begins.
func (p Period) Window(at, anchor time.Time, c Calendar) (start, end time.Time) {
	at, anchor = at.UTC(), anchor.UTC()
	if c.Aligned {
		anchor = p.origin(anchor, c)
	}
	months := p.months()
	if p.Unit == 'Q' && !c.Aligned {
		months = 0
	}
	if months == 0 {
		d := p.length()
		n := at.Sub(anchor) / d
		if at.Before(anchor.Add(n * d)) {
			n--
		}
		start = anchor.Add(n * d)
		return start, start.Add(d)
	}
	// The first guess is at most one window off, because a month may be too short for the anchor's day.
	n := monthsBetween(anchor, at) / months
	for addMonths(anchor, n*months).After(at) {
		n--
	}
	for !addMonths(anchor, (n+1)*months).After(at) {
		n++
	}
	return addMonths(anchor, n*months), addMonths(anchor, (n+1)*months)
}

// origin is where the calendar's windows begin; those shorter than a day follow none.
func (p Period) origin(anchor time.Time, c Calendar) time.Time {
	switch p.Unit {
	case 'd', 'w':
		return time.Date(1970, time.January, 5, 0, 0, 0, 0, time.UTC) // a Monday
	case 'M', 'Y':
		return time.Date(1970, time.January, 1, 0, 0, 0, 0, time.UTC)
	case 'Q':
		return time.Date(1970, max(c.QuarterStart, time.January), 1, 0, 0, 0, 0, time.UTC)
	}
	return anchor
}

const day = 24 * time.Hour

// length is how long a window is that is not counted in months. A quarter that follows no calendar has 90 days.
func (p Period) length() time.Duration {
	n := time.Duration(p.N)
	switch p.Unit {
	case 'm':
		return n * time.Minute
	case 'h':
		return n * time.Hour
	case 'd':
		return n * day
	case 'w':
		return n * 7 * day
	case 'Q':
		return n * 90 * day
	}
	return n * time.Second
}

// months is the length of a window that is counted in months; 0 = it is not.
func (p Period) months() int {
	switch p.Unit {
	case 'M':
		return p.N
	case 'Q':
		return 3 * p.N
	case 'Y':
		return 12 * p.N
	}
	return 0
}

func monthsBetween(from, to time.Time) int {
	return (to.Year()-from.Year())*12 + int(to.Month()) - int(from.Month())
}

// addMonths goes n months on, to the last day of a month that is too short.
func addMonths(t time.Time, n int) time.Time {
	year, month, d := t.Date()
	first := time.Date(year, month+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(d, last)-1)
}
