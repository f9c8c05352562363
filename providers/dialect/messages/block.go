package messages

import (
	"encoding/base64"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// decodeBlocks reads content: a string or a list of blocks. An empty text block says nothing and is left out.
func decodeBlocks(v []byte) (parts []llm.Part, err error) {
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
	err = dialect.List(v, "must be a string or a list of content blocks", func(_ int, v []byte) error {
		p, err := decodeBlock(v)
		if err == nil && (p.Kind != llm.PartText || p.Text != "" || p.Extra != nil || p.Citations != nil) {
			parts = append(parts, p)
		}
		return err
	})
	return parts, err
}

func decodeBlock(v []byte) (p llm.Part, err error) {
	kind, err := blockType(v)
	if err != nil {
		return p, err
	}
	var rest rawjson.Gather
	switch kind {
	case blockText:
		p.Kind = llm.PartText
		err = dialect.TypedMembers(v, &rest, textField(&p, &rest))
		if p.Citations != nil {
			dialect.CiteAll(p.Citations, dialect.Characters(p.Text))
		}
	case blockThinking, blockRedacted:
		p.Kind, p.Redacted = llm.PartReasoning, kind == blockRedacted
		err = dialect.TypedMembers(v, &rest, thinkingField(&p))
	case blockCall:
		p.Kind, p.Call = llm.PartCall, &llm.ToolCall{}
		err = dialect.TypedMembers(v, &rest, callField(p.Call))
	case blockResult:
		p.Kind, p.Result = llm.PartResult, &llm.ToolResult{}
		err = dialect.TypedMembers(v, &rest, resultField(p.Result))
	case blockImage, blockDocument:
		return decodeMedia(kind, v)
	default:
		return opaque(v), nil
	}
	obj := rest.Object()
	if p.Signature == unsigned {
		p.Signature = ""
	} else if p.Kind == llm.PartReasoning && p.Signature == "" && obj == nil {
		obj = []byte(ownMark)
	}
	dialect.Keep(&p.Extra, name, obj)
	return p, err
}

// ownMark says that a thought without a signature is of this dialect, where those of others are refused.
const ownMark = "{}"

func opaque(v []byte) llm.Part {
	p := llm.Part{Kind: llm.PartOpaque}
	dialect.Keep(&p.Extra, name, v)
	return p
}

func blockType(v []byte) (kind string, err error) {
	if !rawjson.IsObject(v) {
		return "", dialect.Bad("must be an object with a type")
	}
	t, ok, _ := rawjson.Get(v, "type")
	if !ok {
		return "", dialect.At("type", dialect.Bad("is missing"))
	}
	return kind, dialect.At("type", dialect.String(&kind, t))
}

func read(fits bool, dst *string, v []byte) error {
	if !fits {
		return nil
	}
	return dialect.String(dst, v)
}

func textField(p *llm.Part, rest *rawjson.Gather) func(string, []byte) (bool, error) {
	return func(key string, v []byte) (bool, error) {
		switch {
		case key == "text":
			return true, dialect.String(&p.Text, v)
		case key == citations && !rawjson.IsNull(v):
			var left []byte
			if p.Citations, left = dialect.DecodeCitations(v, decodeCitation); left != nil {
				rest.Put(key, left)
			}
			return true, nil
		}
		return false, nil
	}
}

func thinkingField(p *llm.Part) func(string, []byte) (bool, error) {
	return func(key string, v []byte) (bool, error) {
		switch key {
		case "thinking":
			return true, dialect.String(&p.Text, v)
		case "signature", "data":
			return true, dialect.String(&p.Signature, v)
		}
		return false, nil
	}
}

func callField(c *llm.ToolCall) func(string, []byte) (bool, error) {
	return func(key string, v []byte) (bool, error) {
		switch key {
		case "id":
			return true, dialect.String(&c.ID, v)
		case "name":
			return true, dialect.String(&c.Name, v)
		case "input":
			c.Arguments = string(v)
			return true, nil
		}
		return false, nil
	}
}

func resultField(r *llm.ToolResult) func(string, []byte) (bool, error) {
	return func(key string, v []byte) (took bool, err error) {
		switch key {
		case "tool_use_id":
			return true, dialect.String(&r.ID, v)
		case "is_error":
			return true, dialect.Bool(&r.IsError, v)
		case "content":
			r.Parts, err = decodeBlocks(v)
			return true, err
		}
		return false, nil
	}
}

// decodeMedia reads an image or a document. One whose source is of a kind of its own stays opaque.
func decodeMedia(kind string, v []byte) (p llm.Part, err error) {
	p = llm.Part{Kind: llm.PartMedia, Media: &llm.Media{}}
	var rest, inner rawjson.Gather
	known := true
	err = dialect.TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
		switch {
		case key == "source":
			known, err = decodeSource(p.Media, kind, &inner, v)
			return true, err
		case key == "title" && kind == blockDocument:
			return true, dialect.String(&p.Media.Name, v)
		}
		return false, nil
	})
	if err != nil {
		return p, err
	}
	if !known {
		return opaque(v), nil
	}
	if left := inner.Object(); left != nil {
		rest.Put("source", left)
	}
	dialect.Keep(&p.Extra, name, rest.Object())
	return p, nil
}

func decodeSource(m *llm.Media, kind string, rest *rawjson.Gather, v []byte) (known bool, err error) {
	source, err := blockType(v)
	if err != nil {
		return false, err
	}
	err = dialect.TypedMembers(v, rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "media_type":
			return true, dialect.String(&m.MIME, v)
		case "data":
			return true, dialect.String(&m.Data, v)
		case "url":
			return true, dialect.String(&m.URL, v)
		case "file_id":
			return true, dialect.String(&m.FileID, v)
		}
		return false, nil
	})
	switch source {
	case "base64":
	case "text":
		m.Data = base64.StdEncoding.EncodeToString([]byte(m.Data))
		if m.MIME == "" {
			m.MIME = plain
		}
	case "url", "file":
		if kind == blockImage {
			m.MIME = anyImage
		} else if source == "url" {
			m.MIME = pdf
		}
	default:
		return false, nil
	}
	return true, err
}
