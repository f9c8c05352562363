package chat

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// delta reads the new pieces of a choice. Members that it does not know go to rest, under the name that the message
// of a whole answer has.
func (d *decoder) delta(dst []llm.Event, c *choiceIn, v []byte, rest *rawjson.Gather) []llm.Event {
	m, err := decodeDelta(v)
	if err != nil {
		return d.fail(dst, dialect.Unreadable(dialect.At("choices", err)))
	}
	if obj := m.rest.Object(); obj != nil {
		rest.Put("message", obj)
	}
	for _, p := range m.details {
		dst = c.detail(dst, p)
	}
	if m.reasoning != "" && !m.thought {
		dst = c.text(dst, llm.PartReasoning, m.reasoning)
	}
	for _, p := range m.content {
		if p.Kind == llm.PartText && p.Extra == nil {
			dst = c.text(dst, llm.PartText, p.Text)
			continue
		}
		if p.Kind == llm.PartReasoning {
			dst = c.thinking(dst, p)
			continue
		}
		dst = c.stop(c.start(dst, p))
	}
	dst = c.cite(dst, m.citations)
	if m.refusal != "" {
		dst = c.text(dst, llm.PartRefusal, m.refusal)
	}
	for _, call := range m.calls {
		dst = c.call(dst, call)
	}
	return dst
}

// delta is what one chunk adds to a choice.
type deltaIn struct {
	message
	calls     []callPiece
	citations []llm.Citation
}

type callPiece struct {
	index int64 // negative where the provider leaves it out
	part  llm.Part
}

func decodeDelta(v []byte) (m deltaIn, err error) {
	it := rawjson.Object(v)
	for it.Next() {
		v := it.Value()
		if rawjson.IsNull(v) {
			continue
		}
		switch string(it.Key()) {
		case "role":
		case "content":
			m.content, err = decodeContent(v)
		case "refusal":
			err = dialect.String(&m.refusal, v)
		case "reasoning_content", "reasoning":
			err = decodeReasoningText(&m.message, v)
		case "reasoning_details":
			err = m.readDetails(v)
		case "tool_calls":
			err = m.readCalls(v)
		case annotations:
			var ok bool
			if m.citations, ok = dialect.URLCitations(v, true); !ok {
				m.rest.Add(&it)
			}
		default:
			m.rest.Add(&it)
		}
		if err != nil {
			return m, dialect.At(string(it.Key()), err)
		}
	}
	return m, it.Err()
}

func (m *deltaIn) readCalls(v []byte) error {
	return dialect.List(v, "must be a list of tool calls", func(_ int, v []byte) error {
		p, err := decodeCall(v)
		call := callPiece{index: -1, part: p}
		if i, ok, _ := rawjson.Get(v, "index"); ok && err == nil {
			err = dialect.At("index", dialect.Int(&call.index, i))
		}
		m.calls = append(m.calls, call)
		return err
	})
}

// text adds a piece to the open block of a kind, opening it where it is not.
func (c *choiceIn) text(dst []llm.Event, kind llm.Kind, text string) []llm.Event {
	if c.open < 0 || c.kind != kind || c.listed || c.inDetail() {
		dst = c.start(dst, llm.Part{Kind: kind})
		dst = c.cite(dst, nil)
	}
	if kind == llm.PartText {
		c.chars += int64(dialect.Characters(text))
	}
	return append(dst, llm.Event{Type: llm.EventDelta, Choice: c.index, Block: c.open, Part: llm.Part{Kind: kind, Text: text}})
}

// thinking adds a thought of the content to the open block, where that is one.
func (c *choiceIn) thinking(dst []llm.Event, p llm.Part) []llm.Event {
	if c.open < 0 || !c.listed {
		head := llm.Part{Kind: llm.PartReasoning}
		dialect.Keep(&head.Extra, name, thinkingMark)
		dst = c.start(dst, head)
	}
	return append(dst, llm.Event{Type: llm.EventDelta, Choice: c.index, Block: c.open, Part: p})
}

// start opens a block and ends the one that was open.
func (c *choiceIn) start(dst []llm.Event, p llm.Part) []llm.Event {
	dst = c.stop(dst)
	c.open, c.kind, c.listed = c.blocks, p.Kind, inContent(p)
	c.blocks++
	if p.Kind == llm.PartReasoning && !c.listed {
		c.thoughts++
	}
	if p.Kind == llm.PartText {
		c.base = c.chars
		c.chars += int64(dialect.Characters(p.Text))
	}
	return append(dst, llm.Event{Type: llm.EventBlockStart, Choice: c.index, Block: c.open, Part: p})
}

func (c *choiceIn) stop(dst []llm.Event) []llm.Event {
	if c.open < 0 {
		return dst
	}
	dst = append(c.seal(dst), llm.Event{Type: llm.EventBlockEnd, Choice: c.index, Block: c.open})
	c.open = -1
	return dst
}

// call adds a piece to the tool call with its index. A new id under a known index is a new call: some providers number
// all calls 0.
func (c *choiceIn) call(dst []llm.Event, piece callPiece) []llm.Event {
	p := piece.part
	if i := c.find(piece); i >= 0 {
		p.Call.ID = ""
		return append(dst, llm.Event{Type: llm.EventDelta, Choice: c.index, Block: c.calls[i].block, Part: p})
	}
	dst = c.stop(dst)
	block := c.blocks
	c.blocks++
	c.calls = append(c.calls, callIn{piece.index, p.Call.ID, block})
	head, arguments := p, p.Call.Arguments
	head.Call = &llm.ToolCall{ID: p.Call.ID, Name: p.Call.Name}
	dst = append(dst, llm.Event{Type: llm.EventBlockStart, Choice: c.index, Block: block, Part: head})
	if arguments == "" {
		return dst
	}
	piecePart := llm.Part{Kind: p.Kind, Call: &llm.ToolCall{Arguments: arguments}}
	return append(dst, llm.Event{Type: llm.EventDelta, Choice: c.index, Block: block, Part: piecePart})
}

func (c *choiceIn) find(piece callPiece) int {
	id := piece.part.Call.ID
	for i := len(c.calls) - 1; i >= 0; i-- {
		at := c.calls[i]
		if piece.index < 0 && id == "" || at.index == piece.index && (id == "" || id == at.id) {
			return i
		}
	}
	return -1
}
