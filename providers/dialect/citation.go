package dialect

import (
	"unicode/utf8"

	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const urlCitation = "url_citation"

// maxPlace bounds the places of citations, so that they can be added up.
const maxPlace = 1 << 31

// URLCitations reads a list of annotations. Ok is false unless each is a url_citation of which nothing is left over.
// Nested is true where what it says stands in an object of its own.
func URLCitations(list []byte, nested bool) (out []llm.Citation, ok bool) {
	if !rawjson.IsArray(list) {
		return nil, false
	}
	it := rawjson.Array(list)
	for it.Next() {
		c, ok := readURLCitation(it.Value(), nested)
		if !ok {
			return nil, false
		}
		out = append(out, c)
	}
	return out, it.Err() == nil
}

func readURLCitation(v []byte, nested bool) (c llm.Citation, ok bool) {
	if !rawjson.IsObject(v) {
		return c, false
	}
	if kind, _, _ := rawjson.Get(v, "type"); !rawjson.EqualString(kind, urlCitation) {
		return c, false
	}
	var rest rawjson.Gather
	field := func(key string, v []byte) (bool, error) {
		switch key {
		case "url":
			return true, String(&c.URL, v)
		case "title":
			return true, String(&c.Title, v)
		case "content":
			return true, String(&c.Text, v)
		case "start_index":
			return true, Opt(&c.Start, v, Int)
		case "end_index":
			return true, Opt(&c.End, v, Int)
		}
		return false, nil
	}
	err := TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
		switch {
		case !nested:
			return field(key, v)
		case key == urlCitation:
			return true, Members(v, &rest, field)
		}
		return false, nil
	})
	return c, err == nil && c.URL != "" && rest.Object() == nil && placed(c.Start) && placed(c.End)
}

func placed(n *int64) bool { return n == nil || *n >= 0 && *n < maxPlace }

// URLCitation writes the next element of a list of annotations. Base is how many characters stand before the text that
// the places of c are in.
func URLCitation(w *rawjson.Writer, c llm.Citation, base int64, nested bool) {
	w.Elem()
	w.Open('{')
	w.StringField("type", urlCitation)
	if nested {
		w.Key(urlCitation)
		w.Open('{')
	}
	w.StringField("url", c.URL)
	if c.Title != "" {
		w.StringField("title", c.Title)
	}
	if c.Start != nil {
		w.IntField("start_index", *c.Start+base)
	}
	if c.End != nil {
		w.IntField("end_index", *c.End+base)
	}
	if c.Text != "" {
		w.StringField("content", c.Text)
	}
	if nested {
		w.Close('}')
	}
	w.Close('}')
}

// CiteAll says of citations that they are of the first n characters of a text: all of it, where an API cites so.
func CiteAll(citations []llm.Citation, n int) {
	start, end := int64(0), int64(n)
	for i := range citations {
		citations[i].Start, citations[i].End = &start, &end
	}
}

// CitesAll reports whether a citation says no more of its place than that it is of a text of n characters.
func CitesAll(c llm.Citation, n int) bool {
	return (c.Start == nil || *c.Start == 0) && (c.End == nil || *c.End == int64(n))
}

// Characters is the length of a text as citations count it.
func Characters(text string) int { return utf8.RuneCountInString(text) }

// Uncited warns of the citations of a part at path, which cannot be written.
func (l *Losses) Uncited(path string) {
	l.Add(path+".citations", "the "+l.Own+" dialect has no field for it")
}

// DecodeCitations reads a list of citations, each by one. Left is the list of those that a citation has no place for all
// of: they are of files, say.
func DecodeCitations(list []byte, one func([]byte) (llm.Citation, bool)) (out []llm.Citation, left []byte) {
	if !rawjson.IsArray(list) {
		return nil, list
	}
	var w rawjson.Writer
	w.Open('[')
	for it := rawjson.Array(list); it.Next(); {
		if c, ok := one(it.Value()); ok {
			out = append(out, c)
			continue
		}
		w.Elem()
		w.Raw(it.Value())
	}
	w.Close(']')
	if len(w.B) > len("[]") {
		left = w.B
	}
	return out, left
}
