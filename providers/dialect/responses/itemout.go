package responses

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// itemAdded opens the item that a block begins. What an item says of itself is not known yet, but for its id.
func (e *encoder) itemAdded(dst []byte, b *blockOut) []byte {
	it := &itemOut{index: len(e.items), blocks: []*blockOut{b}}
	b.item = it
	e.items = append(e.items, it)
	it.id = e.ownID(b.part)
	if it.id == "" {
		it.id = itemID(b.part, e.meta.ID, it.index, e.o.free(b.part))
	}
	e.current = nil
	if b.part.Kind != llm.PartCall && b.part.Kind != llm.PartOpaque {
		e.current = it
	}
	const kind = "response.output_item.added"
	e.open(kind)
	w := &e.o.w
	w.IntField("output_index", int64(it.index))
	w.Key("item")
	switch p := b.part; {
	case p.Kind == llm.PartOpaque && !said(p):
		w.Raw(p.Extra[name])
	case p.Kind == llm.PartCall:
		p.Call = &llm.ToolCall{ID: p.Call.ID, Name: p.Call.Name}
		e.o.call(p, it.id, statusRunning)
	default:
		e.shell(p, it.id)
	}
	return e.send(dst, kind)
}

// shell writes a message or a thought that has no parts yet.
func (e *encoder) shell(p llm.Part, id string) {
	w := &e.o.w
	w.Open('{')
	if p.Kind == llm.PartReasoning {
		w.StringField("type", itemReasoning)
		e.o.head(dialect.Nested(p.Extra, name, itemReasoning), id, "")
		w.RawField("summary", []byte("[]"))
	} else {
		w.StringField("type", itemMessage)
		e.o.head(dialect.Nested(p.Extra, name, itemMessage), id, statusRunning)
		w.StringField("role", string(llm.RoleAssistant))
		w.RawField("content", []byte("[]"))
	}
	w.Close('}')
}

// ownID is the id that an item came with.
func (e *encoder) ownID(p llm.Part) (id string) {
	v := dialect.Nested(p.Extra, name, "id")
	switch {
	case said(p):
		v = member(dialect.Nested(p.Extra, name, itemMessage), "id")
	case p.Kind == llm.PartReasoning:
		v = member(dialect.Nested(p.Extra, name, itemReasoning), "id")
	}
	_ = dialect.String(&id, orEmpty(v))
	return id
}

// place writes which item an event is about.
func (e *encoder) place(kind string, it *itemOut) {
	e.open(kind)
	e.o.w.StringField("item_id", it.id)
	e.o.w.IntField("output_index", int64(it.index))
}

// words are the events about one kind of part.
type words struct {
	index              string // the name of its place in a list
	added, delta, done string
	text, over         string // of the part: where its text stands; the event that it is whole
	kind               string
}

var (
	outputWords = words{inContentList, "response.content_part.added", "response.output_text.delta", "response.output_text.done",
		"text", "response.content_part.done", typeOutput}
	refusalWords = words{inContentList, "response.content_part.added", "response.refusal.delta", "response.refusal.done",
		"refusal", "response.content_part.done", typeRefusal}
	thoughtWords = words{inContentList, "response.content_part.added", "response.reasoning_text.delta", "response.reasoning_text.done",
		"text", "response.content_part.done", typeThought}
	summaryWords = words{inSummaryList, "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta",
		"response.reasoning_summary_text.done", "text", "response.reasoning_summary_part.done", typeSummary}
)

func wordsOf(p llm.Part) words {
	switch {
	case p.Kind == llm.PartRefusal:
		return refusalWords
	case p.Kind != llm.PartReasoning:
		return outputWords
	case inContent(p):
		return thoughtWords
	}
	return summaryWords
}

func (e *encoder) partAdded(dst []byte, b *blockOut) []byte {
	if b.part.Redacted || b.part.Kind == llm.PartOpaque && !said(b.part) {
		return dst
	}
	return e.partEvent(dst, b, wordsOf(b.part).added)
}

// partEvent writes a part as it is now.
func (e *encoder) partEvent(dst []byte, b *blockOut, kind string) []byte {
	words := wordsOf(b.part)
	e.place(kind, b.item)
	w := &e.o.w
	w.IntField(words.index, int64(b.index))
	w.Key("part")
	p := b.whole()
	if p.Kind != llm.PartReasoning {
		var part out
		part.answer = true
		part.part(p, typeOutput)
		w.Raw(part.w.B)
		return e.send(dst, kind)
	}
	w.Open('{')
	if !inContent(p) {
		w.StringField("type", typeSummary)
	}
	w.StringField("text", p.Text)
	e.o.own(p.Extra, itemReasoning)
	w.Close('}')
	return e.send(dst, kind)
}

func (e *encoder) text(dst []byte, b *blockOut, piece string) []byte {
	if piece == "" {
		return dst
	}
	if b.part.Redacted && len(b.text) == 0 {
		b.part.Redacted = false
		dst = e.partAdded(dst, b)
	}
	b.text = append(b.text, piece...)
	words := wordsOf(b.part)
	e.place(words.delta, b.item)
	w := &e.o.w
	w.IntField(words.index, int64(b.index))
	w.StringField("delta", piece)
	if words.kind == typeOutput {
		w.RawField("logprobs", []byte("[]"))
	}
	return e.send(dst, words.delta)
}

// partDone says again what a part is, now that it is whole.
func (e *encoder) partDone(dst []byte, b *blockOut) []byte {
	if b.ended {
		return dst
	}
	b.ended = true
	if b.part.Redacted || b.part.Kind == llm.PartOpaque {
		return dst
	}
	words := wordsOf(b.part)
	w := &e.o.w
	list := dialect.Nested(b.part.Extra, name, annotations)
	if list == nil {
		list = listed(b.part.Citations)
	}
	if rawjson.IsArray(list) {
		n := int64(0)
		for it := rawjson.Array(list); it.Next(); n++ {
			const kind = "response.output_text.annotation.added"
			e.place(kind, b.item)
			w.IntField(words.index, int64(b.index))
			w.IntField("annotation_index", n)
			w.RawField("annotation", it.Value())
			dst = e.send(dst, kind)
		}
	}
	e.place(words.done, b.item)
	w.IntField(words.index, int64(b.index))
	w.StringField(words.text, string(b.text))
	if words.kind == typeOutput {
		w.Key("logprobs")
		if list := dialect.Nested(b.part.Extra, name, "logprobs"); list != nil {
			w.Raw(list)
		} else {
			w.Raw([]byte("[]"))
		}
	}
	return e.partEvent(e.send(dst, words.done), b, words.over)
}

// arguments adds to those of a call. The text for a custom tool goes out whole, when the call ends.
func (e *encoder) arguments(dst []byte, b *blockOut, piece string) []byte {
	if piece == "" {
		return dst
	}
	b.text = append(b.text, piece...)
	if e.o.free(b.part) {
		return dst
	}
	const kind = "response.function_call_arguments.delta"
	e.place(kind, b.item)
	e.o.w.StringField("delta", piece)
	return e.send(dst, kind)
}

func (e *encoder) callDone(dst []byte, b *blockOut) []byte {
	b.ended = true
	w := &e.o.w
	if len(b.text) == 0 && b.part.Extra[name] == nil && !e.o.free(b.part) {
		dst = e.arguments(dst, b, noArguments)
	}
	if !e.o.free(b.part) {
		const kind = "response.function_call_arguments.done"
		e.place(kind, b.item)
		e.o.callName(b.part)
		w.StringField("arguments", string(b.text))
		return e.send(dst, kind)
	}
	input := freeInput(string(b.text))
	for _, event := range [][2]string{{"response.custom_tool_call_input.delta", "delta"}, {"response.custom_tool_call_input.done", "input"}} {
		e.place(event[0], b.item)
		w.StringField(event[1], input)
		dst = e.send(dst, event[0])
	}
	return dst
}

// whole is the part as it has come.
func (b *blockOut) whole() llm.Part {
	p := b.part
	if p.Call != nil {
		p.Call = &llm.ToolCall{ID: p.Call.ID, Name: p.Call.Name, Arguments: string(b.text)}
		return p
	}
	p.Text, p.Signature = string(b.text), string(b.sign)
	return p
}

// itemDone ends an item and keeps its object for the end of the stream.
func (e *encoder) itemDone(dst []byte, it *itemOut) []byte {
	if it.object != nil {
		return dst
	}
	if e.current == it {
		e.current = nil
	}
	parts := make([]llm.Part, 0, len(it.blocks))
	for _, b := range it.blocks {
		if b.part.Kind == llm.PartCall {
			dst = e.callDone(dst, b)
		} else {
			dst = e.partDone(dst, b)
		}
		parts = append(parts, b.whole())
	}
	id, answer := "", ""
	if e.o.made {
		id = it.id
		if e.finish != nil {
			answer, _ = statusOf(*e.finish, false)
		}
	}
	var item out
	item.answer, item.made, item.box = true, e.o.made, e.o.box
	item.losses.Own, item.losses.Array = name, e.o.losses.Array
	item.state(parts, id, e.o.status(parts[0], answer))
	it.object = item.w.B
	for _, loss := range item.losses.List() {
		e.o.losses.Add(loss.Field, loss.Why)
	}
	const kind = "response.output_item.done"
	e.open(kind)
	e.o.w.IntField("output_index", int64(it.index))
	e.o.w.RawField("item", it.object)
	return e.send(dst, kind)
}
