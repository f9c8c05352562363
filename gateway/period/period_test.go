package period

import (
	"testing"
	"time"
)

func at(s string) time.Time {
	t, err := time.Parse("2006-01-02T15:04:05", s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestWindows(t *testing.T) {
	aligned := Calendar{Aligned: true}
	for _, c := range []struct {
		period     string
		now        string
		anchor     string
		calendar   Calendar
		start, end string
	}{
		{"30s", "2026-03-01T00:00:29", "2026-03-01T00:00:00", Calendar{}, "2026-03-01T00:00:00", "2026-03-01T00:00:30"},
		{"30s", "2026-03-01T00:00:30", "2026-03-01T00:00:00", Calendar{}, "2026-03-01T00:00:30", "2026-03-01T00:01:00"},
		{"1h", "2026-03-01T12:10:00", "2026-03-01T10:30:00", aligned, "2026-03-01T11:30:00", "2026-03-01T12:30:00"},
		{"1d", "2026-03-02T10:29:59", "2026-03-01T10:30:00", Calendar{}, "2026-03-01T10:30:00", "2026-03-02T10:30:00"},
		{"1d", "2024-02-29T23:59:59", "2024-02-29T10:30:00", aligned, "2024-02-29T00:00:00", "2024-03-01T00:00:00"},
		{"1w", "2026-11-22T21:00:00", "2026-11-20T10:30:00", aligned, "2026-11-16T00:00:00", "2026-11-23T00:00:00"},
		{"1w", "2026-11-23T00:00:00", "2026-11-20T10:30:00", aligned, "2026-11-23T00:00:00", "2026-11-30T00:00:00"},
		{"1M", "2026-02-28T12:00:00", "2026-01-31T12:00:00", Calendar{}, "2026-02-28T12:00:00", "2026-03-31T12:00:00"},
		{"1M", "2026-02-28T11:59:59", "2026-01-31T12:00:00", Calendar{}, "2026-01-31T12:00:00", "2026-02-28T12:00:00"},
		{"1M", "2024-02-29T12:00:00", "2024-01-31T12:00:00", Calendar{}, "2024-02-29T12:00:00", "2024-03-31T12:00:00"},
		{"1M", "2026-12-31T23:59:59", "2026-01-31T12:00:00", aligned, "2026-12-01T00:00:00", "2027-01-01T00:00:00"},
		{"1Q", "2026-03-31T00:00:00", "2026-01-01T00:00:00", Calendar{}, "2026-01-01T00:00:00", "2026-04-01T00:00:00"},
		{"1Q", "2026-04-01T00:00:00", "2026-01-01T00:00:00", Calendar{}, "2026-04-01T00:00:00", "2026-06-30T00:00:00"},
		{"1Q", "2026-04-30T23:00:00", "2026-01-15T00:00:00", Calendar{true, time.February}, "2026-02-01T00:00:00", "2026-05-01T00:00:00"},
		{"1Q", "2026-01-10T00:00:00", "2026-01-15T00:00:00", Calendar{true, time.February}, "2025-11-01T00:00:00", "2026-02-01T00:00:00"},
		{"1Y", "2024-02-29T00:00:00", "2024-02-29T00:00:00", Calendar{}, "2024-02-29T00:00:00", "2025-02-28T00:00:00"},
		{"1Y", "2028-02-29T00:00:00", "2024-02-29T00:00:00", Calendar{}, "2028-02-29T00:00:00", "2029-02-28T00:00:00"},
		{"1Y", "2026-06-01T00:00:00", "2024-02-29T00:00:00", aligned, "2026-01-01T00:00:00", "2027-01-01T00:00:00"},
		{"2d", "1969-12-31T00:00:00", "2024-02-29T00:00:00", aligned, "1969-12-30T00:00:00", "1970-01-01T00:00:00"},
	} {
		p, err := Parse(c.period)
		if err != nil {
			t.Fatal(err)
		}
		start, end := p.Window(at(c.now), at(c.anchor), c.calendar)
		if !start.Equal(at(c.start)) || !end.Equal(at(c.end)) {
			t.Errorf("%s at %s from %s: %s to %s, want %s to %s", c.period, c.now, c.anchor, start, end, c.start, c.end)
		}
	}
}

// Every instant is in exactly one window, and windows follow each other without a gap.
func TestWindowsLeaveNoGap(t *testing.T) {
	for _, text := range []string{"7s", "5m", "1h", "1d", "2d", "1w", "1M", "5M", "1Q", "1Y", "3Y"} {
		for _, c := range []Calendar{{}, {Aligned: true}, {true, time.October}} {
			p, err := Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			now, anchor := at("2023-10-31T13:14:15"), at("2023-10-31T13:14:15")
			for range 40 {
				start, end := p.Window(now, anchor, c)
				if start.After(now) || !end.After(now) {
					t.Fatalf("%s %v: %s is not in %s to %s", text, c, now, start, end)
				}
				again, _ := p.Window(end.Add(-1), anchor, c)
				next, _ := p.Window(end, anchor, c)
				if !again.Equal(start) || !next.Equal(end) {
					t.Fatalf("%s %v: the window from %s ends at %s, then comes %s", text, c, start, end, next)
				}
				now = end.Add(end.Sub(now) / 2)
			}
		}
	}
}

func TestParse(t *testing.T) {
	for _, s := range []string{"30s", "5m", "1h", "1d", "1w", "1M", "2Q", "1Y"} {
		p, err := Parse(s)
		if err != nil || p.String() != s {
			t.Errorf("%s: %v %v", s, p, err)
		}
	}
	for _, s := range []string{"", "1", "h", "0h", "-1h", "+1h", "1x", "1.5h", "1 h", "99999999999h", "1mo"} {
		if p, err := Parse(s); err == nil {
			t.Errorf("%q was taken as %v", s, p)
		}
	}
}
