package responses

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// decoder reads a stream of events. Texts, thoughts and arguments go out as they come; what else an item has is known
// when the item is done. An opaque item becomes one event then; the events about its progress say nothing that it
// does not hold, and are left out.
type decoder struct {
	split    sse.Splitter
	event    sse.Event
	started  bool
	finished bool
	failed   bool
	calls    bool
	count    int      // blocks so far
	last     llm.Kind // of the block that started last
	items    []*itemIn
}

// itemIn is an item of the output that has begun.
type itemIn struct {
	index  int64
	id     string
	kind   string
	block  int // of a call or an opaque item
	blocks []*blockIn
	free   bool // of a call: pieces are of free text
	opened bool // of a call: its start went out
	sent   int  // of a call: how much of its arguments went out
	done   bool
}

// blockIn is a text or a thought of an item. List tells apart the content of an item and its summary.
type blockIn struct {
	list  string
	index int64
	block int
	kind  llm.Kind
	sent  int
	ended bool
}

const (
	inContentList = "content_index"
	inSummaryList = "summary_index"
)

func (d *decoder) Feed(dst []llm.Event, p []byte) []llm.Event {
	err := d.split.Feed(p, func(frame []byte) { dst = d.frame(dst, frame) })
	if err != nil {
		return d.fail(dst, dialect.Unreadable(err))
	}
	return dst
}

func (d *decoder) Close(dst []llm.Event) []llm.Event {
	if rest := d.split.Rest(); len(rest) > 0 {
		d.event.Parse(rest)
		if rawjson.Valid(d.event.Data) == nil {
			dst = d.frame(dst, rest)
		}
	}
	if !d.failed && !d.finished {
		return d.fail(dst, llm.Errorf(llm.KindTruncated, "the provider's stream ended before the answer was complete"))
	}
	return dst
}

func (d *decoder) fail(dst []llm.Event, err *llm.Error) []llm.Event {
	if d.failed {
		return dst
	}
	d.failed = true
	return append(dst, llm.Event{Type: llm.EventError, Err: err})
}

var doneMark = []byte("[DONE]") // some speakers end so

func (d *decoder) frame(dst []llm.Event, frame []byte) []llm.Event {
	d.event.Parse(frame)
	data := d.event.Data
	if d.failed || d.finished || len(data) == 0 || bytes.Equal(data, doneMark) {
		return dst
	}
	if err := rawjson.Valid(data); err != nil {
		return d.fail(dst, dialect.Unreadable(err))
	}
	if !rawjson.IsObject(data) {
		return d.fail(dst, dialect.Unreadable(dialect.Bad("must be a JSON object")))
	}
	kind := typeOf(data)
	if kind == "" {
		if v, ok, _ := rawjson.Get(data, "error"); ok && !rawjson.IsNull(v) {
			kind = "error"
		}
	}
	dst, err := d.take(dst, kind, data)
	if err != nil {
		return d.fail(dst, dialect.Unreadable(err))
	}
	return dst
}

func (d *decoder) take(dst []llm.Event, kind string, data []byte) ([]llm.Event, error) {
	switch kind {
	case "response.created", "response.queued", "response.in_progress":
		return d.start(dst, member(data, "response"))
	case "response.output_item.added":
		return d.added(d.begin(dst), data)
	case "response.content_part.added":
		return d.partAdded(d.begin(dst), data)
	case "response.reasoning_summary_part.added":
		return d.piece(d.begin(dst), data, inSummaryList, llm.PartReasoning)
	case "response.output_text.delta":
		return d.piece(d.begin(dst), data, inContentList, llm.PartText)
	case "response.refusal.delta":
		return d.piece(d.begin(dst), data, inContentList, llm.PartRefusal)
	case "response.reasoning_text.delta":
		return d.piece(d.begin(dst), data, inContentList, llm.PartReasoning)
	case "response.reasoning_summary_text.delta":
		return d.piece(d.begin(dst), data, inSummaryList, llm.PartReasoning)
	case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
		return d.arguments(d.begin(dst), data)
	case "response.output_item.done":
		return d.itemDone(d.begin(dst), data)
	case "response.completed", "response.incomplete", "response.cancelled":
		return d.end(d.begin(dst), member(data, "response"))
	case "response.failed":
		return d.fail(dst, failure(member(member(data, "response"), "error"))), nil
	case "error":
		return d.fail(dst, failure(data)), nil
	}
	return dst, nil // progress, the end of a piece that is known already, or an event of tomorrow
}

func member(obj []byte, key string) []byte {
	if !rawjson.IsObject(obj) {
		return nil
	}
	v, _, _ := rawjson.Get(obj, key)
	return v
}

// begin starts an answer that begins in its middle.
func (d *decoder) begin(dst []llm.Event) []llm.Event {
	if d.started {
		return dst
	}
	d.started = true
	meta := &llm.Meta{Extra: settings(nil)}
	return append(dst, llm.Event{Type: llm.EventStart, Meta: meta})
}

// start keeps the plain settings of the answer. The others come again at the end, and lists must not be kept twice.
func (d *decoder) start(dst []llm.Event, v []byte) ([]llm.Event, error) {
	if d.started {
		return dst, nil
	}
	var a answerIn
	if err := a.read(v); err != nil {
		return dst, dialect.At("response", err)
	}
	var plain rawjson.Gather
	if rest := a.rest.Object(); rest != nil {
		for it := rawjson.Object(rest); it.Next(); {
			if v := it.Value(); !rawjson.IsArray(v) && !rawjson.IsObject(v) {
				plain.Add(&it)
			}
		}
	}
	d.started = true
	meta := &llm.Meta{ID: a.id, Model: a.model, Created: a.created, Extra: settings(plain.Object())}
	return append(dst, llm.Event{Type: llm.EventStart, Meta: meta}), nil
}

// at finds the item that an event is about, by its place in the output.
func (d *decoder) at(data []byte) *itemIn {
	index, _ := rawjson.Int(member(data, "output_index"))
	for _, it := range d.items {
		if it.index == index {
			return it
		}
	}
	it := &itemIn{index: index, block: -1}
	_ = dialect.String(&it.id, orEmpty(member(data, "item_id")))
	d.items = append(d.items, it)
	return it
}

func orEmpty(v []byte) []byte {
	if v == nil {
		return []byte("null")
	}
	return v
}

func (d *decoder) added(dst []llm.Event, data []byte) ([]llm.Event, error) {
	v := member(data, "item")
	it := d.at(data)
	if it.done {
		return dst, nil
	}
	it.kind = typeOf(v)
	if err := dialect.String(&it.id, orEmpty(member(v, "id"))); err != nil {
		return dst, dialect.At("item.id", err)
	}
	switch it.kind {
	case itemMessage, itemReasoning:
		return dst, nil
	case itemCall, itemCustom:
		p, err := decodeCall(it.kind, v)
		if err != nil {
			return dst, dialect.At("item", err)
		}
		return d.call(dst, it, p), nil
	}
	it.block = d.next(llm.PartOpaque)
	return dst, nil
}

func (d *decoder) next(kind llm.Kind) int {
	d.count++
	d.last = kind
	return d.count - 1
}

// call starts the block of a call. Its state is not known before it is done.
func (d *decoder) call(dst []llm.Event, it *itemIn, p llm.Part) []llm.Event {
	it.block, it.opened, it.free = d.next(llm.PartCall), true, it.kind == itemCustom
	d.calls = true
	p.Call = &llm.ToolCall{ID: p.Call.ID, Name: p.Call.Name}
	if own := p.Extra[name]; own != nil {
		without, err := rawjson.Delete(nil, own, "status")
		p.Extra = nil
		if err == nil && string(without) != "{}" {
			p.Extra = llm.Extra{name: without}
		}
	}
	return append(dst, llm.Event{Type: llm.EventBlockStart, Block: it.block, Part: p})
}

func (d *decoder) arguments(dst []llm.Event, data []byte) ([]llm.Event, error) {
	it := d.at(data)
	if !it.opened || it.done {
		return dst, nil // all of them come when the item is done
	}
	var piece string
	if err := dialect.String(&piece, orEmpty(member(data, "delta"))); err != nil {
		return dst, dialect.At("delta", err)
	}
	if it.free {
		quoted := rawjson.AppendString(nil, piece)
		piece = string(quoted[1 : len(quoted)-1])
		if it.sent == 0 {
			piece = freeOpen + piece
		}
	}
	return it.more(dst, piece, nil), nil
}

// more adds a piece to the arguments of a call.
func (it *itemIn) more(dst []llm.Event, piece string, x llm.Extra) []llm.Event {
	if piece == "" && x == nil {
		return dst
	}
	it.sent += len(piece)
	p := llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{Arguments: piece}, Extra: x}
	return append(dst, llm.Event{Type: llm.EventDelta, Block: it.block, Part: p})
}

// partAdded starts a block where a part of content begins.
func (d *decoder) partAdded(dst []llm.Event, data []byte) ([]llm.Event, error) {
	kind := llm.PartText
	switch typeOf(member(data, "part")) {
	case typeOutput:
	case typeRefusal:
		kind = llm.PartRefusal
	case typeThought:
		kind = llm.PartReasoning
	default:
		return dst, nil // it comes whole when the item is done
	}
	return d.piece(dst, data, inContentList, kind)
}

// piece adds to the block of a text or thought that an event is about, and starts it where it is new.
func (d *decoder) piece(dst []llm.Event, data []byte, list string, kind llm.Kind) ([]llm.Event, error) {
	it := d.at(data)
	if it.done {
		return dst, nil
	}
	var piece string
	if err := dialect.String(&piece, orEmpty(member(data, "delta"))); err != nil {
		return dst, dialect.At("delta", err)
	}
	index, _ := rawjson.Int(member(data, list))
	b := it.find(list, index)
	if b == nil {
		b, dst = d.open(dst, it, list, index, llm.Part{Kind: kind})
	}
	if piece == "" || b.ended {
		return dst, nil
	}
	b.sent += len(piece)
	return append(dst, llm.Event{Type: llm.EventDelta, Block: b.block, Part: llm.Part{Kind: b.kind, Text: piece}}), nil
}

func (it *itemIn) find(list string, index int64) *blockIn {
	for _, b := range it.blocks {
		if b.list == list && b.index == index {
			return b
		}
	}
	return nil
}

// open starts a block. A thought ends where the next of its item begins: only the last is signed.
func (d *decoder) open(dst []llm.Event, it *itemIn, list string, index int64, p llm.Part) (*blockIn, []llm.Event) {
	if n := len(it.blocks); n > 0 && p.Kind == llm.PartReasoning && !it.blocks[n-1].ended {
		dst = it.blocks[n-1].end(dst)
	}
	if p.Extra == nil {
		p.Extra = d.heading(it, list, p.Kind)
	}
	b := &blockIn{list: list, index: index, kind: p.Kind, block: d.next(p.Kind)}
	it.blocks = append(it.blocks, b)
	return b, append(dst, llm.Event{Type: llm.EventBlockStart, Block: b.block, Part: p})
}

// heading is what is known of an item when its first block starts.
func (d *decoder) heading(it *itemIn, list string, kind llm.Kind) (x llm.Extra) {
	var obj rawjson.Gather
	first := len(it.blocks) == 0
	var item rawjson.Gather
	if it.id != "" {
		item.Put("id", rawjson.AppendString(nil, it.id))
	}
	known := item.Object()
	if kind == llm.PartReasoning {
		if list == inContentList {
			obj.Put("type", rawjson.AppendString(nil, typeThought))
		}
		if first && known == nil {
			known = []byte("{}")
		}
		if first {
			obj.Put(itemReasoning, known)
		}
		mark(&x, obj.Object())
		return x
	}
	beside := d.last == llm.PartText || d.last == llm.PartRefusal
	if first && known == nil && beside {
		known = []byte("{}")
	}
	if first && known != nil {
		obj.Put(itemMessage, known)
	}
	dialect.Keep(&x, name, obj.Object())
	return x
}

func (b *blockIn) end(dst []llm.Event) []llm.Event {
	b.ended = true
	return append(dst, llm.Event{Type: llm.EventBlockEnd, Block: b.block})
}
