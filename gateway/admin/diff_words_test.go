package admin

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// marked writes parts as one line: [-removed-]{+added+}.
func marked(parts []DiffPart) string {
	var b strings.Builder
	for _, p := range parts {
		switch p.Op {
		case partSame:
			b.WriteString(p.Text)
		case partRemoved:
			b.WriteString("[-" + p.Text + "-]")
		case partAdded:
			b.WriteString("{+" + p.Text + "+}")
		}
	}
	return b.String()
}

func TestDiffWords(t *testing.T) {
	for _, c := range []struct{ first, second, want string }{
		{"", "", ""},
		{"the same", "the same", "the same"},
		{"", "new", "{+new+}"},
		{"old", "", "[-old-]"},
		{"The cat sat.", "The dog sat.", "The [-cat-]{+dog+} sat."},
		{"one two four", "one two three four", "one two{+ three+} four"},
		{"a quick brown fox", "a slow red fox", "a [-quick brown-]{+slow red+} fox"},
		{"Grüße, Welt!", "Grüße, Erde!", "Grüße, [-Welt-]{+Erde+}!"},
		{"first\nsecond", "first\nthird", "first\n[-second-]{+third+}"},
		{"call(x)", "call(y)", "call([-x-]{+y+})"},
	} {
		if got := marked(diffWords(c.first, c.second)); got != c.want {
			t.Errorf("%q and %q: %s, want %s", c.first, c.second, got, c.want)
		}
	}
}

// rebuilt is what the parts of a kind and those that both have make.
func rebuilt(parts []DiffPart, op string) string {
	var b strings.Builder
	for _, p := range parts {
		if p.Op == partSame || p.Op == op {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// Whatever two texts are, both can be read out of their comparison, and what they share in the middle of many changes is
// found.
func TestDiffWordsLosesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func(words, of int) string {
		var b strings.Builder
		for range words {
			fmt.Fprintf(&b, "w%d%s", r.IntN(of), []string{" ", "\n", ", ", "-"}[r.IntN(4)])
		}
		return b.String()
	}
	edited := func(s string) string {
		var b strings.Builder
		for _, w := range wordsOf(s) {
			if r.IntN(20) == 0 {
				b.WriteString("new ")
			}
			b.WriteString(w)
		}
		return b.String()
	}
	for _, size := range []int{1, 10, 300, 5000, maxText/6 + 1} { // the last is compared line by line
		first := text(size, 1+size/2)
		for _, second := range []string{text(size, 1+size/2), edited(first), strings.ToUpper(first)} {
			parts := diffWords(first, second)
			if rebuilt(parts, partRemoved) != first || rebuilt(parts, partAdded) != second {
				t.Fatalf("a text of %d words is not what it was", size)
			}
		}
		parts := diffWords(first, edited(first))
		if lost := len(rebuilt(parts, partRemoved)) - len(rebuilt(parts, partSame)); size >= 300 && len(first) <= maxText && lost > len(first)/10 {
			t.Errorf("of %d words, %d characters are not found again", size, lost)
		}
	}
}
