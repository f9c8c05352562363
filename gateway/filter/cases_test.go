package filter_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"testing"

	"heimdall/gateway/filter"
	"heimdall/gateway/filter/filtertest"
)

var update = flag.Bool("update", false, "write what filters are printed, said and encoded as to the cases")

// nodeOf is an expression as the management API gives it.
func nodeOf(e filter.Expr) *filtertest.Node {
	parts := func(all []filter.Expr) (out []filtertest.Node) {
		for _, e := range all {
			out = append(out, *nodeOf(e))
		}
		return out
	}
	switch e := e.(type) {
	case filter.And:
		return &filtertest.Node{Kind: "and", Parts: parts(e)}
	case filter.Or:
		return &filtertest.Node{Kind: "or", Parts: parts(e)}
	case filter.Not:
		return &filtertest.Node{Kind: "not", Parts: parts([]filter.Expr{e.Of})}
	case *filter.Term:
		info, _ := filter.Lookup(string(e.Field))
		n := &filtertest.Node{Kind: "term", Field: string(e.Field), Key: e.Key, Op: string(e.Op), Type: string(info.Kind)}
		for _, v := range e.Values {
			n.Values = append(n.Values, filtertest.Value(v))
		}
		return n
	}
	return nil
}

// TestCases holds the parser, the printer and Match to the cases that the stores and the page are held to.
func TestCases(t *testing.T) {
	all := filtertest.Read(t)
	for i := range all.Cases {
		c := &all.Cases[i]
		t.Run(c.Filter, func(t *testing.T) {
			e, err := filter.Parse(c.Filter, all.Now)
			if err != nil {
				t.Fatal(err)
			}
			if got := selected(e, all.Rows, filter.Yes); !slices.Equal(got, c.IDs) {
				t.Errorf("selects %v, want %v", got, c.IDs)
			}
			if got := selected(e, all.Rows, filter.Unknown); len(got) > 0 {
				t.Errorf("of finished requests %v are not known", got)
			}
			if got := selected(e, all.Running, filter.Yes); !slices.Equal(got, c.Yes) {
				t.Errorf("selects %v of what runs, want %v", got, c.Yes)
			}
			if got := selected(e, all.Running, filter.Unknown); !slices.Equal(got, c.Unknown) {
				t.Errorf("%v of what runs are not known, want %v", got, c.Unknown)
			}
			if *update {
				c.Normal, c.Sentence, c.Expression = filter.Print(e), filter.Sentence(e), nodeOf(e)
				return
			}
			if got := filter.Print(e); got != c.Normal {
				t.Errorf("printed\n%s\nwant\n%s", got, c.Normal)
			}
			if got := filter.Sentence(e); got != c.Sentence {
				t.Errorf("said\n%s\nwant\n%s", got, c.Sentence)
			}
			if got := nodeOf(e); !reflect.DeepEqual(got, c.Expression) {
				t.Errorf("encoded %+v, want %+v", got, c.Expression)
			}
		})
	}
	if *update {
		write(t, all)
	}
}

func selected(e filter.Expr, rows []filtertest.Row, want filter.Verdict) (ids []string) {
	for i := range rows {
		if filter.Match(e, filtertest.Getter{Row: &rows[i]}) == want {
			ids = append(ids, rows[i].ID)
		}
	}
	return ids
}

// write writes the cases, a row and a case on a line each.
func write(t *testing.T, all filtertest.Cases) {
	var b bytes.Buffer
	line := func(v any, end string) {
		var one bytes.Buffer
		enc := json.NewEncoder(&one)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
		b.Write(bytes.TrimSpace(one.Bytes()))
		b.WriteString(end)
	}
	list := func(name string, n int, at func(int) any) {
		b.WriteString(`"` + name + "\": [\n")
		for i := range n - 1 {
			line(at(i), ",\n")
		}
		line(at(n-1), "\n]")
	}
	b.WriteString("{\n\"now\": ")
	line(all.Now, ",\n")
	list("rows", len(all.Rows), func(i int) any { return all.Rows[i] })
	b.WriteString(",\n")
	list("running", len(all.Running), func(i int) any { return all.Running[i] })
	b.WriteString(",\n")
	list("cases", len(all.Cases), func(i int) any { return all.Cases[i] })
	b.WriteString("\n}\n")
	if err := os.WriteFile(filtertest.Path(t), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
