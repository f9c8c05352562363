package edge

import (
	"bytes"
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"

	"heimdall/gateway/exchange"
)

// routes finds the row for a method and a path.
type routes struct {
	literal  map[string]map[string]*exchange.Row // path → method → row
	patterns map[string][]pattern                // by the text of the first segment, "" where that is a parameter; the most particular first
}

// pattern is a row whose path has {names}.
type pattern struct {
	row      *exchange.Row
	segments []segment
}

// segment is a piece of a pattern between slashes.
type segment struct {
	text string // the segment, or what follows the parameter in it
	name string // of the parameter; "" where there is none
	rest bool   // the parameter takes all segments that are left
}

// newRoutes refuses rows that declare no guard or that nothing would answer, and pairs that would hide each other.
func newRoutes(rows []exchange.Row) (*routes, error) {
	t := &routes{literal: map[string]map[string]*exchange.Row{}, patterns: map[string][]pattern{}}
	for i := range rows {
		row := &rows[i]
		if row.Guard == "" {
			return nil, fmt.Errorf("route %s %s declares no guard", row.Method, row.Path)
		}
		if (row.Op == "") == (row.Handler == nil) {
			return nil, fmt.Errorf("route %s %s needs an operation or a handler, and not both", row.Method, row.Path)
		}
		if strings.ContainsAny(row.Path, "{}") {
			p, err := newPattern(row)
			if err != nil {
				return nil, err
			}
			first := ""
			if p.segments[0].name == "" {
				first = p.segments[0].text
			}
			t.patterns[first] = append(t.patterns[first], p)
			continue
		}
		byMethod := t.literal[row.Path]
		if byMethod == nil {
			byMethod = map[string]*exchange.Row{}
			t.literal[row.Path] = byMethod
		}
		if byMethod[row.Method] != nil {
			return nil, fmt.Errorf("route %s %s is declared twice", row.Method, row.Path)
		}
		byMethod[row.Method] = row
	}
	for _, patterns := range t.patterns {
		slices.SortStableFunc(patterns, pattern.compare)
		if err := ambiguous(patterns); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// ambiguous is an error where two patterns of one method take the same paths.
func ambiguous(patterns []pattern) error {
	for i, p := range patterns {
		for _, q := range patterns[i+1:] {
			if p.compare(q) != 0 {
				break
			}
			if p.row.Method == q.row.Method {
				return fmt.Errorf("route %s %s takes the same paths as %s", q.row.Method, q.row.Path, p.row.Path)
			}
		}
	}
	return nil
}

func newPattern(row *exchange.Row) (pattern, error) {
	p := pattern{row: row}
	parts := strings.Split(strings.TrimPrefix(row.Path, "/"), "/")
	for i, part := range parts {
		s := segment{text: part}
		ok := true
		if name, param := strings.CutPrefix(part, "{"); param {
			name, s.text, ok = strings.Cut(name, "}")
			s.name, s.rest = strings.CutSuffix(name, "...")
			ok = ok && s.name != "" && (i == len(parts)-1 || !s.rest && s.text == "")
		}
		if !ok || strings.ContainsAny(s.name+s.text, "{}") || slices.ContainsFunc(p.segments, func(o segment) bool { return s.name != "" && o.name == s.name }) {
			return p, fmt.Errorf("route %s %s: a segment is text or a {name}; the last may be {name...}, or go on after the brace", row.Method, row.Path)
		}
		p.segments = append(p.segments, s)
	}
	return p, nil
}

// compare orders patterns by how particular they are: what differs first decides, and there text stands before a
// parameter, a parameter that text follows before a bare one, and what takes the rest last. Patterns that take the same
// paths are equal.
func (p pattern) compare(q pattern) int {
	return slices.CompareFunc(p.segments, q.segments, func(a, b segment) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(len(b.text), len(a.text)), cmp.Compare(a.text, b.text))
	})
}

func (s segment) rank() int {
	switch {
	case s.name == "":
		return 0
	case !s.rest && s.text != "":
		return 1
	case !s.rest:
		return 2
	case s.text != "":
		return 3
	default:
		return 4
	}
}

// find returns the row and its path parameters. Where only the method is wrong, allowed names the right ones.
func (t *routes) find(method []byte, u *fasthttp.URI) (row *exchange.Row, params map[string]string, allowed []string) {
	if byMethod := t.literal[string(u.Path())]; byMethod != nil {
		if row := byMethod[string(method)]; row != nil {
			return row, nil, nil
		}
		for m := range byMethod {
			allowed = append(allowed, m)
		}
	}
	path := patternPath(u)
	first, _, _ := strings.Cut(path, "/")
	for _, patterns := range [...][]pattern{t.patterns[unescape(first)], t.patterns[""]} {
		for i := range patterns {
			p := &patterns[i]
			rest := p.segments[len(p.segments)-1].rank() == 4
			if rest && len(allowed) > 0 {
				continue // what takes all the rest does not hide that another method is right
			}
			params, ok := p.match(path)
			if !ok {
				continue
			}
			if p.row.Method == string(method) {
				return p.row, params, nil
			}
			if !rest && !slices.Contains(allowed, p.row.Method) {
				allowed = append(allowed, p.row.Method)
			}
		}
	}
	return nil, nil, allowed
}

// patternPath is the path that patterns are matched with, without its first slash. Where the client escaped something
// it is still so, because an escaped slash belongs into its segment.
func patternPath(u *fasthttp.URI) string {
	raw := u.PathOriginal()
	if bytes.IndexByte(raw, '%') < 0 {
		raw = u.Path()
	}
	path := string(raw)
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return strings.TrimPrefix(path, "/")
}

func (p *pattern) match(path string) (map[string]string, bool) {
	values := make([]string, 0, 8)
	left := path
	for i, s := range p.segments {
		part, after, more := strings.Cut(left, "/")
		switch last := i == len(p.segments)-1; {
		case s.rest:
			part = left
		case last == more:
			return nil, false
		}
		part = unescape(part)
		if s.name == "" {
			if part != s.text {
				return nil, false
			}
		} else {
			value, ok := strings.CutSuffix(part, s.text)
			if !ok || value == "" && s.rank() != 4 || climbs(value) {
				return nil, false
			}
			values = append(values, value)
		}
		left = after
	}
	params := map[string]string{}
	for _, s := range p.segments {
		if s.name != "" {
			params[s.name], values = values[0], values[1:]
		}
	}
	return params, true
}

// unescape leaves what is malformed as it is.
func unescape(part string) string {
	if plain, err := url.PathUnescape(part); err == nil {
		return plain
	}
	return part
}

// climbs reports whether a parameter would lead elsewhere where it is put into another path.
func climbs(value string) bool {
	for piece := range strings.SplitSeq(value, "/") {
		if piece == "." || piece == ".." {
			return true
		}
	}
	return false
}
