package generate

import (
	"strconv"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/rawjson"
)

// arguments are those of a call that come in pieces: each is a path like $.list[2].name and a value, and texts may go
// on in the next piece.
type arguments struct {
	root      value
	of        owner
	elements  int    // of all lists
	signature string // one that came with a later piece
}

// value is a JSON value that grows. It is what was last put into it: a text, another plain value, or a container.
type value struct {
	text   strings.Builder
	isText bool
	raw    []byte
	keys   []string
	fields map[string]*value
	list   []*value
}

// maxElements bounds the lists, whose length a path alone may claim.
const maxElements = 1 << 14

// add takes a list of pieces.
func (a *arguments) add(list []byte) error {
	return dialect.List(list, "must be a list of pieces", func(_ int, v []byte) error {
		var path string
		var raw, text []byte
		it := rawjson.Object(v)
		for it.Next() {
			switch v := it.Value(); field(&it) {
			case "jsonPath":
				if err := dialect.String(&path, v); err != nil {
					return dialect.At("jsonPath", err)
				}
			case "stringValue":
				text = v
			case "numberValue", "boolValue":
				raw = v
			case "nullValue":
				raw = null
			}
		}
		if it.Err() != nil {
			return dialect.Bad("must be an object")
		}
		at, err := a.find(path)
		if err != nil {
			return dialect.At("jsonPath", err)
		}
		return at.put(text, raw)
	})
}

func (v *value) put(text, raw []byte) error {
	if text != nil {
		var s string
		if err := dialect.String(&s, text); err != nil {
			return dialect.At("stringValue", err)
		}
		v.isText = true
		v.text.WriteString(s)
		return nil
	}
	v.raw = append([]byte(nil), raw...)
	return nil
}

var badPath = dialect.Bad("must be a path like $.list[2].name")

// find walks a path and makes what is missing on the way.
func (a *arguments) find(path string) (*value, error) {
	v := &a.root
	path, ok := strings.CutPrefix(path, "$")
	if !ok {
		return nil, badPath
	}
	for depth := 0; path != ""; depth++ {
		if depth > rawjson.MaxDepth/2 {
			return nil, badPath
		}
		var step string
		switch {
		case path[0] == '.':
			end := strings.IndexAny(path[1:], ".[") + 1
			if end == 0 {
				end = len(path)
			}
			step, path = path[1:end], path[end:]
			v = v.field(step)
		case strings.HasPrefix(path, "['") || strings.HasPrefix(path, `["`):
			end := strings.Index(path[2:], path[1:2]+"]")
			if end < 0 {
				return nil, badPath
			}
			step, path = path[2:2+end], path[2+end+2:]
			v = v.field(step)
		case path[0] == '[':
			end := strings.IndexByte(path, ']')
			n, err := strconv.Atoi(path[1:max(1, end)])
			if end < 0 || err != nil || n < 0 || n > maxElements-a.elements {
				return nil, badPath
			}
			path = path[end+1:]
			v = a.element(v, n)
		default:
			return nil, badPath
		}
	}
	return v, nil
}

func (v *value) field(key string) *value {
	if v.fields == nil {
		v.fields = map[string]*value{}
	}
	f := v.fields[key]
	if f == nil {
		f = &value{}
		v.fields[key] = f
		v.keys = append(v.keys, key)
	}
	return f
}

func (a *arguments) element(v *value, n int) *value {
	for len(v.list) <= n {
		v.list = append(v.list, &value{})
		a.elements++
	}
	return v.list[n]
}

func (v *value) write(w *rawjson.Writer) {
	switch {
	case v.fields != nil:
		w.Open('{')
		for _, key := range v.keys {
			w.Key(key)
			v.fields[key].write(w)
		}
		w.Close('}')
	case v.list != nil:
		w.Open('[')
		for _, e := range v.list {
			w.Elem()
			e.write(w)
		}
		w.Close(']')
	case v.isText:
		w.String(v.text.String())
	case len(v.raw) > 0:
		w.Raw(v.raw)
	default:
		w.Raw(null)
	}
}

// JSON is the arguments so far, always an object.
func (a *arguments) JSON() string {
	if a.root.fields == nil {
		return "{}"
	}
	var w rawjson.Writer
	a.root.write(&w)
	return string(w.B)
}
