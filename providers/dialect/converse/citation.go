package converse

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const citations = "citations"

// decodeCitation reads the citation of a page. Those of this dialect have an Extra.
func decodeCitation(v []byte) (c llm.Citation, ok bool) {
	var rest, own rawjson.Gather
	err := members(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "title":
			return true, dialect.String(&c.Title, v)
		case "sourceContent":
			return true, quoted(&c.Text, v)
		case "location":
			return true, members(v, &rest, func(key string, v []byte) (bool, error) {
				if key != "web" {
					return false, nil
				}
				return true, members(v, &rest, func(key string, v []byte) (bool, error) {
					switch key {
					case "url":
						return true, dialect.String(&c.URL, v)
					case "domain":
						own.Put(key, v)
						return true, nil
					}
					return false, nil
				})
			})
		}
		return false, nil
	})
	dialect.Keep(&c.Extra, name, []byte("{}"))
	dialect.Keep(&c.Extra, name, own.Object())
	return c, err == nil && c.URL != "" && rest.Object() == nil
}

// quoted reads what a page says, which is one text at most.
func quoted(dst *string, v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	return dialect.List(v, "must be a list", func(i int, v []byte) error {
		kind, text, rest, err := union(v)
		if err != nil {
			return err
		}
		if i > 0 || kind != blockText || rest != nil {
			return dialect.Bad("must be one text")
		}
		return dialect.String(dst, text)
	})
}

func citation(w *rawjson.Writer, c llm.Citation) {
	w.Open('{')
	if c.Title != "" {
		w.StringField("title", c.Title)
	}
	if c.Text != "" {
		w.Key("sourceContent")
		w.Open('[')
		w.Open('{')
		w.StringField(blockText, c.Text)
		w.Close('}')
		w.Close(']')
	}
	w.Key("location")
	w.Open('{')
	w.Key("web")
	w.Open('{')
	w.StringField("url", c.URL)
	if own := c.Extra[name]; own != nil {
		w.Members(own)
	}
	w.Close('}')
	w.Close('}')
	w.Close('}')
}

// citations is the list of what a text rests on, nil where nothing is known of that.
func (o *out) citations(p llm.Part) []byte {
	list := dialect.Nested(p.Extra, name, citations)
	var w rawjson.Writer
	w.Open('[')
	if rawjson.IsArray(list) {
		for it := rawjson.Array(list); it.Next(); {
			w.Elem()
			w.Raw(it.Value())
		}
	}
	chars, any := dialect.Characters(p.Text), false
	for _, c := range p.Citations {
		if o.citable(c, chars) {
			any = true
			w.Elem()
			citation(&w, c)
		}
	}
	w.Close(']')
	if !any {
		return list
	}
	return w.B
}

// citable reports whether a citation of a text of n characters can be written, and warns of what is lost of it.
func (o *out) citable(c llm.Citation, n int) bool {
	path := o.path("content.citations")
	if !o.answer && c.Extra[name] == nil {
		o.losses.Add(path, "the converse dialect takes back only citations of its provider's own search")
		return false
	}
	if !dialect.CitesAll(c, n) {
		o.losses.Add(path+".start", "the converse dialect cites whole blocks of text")
	}
	return true
}

// cite gives a block that ends its citations, which are of all of it.
func (b *blockIn) cite(dst []llm.Event) []llm.Event {
	if len(b.cited) == 0 {
		return dst
	}
	p := llm.Part{Kind: llm.PartText, Citations: b.cited}
	dialect.CiteAll(p.Citations, b.chars)
	b.cited = nil
	return append(dst, llm.Event{Type: llm.EventDelta, Block: b.block, Part: p})
}
