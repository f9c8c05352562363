package coherechat

import (
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// message is a turn as it stands on the wire, of a request or of a response.
type message struct {
	role    string
	callID  string
	content []llm.Part
	plan    string
	calls   []llm.Part
	rest    rawjson.Gather
}

func decodeMessage(v []byte) (m message, err error) {
	it := rawjson.Object(v)
	for it.Next() {
		v := it.Value()
		switch string(it.Key()) {
		case "role":
			err = dialect.String(&m.role, v)
		case "tool_call_id":
			err = dialect.String(&m.callID, v)
		case "content":
			m.content, err = decodeContent(v)
		case "tool_plan":
			err = dialect.String(&m.plan, v)
		case "tool_calls":
			m.calls, err = decodeCalls(v)
		default:
			if !rawjson.IsNull(v) {
				m.rest.Add(&it)
			}
		}
		if err != nil {
			return m, dialect.At(string(it.Key()), err)
		}
	}
	return m, dialect.Shape(it.Err(), v, rawjson.IsObject(v), "must be an object")
}

// parts puts the pieces in the order in which a model makes them.
func (m *message) parts() []llm.Part {
	out := m.content
	if m.plan != "" {
		out = append(out, llm.Part{Kind: llm.PartReasoning, Text: m.plan, Extra: llm.Extra{name: planMark}})
	}
	return append(out, m.calls...)
}

const contentTypes = "must be a string or a list of parts"

func decodeContent(v []byte) (parts []llm.Part, err error) {
	switch {
	case rawjson.IsNull(v):
		return nil, nil
	case rawjson.IsString(v):
		p := llm.Part{Kind: llm.PartText}
		if err = dialect.String(&p.Text, v); err != nil || p.Text == "" {
			return nil, err
		}
		return []llm.Part{p}, nil
	}
	err = dialect.List(v, contentTypes, func(_ int, v []byte) error {
		p, err := decodePart(v)
		if err == nil && (p.Kind != llm.PartText || p.Text != "" || p.Extra != nil) {
			parts = append(parts, p)
		}
		return err
	})
	return parts, err
}

func decodePart(v []byte) (p llm.Part, err error) {
	if !rawjson.IsObject(v) {
		return p, dialect.Bad("must be an object with a type")
	}
	var kind string
	if t, ok, _ := rawjson.Get(v, "type"); ok {
		if err = dialect.String(&kind, t); err != nil {
			return p, dialect.At("type", err)
		}
	}
	body, ok, _ := rawjson.Get(v, kind)
	var rest rawjson.Gather
	switch kind {
	case typeText, typeThinking:
		p.Kind = llm.PartText
		if kind == typeThinking {
			p.Kind = llm.PartReasoning
		}
		if ok {
			err = dialect.String(&p.Text, body)
		}
	case typeImage:
		p.Kind, p.Media = llm.PartMedia, &llm.Media{MIME: anyImage}
		err = decodeImage(p.Media, &rest, body)
	case typeDocument:
		p.Kind, p.Text = llm.PartText, documentText(body)
		if rest.Put(typeDocument, body); !ok {
			err = dialect.Bad("is missing")
		}
	default:
		p.Kind = llm.PartOpaque
		dialect.Keep(&p.Extra, name, v)
		return p, nil
	}
	gather(&rest, v, "type", kind)
	keep(&p.Extra, &rest)
	if p.Kind == llm.PartReasoning && p.Extra == nil {
		p.Extra = llm.Extra{name: thinkingMark}
	}
	return p, dialect.At(kind, err)
}

// documentText is what a model reads of a document: its text where it has one, else all of its data.
func documentText(doc []byte) (text string) {
	data := doc
	if rawjson.IsObject(doc) {
		if v, ok, _ := rawjson.Get(doc, "data"); ok {
			data = v
		}
	}
	if rawjson.IsObject(data) {
		for _, key := range []string{"text", "snippet", "content"} {
			if v, ok, _ := rawjson.Get(data, key); ok && rawjson.IsString(v) {
				data = v
				break
			}
		}
	}
	if dialect.String(&text, data) != nil {
		text = string(data)
	}
	return text
}

// decodeImage reads the inner object of an image part; members that it does not know go to rest.
func decodeImage(m *llm.Media, rest *rawjson.Gather, v []byte) (err error) {
	if rawjson.IsString(v) {
		err = dialect.String(&m.URL, v)
		dataURL(m)
		return err
	}
	var inner rawjson.Gather
	it := rawjson.Object(v)
	for it.Next() {
		switch v := it.Value(); {
		case string(it.Key()) == "url":
			err = dialect.At("url", dialect.String(&m.URL, v))
		case !rawjson.IsNull(v):
			inner.Add(&it)
		}
		if err != nil {
			return err
		}
	}
	dataURL(m)
	if left := inner.Object(); left != nil {
		rest.Put(typeImage, left)
	}
	if it.Err() != nil {
		return dialect.Bad("must be an object with a url")
	}
	return nil
}

// dataURL moves the payload of a base64 data URL to Data.
func dataURL(m *llm.Media) {
	head, data, ok := strings.Cut(m.URL, ",")
	mime, isData := strings.CutPrefix(head, "data:")
	mime, isBase64 := strings.CutSuffix(mime, ";base64")
	if ok && isData && isBase64 {
		m.MIME, m.Data, m.URL = mime, data, ""
	}
}

func decodeCalls(v []byte) (parts []llm.Part, err error) {
	if rawjson.IsNull(v) {
		return nil, nil
	}
	err = dialect.List(v, "must be a list of tool calls", func(_ int, v []byte) error {
		p, err := decodeCall(v)
		parts = append(parts, p)
		return err
	})
	return parts, err
}

func decodeCall(v []byte) (p llm.Part, err error) {
	p = llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{}}
	var rest rawjson.Gather
	function := false
	it := rawjson.Object(v)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "id":
			err = dialect.String(&p.Call.ID, v)
		case "function":
			function = true
			err = decodeFunction(p.Call, &rest, v)
		case "type":
		default:
			if !rawjson.IsNull(v) {
				rest.Add(&it)
			}
		}
		if err != nil {
			return p, dialect.At(string(it.Key()), err)
		}
	}
	if it.Err() != nil {
		return p, dialect.Bad("must be an object")
	}
	if !function {
		p.Kind = llm.PartOpaque
		dialect.Keep(&p.Extra, name, v)
		return p, nil
	}
	keep(&p.Extra, &rest)
	return p, nil
}

func decodeFunction(c *llm.ToolCall, rest *rawjson.Gather, v []byte) (err error) {
	var inner rawjson.Gather
	it := rawjson.Object(v)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "name":
			err = dialect.String(&c.Name, v)
		case "arguments":
			if rawjson.IsObject(v) { // some speakers forget to quote it
				c.Arguments = string(v)
				continue
			}
			err = dialect.String(&c.Arguments, v)
		default:
			if !rawjson.IsNull(v) {
				inner.Add(&it)
			}
		}
		if err != nil {
			return dialect.At(string(it.Key()), err)
		}
	}
	if left := inner.Object(); left != nil {
		rest.Put("function", left)
	}
	return dialect.Shape(it.Err(), v, rawjson.IsObject(v), "must be an object")
}
