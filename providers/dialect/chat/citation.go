package chat

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// annotations is the member of an answer's message that says which pages its text rests on. Places are in the text of
// the whole message.
const annotations = "annotations"

// cited puts the citations of an answer on its texts, and returns the members of the message that are left: the list
// too, where it says more than a citation can.
func cited(parts []llm.Part, left []byte) []byte {
	if left == nil {
		return nil
	}
	list, ok, _ := rawjson.Get(left, annotations)
	if !ok {
		return left
	}
	citations, ok := dialect.URLCitations(list, true)
	if !ok || !cite(parts, citations) {
		return left
	}
	without, err := rawjson.Delete(nil, left, annotations)
	if err != nil || string(without) == "{}" {
		return nil
	}
	return without
}

// cite puts each citation on the text that it begins in, the last where it does not say. It fails where there is none.
func cite(parts []llm.Part, citations []llm.Citation) bool {
	var texts []int
	var bases []int64
	chars := int64(0)
	for i, p := range parts {
		if p.Kind == llm.PartText {
			texts, bases = append(texts, i), append(bases, chars)
			chars += int64(dialect.Characters(p.Text))
		}
	}
	if len(texts) == 0 {
		return len(citations) == 0
	}
	for _, c := range citations {
		at := len(texts) - 1
		for c.Start != nil && at > 0 && *c.Start < bases[at] {
			at--
		}
		p := &parts[texts[at]]
		p.Citations = append(p.Citations, moved(c, bases[at]))
	}
	return true
}

// moved counts the places of a citation from base on. Without a base there is nothing to count.
func moved(c llm.Citation, base int64) llm.Citation {
	if base == 0 {
		return c
	}
	if c.Start != nil && *c.Start < base || c.End != nil && *c.End < base {
		c.Start, c.End = nil, nil // the text that it is of has ended
		return c
	}
	for _, place := range []**int64{&c.Start, &c.End} {
		if *place != nil {
			n := **place - base
			*place = &n
		}
	}
	return c
}

// cite puts citations on the open text; where none is open they wait for one.
func (c *choiceIn) cite(dst []llm.Event, citations []llm.Citation) []llm.Event {
	c.waiting = append(c.waiting, citations...)
	if len(c.waiting) == 0 || c.open < 0 || c.kind != llm.PartText {
		return dst
	}
	p := llm.Part{Kind: llm.PartText}
	for _, citation := range c.waiting {
		p.Citations = append(p.Citations, moved(citation, c.base))
	}
	c.waiting = nil
	return append(dst, llm.Event{Type: llm.EventDelta, Choice: c.index, Block: c.open, Part: p})
}

// annotations writes the citations of an answer, behind those that only this dialect knows.
func (o *out) annotations(parts []llm.Part, left []byte) {
	any := false
	for _, p := range parts {
		any = any || len(p.Citations) > 0
	}
	if !any {
		if left != nil {
			o.w.Members(left)
		}
		return
	}
	o.w.Key(annotations)
	o.w.Open('[')
	if left != nil {
		if list, ok, _ := rawjson.Get(left, annotations); ok && rawjson.IsArray(list) {
			for it := rawjson.Array(list); it.Next(); {
				o.w.Elem()
				o.w.Raw(it.Value())
			}
		}
	}
	base := int64(0)
	for _, p := range parts {
		if p.Kind == llm.PartText {
			for _, c := range p.Citations {
				dialect.URLCitation(&o.w, c, base, true)
			}
			base += int64(dialect.Characters(p.Text))
		}
	}
	o.w.Close(']')
	if left != nil {
		o.w.Members(left, annotations)
	}
}

// annotations writes the citations that are new of a block.
func (e *encoder) annotations(citations []llm.Citation, base int64) {
	if len(citations) == 0 {
		return
	}
	e.w.Key(annotations)
	e.w.Open('[')
	for _, c := range citations {
		dialect.URLCitation(&e.w, c, base, true)
	}
	e.w.Close(']')
}
