package timing

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestMarksComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var m Marks
	var want []Mark
	var end int64
	var at time.Duration
	for range 1000 {
		n := 1 + r.IntN(5000)
		at += time.Duration(r.IntN(3_000_000)) * time.Nanosecond
		end += int64(n)
		m.Add(n, at)
		want = append(want, Mark{end, at.Truncate(time.Microsecond)})
	}
	if got := slices.Collect(All(m.Bytes())); !slices.Equal(got, want) {
		t.Fatalf("%d marks, not %d: %v", len(got), len(want), got[:3])
	}
	if per := len(m.Bytes()) / len(want); per > 5 {
		t.Errorf("a mark takes %d bytes", per)
	}
}

func TestMarksAreBounded(t *testing.T) {
	var m Marks
	for i := range 200_000 {
		m.Add(1, time.Duration(i)*time.Millisecond)
	}
	if n := len(m.Bytes()); n > maxMarks+16 {
		t.Errorf("%d bytes", n)
	}
}

func TestMarksThatMakeNoSense(t *testing.T) {
	var m Marks
	m.Add(0, time.Second)
	m.Add(5, 2*time.Second)
	m.Add(5, time.Second) // the clock does not go back
	if got := slices.Collect(All(m.Bytes())); !slices.Equal(got, []Mark{{5, 2 * time.Second}, {10, 2 * time.Second}}) {
		t.Error(got)
	}
	broken := m.Bytes()[:len(m.Bytes())-1]
	if got := slices.Collect(All(broken)); !slices.Equal(got, []Mark{{5, 2 * time.Second}}) {
		t.Error(got)
	}
}
