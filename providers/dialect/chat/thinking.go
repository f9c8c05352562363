package chat

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// Some speakers put thoughts into the content, as a part of the type thinking with a list of pieces. The words of the
// pieces are the text of the thought. Its Extra has that type, which tells the encoder where it stood, the pieces that
// are no text and the other members of the part.

var thinkingMark = []byte(`{"type":"` + typeThinking + `"}`)

func decodeThinking(v, pieces []byte) (p llm.Part, err error) {
	p.Kind = llm.PartReasoning
	var w rawjson.Writer
	w.Open('[')
	err = dialect.List(pieces, "must be a list of objects", func(_ int, v []byte) error {
		kind, _, _ := rawjson.Get(v, "type")
		body, ok, _ := rawjson.Get(v, "text")
		if !ok || !rawjson.EqualString(kind, typeText) {
			w.Elem()
			w.Raw(v)
			return nil
		}
		var text string
		err := dialect.String(&text, body)
		p.Text += text
		return dialect.At("text", err)
	})
	w.Close(']')
	var rest rawjson.Gather
	rest.Put("type", []byte(`"`+typeThinking+`"`))
	if len(w.B) > len("[]") {
		rest.Put(typeThinking, w.B)
	}
	dialect.Keep(&p.Extra, name, rest.Object())
	keepOthers(&p.Extra, v, "type", typeThinking)
	return p, dialect.At(typeThinking, err)
}

// inContent reports whether a part is a thought that came in the content.
func inContent(p llm.Part) bool {
	return p.Kind == llm.PartReasoning && p.Signature == "" && !p.Redacted &&
		rawjson.EqualString(dialect.Nested(p.Extra, name, "type"), typeThinking)
}

// thinking writes a thought as a part of the content.
func thinking(w *rawjson.Writer, p llm.Part) {
	w.Open('{')
	w.StringField("type", typeThinking)
	w.Key(typeThinking)
	w.Open('[')
	if p.Text != "" {
		w.Elem()
		w.Open('{')
		w.StringField("type", typeText)
		w.StringField("text", p.Text)
		w.Close('}')
	}
	for it := rawjson.Array(dialect.Nested(p.Extra, name, typeThinking)); it.Next(); {
		w.Elem()
		w.Raw(it.Value())
	}
	w.Close(']')
	if own := p.Extra[name]; own != nil {
		w.Members(own, "type", typeThinking)
	}
	w.Close('}')
}
