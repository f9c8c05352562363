package llm

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFold(t *testing.T) {
	usage := &Usage{Input: 3, Output: 4}
	events := []Event{
		{Type: EventStart, Meta: &Meta{ID: "id", Model: "m", Created: 7, Extra: Extra{"chat": []byte(`{"a":1}`)}}},
		{Type: EventUsage, Usage: &Usage{Input: 1}},
		{Type: EventBlockStart, Part: Part{Kind: PartReasoning}},
		{Type: EventDelta, Part: Part{Kind: PartReasoning, Text: "th"}},
		{Type: EventDelta, Part: Part{Kind: PartReasoning, Text: "ink"}},
		{Type: EventDelta, Part: Part{Kind: PartReasoning, Signature: "sig"}},
		{Type: EventBlockEnd},
		{Type: EventBlockStart, Block: 1, Part: Part{Kind: PartText}},
		{Type: EventBlockStart, Block: 2, Part: Part{Kind: PartCall, Call: &ToolCall{ID: "c", Name: "f"}}},
		{Type: EventDelta, Block: 1, Part: Part{Kind: PartText, Text: "hi", Extra: Extra{"messages": []byte(`{"citations":[1]}`)}}},
		{Type: EventDelta, Block: 2, Part: Part{Kind: PartCall, Call: &ToolCall{Arguments: `{"x":`}}},
		{Type: EventDelta, Block: 1, Part: Part{Kind: PartText, Citations: []Citation{{URL: "a"}}, Extra: Extra{"messages": []byte(`{"citations":[2]}`)}},
			Extra: Extra{"chat": []byte(`{"logprobs":{"content":[1],"refusal":null}}`)}},
		{Type: EventDelta, Block: 2, Part: Part{Kind: PartCall, Call: &ToolCall{Arguments: `1}`}},
			Extra: Extra{"chat": []byte(`{"logprobs":{"content":[2],"refusal":null}}`)}},
		{Type: EventDelta, Block: 1, Part: Part{Kind: PartText, Citations: []Citation{{URL: "b"}}}},
		{Type: EventFinish, Choice: 1, Finish: &Finish{Reason: FinishStop}},
		{Type: EventFinish, Finish: &Finish{Reason: FinishTools, Raw: "tool_use"}},
		{Type: EventUsage, Usage: usage},
	}
	want := &Response{
		ID: "id", Model: "m", Created: 7, Usage: usage, Extra: Extra{"chat": []byte(`{"a":1}`)},
		Choices: []Choice{{
			Parts: []Part{
				{Kind: PartReasoning, Text: "think", Signature: "sig"},
				{Kind: PartText, Text: "hi", Citations: []Citation{{URL: "a"}, {URL: "b"}}, Extra: Extra{"messages": []byte(`{"citations":[1,2]}`)}},
				{Kind: PartCall, Call: &ToolCall{ID: "c", Name: "f", Arguments: `{"x":1}`}},
			},
			Finish: Finish{Reason: FinishTools, Raw: "tool_use"},
			Extra:  Extra{"chat": []byte(`{"logprobs":{"content":[1,2],"refusal":null}}`)},
		}, {Index: 1, Finish: Finish{Reason: FinishStop}}},
	}
	got, err := Fold(slices.Values(events))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFoldErrors(t *testing.T) {
	start := Event{Type: EventStart, Meta: &Meta{}}
	boom := Errorf(KindOverloaded, "busy")
	for _, c := range []struct {
		name   string
		events []Event
		kind   ErrorKind
	}{
		{"nothing", nil, KindTruncated},
		{"only a start", []Event{start}, KindTruncated},
		{"no finish", []Event{start, {Type: EventDelta, Part: Part{Kind: PartText, Text: "x"}}}, KindTruncated},
		{"one of two finished", []Event{start, {Type: EventDelta}, {Type: EventFinish, Choice: 1}}, KindTruncated},
		{"an error", []Event{start, {Type: EventError, Err: boom}, {Type: EventFinish}}, KindOverloaded},
		{"an empty error", []Event{start, {Type: EventError}}, KindServerError},
	} {
		_, err := Fold(slices.Values(c.events))
		var e *Error
		if !errors.As(err, &e) || e.Kind != c.kind {
			t.Errorf("%s: %v, want kind %s", c.name, err, c.kind)
		}
	}
}
