package jsondiff

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Change is one place where two values differ. First and Second are what each has there, as JSON; nil where it has
// nothing.
type Change struct {
	Path          string
	First, Second *string
}

// Parse reads one JSON value. Numbers become json.Number, in one way of writing each, so that values can be compared.
func Parse(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one JSON value")
	}
	return normal(v), nil
}

// normal writes every number of a value, in place, as the shortest text that means it. Whole numbers stay exact.
func normal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, one := range v {
			v[key] = normal(one)
		}
	case []any:
		for i, one := range v {
			v[i] = normal(one)
		}
	case json.Number:
		if !strings.ContainsAny(string(v), ".eE") {
			return v
		}
		f, err := v.Float64()
		if err != nil {
			return v
		}
		if max(f, -f) < 1<<63 && f == float64(int64(f)) {
			return json.Number(strconv.FormatInt(int64(f), 10))
		}
		return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
	}
	return v
}

// Compare lists where two values from Parse differ, limit places at most; more is true where there are others. Elements
// of lists are compared from both ends, so that what was put in between is shown as such; the path counts in the list
// that has it.
func Compare(first, second any, limit int) (changes []Change, more bool) {
	c := comparison{limit: limit}
	c.values("", first, second)
	return c.changes, c.more
}

type comparison struct {
	changes []Change
	limit   int
	more    bool
}

func (c *comparison) values(path string, a, b any) {
	if c.more || reflect.DeepEqual(a, b) {
		return
	}
	switch first := a.(type) {
	case map[string]any:
		if second, ok := b.(map[string]any); ok {
			c.objects(path, first, second)
			return
		}
	case []any:
		if second, ok := b.([]any); ok {
			c.lists(path, first, second)
			return
		}
	}
	c.add(path, text(a), text(b))
}

func (c *comparison) objects(path string, a, b map[string]any) {
	for _, key := range keys(a, b) {
		first, inFirst := a[key]
		second, inSecond := b[key]
		at := Member(path, key)
		switch {
		case !inSecond:
			c.add(at, text(first), nil)
		case !inFirst:
			c.add(at, nil, text(second))
		default:
			c.values(at, first, second)
		}
	}
}

func keys(a, b map[string]any) []string {
	out := make([]string, 0, len(a)+len(b))
	for key := range a {
		out = append(out, key)
	}
	for key := range b {
		if _, both := a[key]; !both {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

func (c *comparison) lists(path string, a, b []any) {
	begin, end := 0, 0
	for begin < min(len(a), len(b)) && reflect.DeepEqual(a[begin], b[begin]) {
		begin++
	}
	for end < min(len(a), len(b))-begin && reflect.DeepEqual(a[len(a)-1-end], b[len(b)-1-end]) {
		end++
	}
	a, b = a[:len(a)-end], b[:len(b)-end]
	for i := begin; i < max(len(a), len(b)); i++ {
		at := Element(path, i)
		switch {
		case i >= len(b):
			c.add(at, text(a[i]), nil)
		case i >= len(a):
			c.add(at, nil, text(b[i]))
		default:
			c.values(at, a[i], b[i])
		}
	}
}

func (c *comparison) add(path string, first, second *string) {
	if len(c.changes) >= c.limit {
		c.more = true
		return
	}
	c.changes = append(c.changes, Change{path, first, second})
}

// text is a value as JSON. A value from Parse always is.
func text(v any) *string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil
	}
	s := string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	return &s
}

var plain = regexp.MustCompile(`^[\pL_$][\pL\pN_$-]*$`)

// Member is the path of an object's member; path is that of the object, "" for the whole value.
func Member(path, key string) string {
	if !plain.MatchString(key) {
		return path + "[" + strconv.Quote(key) + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// Element is the path of a list's element, counted from 0.
func Element(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
