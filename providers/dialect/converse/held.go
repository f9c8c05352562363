package converse

import (
	"bytes"

	"heimdall/providers/rawjson"
)

// held gathers a block that only this dialect reads, from its start and its pieces.
type held struct {
	obj     []byte
	input   []byte   // of a call that the server runs, as text
	content [][]byte // of the result that the server got
}

func (h *held) begin(start []byte) error {
	h.obj = bytes.Clone(start)
	return nil
}

// grow adds a piece. Input comes as text, a result's content as a list, all else as members.
func (h *held) grow(delta []byte) error {
	it := rawjson.Object(delta)
	for it.Next() {
		v := it.Value()
		var err error
		switch key := string(it.Key()); {
		case key == blockCall && rawjson.IsObject(v):
			if input, _, _ := rawjson.Get(v, "input"); rawjson.IsString(input) {
				h.input, err = rawjson.AppendUnquoted(h.input, input)
			}
		case key == blockResult && rawjson.IsArray(v):
			for elements := rawjson.Array(v); elements.Next(); {
				h.content = append(h.content, bytes.Clone(elements.Value()))
			}
		case rawjson.IsObject(v):
			for inner := rawjson.Object(v); inner.Next() && err == nil; {
				err = h.set(key, string(inner.Key()), inner.Value())
			}
		default:
			h.obj, err = rawjson.Set(nil, h.object(), key, v)
		}
		if err != nil {
			return err
		}
	}
	return it.Err()
}

func (h *held) object() []byte {
	if h.obj == nil {
		return []byte("{}")
	}
	return h.obj
}

// set puts a value into the object that outer is.
func (h *held) set(outer, key string, value []byte) error {
	inner, _, _ := rawjson.Get(h.object(), outer)
	if !rawjson.IsObject(inner) {
		inner = []byte("{}")
	}
	inner, err := rawjson.Set(nil, inner, key, value)
	if err == nil {
		h.obj, err = rawjson.Set(nil, h.object(), outer, inner)
	}
	return err
}

// whole is the block as an answer that is not streamed would hold it.
func (h *held) whole() []byte {
	if len(h.input) > 0 {
		input := h.input
		if rawjson.Valid(input) != nil {
			input = rawjson.AppendString(nil, string(input))
		}
		_ = h.set(blockCall, "input", input)
	}
	if h.content != nil {
		list := append(append([]byte{'['}, bytes.Join(h.content, []byte{','})...), ']')
		_ = h.set(blockResult, "content", list)
	}
	return h.object()
}

// parted takes such a block apart again, into its start and one piece. Either may be nil.
func parted(block []byte) (start, delta []byte) {
	for _, p := range []struct{ kind, key string }{{blockCall, "input"}, {blockResult, "content"}, {blockImage, "source"}} {
		inner, ok, _ := rawjson.Get(block, p.kind)
		if !ok || !rawjson.IsObject(inner) {
			continue
		}
		value, ok, _ := rawjson.Get(inner, p.key)
		head, err := rawjson.Delete(nil, inner, p.key)
		if err != nil {
			return nil, block
		}
		var s, d, in rawjson.Gather
		s.Put(p.kind, head)
		switch {
		case !ok:
			return s.Object(), nil
		case p.kind == blockCall:
			in.Put(p.key, rawjson.AppendString(nil, string(value)))
			d.Put(p.kind, in.Object())
		case p.kind == blockResult:
			d.Put(p.kind, value)
		default:
			in.Put(p.key, value)
			d.Put(p.kind, in.Object())
		}
		return s.Object(), d.Object()
	}
	return nil, block
}
