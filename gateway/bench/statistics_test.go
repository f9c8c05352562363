package main

import (
	"math"
	"testing"
)

func TestQuantile(t *testing.T) {
	for _, tc := range []struct {
		sorted []float64
		q      float64
		want   float64
	}{
		{[]float64{7}, 0.25, 7},
		{[]float64{1, 2, 3, 4, 5}, 0.5, 3},
		{[]float64{1, 2, 3, 4}, 0.5, 2.5},
		{[]float64{1, 2, 3, 4, 5}, 0.25, 2},
		{[]float64{0, 10}, 0.99, 9.9},
		{[]float64{1, 9}, 1, 9},
	} {
		if got := quantile(tc.sorted, tc.q); math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("quantile(%v, %v) = %v; want %v", tc.sorted, tc.q, got, tc.want)
		}
	}
	if got := quantile(nil, 0.5); !math.IsNaN(got) {
		t.Errorf("quantile of nothing = %v; want NaN", got)
	}
}

func TestWithinTakesRatiosRoundByRound(t *testing.T) {
	// A slow third round slows both: the ratios do not see it, a ratio of medians would.
	got := within([]float64{2, 40, 60}, []float64{1, 20, 30}, ratio)
	if want := (spread{2, 2, 2}); got != want {
		t.Errorf("within = %v; want %v", got, want)
	}
	if got, want := spreadOf([]float64{30, 10, 20}), (spread{15, 20, 25}); got != want {
		t.Errorf("spreadOf unsorted values = %v; want %v", got, want)
	}
}

func TestPoissonHasItsRateAndSeed(t *testing.T) {
	due := poisson(1, 1000, 20e9)
	if n := len(due); n < 19000 || n > 21000 {
		t.Errorf("%d arrivals in 20 s at 1 000/s", n)
	}
	for i := 1; i < len(due); i++ {
		if due[i] < due[i-1] {
			t.Fatalf("arrival %d is due before the one before it", i)
		}
	}
	if again := poisson(1, 1000, 20e9); again[len(again)-1] != due[len(due)-1] {
		t.Error("the same seed gives other arrivals")
	}
	if other := poisson(2, 1000, 20e9); other[0] == due[0] {
		t.Error("another seed gives the same arrivals")
	}
}

func TestMissedGates(t *testing.T) {
	r := newReport(func(goal int) bool { return goal != 2 })
	for _, l := range []line{
		{Goal: 16, Gate: true}, {Goal: 1, Gate: true}, {Goal: 1, Gate: true},
		{Goal: 2, Gate: true}, // not asked for
		{Goal: 3, Gate: true, OK: true},
		{Goal: 12},
		stated("x", "", ""),
	} {
		r.add(l)
	}
	if got := r.missedGates(); len(got) != 2 || got[0] != 1 || got[1] != 16 {
		t.Errorf("missed gates = %v; want 1 and 16", got)
	}
}
