package dialecttest

import (
	"fmt"
	"slices"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// StreamLosses checks that a stream's encoder names every member that only another dialect understands, at whatever
// level it comes.
func StreamLosses(d dialect.Dialect) error {
	var keys []string
	lost := func(key string) llm.Extra {
		keys = append(keys, key)
		return llm.Extra{"elsewhere": []byte(`{"` + key + `":1}`)}
	}
	call := func(id, name, arguments string) *llm.ToolCall {
		return &llm.ToolCall{ID: id, Name: name, Arguments: arguments}
	}
	_, warnings := Encode(d, &llm.Request{Stream: true, Params: llm.Params{IncludeUsage: true}}, []llm.Event{
		{Type: llm.EventStart, Meta: &llm.Meta{ID: "i", Model: "m", Extra: lost("x_meta")}, Extra: lost("x_start")},
		{Type: llm.EventBlockStart, Part: llm.Part{Kind: llm.PartText, Extra: lost("x_text")}, Extra: lost("x_block")},
		{Type: llm.EventDelta, Part: llm.Part{Kind: llm.PartText, Text: "hi", Extra: lost("x_piece")}, Extra: lost("x_delta")},
		{Type: llm.EventDelta, Part: llm.Part{Kind: llm.PartText, Extra: lost("x_silent")}},
		{Type: llm.EventBlockEnd, Extra: lost("x_end")},
		{Type: llm.EventBlockStart, Block: 1, Part: llm.Part{Kind: llm.PartCall, Call: call("c", "f", ""), Extra: lost("x_call")}},
		{Type: llm.EventDelta, Block: 1, Part: llm.Part{Kind: llm.PartCall, Call: call("", "", "{}"), Extra: lost("x_arguments")}},
		{Type: llm.EventDelta, Block: 1, Part: llm.Part{Kind: llm.PartCall, Extra: lost("x_done")}},
		{Type: llm.EventBlockEnd, Block: 1},
		{Type: llm.EventUsage, Usage: &llm.Usage{Input: 1, Output: 1}, Extra: lost("x_early")},
		{Type: llm.EventUsage, Usage: &llm.Usage{Input: 1, Output: 2}, Extra: lost("x_usage")},
		{Type: llm.EventFinish, Finish: &llm.Finish{Reason: llm.FinishTools, Extra: lost("x_reason")}, Extra: lost("x_finish")},
	})
	for _, key := range keys {
		if !slices.ContainsFunc(warnings, func(w llm.Warning) bool { return w.Field == key || strings.HasSuffix(w.Field, "."+key) }) {
			return fmt.Errorf("%s was lost without a word: %v", key, warnings)
		}
	}
	return nil
}
