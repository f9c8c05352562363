package chat

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// Structured reasoning is a list of details. The provider that signed one wants it back unchanged, through clients of
// any dialect, which keep nothing of it but the text and the signature. So the signature of an answer's detail leaves
// this dialect behind a mark and the rest of the detail; a summary, which nobody signs, has the mark and the rest alone:
//
//	reasoning_detail:BASE64:SIGNATURE
//
// Clients and providers of this dialect see it without both.

// detailPiece is a detail, or in a stream a piece of one. Index is negative where the provider leaves it out.
type detailPiece struct {
	index int64
	part  llm.Part
}

// detailIn is a detail of a stream, and the block that it became.
type detailIn struct {
	index  int64
	kind   string
	block  int
	place  int  // among the thoughts
	marked bool // a part of its signature went out
	extra  llm.Extra
}

func (m *message) readDetails(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	return dialect.List(v, "must be a list of objects", func(_ int, v []byte) error {
		p, index, err := decodeDetail(v)
		m.details = append(m.details, detailPiece{index, p})
		m.thought = m.thought || p.Text != ""
		return err
	})
}

// decodeDetail reads a piece of structured reasoning. What is signed, or has members
// of its own, has an Extra of this dialect: that is how the encoder knows what came as a detail.
func decodeDetail(v []byte) (p llm.Part, index int64, err error) {
	p.Kind = llm.PartReasoning
	index = -1
	var rest rawjson.Gather
	it := rawjson.Object(v)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "text", "summary":
			err = dialect.String(&p.Text, v)
		case "signature":
			err = dialect.String(&p.Signature, v)
		case "data":
			err = dialect.String(&p.Signature, v)
		case "index":
			err = dialect.Int(&index, v)
		case "type":
			p.Redacted = rawjson.EqualString(v, detailEncrypted)
			if !p.Redacted && !rawjson.EqualString(v, detailText) {
				rest.Add(&it)
			}
		default:
			if !rawjson.IsNull(v) {
				rest.Add(&it)
			}
		}
		if err != nil {
			return p, index, dialect.At(string(it.Key()), err)
		}
	}
	if it.Err() != nil {
		return p, index, dialect.Bad("must be an object")
	}
	obj := rest.Object()
	if obj == nil && p.Signature != "" {
		obj = json.RawMessage(`{}`)
	}
	dialect.Keep(&p.Extra, name, obj)
	return p, index, nil
}

// placed is the Extra of a detail with its index, where that is not its place among the thoughts.
func (d detailPiece) placed(place int) llm.Extra {
	if d.index < 0 || d.index == int64(place) {
		return d.part.Extra
	}
	var w rawjson.Writer
	w.Open('{')
	w.IntField("index", d.index)
	if own := d.part.Extra[name]; own != nil {
		w.Members(own)
	}
	w.Close('}')
	return llm.Extra{name: w.B}
}

// detailIndex is the index that a detail came with, else its place among the thoughts.
func detailIndex(x llm.Extra, place int) int {
	n, ok := rawjson.Int(dialect.Nested(x, name, "index"))
	if !ok {
		return place
	}
	return int(n)
}

// signed marks the signatures of an answer.
func signed(parts []llm.Part) []llm.Part {
	place := 0
	for i, p := range parts {
		if p.Kind == llm.PartReasoning && !inContent(p) {
			if p.Signature != "" || rawjson.EqualString(dialect.Nested(p.Extra, name, "type"), detailSummary) {
				parts[i].Signature = marked(p, place)
			}
			place++
		}
	}
	return parts
}

// marked is the signature of a detail with the mark.
func marked(p llm.Part, place int) string {
	var w rawjson.Writer
	w.Open('{')
	writeKind(&w, p)
	w.IntField("index", int64(detailIndex(p.Extra, place)))
	if own := p.Extra[name]; own != nil {
		w.Members(own, "type", "index")
	}
	w.Close('}')
	return dialect.SignedChat + base64.RawURLEncoding.EncodeToString(w.B) + ":" + p.Signature
}

// unmarked is marked the other way: the detail without text and signature, and the signature.
func unmarked(s string) (head json.RawMessage, signature string, ok bool) {
	rest, ok := strings.CutPrefix(s, dialect.SignedChat)
	if !ok {
		return nil, "", false
	}
	text, signature, ok := strings.Cut(rest, ":")
	head, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil || rawjson.Valid(head) != nil || !rawjson.IsObject(head) {
		return nil, "", false
	}
	return head, signature, true
}

// inDetail reports whether the open block is a piece of structured reasoning.
func (c *choiceIn) inDetail() bool {
	n := len(c.details)
	return n > 0 && c.details[n-1].block == c.open
}

// detail adds a piece of structured reasoning to the block with its index and type.
func (c *choiceIn) detail(dst []llm.Event, d detailPiece) []llm.Event {
	kind := detailKind(d.part)
	for i := len(c.details) - 1; i >= 0; i-- {
		if at := &c.details[i]; at.index == d.index && at.kind == kind && (kind != detailEncrypted || d.part.Signature == "") {
			return c.detailDelta(dst, at, d)
		}
	}
	at := detailIn{index: d.index, kind: kind, block: c.blocks, place: c.thoughts}
	head := llm.Part{Kind: llm.PartReasoning, Redacted: d.part.Redacted}
	head.Extra = detailPiece{index: d.index}.placed(at.place)
	dst = c.start(dst, head)
	c.details = append(c.details, at)
	return c.detailDelta(dst, &c.details[len(c.details)-1], d)
}

// detailDelta marks the first piece of a signature only: all pieces together are one marked signature.
func (c *choiceIn) detailDelta(dst []llm.Event, at *detailIn, d detailPiece) []llm.Event {
	p := d.part
	at.extra = d.placed(at.place)
	if p.Signature != "" && !at.marked {
		at.marked = true
		p.Signature = marked(llm.Part{Redacted: p.Redacted, Signature: p.Signature, Extra: at.extra}, at.place)
	}
	return append(dst, llm.Event{Type: llm.EventDelta, Choice: c.index, Block: at.block, Part: p})
}

// seal gives the open block, where it is a summary, its mark.
func (c *choiceIn) seal(dst []llm.Event) []llm.Event {
	if !c.inDetail() {
		return dst
	}
	at := &c.details[len(c.details)-1]
	if at.marked || !rawjson.EqualString([]byte(at.kind), detailSummary) {
		return dst
	}
	at.marked = true
	p := llm.Part{Kind: llm.PartReasoning, Signature: marked(llm.Part{Extra: at.extra}, at.place)}
	return append(dst, llm.Event{Type: llm.EventDelta, Choice: c.index, Block: at.block, Part: p})
}

func detailKind(p llm.Part) string {
	if p.Redacted {
		return detailEncrypted
	}
	if v := dialect.Nested(p.Extra, name, "type"); v != nil {
		return string(v)
	}
	return detailText
}

// details writes structured reasoning; every part takes part, so that the order survives.
func (o *out) details(parts []llm.Part) {
	o.w.Key("reasoning_details")
	o.w.Open('[')
	index := 0
	for _, p := range parts {
		if p.Kind == llm.PartReasoning {
			o.w.Elem()
			detail(&o.w, p, detailIndex(p.Extra, index))
			index++
		}
	}
	o.w.Close(']')
}

// detail writes a thought, or a piece of one. What a mark says stands in for what the thought itself has lost.
func detail(w *rawjson.Writer, p llm.Part, index int) {
	own := p.Extra[name]
	if head, signature, ok := unmarked(p.Signature); ok {
		p.Signature = signature
		index = detailIndex(llm.Extra{name: head}, index)
		if own == nil {
			own, p.Extra = head, llm.Extra{name: head}
			p.Redacted = rawjson.EqualString(dialect.Nested(p.Extra, name, "type"), detailEncrypted)
		}
	}
	w.Open('{')
	kind := writeKind(w, p)
	w.IntField("index", int64(index))
	switch {
	case p.Redacted:
		w.StringField("data", p.Signature)
	case kind != nil && rawjson.EqualString(kind, detailSummary):
		w.StringField("summary", p.Text)
	case p.Text != "" || kind == nil && p.Signature == "":
		w.StringField("text", p.Text)
	}
	if p.Signature != "" && !p.Redacted {
		w.StringField("signature", p.Signature)
	}
	if own != nil {
		w.Members(own, "type", "index")
	}
	w.Close('}')
}

// writeKind writes the type of a detail, and returns the one that it came with.
func writeKind(w *rawjson.Writer, p llm.Part) []byte {
	kind := dialect.Nested(p.Extra, name, "type")
	switch {
	case kind != nil:
		w.RawField("type", kind)
	case p.Redacted:
		w.StringField("type", detailEncrypted)
	default:
		w.StringField("type", detailText)
	}
	return kind
}
