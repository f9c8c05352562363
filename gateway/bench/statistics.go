package main

import (
	"fmt"
	"math"
	"slices"
)

// quantile is the q-th quantile (0 … 1) of sorted values, interpolated between neighbours; NaN of none.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low == len(sorted)-1 {
		return sorted[low]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}

// spread is what the rounds of one measure say.
type spread struct{ Low, Median, High float64 }

// spreadOf gives the quartiles.
func spreadOf(values []float64) spread {
	s := slices.Sorted(slices.Values(values))
	return spread{quantile(s, 0.25), quantile(s, 0.5), quantile(s, 0.75)}
}

// format writes a spread with its numbers in the given form.
func (s spread) format(verb string) string {
	return fmt.Sprintf(verb+" ["+verb+"–"+verb+"]", s.Median, s.Low, s.High)
}

// within combines two series round by round.
func within(a, b []float64, f func(a, b float64) float64) spread {
	var out []float64
	for i := range min(len(a), len(b)) {
		out = append(out, f(a[i], b[i]))
	}
	return spreadOf(out)
}

func ratio(a, b float64) float64 { return a / b }
func minus(a, b float64) float64 { return a - b }
