package providers

import (
	"strings"

	"heimdall/providers/rawjson"
)

// Edit is one change of a body's top-level members that an endpoint asks for. It is the same for a body that is passed
// through and for one that was encoded anew.
type Edit interface {
	// Apply gives the body changed, or body itself where nothing has to. header is the client's.
	Apply(body []byte, header func(name string) string) ([]byte, error)
	// Keys names the members that it may change.
	Keys() []string
}

// Drop leaves a member out.
type Drop string

func (e Drop) Keys() []string { return []string{string(e)} }

func (e Drop) Apply(body []byte, _ func(string) string) ([]byte, error) {
	if _, ok, err := rawjson.Get(body, string(e)); err != nil || !ok {
		return body, err
	}
	return rawjson.Delete(make([]byte, 0, len(body)), body, string(e))
}

// Rename gives a member another key; where the other is there already it stays as it is.
type Rename struct{ From, To string }

func (e Rename) Keys() []string { return []string{e.From, e.To} }

func (e Rename) Apply(body []byte, header func(string) string) ([]byte, error) {
	_, ok, err := rawjson.Get(body, e.From)
	if err != nil || !ok {
		return body, err
	}
	if _, taken, _ := rawjson.Get(body, e.To); taken {
		return Drop(e.From).Apply(body, header)
	}
	return rawjson.Rename(make([]byte, 0, len(body)+len(e.To)), body, e.From, e.To)
}

// Default adds a member where it is missing. Value is JSON.
type Default struct{ Key, Value string }

func (e Default) Keys() []string { return []string{e.Key} }

func (e Default) Apply(body []byte, _ func(string) string) ([]byte, error) {
	if _, ok, err := rawjson.Get(body, e.Key); err != nil || ok {
		return body, err
	}
	return rawjson.Set(make([]byte, 0, len(body)+len(e.Key)+len(e.Value)+8), body, e.Key, []byte(e.Value))
}

// Gather turns the client's header field into a list of strings in the body, for endpoints that read it there. A list
// that the body already has stays as it is.
type Gather struct{ Header, Key string }

func (e Gather) Keys() []string { return []string{e.Key} }

func (e Gather) Apply(body []byte, header func(string) string) ([]byte, error) {
	value := header(e.Header)
	if value == "" {
		return body, nil
	}
	w := rawjson.Writer{}
	w.Open('[')
	for word := range strings.SplitSeq(value, ",") {
		if word = strings.TrimSpace(word); word != "" {
			w.Elem()
			w.String(word)
		}
	}
	w.Close(']')
	return Default{e.Key, string(w.B)}.Apply(body, header)
}
