package generate

import (
	"path"
	"strconv"
	"strings"

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
	own    bool // the request came in through this dialect
	answer bool // a response: a client takes thoughts of any provider
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

// keep writes the members that only this dialect knows.
func (o *out) keep(x llm.Extra, except ...string) {
	if obj := x[name]; obj != nil {
		o.w.Members(obj, except...)
	}
}

// writable reports whether a part can stand here, and warns where it cannot.
func (o *out) writable(p llm.Part) bool {
	switch p.Kind {
	case llm.PartText, llm.PartRefusal:
		return true
	case llm.PartReasoning:
		if _, _, ok := signed(p.Signature); ok || o.answer || o.own && p.Signature == "" {
			return true
		}
		o.losses.Add(o.path("reasoning"), "the generate dialect takes back only thoughts that its provider signed")
		return false
	case llm.PartCall:
		return p.Call != nil
	case llm.PartResult:
		return p.Result != nil
	case llm.PartMedia:
		if p.Media != nil && p.Media.FileID == "" {
			return true
		}
	case llm.PartOpaque:
		if p.Extra[name] != nil {
			return true
		}
	}
	o.losses.Add(o.path("content"), "the generate dialect has no such part")
	return false
}

// part writes the next element of a list of parts.
func (o *out) part(p llm.Part, signature string) {
	w := &o.w
	w.Elem()
	if p.Kind == llm.PartOpaque {
		w.Raw(p.Extra[name])
		return
	}
	w.Open('{')
	switch p.Kind {
	case llm.PartText, llm.PartRefusal:
		w.StringField(partText, p.Text)
		if !o.answer && len(p.Citations) > 0 {
			o.losses.Uncited(o.path("content"))
		}
	case llm.PartReasoning:
		w.StringField(partText, p.Text)
		w.BoolField("thought", true)
		if p.Signature != "" {
			signature = wrap(p)
		}
	case llm.PartCall:
		o.call(p)
	case llm.PartResult:
		o.result(p)
	case llm.PartMedia:
		o.media(p)
	case llm.PartOpaque:
	}
	if signature != "" {
		w.StringField("thoughtSignature", signature)
	}
	o.keep(p.Extra, "id", partCall, partResponse, partInline, partFile)
	w.Close('}')
	if p.Kind != llm.PartReasoning { // what another dialect keeps there is bookkeeping
		o.lost("content", p.Extra)
	}
}

// inner ends the inner object of a part with the unknown members that it had.
func (o *out) inner(p llm.Part, key string) {
	if left := dialect.Nested(p.Extra, name, key); left != nil {
		o.w.Members(left)
	}
	o.w.Close('}')
}

// id writes an id, unless the provider had none.
func (o *out) id(p llm.Part, id string) {
	if v := dialect.Nested(p.Extra, name, "id"); v == nil && id != "" {
		o.w.StringField("id", id)
	}
}

func (o *out) call(p llm.Part) {
	w := &o.w
	w.Key(partCall)
	w.Open('{')
	o.id(p, p.Call.ID)
	w.StringField("name", p.Call.Name)
	w.Key("args")
	switch arguments := p.Call.Arguments; {
	case isJSONObject(arguments):
		w.Raw([]byte(arguments))
	case strings.TrimSpace(arguments) == "":
		w.Raw([]byte("{}"))
	default:
		o.losses.Add(o.path("tool_calls.arguments"), "they are no JSON object, so they travel as text")
		w.Open('{')
		w.StringField("arguments", arguments)
		w.Close('}')
	}
	o.inner(p, partCall)
}

// result writes a tool's answer: an object as it is, words as its output or error, files beside it.
func (o *out) result(p llm.Part) {
	w := &o.w
	r := p.Result
	var text string
	var files []llm.Part
	for _, q := range r.Parts {
		switch {
		case q.Kind == llm.PartText || q.Kind == llm.PartRefusal:
			text += q.Text
			o.lost("content", q.Extra)
		case (q.Kind == llm.PartMedia || q.Kind == llm.PartOpaque) && o.writable(q):
			files = append(files, q)
		}
	}
	w.Key(partResponse)
	w.Open('{')
	o.id(p, r.ID)
	w.StringField("name", r.Name)
	w.Key("response")
	switch {
	case !r.IsError && isJSONObject(text):
		w.Raw([]byte(text))
	default:
		w.Open('{')
		if r.IsError {
			w.StringField("error", text)
		} else if text != "" {
			w.StringField("output", text)
		}
		w.Close('}')
	}
	if len(files) > 0 {
		w.Key("parts")
		w.Open('[')
		for _, q := range files {
			o.part(q, "")
		}
		w.Close(']')
	}
	o.inner(p, partResponse)
}

func (o *out) media(p llm.Part) {
	w := &o.w
	m := p.Media
	key := partInline
	if m.Data == "" && m.URL != "" {
		key = partFile
	}
	mime := m.MIME
	if mime == "" && !o.own && !o.answer || strings.HasSuffix(mime, "/*") {
		mime = guess(m)
	}
	w.Key(key)
	w.Open('{')
	if mime != "" {
		w.StringField("mimeType", mime)
	}
	if key == partFile {
		w.StringField("fileUri", m.URL)
	} else {
		w.StringField("data", m.Data)
	}
	if m.Name != "" && (o.own || o.answer) {
		w.StringField("displayName", m.Name)
	} else if m.Name != "" {
		o.losses.Add(o.path("content.filename"), "not every host of the generate dialect takes names")
	}
	o.inner(p, key)
}

// mimes are the types that the endpoint knows, by what the names of files end with.
var mimes = map[string]string{
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif",
	".heic": "image/heic", ".heif": "image/heif", ".pdf": "application/pdf", ".txt": mimeText, ".md": "text/markdown",
	".html": "text/html", ".csv": "text/csv", ".json": mimeJSON, ".mp3": "audio/mp3", ".wav": "audio/wav",
	".ogg": "audio/ogg", ".flac": "audio/flac", ".m4a": "audio/mp4", ".mp4": "video/mp4", ".mov": "video/quicktime",
	".webm": "video/webm", ".mpeg": "video/mpeg",
}

// guess is the type of a file that did not come with one; images are mostly JPEG, other files mostly PDF.
func guess(m *llm.Media) string {
	for _, name := range []string{m.Name, strings.SplitN(m.URL, "?", 2)[0]} {
		if mime := mimes[strings.ToLower(path.Ext(name))]; mime != "" {
			return mime
		}
	}
	switch {
	case strings.HasPrefix(m.MIME, "image/"):
		return "image/jpeg"
	case strings.HasPrefix(m.URL, "http") || m.Data != "" && m.MIME == "":
		return "application/pdf"
	}
	return ""
}
