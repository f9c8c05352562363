package filter_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"heimdall/gateway/filter"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// maker makes expressions in normal form.
type maker struct{ *rand.Rand }

func pick[T any](m maker, of ...T) T { return of[m.IntN(len(of))] }

func (m maker) expr(depth int) filter.Expr {
	switch n := m.IntN(10); {
	case depth == 0 || n < 4:
		return m.term()
	case n < 6:
		return filter.Negate(m.expr(depth - 1))
	case n < 8:
		return filter.All(m.several(depth)...)
	default:
		return filter.Any(m.several(depth)...)
	}
}

func (m maker) several(depth int) (parts []filter.Expr) {
	for range 2 + m.IntN(3) {
		parts = append(parts, m.expr(depth-1))
	}
	return parts
}

func (m maker) term() filter.Expr {
	info := filter.Fields[m.IntN(len(filter.Fields))]
	f := info.Field
	switch info.Kind {
	case filter.KindText:
		op := pick(m, filter.Has, filter.Is, filter.NotIs, filter.Matches, filter.NotMatches)
		t := &filter.Term{Field: f, Op: op}
		if f == filter.Metadata {
			t.Key = strings.ToLower(m.text())
		}
		if op == filter.Matches || op == filter.NotMatches {
			t.Values = []filter.Value{{Text: pick(m, "gpt-.*", "a b", `\d+/x`, `"q"`, "(a|b)c", "/x/", `\\`, "=", "-", "a,b", `\/`, "(", ")x")}}
			if _, err := filter.Regexp(t.Values[0].Text); err != nil {
				t.Values[0].Text = "x"
			}
			return t
		}
		for range 1 + m.IntN(3) {
			t.Values = append(t.Values, filter.Value{Text: m.text()})
		}
		return t
	case filter.KindWords:
		t := &filter.Term{Field: f, Op: filter.Has}
		if m.IntN(3) == 0 {
			t.Values = []filter.Value{{Text: pick(m, "AND", "or", "Not", "-5", "has:a", "cost", "a>1")}}
			return t
		}
		for range 1 + m.IntN(2) {
			t.Values = append(t.Values, filter.Value{Text: m.text() + pick(m, "a", "and", "or", "é", "7*")})
		}
		return t
	case filter.KindChoice, filter.KindFlag:
		if info.Kind == filter.KindChoice && m.IntN(4) == 0 {
			return filter.Like(f, pick(m, "*", "d*"))
		}
		return &filter.Term{Field: f, Op: pick(m, filter.Has, filter.Is, filter.NotIs), Values: []filter.Value{{Text: pick(m, info.Choices...)}}}
	case filter.KindStatus:
		return m.status()
	case filter.KindTime:
		return m.time()
	default:
		op := pick(m, filter.Has, filter.Is, filter.NotIs, filter.Less, filter.AtMost, filter.More, filter.AtLeast)
		return filter.Compare(f, op, m.number())
	}
}

func (m maker) status() filter.Expr {
	switch m.IntN(3) {
	case 0:
		return filter.OneOf(filter.Status, pick(m, "error", "success"), pick(m, "404", "0", "processing"))
	case 1:
		return filter.Like(filter.Status, pick(m, "4*", "*0*", "can*", "200", "!*", "a ,*"), "cancelled")
	}
	code := pick(m, 0.0, 200, 499)
	return filter.Compare(filter.Status, pick(m, filter.Less, filter.AtMost, filter.More, filter.AtLeast), code)
}

func (m maker) time() filter.Expr {
	switch m.IntN(3) {
	case 0:
		return filter.Since(noon.Add(time.Duration(m.Int64N(1e15))))
	case 1:
		return filter.Before(noon.Add(-time.Duration(m.Int64N(1e18))))
	}
	text := pick(m, "2h", "-1h30m", "7d", "today", "2026-01-31", "2025-11", "2026-01-31 10:15", "now")
	e, err := filter.Parse(`time>="`+text+`"`, noon)
	if err != nil {
		panic(err)
	}
	return e
}

func (m maker) number() float64 {
	switch m.IntN(5) {
	case 0:
		return float64(m.IntN(3000))
	case 1:
		return float64(m.IntN(100)) * pick(m, 1e3, 1024, 6e4, 1e6, 1<<20, 36e5)
	case 2:
		return m.Float64()
	case 3:
		return math.Ldexp(m.Float64(), m.IntN(120)-60)
	}
	return float64(m.IntN(1000)) / 1e3
}

// text is a text that is hard to write down.
func (m maker) text() string {
	if m.IntN(2) == 0 {
		return pick(m, "gpt-5*", "a", "AND", "or", "not", "has", "model", "*", "x:y", "missing:cost", "1..5", "cost>1", "ключ", "日本")
	}
	var b strings.Builder
	for range 1 + m.IntN(6) {
		b.WriteString(pick(m, "a", "B", "7", " ", `"`, `\`, "(", ")", ",", "-", ":", "=", "<", ">", "!", "~", "*", "/", ".", "'", "é", "\t", "\n", "\x01", " ", "&", "|", "%", "_"))
	}
	return b.String()
}

// TestPrintParses is the invariant of the package.
func TestPrintParses(t *testing.T) {
	const runs = 2
	n := 100_000 / runs
	if testing.Short() {
		n /= 10
	}
	for seed := range uint64(runs) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			m := maker{rand.New(rand.NewPCG(1, seed))}
			for i := range n {
				m.check(t, m.expr(i%4), i%8 == 0)
			}
		})
	}
}

func (m maker) check(t *testing.T, e filter.Expr, say bool) {
	text := filter.Print(e)
	got, err := filter.Parse(text, noon)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if !reflect.DeepEqual(got, e) {
		t.Fatalf("%s is parsed to what prints %s\n%#v\n%#v", text, filter.Print(got), e, got)
	}
	if say && filter.Sentence(e) == "" {
		t.Fatalf("%s has no sentence", text)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`model:gpt* status>=400 cost>0.05 tool:Edit session:abc text:"out of memory" (app:codex OR app:claude) NOT stream:true`,
		`time:2026-01 since:2h has:cost,ttft -missing:meta.x meta."a b"~/x y/`, `latency:1s..5s,7s size>4KB`, `"a\"b`, `a OR`, `!(((`, `x~/(/`,
		`status:(4xx, error OR 500)`, `- NOT`, `model: AND`, `s:(!*0aaa OR 0)`,
	} {
		f.Add(s, len(s)/2)
	}
	f.Fuzz(func(t *testing.T, text string, cursor int) {
		for _, c := range filter.Complete(text, cursor, nil) {
			if c.From < 0 || c.From > c.To || c.To > len(text) {
				t.Fatalf("%q at %d: %+v", text, cursor, c)
			}
		}
		e, err := filter.Parse(text, noon)
		if err != nil {
			bad := err.(*filter.Error)
			if bad.Column < 0 || bad.Length < 0 || bad.Column+bad.Length > len(text) || bad.Message == "" || bad.Repair == text {
				t.Fatalf("%q: %+v", text, bad)
			}
			return
		}
		normal := filter.Print(e)
		back, err := filter.Parse(normal, noon)
		if err != nil {
			t.Fatalf("%q is printed %q: %v", text, normal, err)
		}
		if !reflect.DeepEqual(back, e) {
			t.Fatalf("%q is printed %q, which is another", text, normal)
		}
		filter.Sentence(e)
	})
}
