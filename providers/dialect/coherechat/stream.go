package coherechat

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// decoder reads a stream of named events. Content, calls and the plan each count their own blocks.
type decoder struct {
	split   sse.Splitter
	event   sse.Event
	started bool
	ended   bool // the finish is out
	failed  bool
	blocks  int
	open    []blockIn
	waiting [][]byte // citations that no open block can carry
}

// blockIn is a block that has not ended. What says which series it is counted in.
type blockIn struct {
	what  string
	index int64
	kind  llm.Kind
	block int
}

// The series of blocks.
const (
	inContent = "content"
	inPlan    = "tool_plan"
	inCalls   = "tool_calls"
)

var doneMark = []byte("[DONE]")

func (d *decoder) Feed(dst []llm.Event, p []byte) []llm.Event {
	err := d.split.Feed(p, func(frame []byte) { dst = d.frame(dst, frame) })
	if err != nil {
		return d.fail(dst, dialect.Unreadable(err))
	}
	return dst
}

func (d *decoder) Close(dst []llm.Event) []llm.Event {
	if rest := d.split.Rest(); len(rest) > 0 {
		if d.event.Parse(rest); rawjson.Valid(d.event.Data) == nil {
			dst = d.frame(dst, rest)
		}
	}
	if d.failed || d.ended {
		return dst
	}
	return d.fail(dst, llm.Errorf(llm.KindTruncated, "the provider's stream ended before the answer was complete"))
}

func (d *decoder) fail(dst []llm.Event, err *llm.Error) []llm.Event {
	if d.failed {
		return dst
	}
	d.failed = true
	return append(dst, llm.Event{Type: llm.EventError, Err: err})
}

func (d *decoder) bad(dst []llm.Event, err error) []llm.Event {
	return d.fail(dst, dialect.Unreadable(err))
}

func (d *decoder) frame(dst []llm.Event, frame []byte) []llm.Event {
	d.event.Parse(frame)
	data := d.event.Data
	if d.failed || d.ended || len(data) == 0 || bytes.Equal(data, doneMark) {
		return dst
	}
	if err := rawjson.Valid(data); err != nil {
		return d.bad(dst, err)
	}
	if !rawjson.IsObject(data) {
		return d.bad(dst, dialect.Bad("must be a JSON object"))
	}
	return d.said(dst, data)
}

// eventType is the type in the data of an event, else its name. Nil where there is neither.
func eventType(e *sse.Event) []byte {
	if v, ok, _ := rawjson.Get(e.Data, "type"); ok && len(v) > 2 && rawjson.IsString(v) {
		return v[1 : len(v)-1] // the words that are known have no escapes
	}
	return e.Name
}

func failure(data []byte) bool {
	_, wrapped, _ := rawjson.Get(data, "error")
	return wrapped || isError(data)
}

func (d *decoder) said(dst []llm.Event, data []byte) []llm.Event {
	kind := string(eventType(&d.event))
	if kind == messageStart {
		return d.start(dst, data)
	}
	if (kind == "" || kind == "error") && failure(data) {
		return d.fail(dst, streamError(data))
	}
	switch kind {
	case contentStart, contentDelta, planDelta, callStart, callDelta, citationStart:
		dst = d.begin(dst)
		return d.piece(dst, kind, data)
	case contentEnd:
		return d.stop(dst, inContent, indexOf(data))
	case callEnd:
		return d.stop(dst, inCalls, indexOf(data))
	case messageEnd:
		return d.end(d.begin(dst), data)
	}
	return dst
}

// begin starts a stream whose first event is missing.
func (d *decoder) begin(dst []llm.Event) []llm.Event {
	if d.started {
		return dst
	}
	d.started = true
	return append(dst, llm.Event{Type: llm.EventStart, Meta: &llm.Meta{}})
}

func (d *decoder) start(dst []llm.Event, data []byte) []llm.Event {
	if d.started {
		return dst
	}
	meta := &llm.Meta{}
	if v, ok, _ := rawjson.Get(data, "id"); ok {
		if err := dialect.String(&meta.ID, v); err != nil {
			return d.bad(dst, dialect.At("id", err))
		}
	}
	var rest rawjson.Gather
	gather(&rest, data, "id", "type", "delta")
	keep(&meta.Extra, &rest)
	d.started = true
	return append(dst, llm.Event{Type: llm.EventStart, Meta: meta})
}

func indexOf(data []byte) (index int64) {
	if v, ok, _ := rawjson.Get(data, "index"); ok {
		_ = dialect.Int(&index, v)
	}
	return index
}

// piece reads what an event adds to the message.
func (d *decoder) piece(dst []llm.Event, kind string, data []byte) []llm.Event {
	delta, _, _ := rawjson.Get(data, "delta")
	if !rawjson.IsObject(delta) {
		return dst
	}
	v, _, _ := rawjson.Get(delta, "message")
	if !rawjson.IsObject(v) {
		return dst
	}
	at := indexOf(data)
	switch kind {
	case contentStart:
		return d.contentStart(dst, at, v)
	case contentDelta:
		return d.contentDelta(dst, at, v, data)
	case planDelta:
		return d.plan(dst, v)
	case callStart:
		return d.callStart(dst, at, v)
	case callDelta:
		return d.callDelta(dst, at, v)
	}
	return d.citation(dst, v)
}

func (d *decoder) contentStart(dst []llm.Event, at int64, v []byte) []llm.Event {
	content, _, _ := rawjson.Get(v, "content")
	p, err := decodePart(content)
	if err != nil {
		return d.bad(dst, dialect.At("content", err))
	}
	dst = d.stop(d.stop(dst, inPlan, 0), inContent, at)
	text := p.Text
	if p.Kind == llm.PartText || p.Kind == llm.PartReasoning {
		p.Text = ""
	}
	dst, b := d.opened(dst, inContent, at, p)
	if text == "" || p.Kind != llm.PartText && p.Kind != llm.PartReasoning {
		return dst
	}
	return append(dst, b.delta(llm.Part{Kind: p.Kind, Text: text}))
}

// contentDelta adds to the open content block; where none has started, the member says its kind.
func (d *decoder) contentDelta(dst []llm.Event, at int64, v, data []byte) []llm.Event {
	content, _, _ := rawjson.Get(v, "content")
	if !rawjson.IsObject(content) {
		return dst
	}
	p := llm.Part{Kind: llm.PartText}
	for it := rawjson.Object(content); it.Next(); {
		var err error
		switch string(it.Key()) {
		case typeText:
			err = dialect.String(&p.Text, it.Value())
		case typeThinking:
			p.Kind = llm.PartReasoning
			err = dialect.String(&p.Text, it.Value())
		}
		if err != nil {
			return d.bad(dst, dialect.At("content", dialect.At(string(it.Key()), err)))
		}
	}
	b := d.find(inContent, at)
	if b == nil {
		head := llm.Part{Kind: p.Kind}
		if p.Kind == llm.PartReasoning {
			head.Extra = llm.Extra{name: thinkingMark}
		}
		dst, b = d.opened(d.stop(dst, inPlan, 0), inContent, at, head)
	}
	p.Kind = b.kind
	e := b.delta(p)
	if logprobs, ok, _ := rawjson.Get(data, "logprobs"); ok && !rawjson.IsNull(logprobs) {
		e.Extra = listed("logprobs", logprobs)
	}
	return append(dst, e)
}

// listed is the Extra of a choice with more elements of a list.
func listed(key string, elements ...[]byte) (x llm.Extra) {
	if len(elements) == 0 {
		return nil
	}
	var g rawjson.Gather
	g.Put(key, append(append([]byte{'['}, bytes.Join(elements, []byte{','})...), ']'))
	keep(&x, &g)
	return x
}

func (d *decoder) plan(dst []llm.Event, v []byte) []llm.Event {
	text, _, _ := rawjson.Get(v, "tool_plan")
	p := llm.Part{Kind: llm.PartReasoning}
	if err := dialect.String(&p.Text, text); err != nil {
		return d.bad(dst, dialect.At("tool_plan", err))
	}
	b := d.find(inPlan, 0)
	if b == nil && p.Text == "" {
		return dst
	}
	if b == nil {
		dst, b = d.opened(dst, inPlan, 0, llm.Part{Kind: llm.PartReasoning, Extra: llm.Extra{name: planMark}})
	}
	return append(dst, b.delta(p))
}

// oneCall is the call of an event; some speakers send a list.
func oneCall(v []byte) []byte {
	call, _, _ := rawjson.Get(v, "tool_calls")
	if rawjson.IsArray(call) {
		it := rawjson.Array(call)
		it.Next()
		call = it.Value()
	}
	return call
}

func (d *decoder) callStart(dst []llm.Event, at int64, v []byte) []llm.Event {
	p, err := decodeCall(oneCall(v))
	if err != nil {
		return d.bad(dst, dialect.At("tool_calls", err))
	}
	dst = d.stop(d.stop(dst, inPlan, 0), inCalls, at)
	arguments := p.Call.Arguments
	p.Call.Arguments = ""
	dst, b := d.opened(dst, inCalls, at, p)
	if arguments == "" {
		return dst
	}
	return append(dst, b.delta(llm.Part{Kind: p.Kind, Call: &llm.ToolCall{Arguments: arguments}}))
}

func (d *decoder) callDelta(dst []llm.Event, at int64, v []byte) []llm.Event {
	p, err := decodeCall(oneCall(v))
	if err != nil {
		return d.bad(dst, dialect.At("tool_calls", err))
	}
	b := d.find(inCalls, at)
	if b == nil {
		return d.callStart(dst, at, v)
	}
	return append(dst, b.delta(llm.Part{Kind: b.kind, Call: &llm.ToolCall{Arguments: p.Call.Arguments}}))
}

// citation goes to the choice, by way of an empty piece of the block that is open, or of what comes next.
func (d *decoder) citation(dst []llm.Event, v []byte) []llm.Event {
	cited, ok, _ := rawjson.Get(v, "citations")
	switch {
	case !ok || rawjson.IsNull(cited):
		return dst
	case rawjson.IsArray(cited): // some speakers send a list
		for it := rawjson.Array(cited); it.Next(); {
			d.waiting = append(d.waiting, bytes.Clone(it.Value()))
		}
	default:
		d.waiting = append(d.waiting, bytes.Clone(cited))
	}
	n := len(d.open)
	if n == 0 {
		return dst
	}
	e := d.open[n-1].delta(llm.Part{Kind: d.open[n-1].kind})
	e.Extra = d.cited()
	return append(dst, e)
}

// cited takes the citations that have waited.
func (d *decoder) cited() llm.Extra {
	x := listed("citations", d.waiting...)
	d.waiting = nil
	return x
}

func (d *decoder) find(what string, index int64) *blockIn {
	for i := range d.open {
		if b := &d.open[i]; b.what == what && b.index == index {
			return b
		}
	}
	return nil
}

// opened opens a block.
func (d *decoder) opened(dst []llm.Event, what string, index int64, p llm.Part) ([]llm.Event, *blockIn) {
	d.open = append(d.open, blockIn{what, index, p.Kind, d.blocks})
	b := &d.open[len(d.open)-1]
	d.blocks++
	return append(dst, llm.Event{Type: llm.EventBlockStart, Block: b.block, Part: p, Extra: d.cited()}), b
}

func (b *blockIn) delta(p llm.Part) llm.Event {
	return llm.Event{Type: llm.EventDelta, Block: b.block, Part: p}
}

func (d *decoder) stop(dst []llm.Event, what string, index int64) []llm.Event {
	for i, b := range d.open {
		if b.what == what && b.index == index {
			d.open = append(d.open[:i], d.open[i+1:]...)
			return append(dst, llm.Event{Type: llm.EventBlockEnd, Block: b.block})
		}
	}
	return dst
}

func (d *decoder) end(dst []llm.Event, data []byte) []llm.Event {
	delta, _, _ := rawjson.Get(data, "delta")
	if !rawjson.IsObject(delta) {
		return d.bad(dst, dialect.At("delta", dialect.Bad("must be an object")))
	}
	if e := endError(delta); e != nil {
		return d.fail(dst, e)
	}
	var finish string
	if v, ok, _ := rawjson.Get(delta, "finish_reason"); ok {
		if err := dialect.String(&finish, v); err != nil {
			return d.bad(dst, dialect.At("finish_reason", err))
		}
	}
	for _, b := range d.open {
		dst = append(dst, llm.Event{Type: llm.EventBlockEnd, Block: b.block})
	}
	d.ended = true
	usage, _, _ := rawjson.Get(delta, "usage")
	if u := decodeUsage(usage); u != nil {
		e := llm.Event{Type: llm.EventUsage, Usage: u}
		var rest rawjson.Gather
		gather(&rest, delta, "usage", "finish_reason", "error")
		keep(&e.Extra, &rest)
		dst = append(dst, e)
	}
	f := decodeFinish(finish)
	return append(dst, llm.Event{Type: llm.EventFinish, Finish: &f, Extra: d.cited()})
}
