package govern

import (
	"math"
	"strconv"
	"strings"
)

// Money is counted in billionths of a US dollar, so that sums are exact.
const perDollar = 1e9

// Amounts end here, far from where sums overflow: 1 << 59 is half a billion dollars.
const maxNano = 1 << 59

func nano(usd float64) int64 {
	switch n := math.Round(usd * perDollar); {
	case n >= maxNano:
		return maxNano
	case n > 0:
		return int64(n)
	default: // also NaN
		return 0
	}
}

func usd(nano int64) float64 { return float64(nano) / perDollar }

// shown writes an amount with four decimals, and more where it has more.
func shown(nano int64) string {
	s := strconv.FormatInt(nano, 10)
	if len(s) < 10 {
		s = strings.Repeat("0", 10-len(s)) + s
	}
	whole, rest := s[:len(s)-9], s[len(s)-9:]
	return whole + "." + rest[:4] + strings.TrimRight(rest[4:], "0")
}
