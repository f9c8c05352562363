package responses_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/messages"
	"heimdall/providers/dialect/responses"
	"heimdall/providers/llm"
	"heimdall/providers/sse"
)

// happening is any event of the endpoint.
type happening struct {
	Type           string
	SequenceNumber int    `json:"sequence_number"`
	OutputIndex    int    `json:"output_index"`
	ContentIndex   int    `json:"content_index"`
	SummaryIndex   int    `json:"summary_index"`
	ItemID         string `json:"item_id"`
	Delta          string
	Text           *string
	Refusal        *string
	Arguments      *string
	Input          *string
	Item           struct{ ID, Type, Status string }
	Response       struct {
		ID, Status string
		Output     []json.RawMessage
		Usage      *struct {
			InputDetails  map[string]int `json:"input_tokens_details"`
			OutputDetails map[string]int `json:"output_tokens_details"`
		}
	}
}

// order checks a stream as the endpoint's clients read it: numbered without gaps, every item announced before its
// pieces and done after them, what is done the sum of its pieces, the last event holding all.
type order struct {
	next  int
	items []string // ids by place
	done  map[int]bool
	said  map[string]string // what is open, by item and place in it
	ended bool
}

func (o *order) check(name string, e happening) error {
	if e.SequenceNumber != o.next || name != e.Type || o.ended {
		return fmt.Errorf("event %d is %q, numbered %d, named %q, after the end: %v", o.next, e.Type, e.SequenceNumber, name, o.ended)
	}
	o.next++
	at := fmt.Sprint(e.OutputIndex, "/", e.ContentIndex, "/", e.SummaryIndex)
	switch {
	case o.next == 1 && e.Type != "response.created", o.next == 2 && e.Type != "response.in_progress":
		return fmt.Errorf("it begins with %s", e.Type)
	case e.Type == "response.output_item.added":
		if e.OutputIndex != len(o.items) || e.Item.ID == "" {
			return fmt.Errorf("item %d is at %d with id %q", len(o.items), e.OutputIndex, e.Item.ID)
		}
		o.items = append(o.items, e.Item.ID)
	case e.Type == "response.output_item.done":
		if e.OutputIndex >= len(o.items) || o.done[e.OutputIndex] || e.Item.ID != o.items[e.OutputIndex] || e.Item.Status == "in_progress" {
			return fmt.Errorf("item %d is done: %+v", e.OutputIndex, e.Item)
		}
		o.done[e.OutputIndex] = true
		for open := range o.said {
			if strings.HasPrefix(open, fmt.Sprint(e.OutputIndex, "/")) {
				return fmt.Errorf("item %d is done but not its piece %s", e.OutputIndex, open)
			}
		}
	case e.ItemID != "":
		if e.OutputIndex >= len(o.items) || o.items[e.OutputIndex] != e.ItemID || o.done[e.OutputIndex] {
			return fmt.Errorf("%s is about %d %q", e.Type, e.OutputIndex, e.ItemID)
		}
		if e.Delta != "" {
			o.said[at] += e.Delta
		}
		for _, whole := range []*string{e.Text, e.Refusal, e.Arguments, e.Input} {
			if whole != nil && *whole != o.said[at] {
				return fmt.Errorf("%s says %q of %q", e.Type, *whole, o.said[at])
			}
			if whole != nil {
				delete(o.said, at)
			}
		}
	case e.Response.Status != "in_progress":
		o.ended = true
		if len(e.Response.Output) != len(o.items) || len(o.done) != len(o.items) {
			return fmt.Errorf("%d items, %d done, %d at the end", len(o.items), len(o.done), len(e.Response.Output))
		}
		if u := e.Response.Usage; u != nil && (u.InputDetails == nil || u.OutputDetails == nil) {
			return errors.New("usage has no details")
		}
	}
	return nil
}

func ordered(stream []byte) error {
	o := order{done: map[int]bool{}, said: map[string]string{}}
	var split sse.Splitter
	var frame sse.Event
	var failed error
	_ = split.Feed(stream, func(b []byte) {
		var e happening
		frame.Parse(b)
		err := json.Unmarshal(frame.Data, &e)
		if err == nil {
			err = o.check(string(frame.Name), e)
		}
		if err != nil && failed == nil {
			failed = fmt.Errorf("%w in %s", err, b)
		}
	})
	if failed == nil && !o.ended {
		failed = errors.New("it does not end")
	}
	return failed
}

// TestOrder makes streams of those that were recorded of every dialect.
func TestOrder(t *testing.T) {
	for endpoint, from := range map[string]dialect.Dialect{
		"chat.completions": chat.New(), "messages": messages.New(), "responses": responses.New(),
	} {
		for _, c := range dialecttest.Corpus(t, endpoint) {
			if c.Framing != "sse" || c.Status != 200 {
				continue
			}
			events := dialecttest.Decode(from, c.Response)
			if last := events[len(events)-1]; last.Type == llm.EventError {
				continue
			}
			stream, _ := dialecttest.Encode(responses.New(), nil, events)
			if err := ordered(stream); err != nil {
				t.Errorf("%s: %v", c.ID, err)
			}
		}
	}
}

// TestOverlap: calls whose pieces come in turns, texts that say nothing, and a block that is never ended.
func TestOverlap(t *testing.T) {
	call := func(block int, id, name string) llm.Event {
		return llm.Event{Type: llm.EventBlockStart, Block: block, Part: llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{ID: id, Name: name}}}
	}
	piece := func(block int, s string) llm.Event {
		return llm.Event{Type: llm.EventDelta, Block: block, Part: llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{Arguments: s}}}
	}
	text := func(block int, kind llm.Kind) llm.Event {
		return llm.Event{Type: llm.EventBlockStart, Block: block, Part: llm.Part{Kind: kind}}
	}
	said := func(block int, kind llm.Kind, s string) llm.Event {
		return llm.Event{Type: llm.EventDelta, Block: block, Part: llm.Part{Kind: kind, Text: s}}
	}
	end := func(block int) llm.Event { return llm.Event{Type: llm.EventBlockEnd, Block: block} }
	events := []llm.Event{{Type: llm.EventStart, Meta: &llm.Meta{ID: "i", Model: "m"}},
		text(0, llm.PartReasoning), end(0), text(1, llm.PartText), text(2, llm.PartText), said(2, llm.PartText, "a"), end(2),
		text(3, llm.PartRefusal), said(3, llm.PartRefusal, "no"), call(4, "c1", "f"), piece(4, `{"x":`), call(5, "c2", "g"), piece(5, `{"y":`),
		piece(4, "1}"), piece(5, "2}"), end(4), call(6, "c3", "h"), end(5),
		{Type: llm.EventFinish, Finish: &llm.Finish{Reason: llm.FinishTools}}, {Type: llm.EventUsage, Usage: &llm.Usage{Input: 1}}}
	stream, warnings := dialecttest.Encode(responses.New(), nil, events)
	if err := ordered(stream); err != nil || len(warnings) > 0 {
		t.Errorf("%v, %v", err, warnings)
	}
	want := `thought "" said "ano" called "f({\"x\":1}) g({\"y\":2}) h({}) "`
	var types []string
	r, err := llm.Fold(func(yield func(llm.Event) bool) {
		for _, e := range dialecttest.Decode(responses.New(), stream) {
			if !yield(e) {
				return
			}
		}
	})
	if err != nil || dialecttest.Text(r) != want {
		t.Fatalf("%v, %+v", err, r)
	}
	for _, p := range r.Choices[0].Parts {
		types = append(types, string(p.Kind))
	}
	if got := strings.Join(types, " "); got != "text refusal call call call" {
		t.Error(got)
	}
}

// TestResultsOfFreeCalls: a result that the gateway adds itself is of the type that its call asks for.
func TestResultsOfFreeCalls(t *testing.T) {
	req := request(t, responses.New(), []byte(`{"model":"m","input":[{"type":"custom_tool_call","call_id":"c","name":"patch","input":"x"}]}`))
	result := &llm.ToolResult{ID: "c", Parts: []llm.Part{{Kind: llm.PartText, Text: "done"}}}
	req.Messages = append(req.Messages, llm.Message{Role: llm.RoleTool, Parts: []llm.Part{{Kind: llm.PartResult, Result: result}}})
	body, _, err := responses.New().Client.EncodeRequest(req)
	if want := `{"type":"custom_tool_call_output","call_id":"c","output":"done"}`; err != nil || !strings.Contains(string(body), want) {
		t.Errorf("%v, %s", err, body)
	}
}
