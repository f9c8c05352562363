package filter

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// unit is a unit of a kind by what it is written as; the first that fits a number well is how it is printed.
type unit struct {
	name string
	size float64
}

var (
	countUnits    = []unit{{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}}
	byteUnits     = []unit{{"", 1}, {"KB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}}
	durationUnits = []unit{{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 36e5}, {"us", 1e-3}}
	moneyUnits    = []unit{{"", 1}, {"k", 1e3}}
)

// otherUnits are written, and not printed. They are compared in lower case.
var otherUnits = map[Kind][]unit{
	KindCount:    {{"b", 1e9}},
	KindBytes:    {{"b", 1}, {"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}},
	KindDuration: {{"", 1}, {"µs", 1e-3}, {"μs", 1e-3}, {"sec", 1e3}, {"min", 6e4}, {"d", 864e5}},
	KindMoney:    {{"$", 1}, {"usd", 1}, {"c", 0.01}, {"¢", 0.01}},
}

func unitsOf(k Kind) []unit {
	switch k {
	case KindBytes:
		return byteUnits
	case KindDuration:
		return durationUnits
	case KindMoney:
		return moneyUnits
	default:
		return countUnits
	}
}

// number reads a number with a unit of the kind.
func (k Kind) number(s string) (float64, bool) {
	if k == KindMoney {
		s = strings.TrimPrefix(s, "$")
	}
	digits := 0
	for digits < len(s) && (s[digits] >= '0' && s[digits] <= '9' || s[digits] == '.' || digits == 0 && s[0] == '-') {
		digits++
	}
	n, err := strconv.ParseFloat(s[:digits], 64)
	if err != nil {
		return 0, false
	}
	name := strings.TrimSpace(s[digits:])
	for _, units := range [2][]unit{unitsOf(k), otherUnits[k]} {
		for _, u := range units {
			if strings.EqualFold(u.name, name) {
				return scaled(n, u.size)
			}
		}
	}
	return 0, false
}

// scaled multiplies; sizes below 1 divide, which is exact for what people write.
func scaled(n, size float64) (float64, bool) {
	if size < 1 {
		n /= math.Round(1 / size)
	} else {
		n *= size
	}
	return n, !math.IsInf(n, 0)
}

// write is a number at its shortest, in the unit that fits.
func (k Kind) write(n float64) string {
	best := ""
	for _, u := range unitsOf(k) {
		v := n / u.size
		if u.size > 1 && math.Abs(v) < 1 {
			continue
		}
		s := strconv.FormatFloat(v, 'f', -1, 64) + u.name
		if back, ok := k.number(s); ok && back == n && (best == "" || len(s) < len(best)) {
			best = s
		}
	}
	if best == "" {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return best
}

// statusCode reads an HTTP status.
func statusCode(s string) (float64, bool) {
	n, err := strconv.Atoi(s)
	return float64(n), err == nil && n >= 0 && n <= 999 && s[0] != '+' && s[0] != '-'
}

// Layouts of absolute times.
const (
	layoutDay   = "2006-01-02"
	layoutMonth = "2006-01"
)

var layouts = [...]string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"}

// span is the time that a value of time means: a day, a month, or a point, where from and to are the same.
type span struct {
	from, to time.Time
	back     bool // counted from now
}

// when reads a time. What is counted from now is so where now is.
func when(s string, now time.Time) (span, bool) {
	lower := strings.ToLower(s)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch lower {
	case "now":
		return span{from: now, to: now, back: true}, true
	case "today":
		return span{from: today, to: today.AddDate(0, 0, 1)}, true
	case "yesterday":
		return span{from: today.AddDate(0, 0, -1), to: today}, true
	}
	if d, ok := back(strings.TrimPrefix(lower, "-")); ok {
		t := now.Add(-d)
		return span{from: t, to: t, back: true}, true
	}
	if t, err := time.ParseInLocation(layoutDay, s, now.Location()); err == nil {
		return span{from: t, to: t.AddDate(0, 0, 1)}, true
	}
	if t, err := time.ParseInLocation(layoutMonth, s, now.Location()); err == nil {
		return span{from: t, to: t.AddDate(0, 1, 0)}, true
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, strings.ToUpper(s), now.Location()); err == nil {
			return span{from: t, to: t}, true
		}
	}
	return span{}, false
}

// backUnits are what times are counted back in.
var backUnits = map[string]time.Duration{
	"s": time.Second, "m": time.Minute, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

// maxBack bounds what is counted back: a hundred years.
const maxBack = 100 * 365 * 24 * time.Hour

// back reads 15m, 2h, 1h30m, 7d.
func back(s string) (time.Duration, bool) {
	var sum time.Duration
	for first := true; s != "" || first; first = false {
		digits := 0
		for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
			digits++
		}
		end := digits
		for end < len(s) && s[end] >= 'a' && s[end] <= 'z' {
			end++
		}
		n, err := strconv.Atoi(s[:digits])
		size, ok := backUnits[s[digits:end]]
		if err != nil || !ok || n > int(maxBack/size) {
			return 0, false
		}
		sum += time.Duration(n) * size
		s = s[end:]
	}
	return sum, sum <= maxBack
}

// stamp is a time as a number: milliseconds since 1970.
func stamp(t time.Time) float64 { return float64(t.UnixMicro()) / 1e3 }
