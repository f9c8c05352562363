package responses

import (
	"strconv"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// item is one element of input or output, as it is read.
type item struct {
	role      llm.Role
	parts     []llm.Part
	extra     llm.Extra // of a message that is not the assistant's
	summaries int       // of a thought: how many parts are of its summary
}

// decodeItem reads an item of a request or of an answer.
func decodeItem(v []byte, answer bool) (it item, err error) {
	if !rawjson.IsObject(v) {
		return it, dialect.Bad("must be an object")
	}
	kind := typeOf(v)
	if _, spoken, _ := rawjson.Get(v, "role"); kind == "" && spoken {
		kind = itemMessage
	}
	it.role = llm.RoleAssistant
	switch kind {
	case itemMessage:
		return decodeMessage(v)
	case itemReasoning:
		it.parts, it.summaries, err = decodeReasoning(v, answer)
	case itemCall, itemCustom:
		var p llm.Part
		p, err = decodeCall(kind, v)
		it.parts = []llm.Part{p}
	case itemResult, itemCustomResult:
		var p llm.Part
		p, err = decodeResult(kind, v)
		it.role, it.parts = llm.RoleTool, []llm.Part{p}
	default:
		it.parts = []llm.Part{opaque(v)}
	}
	return it, err
}

func opaque(v []byte) llm.Part {
	p := llm.Part{Kind: llm.PartOpaque}
	dialect.Keep(&p.Extra, name, v)
	return p
}

// decodeMessage reads a message. What the assistant's message has beside its content is kept at its first text, because
// the items of its turn are one canonical message; where it does not begin with text it stays whole.
func decodeMessage(v []byte) (m item, err error) {
	var rest rawjson.Gather
	err = dialect.TypedMembers(v, &rest, func(key string, v []byte) (_ bool, err error) {
		switch key {
		case "role":
			return true, dialect.String((*string)(&m.role), v)
		case "content":
			m.parts, err = decodeContent(v)
			return true, err
		}
		return false, nil
	})
	if err != nil {
		return m, err
	}
	obj := rest.Object()
	switch m.role {
	case llm.RoleAssistant:
		switch {
		case obj == nil:
		case len(m.parts) == 0 || m.parts[0].Kind != llm.PartText && m.parts[0].Kind != llm.PartRefusal:
			m.parts = []llm.Part{opaque(v)}
		default:
			addMember(&m.parts[0].Extra, itemMessage, obj)
		}
	case llm.RoleSystem:
		mark(&m.extra, obj) // what is not marked came as instructions
	case llm.RoleUser, llm.RoleDeveloper:
		dialect.Keep(&m.extra, name, obj)
	default:
		return m, dialect.At("role", dialect.Bad("must be user, assistant, system or developer, not "+strconv.Quote(string(m.role))))
	}
	return m, nil
}

// said reports whether a part is content of a message.
func said(p llm.Part) bool {
	switch p.Kind {
	case llm.PartText, llm.PartRefusal:
		return true
	case llm.PartOpaque:
		kind := typeOf(p.Extra[name])
		return strings.HasPrefix(kind, "output_") || strings.HasPrefix(kind, "input_")
	case llm.PartMedia, llm.PartReasoning, llm.PartCall, llm.PartResult:
	}
	return false
}

// join adds the parts of an item to those of a turn. Where two messages stand side by side the second is marked.
func join(turn, parts []llm.Part) []llm.Part {
	if len(turn) > 0 && len(parts) > 0 && said(turn[len(turn)-1]) {
		if p := &parts[0]; (p.Kind == llm.PartText || p.Kind == llm.PartRefusal) && dialect.Nested(p.Extra, name, itemMessage) == nil {
			addMember(&p.Extra, itemMessage, []byte("{}"))
		}
	}
	return append(turn, parts...)
}

// decodeCall reads a call of a tool. The free text for a custom tool becomes the one member of its arguments; a tool in
// a namespace is called by its flat name.
func decodeCall(kind string, v []byte) (p llm.Part, err error) {
	p = llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{}}
	c := p.Call
	var rest rawjson.Gather
	var space string
	if kind == itemCustom {
		rest.Put("type", rawjson.AppendString(nil, kind))
		c.Arguments = freeArguments("")
	}
	err = dialect.TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
		switch {
		case key == "call_id":
			return true, dialect.String(&c.ID, v)
		case key == "name":
			return true, dialect.String(&c.Name, v)
		case key == "arguments" && kind == itemCall:
			if rawjson.IsObject(v) { // some speakers forget to quote it
				c.Arguments = string(v)
				return true, nil
			}
			return true, dialect.String(&c.Arguments, v)
		case key == "input" && kind == itemCustom:
			var input string
			err := dialect.String(&input, v)
			c.Arguments = freeArguments(input)
			return true, err
		case key == "namespace":
			return false, dialect.String(&space, v)
		}
		return false, nil
	})
	if space != "" {
		rest.Put("name", rawjson.AppendString(nil, c.Name))
		c.Name = flatName(space, c.Name)
	}
	dialect.Keep(&p.Extra, name, rest.Object())
	return p, err
}

func decodeResult(kind string, v []byte) (p llm.Part, err error) {
	p = llm.Part{Kind: llm.PartResult, Result: &llm.ToolResult{}}
	var rest rawjson.Gather
	if kind == itemCustomResult {
		rest.Put("type", rawjson.AppendString(nil, kind))
	}
	err = dialect.TypedMembers(v, &rest, func(key string, v []byte) (_ bool, err error) {
		switch key {
		case "call_id":
			return true, dialect.String(&p.Result.ID, v)
		case "output":
			p.Result.Parts, err = decodeContent(v)
			return true, err
		}
		return false, nil
	})
	dialect.Keep(&p.Extra, name, rest.Object())
	return p, err
}

// decodeContent reads a string or a list of parts.
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
	err = dialect.List(v, "must be a string or a list of parts", func(_ int, v []byte) error {
		p, err := decodePart(v)
		parts = append(parts, p)
		return err
	})
	return parts, err
}

func decodePart(v []byte) (p llm.Part, err error) {
	if !rawjson.IsObject(v) {
		return p, dialect.Bad("must be an object with a type")
	}
	var rest rawjson.Gather
	switch kind := typeOf(v); kind {
	case typeInput, typeOutput, "text":
		p.Kind = llm.PartText
		err = dialect.TypedMembers(v, &rest, func(key string, v []byte) (took bool, err error) {
			switch {
			case key == "text":
				return true, dialect.String(&p.Text, v)
			case nothing(key, v):
				return true, nil
			case key == annotations && kind == typeOutput:
				p.Citations, took = dialect.URLCitations(v, false)
			}
			return took, nil
		})
	case typeRefusal:
		p.Kind = llm.PartRefusal
		err = dialect.TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
			said := key == "refusal"
			return said || nothing(key, v), text(said, &p.Text, v)
		})
	case typeImage, typeFile, typeAudio:
		p.Kind, p.Media = llm.PartMedia, &llm.Media{}
		err = dialect.TypedMembers(v, &rest, mediaField(p.Media, kind, &rest))
		fit(p.Media, kind)
		mark(&p.Extra, rest.Object())
		return p, err
	default:
		return opaque(v), nil
	}
	dialect.Keep(&p.Extra, name, rest.Object())
	return p, err
}

// nothing reports whether a member is one of the lists that every text has, and empty.
func nothing(key string, v []byte) bool {
	if key != annotations && key != "logprobs" || !rawjson.IsArray(v) {
		return false
	}
	it := rawjson.Array(v)
	return !it.Next() && it.Err() == nil
}

func mediaField(m *llm.Media, kind string, rest *rawjson.Gather) func(string, []byte) (bool, error) {
	return func(key string, v []byte) (bool, error) {
		switch {
		case kind == typeImage && key == "image_url", kind == typeFile && (key == "file_url" || key == "file_data" && len(v) > 2):
			return true, dialect.String(&m.URL, v)
		case kind == typeAudio && key == "input_audio":
			return true, decodeAudio(m, rest, v)
		case key == "file_id":
			return true, dialect.String(&m.FileID, v)
		case key == "filename":
			return true, dialect.String(&m.Name, v)
		}
		return false, nil
	}
}

func decodeAudio(m *llm.Media, rest *rawjson.Gather, v []byte) error {
	var inner rawjson.Gather
	err := dialect.TypedMembers(v, &inner, func(key string, v []byte) (bool, error) {
		switch key {
		case "data":
			return true, dialect.String(&m.Data, v)
		case "format":
			err := dialect.String(&m.MIME, v)
			m.MIME = "audio/" + m.MIME
			return true, err
		}
		return false, nil
	})
	if left := inner.Object(); left != nil {
		rest.Put("input_audio", left)
	}
	return err
}

// fit moves the payload of a data URL to Data, and a file's bare base64 too.
func fit(m *llm.Media, kind string) {
	if kind == typeImage {
		m.MIME = anyImage
	}
	head, data, ok := strings.Cut(m.URL, ",")
	mime, isData := strings.CutPrefix(head, "data:")
	mime, isBase64 := strings.CutSuffix(mime, ";base64")
	switch {
	case ok && isData && isBase64:
		m.MIME, m.Data, m.URL = mime, data, ""
	case kind == typeFile && m.URL != "" && !strings.Contains(m.URL, ":"):
		m.Data, m.URL = m.URL, ""
	}
}
