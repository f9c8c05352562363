package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// rule says which names are meant: those that have a text, or what other rules make of them. Names are compared in
// lower case.
type rule struct {
	kind  kind
	text  string
	rules []rule
}

type kind uint8

const (
	equals kind = iota
	startsWith
	endsWith
	contains
	regex
	anyOf
	allOf
	not
)

var kindNames = []string{"equals", "starts_with", "ends_with", "contains", "regex", "or", "and", "not"}

func (r *rule) UnmarshalJSON(b []byte) error {
	var row map[string]json.RawMessage
	if err := json.Unmarshal(b, &row); err != nil {
		return err
	}
	for name, v := range row {
		i := slices.Index(kindNames, name)
		if i < 0 || len(row) > 1 {
			return fmt.Errorf("no rule: %s", b)
		}
		switch r.kind = kind(i); r.kind {
		case anyOf, allOf:
			return json.Unmarshal(v, &r.rules)
		case not:
			r.rules = make([]rule, 1)
			return json.Unmarshal(v, &r.rules[0])
		default:
			return json.Unmarshal(v, &r.text)
		}
	}
	return errors.New("an empty rule")
}

func (r *rule) matches(name string) bool {
	meant := func(r rule) bool { return r.matches(name) }
	switch r.kind {
	case equals:
		return name == r.text
	case startsWith:
		return strings.HasPrefix(name, r.text)
	case endsWith:
		return strings.HasSuffix(name, r.text)
	case contains:
		return strings.Contains(name, r.text)
	case regex:
		return matches(r.text, name)
	case anyOf:
		return slices.ContainsFunc(r.rules, meant)
	case allOf:
		return !slices.ContainsFunc(r.rules, func(r rule) bool { return !r.matches(name) })
	default:
		return !r.rules[0].matches(name)
	}
}

// matches is for patterns that are asked once for a name: none is kept.
func matches(pattern, name string) bool {
	re, err := regexp.Compile(pattern)
	return err == nil && re.MatchString(name)
}

// Vendor is what the catalogue calls a provider: by its name, by the address where it is, or by another name that the
// vendor goes by; "" = unknown. A provider at an address that the catalogue does not know is nobody's but its own.
func Vendor(name, baseURL string) string {
	x := vendors()
	name = strings.ToLower(strings.TrimSpace(name))
	if v := x.byID[name]; v != nil {
		return v.ID
	}
	for _, v := range x.vendors {
		if baseURL != "" && matches("^(?:"+v.URL+")", baseURL) || baseURL == "" && v.Match != nil && v.Match.matches(name) {
			return v.ID
		}
	}
	return ""
}

// lookup finds a vendor's model: by its own rules, by those of vendors whose models it sells, and both again with dates
// written with hyphens.
func lookup(vendor, name string) *model {
	v := vendors().byID[vendor]
	if v == nil {
		return nil
	}
	name = strings.ToLower(strings.TrimSpace(name))
	if m := v.find(name); m != nil {
		return m
	}
	if dashed := dashDates(name); dashed != name {
		return v.find(dashed)
	}
	return nil
}

func (v *vendor) find(name string) *model {
	if m := v.own(name); m != nil {
		return m
	}
	for _, id := range v.Fallback {
		if other := vendors().byID[id]; other != nil {
			if m := other.own(name); m != nil {
				return m
			}
		}
	}
	return nil
}

// own finds a model among the vendor's own, whose rules stay in memory from the first time on.
func (v *vendor) own(name string) *model {
	v.once.Do(func() {
		for pos := v.start; pos < v.end; {
			line, next := cut(pos)
			var m struct{ Match rule }
			decode(line, &m)
			v.rules = append(v.rules, m.Match)
			v.lines = append(v.lines, pos)
			pos = next
		}
	})
	i := slices.IndexFunc(v.rules, func(r rule) bool { return r.matches(name) })
	if i < 0 {
		return nil
	}
	m := &model{}
	line, _ := cut(v.lines[i])
	decode(line, m)
	return m
}

// dashDates writes every -20060102 of a name as -2006-01-02.
func dashDates(name string) string {
	const digits = len("20060102")
	for i := 0; i+1+digits <= len(name); i++ {
		if name[i] != '-' || !strings.HasPrefix(name[i+1:], "20") {
			continue
		}
		rest := name[i+1+digits:]
		day, err := time.Parse("20060102", name[i+1:i+1+digits])
		if err != nil || rest != "" && rest[0] != '-' && rest[0] != ':' {
			continue
		}
		name = name[:i+1] + day.Format(time.DateOnly) + rest
	}
	return name
}
