package chat

import (
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// out writes requests and responses; at names the place for warnings.
type out struct {
	w      rawjson.Writer
	losses dialect.Losses
}

// own writes the members that only this dialect knows.
func (o *out) own(x llm.Extra, except ...string) {
	if obj := x[name]; obj != nil {
		o.w.Members(obj, except...)
	}
}

func (o *out) part(field string, p llm.Part) {
	o.w.Elem()
	switch p.Kind {
	case llm.PartText, llm.PartRefusal:
		kind := typeText
		if p.Kind == llm.PartRefusal {
			kind = "refusal"
		}
		o.w.Open('{')
		o.w.StringField("type", kind)
		o.w.StringField(kind, p.Text)
		o.own(p.Extra)
		o.w.Close('}')
	case llm.PartMedia:
		o.media(p)
	case llm.PartReasoning:
		thinking(&o.w, p)
	default:
		o.w.Raw(p.Extra[name])
		return
	}
	o.losses.Lost(field, p.Extra)
}

// writable reports whether a part can stand in a content list, and warns where it cannot.
func (o *out) writable(field string, p llm.Part) bool {
	switch p.Kind {
	case llm.PartText, llm.PartRefusal:
		return true
	case llm.PartMedia:
		return p.Media != nil
	case llm.PartOpaque:
		if p.Extra[name] != nil {
			return p.Call == nil
		}
	case llm.PartReasoning:
		return inContent(p)
	case llm.PartCall, llm.PartResult:
		return false
	}
	o.losses.Add(o.losses.Path(field), "the chat dialect has no such part")
	return false
}

func (o *out) media(p llm.Part) {
	m := p.Media
	o.w.Open('{')
	switch {
	case strings.HasPrefix(m.MIME, "audio/") && m.Data != "":
		o.w.StringField("type", typeAudio)
		o.w.Key(typeAudio)
		o.w.Open('{')
		o.w.StringField("data", m.Data)
		o.w.StringField("format", audioFormat(m.MIME))
		o.inner(p, typeAudio)
	case strings.HasPrefix(m.MIME, "image/") && m.FileID == "":
		o.w.StringField("type", typeImage)
		o.w.Key(typeImage)
		o.w.Open('{')
		o.w.StringField("url", mediaURL(m))
		o.inner(p, typeImage)
	default:
		o.w.StringField("type", typeFile)
		o.w.Key(typeFile)
		o.w.Open('{')
		if m.FileID != "" {
			o.w.StringField("file_id", m.FileID)
		}
		if url := mediaURL(m); url != "" {
			o.w.StringField("file_data", url)
		}
		if m.Name != "" {
			o.w.StringField("filename", m.Name)
		}
		o.inner(p, typeFile)
	}
	o.own(p.Extra, typeAudio, typeImage, typeFile)
	o.w.Close('}')
}

// inner ends the inner object of a media part with the unknown members that it had.
func (o *out) inner(p llm.Part, kind string) {
	if left := dialect.Nested(p.Extra, name, kind); left != nil {
		o.w.Members(left)
	}
	o.w.Close('}')
}

func audioFormat(mime string) string {
	format := strings.TrimPrefix(mime, "audio/")
	if format == "mpeg" {
		return "mp3"
	}
	return format
}

func mediaURL(m *llm.Media) string {
	switch {
	case m.Data == "":
		return m.URL
	case m.MIME == "":
		return m.Data
	}
	return "data:" + m.MIME + ";base64," + m.Data
}

func (o *out) calls(parts []llm.Part) {
	open := false
	for _, p := range parts {
		if p.Call == nil || p.Kind != llm.PartCall && (p.Kind != llm.PartOpaque || p.Extra[name] == nil) {
			continue
		}
		if !open {
			o.w.Key("tool_calls")
			o.w.Open('[')
			open = true
		}
		o.w.Elem()
		if p.Kind == llm.PartOpaque {
			o.w.Raw(p.Extra[name])
			continue
		}
		o.w.Open('{')
		o.w.StringField("id", p.Call.ID)
		o.w.StringField("type", "function")
		o.w.Key("function")
		o.w.Open('{')
		o.w.StringField("name", p.Call.Name)
		o.w.StringField("arguments", p.Call.Arguments)
		if left := dialect.Nested(p.Extra, name, "function"); left != nil {
			o.w.Members(left)
		}
		o.w.Close('}')
		o.own(p.Extra, "function")
		o.w.Close('}')
		o.losses.Lost("tool_calls", p.Extra)
	}
	if open {
		o.w.Close(']')
	}
}

const noHidden = "it is hidden, and there is nothing to send back in its place"

// hidden reports whether there is nothing to write of a thought because nobody but its provider may read it, and warns
// of one.
func (o *out) hidden(p llm.Part) bool {
	if p.Kind != llm.PartReasoning || !p.Redacted || p.Text != "" || p.Signature != "" || p.Extra[name] != nil {
		return false
	}
	o.losses.Add(o.losses.Path("reasoning"), noHidden)
	return true
}

// textOf joins the texts of one kind of part.
func textOf(parts []llm.Part, kind llm.Kind) string {
	var one string
	var many []string
	for _, p := range parts {
		if p.Kind == kind && p.Text != "" {
			one = p.Text
			many = append(many, p.Text)
		}
	}
	if len(many) < 2 {
		return one
	}
	return strings.Join(many, "")
}
