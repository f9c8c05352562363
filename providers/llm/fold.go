package llm

import (
	"encoding/json"
	"iter"
	"slices"
	"strings"
)

// Fold makes the whole answer of a stream. An error in the stream is its error; a choice without a finish is one of
// kind KindTruncated. Extra of the pieces is merged: arrays are joined, objects merged, of other values the last wins.
func Fold(events iter.Seq[Event]) (*Response, error) {
	var f fold
	for e := range events {
		if err := f.event(e); err != nil {
			return nil, err
		}
	}
	return f.response()
}

type fold struct {
	started bool
	out     Response
	extra   extras
	choices []*foldChoice
}

type foldChoice struct {
	index    int
	finished bool
	finish   Finish
	extra    extras
	blocks   []*foldBlock
}

// foldBlock gathers what grows in builders; part holds the rest.
type foldBlock struct {
	part                       Part
	text, signature, arguments strings.Builder
	extra                      extras
}

func (f *fold) event(e Event) error {
	switch e.Type {
	case EventStart:
		f.start(e)
	case EventBlockStart, EventDelta:
		c := f.choice(e.Choice)
		c.extra.add(e.Extra)
		c.block(e.Block, e.Part.Kind).add(e.Part)
	case EventBlockEnd:
		f.choice(e.Choice).extra.add(e.Extra)
	case EventFinish:
		f.finish(e)
	case EventUsage:
		f.out.Usage = e.Usage
		f.extra.add(e.Extra)
	case EventError:
		if e.Err == nil {
			return Errorf(KindServerError, "the stream failed without saying why")
		}
		return e.Err
	}
	return nil
}

func (f *fold) start(e Event) {
	f.started = true
	if e.Meta != nil {
		f.out.ID, f.out.Model, f.out.Created = e.Meta.ID, e.Meta.Model, e.Meta.Created
		f.extra.add(e.Meta.Extra)
	}
	f.extra.add(e.Extra)
}

func (f *fold) finish(e Event) {
	c := f.choice(e.Choice)
	c.finished = true
	c.extra.add(e.Extra)
	if e.Finish != nil {
		c.finish = *e.Finish
	}
}

func (f *fold) choice(index int) *foldChoice {
	for _, c := range f.choices {
		if c.index == index {
			return c
		}
	}
	c := &foldChoice{index: index}
	f.choices = append(f.choices, c)
	return c
}

func (c *foldChoice) block(n int, kind Kind) *foldBlock {
	for len(c.blocks) <= n {
		c.blocks = append(c.blocks, nil)
	}
	if c.blocks[n] == nil {
		c.blocks[n] = &foldBlock{part: Part{Kind: kind}}
	}
	return c.blocks[n]
}

func (b *foldBlock) add(p Part) {
	b.text.WriteString(p.Text)
	b.signature.WriteString(p.Signature)
	b.extra.add(p.Extra)
	b.part.Redacted = b.part.Redacted || p.Redacted
	b.part.Citations = append(b.part.Citations, p.Citations...)
	if p.Media != nil {
		b.part.Media = p.Media
	}
	if p.Result != nil {
		b.part.Result = p.Result
	}
	if p.Call == nil {
		return
	}
	if b.part.Call == nil {
		b.part.Call = &ToolCall{}
	}
	b.arguments.WriteString(p.Call.Arguments)
	if p.Call.ID != "" {
		b.part.Call.ID = p.Call.ID
	}
	if p.Call.Name != "" {
		b.part.Call.Name = p.Call.Name
	}
}

func (b *foldBlock) whole() Part {
	p := b.part
	p.Text, p.Signature, p.Extra = b.text.String(), b.signature.String(), b.extra.merged()
	if p.Call != nil {
		p.Call.Arguments = b.arguments.String()
	}
	return p
}

func (f *fold) response() (*Response, error) {
	if !f.started || len(f.choices) == 0 {
		return nil, Errorf(KindTruncated, "the stream ended before the answer began")
	}
	f.out.Extra = f.extra.merged()
	slices.SortFunc(f.choices, func(a, b *foldChoice) int { return a.index - b.index })
	for _, c := range f.choices {
		if !c.finished {
			return nil, Errorf(KindTruncated, "the stream ended before the answer was complete")
		}
		choice := Choice{Index: c.index, Finish: c.finish, Extra: c.extra.merged()}
		for _, b := range c.blocks {
			if b != nil {
				choice.Parts = append(choice.Parts, b.whole())
			}
		}
		f.out.Choices = append(f.out.Choices, choice)
	}
	return &f.out, nil
}

// extras are the Extra of all pieces of one thing; they are merged once, at the end.
type extras map[string][]json.RawMessage

func (x *extras) add(e Extra) {
	for dialect, v := range e {
		if *x == nil {
			*x = extras{}
		}
		(*x)[dialect] = append((*x)[dialect], v)
	}
}

func (x extras) merged() Extra {
	if len(x) == 0 {
		return nil
	}
	out := Extra{}
	for dialect, values := range x {
		out[dialect] = merge(values)
	}
	return out
}

func merge(values []json.RawMessage) json.RawMessage {
	values = slices.DeleteFunc(slices.Clone(values), func(v json.RawMessage) bool { return string(v) == "null" })
	if len(values) == 0 {
		return json.RawMessage("null")
	}
	last := values[len(values)-1]
	if len(values) == 1 {
		return last
	}
	if arrays, ok := readAll[[]json.RawMessage](values); ok {
		return write(slices.Concat(arrays...), last)
	}
	objects, ok := readAll[map[string]json.RawMessage](values)
	if !ok {
		return last
	}
	byKey := map[string][]json.RawMessage{}
	for _, object := range objects {
		for key, v := range object {
			byKey[key] = append(byKey[key], v)
		}
	}
	out := make(map[string]json.RawMessage, len(byKey))
	for key, v := range byKey {
		out[key] = merge(v)
	}
	return write(out, last)
}

// readAll reads every value as a T; not ok where one is something else.
func readAll[T any](values []json.RawMessage) (all []T, ok bool) {
	for _, v := range values {
		var one T
		if json.Unmarshal(v, &one) != nil {
			return nil, false
		}
		all = append(all, one)
	}
	return all, true
}

func write(v any, otherwise json.RawMessage) json.RawMessage {
	out, err := json.Marshal(v)
	if err != nil {
		return otherwise
	}
	return out
}
