package exchange

import (
	"strings"
	"testing"
)

func TestContinueTrace(t *testing.T) {
	const id, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for text, sampled := range map[string]bool{
		"00-" + id + "-" + span + "-01":          true,
		"00-" + id + "-" + span + "-00":          false,
		" 00-" + id + "-" + span + "-03 ":        true,
		"01-" + id + "-" + span + "-01-whatever": true,
	} {
		got, ok := ContinueTrace(text)
		out := got.String()
		if !ok || got.Sampled != sampled || !strings.HasPrefix(out, "00-"+id+"-") || strings.Contains(out, span) {
			t.Errorf("%q: %v %v", text, out, ok)
		}
	}
	for _, text := range []string{
		"", "00", "00-" + id + "-" + span, "ff-" + id + "-" + span + "-01", "00-" + id + "-" + span + "-01-more",
		"00-" + strings.Repeat("0", 32) + "-" + span + "-01", "00-" + id + "-" + strings.Repeat("0", 16) + "-01",
		"00-" + strings.ToUpper(id) + "-" + span + "-01", "00-" + id + "-" + span[1:] + "-01", "00-" + id + "x-" + span + "-01",
		"00-" + strings.Replace(id, "0", "g", 1) + "-" + span + "-01",
	} {
		if got, ok := ContinueTrace(text); ok || got != (Trace{}) {
			t.Errorf("%q is taken for a trace: %v", text, got)
		}
	}
}

func TestNewTrace(t *testing.T) {
	a, b := NewTrace(), NewTrace()
	if a.ID == b.ID || a.Span == b.Span || !a.Sampled {
		t.Fatal(a, b)
	}
	if again, ok := ContinueTrace(a.String()); !ok || again.ID != a.ID || again.Parent != a.Span {
		t.Fatal(a, again)
	}
}
