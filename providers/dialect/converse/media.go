package converse

import (
	"encoding/base64"
	"path"
	"strconv"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// shared are the members of a document that the messages dialect has too, with the same meaning.
var shared = []string{"citations", "context"}

// decodeMedia reads an image, a document, a video or a sound. One whose source or format is of a kind of its own stays
// opaque.
func decodeMedia(kind string, block, v []byte) (p llm.Part, err error) {
	p = llm.Part{Kind: llm.PartMedia, Media: &llm.Media{}}
	var rest, inner rawjson.Gather
	var form string
	whole := false
	err = members(v, &rest, func(key string, v []byte) (bool, error) {
		switch {
		case key == "format":
			return true, dialect.String(&form, v)
		case key == "source":
			whole, err = decodeSource(p.Media, &inner, v)
			return true, err
		case key == "name" && kind == blockDocument:
			return true, dialect.String(&p.Media.Name, v)
		}
		return false, nil
	})
	if err != nil {
		return p, err
	}
	mime, ok := mimeOf(kind, form, p.Media)
	if !whole || !ok {
		return opaque(block), nil
	}
	p.Media.MIME = mime
	if left := inner.Object(); left != nil {
		rest.Put("source", left)
	}
	obj := rest.Object()
	dialect.Keep(&p.Extra, name, obj)
	if obj != nil {
		share(&p.Extra, obj)
	}
	return p, nil
}

func share(x *llm.Extra, obj []byte) {
	var g rawjson.Gather
	for _, key := range shared {
		if v, ok, _ := rawjson.Get(obj, key); ok {
			g.Put(key, v)
		}
	}
	dialect.Keep(x, owner, g.Object())
}

func mimeOf(kind, form string, m *llm.Media) (mime string, ok bool) {
	for _, f := range formats {
		if f.kind == kind && f.name == form {
			return f.mime, true
		}
	}
	switch {
	case kind == blockDocument && form == "" && m.MIME != "":
		return m.MIME, true
	case kind == blockDocument, form == "":
		return "", false
	}
	return kind + "/" + form, true
}

// decodeSource reads where the bytes are; whole is false for a source that only this dialect knows.
func decodeSource(m *llm.Media, rest *rawjson.Gather, v []byte) (whole bool, err error) {
	err = members(v, rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "bytes":
			whole = true
			return true, dialect.String(&m.Data, v)
		case "text":
			var text string
			err := dialect.String(&text, v)
			whole, m.MIME, m.Data = true, plain, base64.StdEncoding.EncodeToString([]byte(text))
			return true, err
		case "s3Location":
			whole = true
			return true, members(v, rest, func(key string, v []byte) (bool, error) {
				if key != "uri" {
					return false, nil
				}
				return true, dialect.String(&m.URL, v)
			})
		}
		return false, nil
	})
	return whole && (m.Data != "" || m.URL != ""), err
}

// formOf finds the block and the format for a file; not ok where the endpoint has none.
func formOf(m *llm.Media) (f format, ok bool) {
	mime, _, _ := strings.Cut(strings.ToLower(m.MIME), ";")
	mime = strings.TrimSpace(mime)
	for _, f := range formats {
		if f.mime == mime {
			return f, true
		}
	}
	if ext := strings.TrimPrefix(path.Ext(m.URL), "."); ext != "" && (mime == "" || mime == anyImage) {
		for _, f := range formats {
			if f.name == strings.ToLower(ext) || f.name == "jpeg" && ext == "jpg" {
				return f, true
			}
		}
	}
	kind, form, _ := strings.Cut(mime, "/")
	switch {
	case mime == "":
		return format{blockDocument, "pdf", pdf}, true // documents without a type are of the one kind that all take
	case (kind == blockImage || kind == blockVideo || kind == blockAudio) && form != "" && form != "*":
		return format{kind, form, mime}, true
	case kind == "text" || mime == "application/json" || mime == "application/xml":
		return format{blockDocument, "txt", plain}, true
	}
	return f, false
}

// reachable reports whether the endpoint can read the bytes: by value, or from its own storage.
func reachable(m *llm.Media) bool {
	return m.Data != "" || strings.HasPrefix(m.URL, "s3://")
}

func (o *out) media(p llm.Part) {
	m, w := p.Media, &o.w
	f, _ := formOf(m)
	w.Key(f.kind)
	w.Open('{')
	w.StringField("format", f.name)
	switch {
	case f.kind == blockDocument:
		w.StringField("name", o.documentName(m.Name, f.name))
	case m.Name != "":
		o.losses.Add(o.path("content.filename"), "only a document has a name in the converse dialect")
	}
	w.Key("source")
	w.Open('{')
	left := dialect.Nested(p.Extra, name, "source")
	if m.Data != "" {
		w.StringField("bytes", m.Data)
	} else {
		w.Key("s3Location")
		w.Open('{')
		w.StringField("uri", m.URL)
	}
	if left != nil {
		w.Members(left)
	}
	if m.Data == "" {
		w.Close('}')
	}
	w.Close('}')
	lost := without(p.Extra, "cache_control")
	if f.kind == blockDocument {
		for _, key := range shared {
			if v := dialect.Nested(p.Extra, owner, key); v != nil && dialect.Nested(p.Extra, name, key) == nil {
				w.RawField(key, v)
			}
		}
		lost = without(lost, shared...)
	}
	o.own(p.Extra, "source")
	w.Close('}')
	o.lost("content", lost)
}

// maxName is the longest name of a document.
const maxName = 200

// documentName fits a name to the letters that the endpoint takes: no two spaces in a row, no name twice.
func (o *out) documentName(title, form string) string {
	title = strings.TrimSuffix(title, "."+form)
	var b strings.Builder
	space := false
	for _, r := range title {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-()[]", r):
		case r == ' ', r == '\t', r == '\n':
			r = ' '
		default:
			r = '-'
		}
		if r == ' ' && space {
			continue
		}
		space = r == ' '
		b.WriteRune(r)
	}
	fit := b.String()[:min(b.Len(), maxName)]
	if strings.Trim(fit, "- ") == "" {
		fit = "document"
	}
	if o.names == nil {
		o.names = map[string]int{}
	}
	o.names[fit]++
	if n := o.names[fit]; n > 1 {
		suffix := "-" + strconv.Itoa(n)
		fit = fit[:min(len(fit), maxName-len(suffix))] + suffix
	}
	return fit
}
