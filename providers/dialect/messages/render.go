package messages

import (
	"encoding/base64"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// out writes requests and responses.
type out struct {
	w      rawjson.Writer
	losses dialect.Losses
	answer bool // a response: a client takes thoughts without a signature
}

// own writes the members that only this dialect knows.
func (o *out) own(x llm.Extra, except ...string) {
	if obj := x[name]; obj != nil {
		o.w.Members(obj, except...)
	}
}

const noHidden = "it is hidden, and there is nothing to send back in its place"

// writable reports whether a part can be a block, and warns where it cannot.
func (o *out) writable(p llm.Part) bool {
	switch p.Kind {
	case llm.PartText:
		if p.Text == "" && p.Extra[name] == nil && len(p.Citations) > 0 && !o.answer {
			o.losses.Uncited(o.losses.Path("content"))
			return false
		}
		return p.Text != "" || p.Extra[name] != nil || len(p.Citations) > 0
	case llm.PartRefusal:
		return p.Text != ""
	case llm.PartReasoning:
		if o.answer && p.Redacted && p.Signature == "" {
			o.losses.Add(o.losses.Path("reasoning"), noHidden)
			return false
		}
		if o.answer || (p.Signature != "" || p.Extra[name] != nil) && !dialect.Foreign(name, p.Signature) {
			return true
		}
		o.losses.Add(o.losses.Path("reasoning"), "the messages dialect takes back only thoughts that it signed")
		return false
	case llm.PartCall:
		return p.Call != nil
	case llm.PartResult:
		return p.Result != nil
	case llm.PartMedia:
		if p.Media != nil && !strings.HasPrefix(p.Media.MIME, "audio/") && !strings.HasPrefix(p.Media.MIME, "video/") {
			return true
		}
	case llm.PartOpaque:
		if p.Extra[name] != nil {
			return true
		}
	}
	o.losses.Add(o.losses.Path("content"), "the messages dialect has no such part")
	return false
}

// block writes the next element of a list of content; value writes it where a single one stands.
func (o *out) block(p llm.Part) {
	o.w.Elem()
	o.value(p)
}

func (o *out) value(p llm.Part) {
	w := &o.w
	if p.Kind == llm.PartOpaque {
		w.Raw(p.Extra[name])
		return
	}
	w.Open('{')
	switch p.Kind {
	case llm.PartText, llm.PartRefusal:
		w.StringField("type", blockText)
		w.StringField("text", p.Text)
		o.citations(p)
	case llm.PartReasoning:
		o.thought(p)
	case llm.PartCall:
		o.call(p)
	case llm.PartResult:
		o.result(p)
	case llm.PartMedia:
		o.media(p)
	case llm.PartOpaque:
	}
	w.Close('}')
	if p.Kind != llm.PartReasoning { // what another dialect keeps there is bookkeeping
		o.losses.Lost("content", p.Extra)
	}
}

func (o *out) thought(p llm.Part) {
	if p.Redacted {
		o.w.StringField("type", blockRedacted)
		o.w.StringField("data", p.Signature)
	} else {
		o.w.StringField("type", blockThinking)
		o.w.StringField("thinking", p.Text)
		o.w.StringField("signature", p.Signature)
	}
	o.own(p.Extra)
}

func (o *out) call(p llm.Part) {
	o.w.StringField("type", blockCall)
	o.w.StringField("id", callID(p.Call.ID))
	o.w.StringField("name", p.Call.Name)
	o.w.Key("input")
	switch arguments := []byte(p.Call.Arguments); {
	case rawjson.IsObject(arguments) && rawjson.Valid(arguments) == nil:
		o.w.Raw(arguments)
	case strings.TrimSpace(p.Call.Arguments) == "":
		o.w.Raw([]byte("{}"))
	default:
		o.losses.Add(o.losses.Path("tool_calls.arguments"), "they are no JSON object, so they travel as text")
		o.w.Open('{')
		o.w.StringField("arguments", p.Call.Arguments)
		o.w.Close('}')
	}
	o.own(p.Extra)
}

// callID fits an id to the letters that the endpoint takes, the same way for a call and its result.
func callID(id string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		}
		return '_'
	}, id)
}

func (o *out) result(p llm.Part) {
	o.w.StringField("type", blockResult)
	o.w.StringField("tool_use_id", callID(p.Result.ID))
	var keep []llm.Part
	for _, q := range p.Result.Parts {
		if q.Kind != llm.PartReasoning && q.Kind != llm.PartCall && o.writable(q) {
			keep = append(keep, q)
		}
	}
	if len(keep) == 1 && keep[0].Kind == llm.PartText && keep[0].Extra == nil {
		o.w.StringField("content", keep[0].Text)
	} else if len(keep) > 0 {
		o.w.Key("content")
		o.w.Open('[')
		for _, q := range keep {
			o.block(q)
		}
		o.w.Close(']')
	}
	if p.Result.IsError {
		o.w.BoolField("is_error", true)
	}
	o.own(p.Extra)
}

func (o *out) media(p llm.Part) {
	m := p.Media
	kind := blockDocument
	if strings.HasPrefix(m.MIME, "image/") {
		kind = blockImage
	}
	o.w.StringField("type", kind)
	o.w.Key("source")
	o.w.Open('{')
	o.source(m)
	if left := dialect.Nested(p.Extra, name, "source"); left != nil {
		o.w.Members(left)
	}
	o.w.Close('}')
	switch {
	case m.Name == "":
	case kind == blockDocument:
		o.w.StringField("title", m.Name)
	default:
		o.losses.Add(o.losses.Path("content.filename"), "an image has no name in the messages dialect")
	}
	o.own(p.Extra, "source")
}

func (o *out) source(m *llm.Media) {
	w := &o.w
	switch {
	case m.FileID != "":
		w.StringField("type", "file")
		w.StringField("file_id", m.FileID)
	case m.Data == "":
		w.StringField("type", "url")
		w.StringField("url", m.URL)
	default:
		if text, err := base64.StdEncoding.DecodeString(m.Data); err == nil && m.MIME == plain {
			w.StringField("type", "text")
			w.StringField("media_type", m.MIME)
			w.StringField("data", string(text))
			return
		}
		mime := m.MIME
		if mime == "" {
			mime = pdf // documents without a type are of the one kind that all take
		}
		w.StringField("type", "base64")
		w.StringField("media_type", mime)
		w.StringField("data", m.Data)
	}
}
