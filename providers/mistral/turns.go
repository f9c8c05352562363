package mistral

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"heimdall/providers/rawjson"
)

// idLength is how many letters and digits an id of a tool call has; the API refuses all others.
const idLength = 9

// turns makes the turns of a conversation that began elsewhere fit: tool calls get ids that the API takes, the same one
// for the same id, so that results still find their calls; thoughts stand in the content, because the API knows no other
// place for them and refuses fields that it does not know.
type turns struct{}

func (turns) Keys() []string { return []string{"messages"} }

func (turns) Apply(body []byte, _ func(name string) string) ([]byte, error) {
	all, ok, err := rawjson.Get(body, "messages")
	if err != nil || !ok || !rawjson.IsArray(all) {
		return body, err
	}
	changed := false
	w := rawjson.Writer{B: make([]byte, 0, len(all))}
	w.Open('[')
	it := rawjson.Array(all)
	for it.Next() {
		w.Elem()
		turn, other, err := renamed(it.Value())
		if err != nil {
			return body, err
		}
		turn, moved, err := thought(turn)
		if err != nil {
			return body, err
		}
		changed = changed || other || moved
		w.Raw(turn)
	}
	w.Close(']')
	if it.Err() != nil || !changed {
		return body, it.Err()
	}
	return rawjson.Set(make([]byte, 0, len(body)), body, "messages", w.B)
}

// renamed is a turn with ids that the API takes; changed is false where it had no others.
func renamed(turn []byte) (out []byte, changed bool, err error) {
	if !rawjson.IsObject(turn) {
		return turn, false, nil
	}
	if id, ok, _ := rawjson.Get(turn, "tool_call_id"); ok {
		if turn, changed, err = withID(turn, "tool_call_id", id); err != nil {
			return turn, changed, err
		}
	}
	calls, ok, _ := rawjson.Get(turn, "tool_calls")
	if !ok || !rawjson.IsArray(calls) {
		return turn, changed, nil
	}
	w := rawjson.Writer{}
	w.Open('[')
	it := rawjson.Array(calls)
	for it.Next() {
		call, other := it.Value(), false
		if id, ok, _ := rawjson.Get(call, "id"); ok {
			if call, other, err = withID(call, "id", id); err != nil {
				return turn, changed, err
			}
		}
		changed = changed || other
		w.Elem()
		w.Raw(call)
	}
	w.Close(']')
	if it.Err() != nil || !changed {
		return turn, changed, it.Err()
	}
	turn, err = rawjson.Set(nil, turn, "tool_calls", w.B)
	return turn, true, err
}

// withID puts a fitting id in place of one that does not fit.
func withID(obj []byte, key string, id []byte) ([]byte, bool, error) {
	s, err := rawjson.Unquote(id)
	if err != nil || fits(s) {
		return obj, false, nil
	}
	out, err := rawjson.Set(nil, obj, key, rawjson.AppendString(nil, fitting(s)))
	return out, true, err
}

func fits(id string) bool {
	return len(id) == idLength && strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func fitting(id string) string {
	sum := sha256.Sum256([]byte(id))
	return base32.StdEncoding.EncodeToString(sum[:])[:idLength]
}

// elsewhere is where others put a thought.
const elsewhere = "reasoning_content"

// thought moves a turn's thought into its content.
func thought(turn []byte) (out []byte, moved bool, err error) {
	if !rawjson.IsObject(turn) {
		return turn, false, nil
	}
	text, ok, _ := rawjson.Get(turn, elsewhere)
	if !ok {
		return turn, false, nil
	}
	if out, err = rawjson.Delete(nil, turn, elsewhere); err != nil || !rawjson.IsString(text) {
		return out, true, err
	}
	said, _, _ := rawjson.Get(turn, "content")
	w := rawjson.Writer{}
	w.Open('[')
	w.Elem()
	w.Raw([]byte(`{"type":"thinking","thinking":[{"type":"text","text":`))
	w.Raw(text)
	w.Raw([]byte(`}]}`))
	switch {
	case rawjson.IsString(said):
		w.Elem()
		w.Raw([]byte(`{"type":"text","text":`))
		w.Raw(said)
		w.Close('}')
	case rawjson.IsArray(said):
		for it := rawjson.Array(said); it.Next(); {
			w.Elem()
			w.Raw(it.Value())
		}
	}
	w.Close(']')
	out, err = rawjson.Set(nil, out, "content", w.B)
	return out, true, err
}
