package providertest_test

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// report is what a replay writes into docs/fidelity.md, between two marks, so that its numbers stay true.
type report struct {
	rows      []*row
	losses    map[[2]string]int // direction and field: in how many exchanges
	labels    map[string]int    // what thoughts were labelled with: on how many thoughts
	skipped   map[string]int    // provider and endpoint that is not served: how many exchanges
	addresses map[string]int    // provider and path: in how many exchanges
}

// row counts the exchanges of a provider's endpoint.
type row struct {
	provider, endpoint                                          string
	whole, streams, refused, native, carried, translated, total int
}

func (r *report) row(rec *recording) *row {
	for _, x := range r.rows {
		if x.provider == rec.Provider && x.endpoint == rec.Endpoint {
			return x
		}
	}
	x := &row{provider: rec.Provider, endpoint: rec.Endpoint}
	r.rows = append(r.rows, x)
	return x
}

func (x *row) count(rec *recording) {
	x.total++
	switch {
	case rec.failed():
		x.refused++
	case rec.stream():
		x.streams++
	default:
		x.whole++
	}
}

// total is how many exchanges were replayed.
func (r *report) total() (n int) {
	for _, x := range r.rows {
		n += x.total
	}
	return n
}

var index = regexp.MustCompile(`\[\d+\]`)

func (r *report) lost(from, to dialect.Dialect, warnings []llm.Warning) {
	if r.losses == nil {
		r.losses = map[[2]string]int{}
	}
	once := map[string]bool{}
	for _, w := range warnings {
		once[index.ReplaceAllString(w.Field, "[]")] = true
	}
	for field := range once {
		r.losses[[2]string{from.Name + " → " + to.Name, field}]++
	}
}

// label notes what is dropped from a thought without a warning.
func (r *report) label(own dialect.Dialect, x llm.Extra) {
	if r.labels == nil {
		r.labels = map[string]int{}
	}
	for it := rawjson.Object(orEmpty(x[own.Name])); it.Next(); {
		r.labels["`"+string(it.Key())+"`"]++
	}
}

// address notes an exchange whose URL cannot be reached with a base URL.
func (r *report) address(rec *recording) {
	if r.addresses == nil {
		r.addresses = map[string]int{}
	}
	r.addresses[rec.Provider+" `"+rec.Path+"`"]++
}

func (r *report) write(t *testing.T) {
	t.Helper()
	const begin, end = "<!-- replay: written by the test -->\n", "<!-- end of replay -->"
	path := filepath.Join("..", "..", "docs", "fidelity.md")
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := bytes.Cut(doc, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		t.Fatalf("%s has no place for the numbers", path)
	}
	var b bytes.Buffer
	b.Write(before)
	b.WriteString(begin)
	r.render(&b)
	b.WriteString(end)
	b.Write(after)
	dialecttest.Golden(t, filepath.Join("..", path), b.Bytes())
}

func (r *report) render(b *bytes.Buffer) {
	sum := row{provider: "**all**"}
	b.WriteString("\n| provider | endpoint | whole | streams | errors | exact | translated |\n|--|--|--:|--:|--:|--:|--:|\n")
	for _, x := range r.rows {
		x.render(b)
		sum.whole += x.whole
		sum.streams += x.streams
		sum.refused += x.refused
		sum.native += x.native
		sum.carried += x.carried
		sum.translated += x.translated
		sum.total += x.total
	}
	sum.render(b)
	r.renderSkipped(b)
	b.WriteString("\nWhat is named in a warning because the other dialect has no field for it, and in how many\nexchanges (a field of the request stands without `choices`):\n\n")
	for _, way := range keys(r.losses, func(k [2]string) string { return k[0] }) {
		if !strings.HasSuffix(way, "→ chat") && !strings.HasSuffix(way, "→ responses") {
			continue // the unified API speaks these two
		}
		var fields []string
		for k, n := range r.losses {
			if k[0] == way {
				fields = append(fields, fmt.Sprintf("`%s` %d", k[1], n))
			}
		}
		slices.Sort(fields)
		fmt.Fprintf(b, "- **%s**: %s\n", way, strings.Join(fields, ", "))
	}
	b.WriteString("\nLabels of thoughts that are dropped without a warning, and on how many thoughts: ")
	for i, l := range keys(r.labels, func(k string) string { return k }) {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(b, "%s %d", l, r.labels[l])
	}
	b.WriteString(".\n\nRecorded addresses that no base URL leads to, because the version segment is added to them:\n\n")
	for _, a := range keys(r.addresses, func(k string) string { return k }) {
		fmt.Fprintf(b, "- %s (%d)\n", a, r.addresses[a])
	}
	b.WriteString("\n")
}

// renderSkipped names the recordings of what is not served.
func (r *report) renderSkipped(b *bytes.Buffer) {
	b.WriteString("\nNot replayed, because this version does not serve the endpoint: ")
	for i, k := range keys(r.skipped, func(k string) string { return k }) {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(b, "%s %d", k, r.skipped[k])
	}
	b.WriteString(".\n")
}

func (x *row) render(b *bytes.Buffer) {
	carried := "–"
	if x.carried > 0 {
		carried = fmt.Sprintf("%d of %d", x.translated, x.carried)
	}
	fmt.Fprintf(b, "| %s | %s | %d | %d | %d | %d of %d | %s |\n", x.provider, x.endpoint, x.whole, x.streams, x.refused, x.native, x.total, carried)
}

// keys are the distinct names of a map's keys, sorted.
func keys[K comparable](m map[K]int, name func(K) string) (out []string) {
	for k := range m {
		if n := name(k); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, cmp.Compare[string])
	return out
}
