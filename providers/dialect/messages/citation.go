package messages

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const (
	citations = "citations"

	citedPage = "web_search_result_location"
	// citedIndex is the member of a citation that the provider wants back.
	citedIndex = "encrypted_index"
)

// decodeCitation reads the citation of a page. One of the provider's own has an Extra, those that came from another
// dialect have none.
func decodeCitation(v []byte) (c llm.Citation, ok bool) {
	if !rawjson.IsObject(v) {
		return c, false
	}
	if kind, _, _ := rawjson.Get(v, "type"); !rawjson.EqualString(kind, citedPage) {
		return c, false
	}
	var rest, own rawjson.Gather
	var index string
	err := dialect.TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "url":
			return true, dialect.String(&c.URL, v)
		case "title":
			return true, dialect.String(&c.Title, v)
		case "cited_text":
			return true, dialect.String(&c.Text, v)
		case citedIndex:
			own.Put(key, v)
			return true, dialect.String(&index, v)
		}
		return false, nil
	})
	if index != unsigned {
		dialect.Keep(&c.Extra, name, []byte(ownMark))
		dialect.Keep(&c.Extra, name, own.Object())
	}
	return c, err == nil && c.URL != "" && rest.Object() == nil
}

// citation writes a citation. Clients read all of its members.
func citation(w *rawjson.Writer, c llm.Citation) {
	w.Open('{')
	w.StringField("type", citedPage)
	w.StringField("cited_text", c.Text)
	w.StringField("url", c.URL)
	if c.Title != "" {
		w.StringField("title", c.Title)
	} else {
		w.RawField("title", []byte("null"))
	}
	if own := c.Extra[name]; own != nil {
		w.Members(own)
	} else {
		w.StringField(citedIndex, unsigned)
	}
	w.Close('}')
}

// citations writes what a text of n characters rests on, behind what only this dialect knows of that.
func (o *out) citations(p llm.Part) {
	var keep []llm.Citation
	chars := dialect.Characters(p.Text)
	for _, c := range p.Citations {
		if o.citable(c, chars) {
			keep = append(keep, c)
		}
	}
	if len(keep) == 0 {
		o.own(p.Extra)
		return
	}
	o.w.Key(citations)
	o.w.Open('[')
	if list := dialect.Nested(p.Extra, name, citations); rawjson.IsArray(list) {
		for it := rawjson.Array(list); it.Next(); {
			o.w.Elem()
			o.w.Raw(it.Value())
		}
	}
	for _, c := range keep {
		o.w.Elem()
		citation(&o.w, c)
	}
	o.w.Close(']')
	o.own(p.Extra, citations)
}

// citable reports whether a citation of a text of n characters can be written, and warns of what is lost of it.
func (o *out) citable(c llm.Citation, n int) bool {
	path := o.losses.Path("content.citations")
	if !o.answer && c.Extra[name] == nil {
		o.losses.Add(path, "the messages dialect takes back only citations of its provider's own search")
		return false
	}
	if !dialect.CitesAll(c, n) {
		o.losses.Add(path+".start", "the messages dialect cites whole blocks of text")
	}
	return true
}

// cite gives a block that ends its citations: they come before the text that they are of.
func (b *blockIn) cite(dst []llm.Event) []llm.Event {
	if len(b.cited) == 0 || b.part.Kind != llm.PartText {
		return dst
	}
	p := llm.Part{Kind: llm.PartText, Citations: b.cited}
	dialect.CiteAll(p.Citations, b.chars)
	b.cited = nil
	return append(dst, llm.Event{Type: llm.EventDelta, Block: b.block, Part: p})
}

// cite writes citations that are new of a block.
func (e *encoder) cite(dst []byte, b *blockOut, cited []llm.Citation) []byte {
	for _, c := range cited {
		if e.o.citable(c, b.chars) {
			e.openDelta(b, "citations_delta")
			e.o.w.Key("citation")
			citation(&e.o.w, c)
			e.o.w.Close('}')
			dst = e.send(dst, "content_block_delta")
		}
	}
	return dst
}
