package catalog

import (
	"encoding/json"
	"testing"
	"time"
	"unsafe"

	"heimdall/providers/llm"
)

func TestWhichPeriodCounts(t *testing.T) {
	var m model
	if err := json.Unmarshal([]byte(`{"prices":[
		{"price":{"input":1}},
		{"since":"2026-08-17","price":{"input":2}},
		{"between":[3600,14400],"price":{"input":3}},
		{"between":[82800,1800],"price":{"input":4}}]}`), &m); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]int{
		"2026-08-16T12:00:00Z":      0,
		"2026-08-17T01:30:00+02:00": 3, // 23:30 in UTC
		"2026-08-16T22:59:59Z":      0,
		"2026-08-17T00:29:59Z":      3,
		"2026-08-17T00:30:00Z":      1,
		"2026-08-17T00:59:59.9Z":    1,
		"2026-08-17T01:00:00Z":      2,
		"2026-08-17T03:59:59.9Z":    2,
		"2026-08-17T04:00:00Z":      1,
		"2026-08-17T23:00:00Z":      3,
	} {
		when, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.at(when); got != want {
			t.Errorf("%s: period %d, want %d", at, got, want)
		}
	}
	if err := json.Unmarshal([]byte(`{"price":{"inputs":1}}`), &period{}); err == nil {
		t.Error("a price of an unknown class is let through")
	}
}

func TestADayCountsFromMidnightInUTC(t *testing.T) {
	p := period{since: time.Date(2026, 8, 17, 0, 0, 0, 0, time.UTC).Unix()}
	if midnight := time.Unix(p.since, 0); !p.holds(midnight) || p.holds(midnight.Add(-time.Nanosecond)) {
		t.Error("the day does not start at midnight")
	}
}

// The names of a call may lie in a buffer that the next call is read into.
func TestABookKeepsNothingOfAQuery(t *testing.T) {
	b := book(t)
	buffer := []byte("gpt-4o")
	q := Query{Vendor: "openai", Model: unsafe.String(&buffer[0], len(buffer)), At: noon, Usage: llm.Usage{Input: 1}}
	b.Cost(q)
	copy(buffer, "gpt-zz")
	if b.Cost(q).Known {
		t.Error("a name that changed is still known")
	}
	for k, e := range b.found {
		if k.model == "gpt-zz" && e.listed != nil {
			t.Error("a remembered name has changed")
		}
	}
}
