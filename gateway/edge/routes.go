package edge

import (
	"fmt"
	"strings"

	"heimdall/gateway/exchange"
)

// routes finds the row for a method and a path.
type routes struct {
	literal  map[string]map[string]*exchange.Row // path → method → row
	patterns []pattern
}

// pattern is a row whose path has {names}.
type pattern struct {
	row      *exchange.Row
	segments []string
	rest     string // name of the last {name...}; "" where there is none
}

// newRoutes refuses rows that declare no guard or that nothing would answer, and pairs that would hide each other.
func newRoutes(rows []exchange.Row) (*routes, error) {
	t := &routes{literal: map[string]map[string]*exchange.Row{}}
	for i := range rows {
		row := &rows[i]
		if row.Guard == "" {
			return nil, fmt.Errorf("route %s %s declares no guard", row.Method, row.Path)
		}
		if (row.Op == "") == (row.Handler == nil) {
			return nil, fmt.Errorf("route %s %s needs an operation or a handler, and not both", row.Method, row.Path)
		}
		if strings.Contains(row.Path, "{") {
			t.patterns = append(t.patterns, newPattern(row))
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
	return t, nil
}

func newPattern(row *exchange.Row) pattern {
	p := pattern{row: row, segments: strings.Split(strings.TrimPrefix(row.Path, "/"), "/")}
	last := p.segments[len(p.segments)-1]
	if strings.HasPrefix(last, "{") && strings.HasSuffix(last, "...}") {
		p.rest = last[1 : len(last)-len("...}")]
		p.segments = p.segments[:len(p.segments)-1]
	}
	return p
}

// find returns the row and its path parameters. Where only the method is wrong, allowed names the right ones.
func (t *routes) find(method, path []byte) (row *exchange.Row, params map[string]string, allowed []string) {
	if byMethod := t.literal[string(path)]; byMethod != nil {
		if row := byMethod[string(method)]; row != nil {
			return row, nil, nil
		}
		for m := range byMethod {
			allowed = append(allowed, m)
		}
	}
	for i := range t.patterns {
		p := &t.patterns[i]
		params, ok := p.match(string(path))
		if !ok || p.rest != "" && len(allowed) > 0 {
			continue // what takes all the rest does not hide that another method is right
		}
		if p.row.Method == string(method) {
			return p.row, params, nil
		}
		if p.rest == "" {
			allowed = append(allowed, p.row.Method)
		}
	}
	return nil, nil, allowed
}

func (p *pattern) match(path string) (map[string]string, bool) {
	params := map[string]string{}
	rest := strings.TrimPrefix(path, "/")
	for i, want := range p.segments {
		var segment string
		var more bool
		segment, rest, more = strings.Cut(rest, "/")
		if name, ok := strings.CutPrefix(want, "{"); ok {
			if segment == "" {
				return nil, false
			}
			params[strings.TrimSuffix(name, "}")] = segment
		} else if segment != want {
			return nil, false
		}
		if last := i == len(p.segments)-1; last && p.rest == "" && more || !last && !more {
			return nil, false
		}
	}
	if p.rest != "" {
		params[p.rest] = rest
	}
	return params, true
}
