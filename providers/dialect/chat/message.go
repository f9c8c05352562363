package chat

import (
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// message is a turn as it stands on the wire, of a request or of a response.
type message struct {
	role      string
	name      string
	callID    string
	reasoning string
	content   []llm.Part
	details   []detailPiece
	thought   bool // the details hold text, so the plain reasoning says it again
	refusal   string
	calls     []llm.Part
	rest      rawjson.Gather
}

func decodeMessage(v []byte) (m message, err error) {
	it := rawjson.Object(v)
	for it.Next() {
		v := it.Value()
		switch string(it.Key()) {
		case "role":
			err = dialect.String(&m.role, v)
		case "name":
			err = dialect.String(&m.name, v)
		case "tool_call_id":
			err = dialect.String(&m.callID, v)
		case "content":
			m.content, err = decodeContent(v)
		case "refusal":
			err = dialect.String(&m.refusal, v)
		case "reasoning_content", "reasoning":
			err = decodeReasoningText(&m, v)
		case "reasoning_details":
			err = m.readDetails(v)
		case "tool_calls":
			m.calls, err = decodeCalls(v)
		default:
			m.rest.Add(&it)
		}
		if err != nil {
			return m, dialect.At(string(it.Key()), err)
		}
	}
	return m, dialect.Shape(it.Err(), v, rawjson.IsObject(v), "must be an object")
}

// decodeReasoningText takes the first of the two spellings; speakers who send both send the same text.
func decodeReasoningText(m *message, v []byte) error {
	if m.reasoning != "" || !rawjson.IsString(v) {
		return nil
	}
	return dialect.String(&m.reasoning, v)
}

// parts puts the pieces in the order in which a model makes them.
func (m *message) parts() []llm.Part {
	var out []llm.Part
	if m.reasoning != "" && !m.thought {
		out = append(out, llm.Part{Kind: llm.PartReasoning, Text: m.reasoning})
	}
	for _, d := range m.details {
		d.part.Extra = d.placed(len(out))
		out = append(out, d.part)
	}
	out = append(out, m.content...)
	if m.refusal != "" {
		out = append(out, llm.Part{Kind: llm.PartRefusal, Text: m.refusal})
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
	switch kind {
	case typeText, "refusal":
		p.Kind = llm.PartText
		if kind == "refusal" {
			p.Kind = llm.PartRefusal
		}
		if ok {
			err = dialect.At(kind, dialect.String(&p.Text, body))
		}
	case typeImage, typeAudio, typeFile:
		p.Kind, p.Media = llm.PartMedia, &llm.Media{}
		var left []byte
		if left, err = decodeMedia(p.Media, kind, body); left != nil {
			var nested rawjson.Gather
			nested.Put(kind, left)
			keep(&p.Extra, &nested)
		}
		err = dialect.At(kind, err)
	case typeThinking:
		if rawjson.IsArray(body) {
			return decodeThinking(v, body)
		}
		fallthrough
	default:
		p.Kind = llm.PartOpaque
		dialect.Keep(&p.Extra, name, v)
		return p, nil
	}
	keepOthers(&p.Extra, v, "type", kind)
	return p, err
}

// keepOthers puts the members of obj that are neither null nor among known in Extra, beside what is there.
func keepOthers(x *llm.Extra, obj []byte, known ...string) {
	var rest rawjson.Gather
	if nested := (*x)[name]; nested != nil {
		for it := rawjson.Object(nested); it.Next(); {
			rest.Add(&it)
		}
	}
	it := rawjson.Object(obj)
next:
	for it.Next() {
		for _, k := range known {
			if string(it.Key()) == k {
				continue next
			}
		}
		if !rawjson.IsNull(it.Value()) {
			rest.Add(&it)
		}
	}
	keep(x, &rest)
}

// decodeMedia reads the inner object of a media part and returns those of its members that it does not know.
func decodeMedia(m *llm.Media, kind string, v []byte) (left []byte, err error) {
	if kind == typeImage {
		m.MIME = anyImage
		if rawjson.IsString(v) {
			err = dialect.String(&m.URL, v)
			dataURL(m)
			return nil, err
		}
	}
	var rest rawjson.Gather
	it := rawjson.Object(v)
	for it.Next() {
		v := it.Value()
		switch key := string(it.Key()); {
		case kind == typeImage && key == "url", kind == typeFile && key == "file_data":
			err = dialect.String(&m.URL, v)
		case kind == typeFile && key == "file_id":
			err = dialect.String(&m.FileID, v)
		case kind == typeFile && key == "filename":
			err = dialect.String(&m.Name, v)
		case kind == typeAudio && key == "data":
			err = dialect.String(&m.Data, v)
		case kind == typeAudio && key == "format":
			if err = dialect.String(&m.MIME, v); err == nil {
				m.MIME = "audio/" + m.MIME
			}
		case !rawjson.IsNull(v):
			rest.Add(&it)
		}
		if err != nil {
			return nil, dialect.At(string(it.Key()), err)
		}
	}
	if it.Err() != nil {
		return nil, dialect.Bad("must be an object")
	}
	if kind != typeAudio {
		dataURL(m)
	}
	if kind == typeFile && m.URL != "" && !strings.Contains(m.URL, ":") {
		m.Data, m.URL = m.URL, "" // bare base64
	}
	return rest.Object(), nil
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
	var rest, inner rawjson.Gather
	function := false
	it := rawjson.Object(v)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "id":
			err = dialect.String(&p.Call.ID, v)
		case "function":
			function = true
			err = decodeFunction(p.Call, &inner, v)
		case "type", "index":
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
	if left := inner.Object(); left != nil {
		rest.Put("function", left)
	}
	keep(&p.Extra, &rest)
	return p, nil
}

func decodeFunction(c *llm.ToolCall, rest *rawjson.Gather, v []byte) (err error) {
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
				rest.Add(&it)
			}
		}
		if err != nil {
			return dialect.At(string(it.Key()), err)
		}
	}
	return dialect.Shape(it.Err(), v, rawjson.IsObject(v), "must be an object")
}
