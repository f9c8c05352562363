package dialect

import (
	"errors"
	"strconv"

	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// FieldError is something wrong with one field of a body. Path is as a person would write it: messages[2].content.
type FieldError struct {
	Path string
	Why  string
}

func (e *FieldError) Error() string {
	if e.Path == "" {
		return "the body " + e.Why
	}
	return e.Path + ": " + e.Why
}

// Bad says what a field must be. The path is added on the way up, with At and AtIndex.
func Bad(why string) error { return &FieldError{Why: why} }

// At puts name in front of the path of err; nil stays nil.
func At(name string, err error) error {
	if err == nil {
		return nil
	}
	var e *FieldError
	if !errors.As(err, &e) {
		return &FieldError{Path: name, Why: err.Error()}
	}
	path := name
	switch {
	case e.Path == "":
	case e.Path[0] == '[':
		path += e.Path
	default:
		path += "." + e.Path
	}
	return &FieldError{Path: path, Why: e.Why}
}

// AtIndex is At for an element of an array.
func AtIndex(i int, err error) error {
	if err == nil {
		return nil
	}
	return At("["+strconv.Itoa(i)+"]", err)
}

// Invalid makes the error that a client gets for a body that cannot be read.
func Invalid(err error) *llm.Error {
	e := llm.Errorf(llm.KindInvalidRequest, "%w", err)
	var field *FieldError
	if errors.As(err, &field) {
		e.Param = field.Path
	}
	return e
}

// Unreadable makes the error for an upstream answer that cannot be read.
func Unreadable(err error) *llm.Error {
	return llm.Errorf(llm.KindServerError, "the provider's answer could not be read: %w", err)
}

// The readers below take a raw value. A null leaves the target as it is.

// String reads a string.
func String(dst *string, v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	s, err := rawjson.Unquote(v)
	if err != nil {
		return Bad("must be a string")
	}
	*dst = s
	return nil
}

// Bool reads true or false.
func Bool(dst *bool, v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	b, ok := rawjson.Bool(v)
	if !ok {
		return Bad("must be true or false")
	}
	*dst = b
	return nil
}

// Int reads a whole number.
func Int(dst *int64, v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	n, ok := rawjson.Int(v)
	if !ok {
		return Bad("must be a whole number")
	}
	*dst = n
	return nil
}

// Float reads a number.
func Float(dst *float64, v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	f, ok := rawjson.Float(v)
	if !ok {
		return Bad("must be a number")
	}
	*dst = f
	return nil
}

// Opt reads into a new T with read, so that absent is not zero.
func Opt[T any](dst **T, v []byte, read func(*T, []byte) error) error {
	if rawjson.IsNull(v) {
		return nil
	}
	value := new(T)
	if err := read(value, v); err != nil {
		return err
	}
	*dst = value
	return nil
}

// List reads an array, element by element.
func List(v []byte, why string, element func(i int, v []byte) error) error {
	it := rawjson.Array(v)
	for i := 0; it.Next(); i++ {
		if err := element(i, it.Value()); err != nil {
			return AtIndex(i, err)
		}
	}
	return Shape(it.Err(), v, rawjson.IsArray(v), why)
}

// Shape is the error of a walk through v: why, where v is of another type.
func Shape(err error, v []byte, fits bool, why string) error {
	if err == nil || fits {
		return err
	}
	return Bad(why)
}

// OneOrMore reads a string or an array of strings.
func OneOrMore(v []byte) (out []string, err error) {
	switch {
	case rawjson.IsNull(v):
		return nil, nil
	case rawjson.IsArray(v):
		return Strings(v)
	case rawjson.IsString(v):
		var s string
		err = String(&s, v)
		return []string{s}, err
	}
	return nil, Bad("must be a string or a list of strings")
}

// Members walks an object. What known does not take and is not null goes to rest.
func Members(v []byte, rest *rawjson.Gather, known func(key string, v []byte) (bool, error)) error {
	it := rawjson.Object(v)
	for it.Next() {
		key := string(it.Key())
		took, err := known(key, it.Value())
		if err != nil {
			return At(key, err)
		}
		if !took && !rawjson.IsNull(it.Value()) {
			rest.Add(&it)
		}
	}
	return Shape(it.Err(), v, rawjson.IsObject(v), "must be an object")
}

// TypedMembers is Members for an object whose type is read already.
func TypedMembers(v []byte, rest *rawjson.Gather, known func(key string, v []byte) (bool, error)) error {
	return Members(v, rest, func(key string, v []byte) (bool, error) {
		if key == "type" {
			return true, nil
		}
		return known(key, v)
	})
}

// Strings reads an array of strings.
func Strings(v []byte) (out []string, err error) {
	const why = "must be a list of strings"
	err = List(v, why, func(_ int, v []byte) error {
		s, err := rawjson.Unquote(v)
		if err != nil {
			return Bad("must be a string")
		}
		out = append(out, s)
		return nil
	})
	return out, err
}
