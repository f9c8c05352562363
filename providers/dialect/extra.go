package dialect

import (
	"bytes"
	"encoding/json"
	"sort"
	"strconv"

	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// Keep adds the object obj to x under a dialect's name; an empty obj leaves x as it is. Obj is copied.
func Keep(x *llm.Extra, name string, obj []byte) {
	if len(obj) == 0 {
		return
	}
	if *x == nil {
		*x = llm.Extra{}
	}
	(*x)[name] = bytes.Clone(obj)
}

// Nested is a member of the object that x keeps for the dialect own, nil if there is none.
func Nested(x llm.Extra, own, key string) []byte {
	obj := x[own]
	if obj == nil {
		return nil
	}
	v, _, _ := rawjson.Get(obj, key)
	return v
}

// Losses gathers the warnings of one encoding for the dialect Own, each field once. Array and Index are the element that
// is being encoded, of a list of turns say.
type Losses struct {
	Own   string
	Array string
	Index int
	list  []llm.Warning
	seen  map[string]bool
}

// Path names a field of the element, and the element itself where field is empty.
func (l *Losses) Path(field string) string {
	p := Index(l.Array, l.Index)
	if field != "" {
		p += "." + field
	}
	return p
}

// Lost is Extra for a field of the element.
func (l *Losses) Lost(field string, x llm.Extra) {
	if len(x) > 0 {
		l.Extra(l.Path(field), x)
	}
}

// Add warns of a field.
func (l *Losses) Add(field, why string) {
	if l.seen[field] {
		return
	}
	if l.seen == nil {
		l.seen = map[string]bool{}
	}
	l.seen[field] = true
	l.list = append(l.list, llm.Warning{Field: field, Why: why})
}

// Extra warns of the fields of x that only other dialects understand. A field that Own has too is not lost.
func (l *Losses) Extra(path string, x llm.Extra) {
	if len(x) == 0 || len(x) == 1 && x[l.Own] != nil {
		return
	}
	names := make([]string, 0, len(x))
	for name := range x {
		if name != l.Own {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		l.members(path, x[name], x[l.Own])
	}
}

func (l *Losses) members(path string, obj, own json.RawMessage) {
	it := rawjson.Object(obj)
	for it.Next() {
		if rawjson.IsNull(it.Value()) {
			continue
		}
		key := string(it.Key())
		if own != nil {
			if _, kept, _ := rawjson.Get(own, key); kept {
				continue
			}
		}
		if path != "" {
			key = path + "." + key
		}
		l.Add(key, "the "+l.Own+" dialect has no field for it")
	}
}

// List is the warnings so far.
func (l *Losses) List() []llm.Warning { return l.list }

// Index names an element of an array in a warning.
func Index(array string, i int) string { return array + "[" + strconv.Itoa(i) + "]" }
