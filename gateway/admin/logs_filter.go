package admin

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
)

// maxFilter bounds the text of a filter, in bytes.
const maxFilter = 4096

// checkFilter says what a filter means, what is wrong with it, and how it could go on.
func (a *Admin) checkFilter(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	p.text("q")
	text := x.Query.Get("q") // with its blanks, which count
	if len(text) > maxFilter {
		p.fail("q", "must be at most %d bytes long", maxFilter)
	}
	cursor := len(text)
	if p.text("cursor") != "" {
		cursor = byteAt(text, p.number("cursor", 0, 0, 1<<31-1))
	}
	if err := p.done(); err != nil {
		return nil, err
	}
	out := FilterCheck{Completions: []FilterCompletion{}}
	var failed error
	for _, c := range filter.Complete(text, cursor, a.seen(ctx, &failed)) {
		out.Completions = append(out.Completions, FilterCompletion{
			unitsIn(text[:c.From]), unitsIn(text[:c.To]), c.Insert, c.Label, c.Detail, c.Count,
		})
	}
	if failed != nil {
		return nil, failed
	}
	e, err := filter.Parse(text, a.now())
	if err != nil {
		out.Error = filterError(text, err)
		return answer(out)
	}
	out.Normal, out.Sentence, out.Expression = filter.Print(e), filter.Sentence(e), node(e)
	return answer(out)
}

// seen gives filter.Complete the values of the log; failed is why it could not.
func (a *Admin) seen(ctx context.Context, failed *error) func(filter.Field, string) []filter.Seen {
	return func(f filter.Field, prefix string) []filter.Seen {
		values, err := a.completing(ctx, f)
		if err != nil {
			*failed = err
		}
		var out []filter.Seen
		for _, v := range values {
			if contains(v.ID, prefix) || contains(v.Name, prefix) {
				out = append(out, filter.Seen{Value: v.ID, Name: v.Name, Count: v.Count})
			}
		}
		return out
	}
}

// completing are the values that are offered for a field: those of labels, sessions and tools, and of metadata.
func (a *Admin) completing(ctx context.Context, f filter.Field) ([]Facet, error) {
	if key, ok := strings.CutPrefix(string(f), string(filter.Metadata)+"."); ok {
		return a.metadata(ctx, key)
	}
	if f == filter.Metadata {
		return a.metadata(ctx, "")
	}
	info, ok := filter.Lookup(string(f))
	if !ok || !info.Label && f != filter.Session && f != filter.Tool {
		return nil, nil
	}
	return a.values(ctx, f)
}

func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

func filterError(text string, err error) *FilterError {
	var wrong *filter.Error
	if !errors.As(err, &wrong) {
		return &FilterError{Message: err.Error()}
	}
	from := min(wrong.Column, len(text))
	to := min(from+wrong.Length, len(text))
	return &FilterError{unitsIn(text[:from]), unitsIn(text[from:to]), wrong.Message, wrong.Repair}
}

// node is an expression as pages read it; nil where it selects everything.
func node(e filter.Expr) *FilterNode {
	parts := func(all ...filter.Expr) (out []FilterNode) {
		for _, e := range all {
			out = append(out, *node(e))
		}
		return out
	}
	switch e := e.(type) {
	case filter.And:
		return &FilterNode{Kind: "and", Parts: parts(e...)}
	case filter.Or:
		return &FilterNode{Kind: "or", Parts: parts(e...)}
	case filter.Not:
		return &FilterNode{Kind: "not", Parts: parts(e.Of)}
	case *filter.Term:
		info, _ := filter.Lookup(string(e.Field))
		n := &FilterNode{Kind: "term", Field: string(e.Field), Key: e.Key, Op: string(e.Op), Type: string(info.Kind)}
		for _, v := range e.Values {
			n.Values = append(n.Values, FilterValue(v))
		}
		return n
	}
	return nil
}

// unitsIn counts text as pages do: a character beyond the first 65536 is two.
func unitsIn(text string) (n int) {
	for _, r := range text {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// byteAt is the place of the unit n of text.
func byteAt(text string, n int) int {
	for i, r := range text {
		if n <= 0 {
			return i
		}
		n--
		if utf8.RuneLen(r) == 4 {
			n--
		}
	}
	return len(text)
}
