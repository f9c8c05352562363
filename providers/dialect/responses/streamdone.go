package responses

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// itemDone takes from a whole item what its pieces have not said.
func (d *decoder) itemDone(dst []llm.Event, data []byte) ([]llm.Event, error) {
	dst, err := d.whole(dst, d.at(data), member(data, "item"))
	return dst, dialect.At("item", err)
}

func (d *decoder) whole(dst []llm.Event, it *itemIn, v []byte) ([]llm.Event, error) {
	if it.done {
		return dst, nil
	}
	in, err := decodeOutput(v)
	if err != nil {
		return dst, err
	}
	it.done, it.kind = true, typeOf(v)
	for i, p := range in.parts {
		switch {
		case p.Kind == llm.PartCall:
			dst = d.callDone(dst, it, p)
		case p.Kind == llm.PartOpaque && !said(p):
			dst = d.opaqueDone(dst, it, p)
		default:
			list, index := inContentList, int64(i)
			if p.Kind == llm.PartReasoning && i < in.summaries {
				list = inSummaryList
			} else if p.Kind == llm.PartReasoning {
				index -= int64(in.summaries)
			}
			dst = d.blockDone(dst, it, list, index, p)
		}
	}
	for _, b := range it.blocks {
		if !b.ended {
			dst = b.end(dst)
		}
	}
	return dst, nil
}

func (d *decoder) callDone(dst []llm.Event, it *itemIn, p llm.Part) []llm.Event {
	if !it.opened {
		dst = d.call(dst, it, p)
	}
	rest := ""
	if it.sent < len(p.Call.Arguments) {
		rest = p.Call.Arguments[it.sent:]
	}
	dst = it.more(dst, rest, p.Extra)
	return append(dst, llm.Event{Type: llm.EventBlockEnd, Block: it.block})
}

func (d *decoder) opaqueDone(dst []llm.Event, it *itemIn, p llm.Part) []llm.Event {
	if it.block < 0 {
		it.block = d.next(p.Kind)
	}
	return append(dst, llm.Event{Type: llm.EventBlockStart, Block: it.block, Part: p},
		llm.Event{Type: llm.EventBlockEnd, Block: it.block})
}

// blockDone completes a text or a thought. One that has not begun, or that has only a signature, comes whole.
func (d *decoder) blockDone(dst []llm.Event, it *itemIn, list string, index int64, p llm.Part) []llm.Event {
	b := it.find(list, index)
	if b == nil {
		if len(it.blocks) == 0 && dialect.Nested(p.Extra, name, itemMessage) == nil {
			p.Extra = d.beside(p)
		}
		whole := p
		if !p.Redacted && p.Kind != llm.PartOpaque {
			whole.Text, whole.Signature = "", ""
		}
		b, dst = d.open(dst, it, list, index, whole)
		if whole.Text != p.Text || whole.Signature != p.Signature {
			dst = append(dst, llm.Event{Type: llm.EventDelta, Block: b.block, Part: llm.Part{Kind: p.Kind, Text: p.Text, Signature: p.Signature}})
		}
		return dst
	}
	if b.ended {
		return dst
	}
	p.Text = p.Text[min(b.sent, len(p.Text)):]
	if p.Text != "" || p.Signature != "" || p.Extra != nil || p.Citations != nil {
		p.Kind = b.kind
		dst = append(dst, llm.Event{Type: llm.EventDelta, Block: b.block, Part: p})
	}
	return dst
}

// beside marks a text that follows that of another message.
func (d *decoder) beside(p llm.Part) llm.Extra {
	if (p.Kind == llm.PartText || p.Kind == llm.PartRefusal) && (d.last == llm.PartText || d.last == llm.PartRefusal) {
		addMember(&p.Extra, itemMessage, []byte("{}"))
	}
	return p.Extra
}

// end reads the whole answer. Items that no event spoke of are taken from it.
func (d *decoder) end(dst []llm.Event, v []byte) ([]llm.Event, error) {
	var a answerIn
	if err := a.read(v); err != nil {
		return dst, dialect.At("response", err)
	}
	if a.failed() {
		return d.fail(dst, a.failure()), nil
	}
	if rawjson.IsArray(a.output) {
		var err error
		index := int64(0)
		for out := rawjson.Array(a.output); out.Next() && err == nil; index++ {
			dst, err = d.settle(dst, index, out.Value())
		}
		if err != nil {
			return dst, dialect.At("response.output", err)
		}
	}
	for _, it := range d.items {
		dst = it.leave(dst)
	}
	d.finished = true
	f := decodeFinish(a.status, a.reason, d.calls)
	usage := llm.Event{Type: llm.EventUsage, Usage: decodeUsage(a.usage), Extra: settings(a.rest.Object())}
	return append(dst, llm.Event{Type: llm.EventFinish, Finish: &f}, usage), nil
}

// settle completes the item at a place of the output, unless it is known under another.
func (d *decoder) settle(dst []llm.Event, index int64, v []byte) ([]llm.Event, error) {
	var id string
	_ = dialect.String(&id, orEmpty(member(v, "id")))
	for _, it := range d.items {
		if it.index == index || id != "" && it.id == id {
			return d.whole(dst, it, v)
		}
	}
	it := &itemIn{index: index, id: id, block: -1}
	d.items = append(d.items, it)
	return d.whole(dst, it, v)
}

// leave ends what an item without an end has begun.
func (it *itemIn) leave(dst []llm.Event) []llm.Event {
	if it.done {
		return dst
	}
	it.done = true
	if it.opened {
		if it.free && it.sent > 0 {
			dst = it.more(dst, freeClose, nil)
		}
		return append(dst, llm.Event{Type: llm.EventBlockEnd, Block: it.block})
	}
	for _, b := range it.blocks {
		if !b.ended {
			dst = b.end(dst)
		}
	}
	return dst
}
