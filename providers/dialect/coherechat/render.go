package coherechat

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// out writes requests and responses; array and index name the place for warnings.
type out struct {
	w      rawjson.Writer
	losses dialect.Losses
	array  string // messages or choices
	index  int
}

func (o *out) path(field string) string {
	p := o.array + "[" + strconv.Itoa(o.index) + "]"
	if field != "" {
		p += "." + field
	}
	return p
}

// lost warns of foreign members at the current message.
func (o *out) lost(field string, x llm.Extra) {
	if len(x) > 0 {
		o.losses.Extra(o.path(field), x)
	}
}

// said warns of what a part of content has lost.
func (o *out) said(p llm.Part) {
	o.lost("content", p.Extra)
	if len(p.Citations) > 0 {
		o.losses.Uncited(o.path("content"))
	}
}

// own writes the members that only this dialect knows.
func (o *out) own(x llm.Extra, except ...string) {
	if obj := x[name]; obj != nil {
		o.w.Members(obj, except...)
	}
}

func called(parts []llm.Part) bool {
	for _, p := range parts {
		if p.Kind == llm.PartCall {
			return true
		}
	}
	return false
}

// content writes a string where that says everything, else a list of parts. Without any part it writes empty, or
// nothing at all where that is empty.
func (o *out) content(parts []llm.Part, empty string) {
	var keep []llm.Part
	for _, p := range parts {
		if o.writable(p) {
			keep = append(keep, p)
		}
	}
	switch {
	case len(keep) == 0 && empty == "":
	case len(keep) == 0:
		o.w.RawField("content", []byte(empty))
	case len(keep) == 1 && keep[0].Kind == llm.PartText && keep[0].Extra[name] == nil:
		o.w.StringField("content", keep[0].Text)
		o.said(keep[0])
	default:
		o.list(keep)
	}
}

func (o *out) list(parts []llm.Part) {
	o.w.Key("content")
	o.w.Open('[')
	for _, p := range parts {
		o.w.Elem()
		o.part(p)
	}
	o.w.Close(']')
}

// writable reports whether a part can stand in a content list, and warns where it cannot.
func (o *out) writable(p llm.Part) bool {
	switch p.Kind {
	case llm.PartText:
		if p.Text != "" || p.Extra[name] != nil {
			return true
		}
		o.said(p)
		return false
	case llm.PartRefusal:
		return p.Text != ""
	case llm.PartReasoning:
		return !p.Redacted
	case llm.PartMedia:
		if m := p.Media; m != nil && (isImage(m) || plainText(m) != "") {
			return true
		}
		o.losses.Add(o.path("content"), "the coherechat dialect takes images as data or by address, and text")
		return false
	case llm.PartOpaque:
		if p.Extra[name] != nil {
			return p.Call == nil
		}
	case llm.PartCall, llm.PartResult:
		return false
	}
	o.losses.Add(o.path("content"), "the coherechat dialect has no such part")
	return false
}

func isImage(m *llm.Media) bool {
	return strings.HasPrefix(m.MIME, "image/") && (m.Data != "" || m.URL != "")
}

// plainText is the text of media that holds nothing else.
func plainText(m *llm.Media) string {
	if m == nil || !strings.HasPrefix(m.MIME, "text/") {
		return ""
	}
	text, err := base64.StdEncoding.DecodeString(m.Data)
	if err != nil || !utf8.Valid(text) {
		return ""
	}
	return string(text)
}

func (o *out) part(p llm.Part) {
	w := &o.w
	if p.Kind == llm.PartOpaque {
		w.Raw(p.Extra[name])
		return
	}
	w.Open('{')
	switch {
	case p.Kind == llm.PartMedia && isImage(p.Media):
		w.StringField("type", typeImage)
		w.Key(typeImage)
		w.Open('{')
		w.StringField("url", mediaURL(p.Media))
		if left := dialect.Nested(p.Extra, name, typeImage); rawjson.IsObject(left) {
			w.Members(left)
		}
		w.Close('}')
	case p.Kind == llm.PartMedia:
		w.StringField("type", typeText)
		w.StringField(typeText, plainText(p.Media))
	case p.Kind == llm.PartReasoning:
		w.StringField("type", typeThinking)
		w.StringField(typeThinking, p.Text)
	case dialect.Nested(p.Extra, name, typeDocument) != nil:
		w.StringField("type", typeDocument)
	default:
		w.StringField("type", typeText)
		w.StringField(typeText, p.Text)
	}
	o.own(p.Extra, typeImage, "tool_plan")
	w.Close('}')
	o.said(p)
}

func mediaURL(m *llm.Media) string {
	if m.Data == "" {
		return m.URL
	}
	return "data:" + m.MIME + ";base64," + m.Data
}

func (o *out) calls(parts []llm.Part) {
	w := &o.w
	open := false
	for _, p := range parts {
		if p.Call == nil || p.Kind != llm.PartCall && (p.Kind != llm.PartOpaque || p.Extra[name] == nil) {
			continue
		}
		if !open {
			w.Key("tool_calls")
			w.Open('[')
			open = true
		}
		w.Elem()
		if p.Kind == llm.PartOpaque {
			w.Raw(p.Extra[name])
			continue
		}
		o.call(p)
		o.lost("tool_calls", p.Extra)
	}
	if open {
		w.Close(']')
	}
}

// call writes a tool call, in a stream the start of one.
func (o *out) call(p llm.Part) {
	w := &o.w
	w.Open('{')
	w.StringField("id", p.Call.ID)
	w.StringField("type", "function")
	w.Key("function")
	w.Open('{')
	w.StringField("name", p.Call.Name)
	w.StringField("arguments", p.Call.Arguments)
	if left := dialect.Nested(p.Extra, name, "function"); rawjson.IsObject(left) {
		w.Members(left)
	}
	w.Close('}')
	o.own(p.Extra, "function")
	w.Close('}')
}
