package compat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"heimdall/gateway/config"
)

// report collects what is wrong with a document (errors) and what in it has no effect (warnings).
type report struct {
	errors   []config.Problem
	warnings []config.Problem
	strict   bool // unknown and unserved fields are errors
}

func (r *report) fail(path, format string, args ...any) {
	r.errors = append(r.errors, config.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (r *report) warn(path, format string, args ...any) {
	r.warnings = append(r.warnings, config.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// unserved names a field that asks for something that this version does not do.
func (r *report) unserved(path, format string, args ...any) {
	if r.strict {
		r.fail(path, format, args...)
		return
	}
	r.warn(path, format, args...)
}

// texts are the warnings as an answer of the API carries them.
func (r *report) texts() []string {
	var out []string
	for _, w := range r.warnings {
		out = append(out, w.Path+": "+w.Message)
	}
	return out
}

// object is one JSON object that is being read field by field.
type object struct {
	*report
	path   string
	fields map[string]json.RawMessage
	known  []string
}

// parse reads a whole document as an object.
func (r *report) parse(data []byte) (*object, error) {
	o := &object{report: r}
	if err := json.Unmarshal(data, &o.fields); err != nil || o.fields == nil {
		return nil, badJSON(data, err)
	}
	return o, nil
}

func badJSON(data []byte, err error) error {
	var syntax *json.SyntaxError
	if ok := asSyntax(err, &syntax); ok {
		before := data[:min(int(syntax.Offset), len(data))]
		return config.Invalid([]config.Problem{{Path: "body", Message: fmt.Sprintf("is no valid JSON: %s in line %d", syntax.Error(), 1+bytes.Count(before, []byte("\n")))}})
	}
	return config.Invalid([]config.Problem{{Path: "body", Message: "must be a JSON object"}})
}

func asSyntax(err error, to **json.SyntaxError) bool {
	s, ok := err.(*json.SyntaxError)
	*to = s
	return ok
}

func (o *object) at(name string) string {
	if o.path == "" {
		return name
	}
	return o.path + "." + name
}

// get finds a field and remembers that it is known. null counts as given.
func (o *object) get(name string) (json.RawMessage, bool) {
	o.known = append(o.known, name)
	raw, ok := o.fields[name]
	return raw, ok
}

// value is get for a field that is neither absent nor null.
func (o *object) value(name string) (json.RawMessage, bool) {
	raw, ok := o.get(name)
	return raw, ok && !null(raw)
}

func null(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" }

// child reads a field that is an object. given also where it is null; the object is nil then.
func (o *object) child(name string) (c *object, given bool) {
	raw, ok := o.get(name)
	if !ok || null(raw) {
		return nil, ok
	}
	c = &object{report: o.report, path: o.at(name)}
	if json.Unmarshal(raw, &c.fields) != nil {
		o.fail(o.at(name), "must be an object")
		return nil, false
	}
	return c, true
}

// elements are the objects of a list. given also where it is null.
func (o *object) elements(name string) (list []*object, given bool) {
	raw, ok := o.get(name)
	if !ok || null(raw) {
		return nil, ok
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		o.fail(o.at(name), "must be a list of objects")
		return nil, false
	}
	for i, item := range items {
		c := &object{report: o.report, path: fmt.Sprintf("%s[%d]", o.at(name), i)}
		if json.Unmarshal(item, &c.fields) != nil || c.fields == nil {
			o.fail(c.path, "must be an object")
			continue
		}
		list = append(list, c)
	}
	return list, true
}

func (o *object) text(name string, to *string) bool {
	raw, ok := o.value(name)
	if !ok {
		return false
	}
	if json.Unmarshal(raw, to) != nil {
		o.fail(o.at(name), "must be text")
		return false
	}
	return true
}

func (o *object) truth(name string, to *bool) bool {
	raw, ok := o.value(name)
	if !ok {
		return false
	}
	if json.Unmarshal(raw, to) != nil {
		o.fail(o.at(name), "must be true or false")
		return false
	}
	return true
}

// number takes a JSON number, or text that holds one.
func (o *object) number(name string, to *float64) bool {
	raw, ok := o.value(name)
	if !ok {
		return false
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(unquote(raw)), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		o.fail(o.at(name), "must be a number")
		return false
	}
	*to = n
	return true
}

func (o *object) integer(name string, to *int) bool {
	raw, ok := o.value(name)
	if !ok {
		return false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(unquote(raw)), 10, 32)
	if err != nil {
		o.fail(o.at(name), "must be a whole number")
		return false
	}
	*to = int(n)
	return true
}

// duration takes a whole number of units, or text such as "500ms" or "5s".
func (o *object) duration(name string, unit time.Duration, to *time.Duration) bool {
	raw, ok := o.value(name)
	if !ok {
		return false
	}
	text := strings.TrimSpace(unquote(raw))
	if n, err := strconv.ParseInt(text, 10, 32); err == nil {
		*to = time.Duration(n) * unit
		return true
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		o.fail(o.at(name), `must be a whole number or a time such as "500ms" or "5s"`)
		return false
	}
	if d%unit != 0 {
		o.fail(o.at(name), "must be a multiple of %s", unit)
		return false
	}
	*to = d
	return true
}

// unquote is the text of a JSON string, or any other value as it is written.
func unquote(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// list reads a list of texts. given also where it is null or empty.
func (o *object) list(name string, to *[]string) (given bool) {
	raw, ok := o.get(name)
	if !ok {
		return false
	}
	var items []string
	if json.Unmarshal(raw, &items) != nil {
		o.fail(o.at(name), "must be a list of texts")
		return false
	}
	*to = items
	return true
}

// skip marks fields that callers echo and that mean nothing on input.
func (o *object) skip(names ...string) { o.known = append(o.known, names...) }

// idle marks fields that mean nothing here; a given one is a warning that says why.
func (o *object) idle(why string, names ...string) {
	for _, name := range names {
		if _, ok := o.value(name); ok {
			o.warn(o.at(name), "has no effect: %s", why)
		}
	}
}

// neutral marks a field that is taken only where it asks for nothing: null, false, zero or empty.
func (o *object) neutral(why, name string) {
	if raw, ok := o.value(name); ok && !empty(raw) {
		o.unserved(o.at(name), "%s; leave it out", why)
	}
}

// skipEmpty marks the fields that ask for nothing, known or not.
func (o *object) skipEmpty() {
	for name, raw := range o.fields {
		if empty(raw) {
			o.skip(name)
		}
	}
}

// empty reports whether a value asks for nothing: an object whose fields are all empty does.
func empty(raw json.RawMessage) bool {
	var v any
	return json.Unmarshal(raw, &v) == nil && emptyValue(v)
}

func emptyValue(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case float64:
		return v == 0
	case string:
		return v == "" || v == "none"
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, one := range v {
			if !emptyValue(one) {
				return false
			}
		}
		return true
	}
	return false
}

// done names every field that nobody asked for.
func (o *object) done() {
	for _, name := range sortedKeys(o.fields) {
		if slices.Contains(o.known, name) {
			continue
		}
		text := "is no known field"
		if near := nearest(name, o.known); near != "" {
			text += fmt.Sprintf("; did you mean %q?", near)
		}
		if o.strict {
			o.fail(o.at(name), "%s", text)
		} else {
			o.warn(o.at(name), "%s; it is ignored", strings.TrimSuffix(text, "?"))
		}
	}
}
