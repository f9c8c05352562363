package generate

import (
	"bytes"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// partIn is a part as it stands on the wire. Signature is set for texts, thoughts and calls; other kinds keep it in
// Extra.
type partIn struct {
	llm.Part
	signature string
	partial   []byte // pieces of a call's arguments
	more      bool   // further pieces of the call follow
}

// Members that hold what a part is.
const (
	partText     = "text"
	partInline   = "inlineData"
	partFile     = "fileData"
	partCall     = "functionCall"
	partResponse = "functionResponse"
)

func decodePart(v []byte) (p partIn, err error) {
	var rest, inner rawjson.Gather
	var data string
	thought, unknown := false, false
	it := rawjson.Object(v)
	for it.Next() {
		key, v := field(&it), it.Value()
		if rawjson.IsNull(v) {
			continue
		}
		switch key {
		case partText:
			err = dialect.String(&p.Text, v)
		case partInline, partFile:
			p.Media = &llm.Media{}
			err = decodeMedia(p.Media, &inner, v)
		case partCall:
			err = p.call(&inner, v)
		case partResponse:
			p.Result = &llm.ToolResult{}
			err = decodeResult(p.Result, &inner, v)
		case "thought":
			err = dialect.Bool(&thought, v)
		case "thoughtSignature":
			err = dialect.String(&p.signature, v)
		default:
			unknown = unknown || rawjson.IsObject(v)
			rest.Add(&it)
		}
		if err != nil {
			return p, dialect.At(string(it.Key()), err)
		}
		if key == partText || key == partInline || key == partFile || key == partCall || key == partResponse {
			if data != "" {
				return p, dialect.At(string(it.Key()), dialect.Bad("stands beside "+data+"; a part holds one thing"))
			}
			data = key
		}
	}
	if it.Err() != nil {
		return p, dialect.Bad("must be an object")
	}
	if data == "" && unknown || thought && data != "" && data != partText {
		return opaque(v), nil
	}
	p.settle(data, thought, &rest, &inner)
	return p, nil
}

func opaque(v []byte) partIn {
	p := partIn{Part: llm.Part{Kind: llm.PartOpaque}}
	dialect.Keep(&p.Extra, name, v)
	return p
}

// settle gives the part its kind and keeps what is unknown of it. An id that the provider leaves out is kept as null,
// so that it stays out when the part goes back.
func (p *partIn) settle(data string, thought bool, rest, inner *rawjson.Gather) {
	switch data {
	case partInline, partFile:
		p.Kind = llm.PartMedia
	case partCall:
		p.Kind = llm.PartCall
		if p.Call.ID == "" {
			rest.Put("id", null)
		}
	case partResponse:
		p.Kind = llm.PartResult
		if p.Result.ID == "" {
			rest.Put("id", null)
		}
	default:
		p.Kind = llm.PartText
		if thought {
			p.Kind = llm.PartReasoning
			unwrap(&p.Part, p.signature)
		}
	}
	if p.signature != "" && (p.Kind == llm.PartMedia || p.Kind == llm.PartResult) {
		rest.Put("thoughtSignature", rawjson.AppendString(nil, p.signature))
		p.signature = ""
	}
	if left := inner.Object(); left != nil {
		rest.Put(data, left)
	}
	dialect.Keep(&p.Extra, name, rest.Object())
}

func decodeMedia(m *llm.Media, rest *rawjson.Gather, v []byte) error {
	return members(v, rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "mimeType":
			return true, dialect.String(&m.MIME, v)
		case "data":
			err := dialect.String(&m.Data, v)
			m.Data = dataAlphabet.Replace(m.Data)
			return true, err
		case "fileUri":
			return true, dialect.String(&m.URL, v)
		case "displayName":
			return true, dialect.String(&m.Name, v)
		}
		return false, nil
	})
}

// dataAlphabet brings base64 for URLs, which is taken here too, into the one that all dialects know.
var dataAlphabet = strings.NewReplacer("-", "+", "_", "/")

func (p *partIn) call(rest *rawjson.Gather, v []byte) error {
	c := &llm.ToolCall{Arguments: "{}"}
	p.Call = c
	return members(v, rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "id":
			return true, dialect.String(&c.ID, v)
		case "name":
			return true, dialect.String(&c.Name, v)
		case "args":
			if !rawjson.IsNull(v) {
				c.Arguments = string(v)
			}
			return true, nil
		case "partialArgs":
			p.partial = bytes.Clone(v)
			return true, nil
		case "willContinue":
			return true, dialect.Bool(&p.more, v)
		}
		return false, nil
	})
}

// decodeResult reads what a tool answered. A response that is nothing but an output or an error in words is those
// words; any other is its JSON.
func decodeResult(r *llm.ToolResult, rest *rawjson.Gather, v []byte) error {
	var text []byte
	var media []llm.Part
	err := members(v, rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "id":
			return true, dialect.String(&r.ID, v)
		case "name":
			return true, dialect.String(&r.Name, v)
		case "response":
			text = v
			return true, nil
		case "parts":
			return true, resultMedia(&media, v)
		}
		return false, nil
	})
	if text != nil && !rawjson.IsNull(text) && string(text) != "{}" {
		p := llm.Part{Kind: llm.PartText, Text: string(text)}
		if words, failed, ok := outputWords(text); ok {
			p.Text, r.IsError = words, failed
		}
		r.Parts = append(r.Parts, p)
	}
	r.Parts = append(r.Parts, media...)
	return err
}

func resultMedia(media *[]llm.Part, v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	return dialect.List(v, "must be a list of parts", func(_ int, v []byte) error {
		p, err := decodePart(v)
		*media = append(*media, p.Part)
		return err
	})
}

// outputWords takes the words out of {"output": words} and {"error": words}, where encoding puts them back the same.
func outputWords(v []byte) (words string, failed, ok bool) {
	it := rawjson.Object(v)
	if !it.Next() {
		return "", false, false
	}
	key, value := string(it.Key()), it.Value()
	if it.Next() || it.Err() != nil || !rawjson.IsString(value) || dialect.String(&words, value) != nil {
		return "", false, false
	}
	switch key {
	case "error":
		return words, true, true
	case "output":
		return words, false, !isJSONObject(words) && words != ""
	}
	return "", false, false
}

func isJSONObject(s string) bool {
	return strings.HasPrefix(strings.TrimSpace(s), "{") && rawjson.IsObject([]byte(s)) && rawjson.Valid([]byte(s)) == nil
}

// turnIn gathers the parts of one turn.
type turnIn struct {
	parts        []llm.Part
	texts, calls int
}

// add takes a part, with the carrier of its signature in front. Thoughts in a row are one, because clients send back
// the pieces that they got in a stream.
func (t *turnIn) add(p partIn) {
	switch p.Kind {
	case llm.PartReasoning:
		if t.goesOn(p) {
			last := &t.parts[len(t.parts)-1]
			last.Text, last.Signature = last.Text+p.Text, p.Signature
			return
		}
	case llm.PartText:
		if p.Text == "" && p.signature == "" && p.Extra == nil {
			return
		}
		t.carry(owner{ofText, t.texts}, p.signature)
		t.texts++
	case llm.PartCall:
		t.carry(owner{ofCall, t.calls}, p.signature)
		t.calls++
	case llm.PartMedia, llm.PartResult, llm.PartRefusal, llm.PartOpaque:
	}
	t.parts = append(t.parts, p.Part)
}

func (t *turnIn) goesOn(p partIn) bool {
	if len(t.parts) == 0 {
		return false
	}
	last := t.parts[len(t.parts)-1]
	return last.Kind == llm.PartReasoning && !last.Redacted && !p.Redacted && last.Signature == "" && last.Extra == nil && p.Extra == nil
}

func (t *turnIn) carry(of owner, signature string) {
	if signature != "" {
		t.parts = append(t.parts, carry(of, signature))
	}
}
