package complexity

import (
	"bytes"

	"heimdall/providers/rawjson"
)

// earlierTurns is how many questions before the last one count.
const earlierTurns = 4

// maxDepth is how deep texts and bodies may lie in each other.
const maxDepth = 4

// question is what a body asks, as raw JSON: texts, and lists of parts that hold some.
type question struct {
	last    []byte               // what the user said last; nil = nothing
	earlier [earlierTurns][]byte // before that, the latest first
	system  []byte               // what the model is told about itself
}

// read finds the question of a body, in whatever dialect it is. What a tool answered is no question, so while an agent
// works on one it stays the same.
func (q *question) read(body []byte, depth int) {
	if depth > maxDepth {
		return
	}
	for it := rawjson.Object(body); it.Next(); {
		switch string(it.Key()) {
		case "messages", "contents", "input", "prompt":
			q.turns(it.Value(), depth)
		case "query", "inputText", "text", "message", "content", "parts":
			q.said(it.Value())
		case "system", "instructions", "systemInstruction", "system_instruction":
			q.told(it.Value())
		case "converse", "generateContentRequest":
			q.read(it.Value(), depth+1)
		}
	}
}

// turns reads a conversation, a single text or a body within the body.
func (q *question) turns(v []byte, depth int) {
	switch {
	case rawjson.IsObject(v):
		q.read(v, depth+1)
		return
	case v[0] != '[':
		q.said(v)
		return
	}
	for it := rawjson.Array(v); it.Next(); {
		q.turn(it.Value())
	}
}

func (q *question) turn(v []byte) {
	if !rawjson.IsObject(v) {
		q.said(v)
		return
	}
	role, content := "user", v
	for it := rawjson.Object(v); it.Next(); {
		switch string(it.Key()) {
		case "role":
			role = roleOf(it.Value())
		case "content":
			content = it.Value()
		}
	}
	switch role {
	case "user":
		q.said(content)
	case "system":
		q.told(content)
	}
}

func roleOf(v []byte) string {
	switch {
	case rawjson.EqualString(v, "user"):
		return "user"
	case rawjson.EqualString(v, "system"), rawjson.EqualString(v, "developer"):
		return "system"
	}
	return "other"
}

// said remembers what a user said.
func (q *question) said(v []byte) {
	if !hasText(v) {
		return
	}
	if q.last != nil {
		copy(q.earlier[1:], q.earlier[:])
		q.earlier[0] = q.last
	}
	q.last = v
}

func (q *question) told(v []byte) {
	if hasText(v) {
		q.system = v
	}
}

func hasText(v []byte) (found bool) {
	texts(v, 0, func(text []byte) { found = found || len(bytes.TrimSpace(text[1:len(text)-1])) > 0 })
	return found
}

// texts gives the JSON strings of a value: a text, a part that has one, parts within it, or a list of these.
func texts(v []byte, depth int, f func(text []byte)) {
	if depth > maxDepth {
		return
	}
	switch v[0] {
	case '"':
		f(v)
	case '[':
		for it := rawjson.Array(v); it.Next(); {
			texts(it.Value(), depth+1, f)
		}
	case '{':
		for it := rawjson.Object(v); it.Next(); {
			switch value := it.Value(); string(it.Key()) {
			case "text":
				if value[0] == '"' {
					f(value)
				}
			case "parts":
				texts(value, depth+1, f)
			}
		}
	}
}

// gather appends the texts of a value to dst: the last of them that are limit bytes together, as they are written.
func gather(dst, v []byte, limit int) []byte {
	skip := -limit
	texts(v, 0, func(text []byte) { skip += len(text) })
	texts(v, 0, func(text []byte) {
		if skip >= len(text) {
			skip -= len(text)
			return
		}
		if len(dst) > 0 {
			dst = append(dst, '\n')
		}
		dst = appendEnd(dst, text, max(skip, 0))
		skip = 0
	})
	return dst
}

// appendEnd appends a JSON string but its first bytes; where it cannot be read, what can.
func appendEnd(dst, text []byte, skip int) []byte {
	if skip > 0 {
		slashes := 0
		for slashes < skip-1 && text[skip-slashes-1] == '\\' {
			slashes++
		}
		text = append([]byte{'"'}, text[skip+slashes%2:]...)
	}
	dst, _ = rawjson.AppendUnquoted(dst, text)
	return dst
}
