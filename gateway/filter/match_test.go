package filter_test

import (
	"testing"

	"heimdall/gateway/filter"
)

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "abc", true}, {"**", "a", true},
		{"a*c", "abbc", true}, {"a*c", "abcd", false}, {"*a*b*", "xxaxbx", true}, {"*ab", "aab", true}, {"*aab", "aaab", true},
		{"A?", "a?", true}, {"a?", "ab", false}, {"É", "é", false}, {"[a]*", "[A]b", true},
	} {
		if got := filter.Glob(c.pattern, c.text); got != c.want {
			t.Errorf("%q of %q: %v", c.pattern, c.text, got)
		}
	}
}

func TestSays(t *testing.T) {
	for _, c := range []struct {
		text, phrase string
		want         bool
	}{
		{"Out of memory.", "out of memory", true}, {"out-of  MEMORY!", "OUT OF", true}, {"out memory of", "out of memory", false},
		{"memory", "mem", false}, {"memory", "mem*", true}, {"memory", "MEM*", true}, {"mem", "memory*", false}, {"a memory leak", "memory le*", true},
		{"a b a c", "a c", true}, {"ÖL und öl", "öl und", true}, {"x", "...", false}, {"", "a", false}, {"4.5 GB", "4 5", true},
		{"日本語", "日本*", true}, {"ab", "a*b", false}, {"a b", "a*b", true},
	} {
		if got := filter.Says(c.text, c.phrase); got != c.want {
			t.Errorf("%q of %q: %v", c.phrase, c.text, got)
		}
	}
}

// oneRow is a request of which the getter gives nothing but what is there.
type oneRow struct{}

func (oneRow) Text(f filter.Field, _ string, i int) (string, bool) {
	if i > 0 {
		return "", false
	}
	switch f {
	case filter.Model:
		return "gpt-5", true
	case filter.Tool:
		return "Edit", true
	case filter.Session:
		return "abc", true
	case filter.Text:
		return "The server ran out of memory.", true
	case filter.App:
		return "claude", true
	case filter.Stream:
		return "false", true
	default:
		return "", false
	}
}

func (oneRow) Number(f filter.Field) (float64, bool) {
	return map[filter.Field]float64{filter.Status: 500, filter.Cost: 0.06}[f], true
}
func (oneRow) Open(filter.Field) bool { return false }

// TestMatchAllocates nothing: it judges each row that arrives.
func TestMatchAllocates(t *testing.T) {
	e, err := filter.Parse(typical+" model~/^gpt-[0-9]$/ app!=x -\"no such*\"", noon)
	if err != nil {
		t.Fatal(err)
	}
	var get filter.Getter = oneRow{}
	if n := testing.AllocsPerRun(100, func() {
		if filter.Match(e, get) != filter.Yes {
			t.Fatal("it does not match")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMatch(b *testing.B) {
	e, err := filter.Parse(typical, noon)
	if err != nil {
		b.Fatal(err)
	}
	var get filter.Getter = oneRow{}
	b.ReportAllocs()
	for b.Loop() {
		filter.Match(e, get)
	}
}
