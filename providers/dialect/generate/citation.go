package generate

import (
	"bytes"
	"unicode/utf8"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// grounding is the member of a candidate that says which pages its text rests on. Places are in bytes of the text of
// the whole candidate. Other dialects get the pages out of it; it stays whole for this one, because it says more.
const grounding = "groundingMetadata"

// sourceIn is a page that an answer rests on, and where: in bytes, end is 0 where that is not known.
type sourceIn struct {
	llm.Citation
	start, end int64
	said       string // what stands there
	cited      bool
}

// sourcesIn are the sources of an answer, each once: in a stream they may come again, with more.
type sourcesIn struct {
	list []sourceIn
	seen map[sourceKey]bool
}

type sourceKey struct {
	url, title string
	start, end int64
}

func (s *sourcesIn) read(v []byte) {
	var chunks, supports []byte
	for it := rawjson.Object(object(v)); it.Next(); {
		switch field(&it) {
		case "groundingChunks":
			chunks = it.Value()
		case "groundingSupports":
			supports = it.Value()
		}
	}
	pages := readPages(chunks)
	used := make([]bool, len(pages))
	if rawjson.IsArray(supports) {
		for it := rawjson.Array(supports); it.Next(); {
			at, indices := readSupport(it.Value())
			for _, i := range indices {
				if i >= 0 && i < int64(len(pages)) && pages[i].URL != "" {
					used[i] = true
					at.Citation = pages[i]
					s.add(at)
				}
			}
		}
	}
	for i, page := range pages {
		if page.URL != "" && !used[i] {
			s.add(sourceIn{Citation: page})
		}
	}
}

func (s *sourcesIn) add(source sourceIn) {
	key := sourceKey{source.URL, source.Title, source.start, source.end}
	if s.seen[key] {
		return
	}
	if s.seen == nil {
		s.seen = map[sourceKey]bool{}
	}
	s.seen[key] = true
	s.list = append(s.list, source)
}

// readPages reads the chunks. One that is no page of the web has no URL.
func readPages(v []byte) (pages []llm.Citation) {
	if !rawjson.IsArray(v) {
		return nil
	}
	for it := rawjson.Array(v); it.Next(); {
		var page llm.Citation
		if web, ok, _ := rawjson.Get(object(it.Value()), "web"); ok && rawjson.IsObject(web) {
			for m := rawjson.Object(web); m.Next(); {
				switch string(m.Key()) {
				case "uri":
					_ = dialect.String(&page.URL, m.Value())
				case "title":
					_ = dialect.String(&page.Title, m.Value())
				}
			}
		}
		pages = append(pages, page)
	}
	return pages
}

func readSupport(v []byte) (at sourceIn, indices []int64) {
	for it := rawjson.Object(object(v)); it.Next(); {
		switch v := it.Value(); field(&it) {
		case "segment":
			for m := rawjson.Object(object(v)); m.Next(); {
				switch field(&m) {
				case "startIndex":
					_ = dialect.Int(&at.start, m.Value())
				case "endIndex":
					_ = dialect.Int(&at.end, m.Value())
				case "text":
					_ = dialect.String(&at.said, m.Value())
				}
			}
		case "groundingChunkIndices":
			if rawjson.IsArray(v) {
				for list := rawjson.Array(v); list.Next(); {
					n, ok := rawjson.Int(list.Value())
					if ok {
						indices = append(indices, n)
					}
				}
			}
		}
	}
	return at, indices
}

func object(v []byte) []byte {
	if !rawjson.IsObject(v) {
		return []byte("{}")
	}
	return v
}

// in is where a source stands in the text so far.
func (s *sourceIn) in(text []byte) (start, end int, ok bool) {
	if s.start >= 0 && s.start < s.end && s.end <= int64(len(text)) {
		start, end = int(s.start), int(s.end)
		if s.said == "" || string(text[start:end]) == s.said {
			return start, end, true
		}
	}
	if s.said == "" {
		return 0, 0, false
	}
	start = bytes.Index(text, []byte(s.said)) // some models count otherwise
	return start, start + len(s.said), start >= 0
}

// citation is a source of a text that begins at base, with its place in characters.
func (s *sourceIn) citation(text []byte, base, start, end int) llm.Citation {
	c := s.Citation
	from := int64(utf8.RuneCount(text[base:start]))
	to := from + int64(utf8.RuneCount(text[start:end]))
	c.Start, c.End = &from, &to
	return c
}

// cite puts the sources of a whole answer on its texts; what has no place is of the last that says something. It leaves
// an answer without texts alone.
func cite(parts []llm.Part, sources []sourceIn) {
	if len(sources) == 0 {
		return
	}
	var text []byte
	var texts, bases []int
	for i, p := range parts {
		if p.Kind == llm.PartText {
			texts, bases = append(texts, i), append(bases, len(text))
			text = append(text, p.Text...)
		}
	}
	if len(texts) == 0 {
		return
	}
	for _, s := range sources {
		c, at := s.Citation, len(texts)-1
		for at > 0 && bases[at] == len(text) {
			at--
		}
		if start, end, ok := s.in(text); ok {
			for at > 0 && start < bases[at] {
				at--
			}
			c = s.citation(text, bases[at], start, end)
		}
		p := &parts[texts[at]]
		p.Citations = append(p.Citations, c)
	}
}

// cite gives the open text the sources that are of it, and those without a place. At the end of the answer it gets those
// too that nobody has got.
func (c *choiceIn) cite(dst []llm.Event, last bool) []llm.Event {
	p := llm.Part{Kind: llm.PartText}
	for i := range c.sources.list {
		s := &c.sources.list[i]
		if s.cited {
			continue
		}
		start, end, ok := s.in(c.spoken)
		switch ok = ok && start >= c.base; {
		case !ok && !last && (s.end > 0 || len(c.spoken) == c.base):
			continue
		case ok:
			p.Citations = append(p.Citations, s.citation(c.spoken, c.base, start, end))
		default:
			p.Citations = append(p.Citations, s.Citation)
		}
		s.cited = true
	}
	if len(p.Citations) == 0 {
		return dst
	}
	if c.open < 0 || c.kind != llm.PartText {
		dst = c.start(dst, llm.Part{Kind: llm.PartText})
		c.texts++
	}
	return append(dst, llm.Event{Type: llm.EventDelta, Choice: c.index, Block: c.open, Part: p})
}

// sourceOut is a citation of a text that begins at base, in bytes of the whole answer.
type sourceOut struct {
	llm.Citation
	base int
}

// span is the place of a source in bytes of the text; end is 0 where that is not known.
func (s *sourceOut) span(text []byte) (start, end int) {
	if s.Start == nil || s.End == nil || *s.Start < 0 || *s.End <= *s.Start {
		return 0, 0
	}
	at := s.base
	for n := int64(0); n < *s.End; n++ {
		if at >= len(text) {
			return 0, 0
		}
		if n == *s.Start {
			start = at
		}
		_, size := utf8.DecodeRune(text[at:])
		at += size
	}
	return start, at
}

// grounding writes what a text rests on.
func (o *out) grounding(text []byte, sources []sourceOut) {
	w := &o.w
	w.Key(grounding)
	w.Open('{')
	w.Key("groundingChunks")
	w.Open('[')
	pages := map[[2]string]int{}
	chunks := 0
	indices := make([]int, len(sources))
	for i := range sources {
		s := &sources[i]
		if s.Text != "" {
			o.losses.Add(o.path("content.citations.text"), "the generate dialect has no field for what a page says")
		}
		_, end := s.span(text)
		key := [2]string{s.URL, s.Title}
		if n, known := pages[key]; known && end > 0 {
			indices[i] = n
			continue
		}
		indices[i] = chunks
		if end > 0 {
			pages[key] = chunks
		}
		chunks++
		w.Elem()
		page(w, s.Citation)
	}
	w.Close(']')
	o.supports(text, sources, indices)
	w.Close('}')
}

func page(w *rawjson.Writer, c llm.Citation) {
	w.Open('{')
	w.Key("web")
	w.Open('{')
	w.StringField("uri", c.URL)
	if c.Title != "" {
		w.StringField("title", c.Title)
	}
	w.Close('}')
	w.Close('}')
}

// supports writes the places; sources in a row that have the same are one.
func (o *out) supports(text []byte, sources []sourceOut, indices []int) {
	w := &o.w
	w.Key("groundingSupports")
	w.Open('[')
	for i := 0; i < len(sources); {
		start, end := sources[i].span(text)
		n := i + 1
		for ; n < len(sources); n++ {
			if a, b := sources[n].span(text); a != start || b != end {
				break
			}
		}
		if end > 0 {
			w.Elem()
			w.Open('{')
			w.Key("segment")
			w.Open('{')
			w.IntField("startIndex", int64(start))
			w.IntField("endIndex", int64(end))
			w.StringField("text", string(text[start:end]))
			w.Close('}')
			w.Key("groundingChunkIndices")
			w.Open('[')
			for _, chunk := range indices[i:n] {
				w.Elem()
				w.Int(int64(chunk))
			}
			w.Close(']')
			w.Close('}')
		}
		i = n
	}
	w.Close(']')
}

// grounded writes what the texts of a whole answer rest on, unless its provider has said so itself.
func (o *out) grounded(c llm.Choice) {
	if !cites(c.Parts) || dialect.Nested(c.Extra, name, grounding) != nil {
		return
	}
	var text []byte
	var sources []sourceOut
	for _, p := range c.Parts {
		if p.Kind != llm.PartText && p.Kind != llm.PartRefusal {
			continue
		}
		for _, citation := range p.Citations {
			sources = append(sources, sourceOut{citation, len(text)})
		}
		text = append(text, p.Text...)
	}
	o.grounding(text, sources)
}

// cites reports whether any part has citations.
func cites(parts []llm.Part) bool {
	for _, p := range parts {
		if len(p.Citations) > 0 {
			return true
		}
	}
	return false
}

// hear notes what a piece of a text adds to what the answer rests on.
func (c *choiceOut) hear(b *blockOut, ev llm.Event) {
	if b.part.Kind != llm.PartText && b.part.Kind != llm.PartRefusal {
		return
	}
	for _, citation := range ev.Part.Citations {
		c.sources = append(c.sources, sourceOut{citation, b.base})
	}
	c.text = append(c.text, ev.Part.Text...)
}
