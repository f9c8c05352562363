package generate_test

import (
	"strings"
	"testing"

	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/generate"
	"heimdall/providers/llm"
)

// TestSignatureStandsOnWords: clients drop pieces of thoughts without words, and with them a signature that stands alone.
func TestSignatureStandsOnWords(t *testing.T) {
	thought := func(text, signature string) llm.Part {
		return llm.Part{Kind: llm.PartReasoning, Text: text, Signature: signature}
	}
	out, _ := dialecttest.Encode(generate.New(), &llm.Request{Stream: true}, []llm.Event{
		{Type: llm.EventStart, Meta: &llm.Meta{ID: "i", Model: "m", Created: 1}},
		{Type: llm.EventBlockStart, Part: thought("", "")},
		{Type: llm.EventDelta, Part: thought("one ", "")},
		{Type: llm.EventDelta, Part: thought("two", "")},
		{Type: llm.EventDelta, Part: thought("", "c2ln")},
		{Type: llm.EventBlockEnd},
		{Type: llm.EventBlockStart, Block: 1, Part: llm.Part{Kind: llm.PartText}},
		{Type: llm.EventDelta, Block: 1, Part: llm.Part{Kind: llm.PartText, Text: "hi"}},
		{Type: llm.EventFinish, Finish: &llm.Finish{Reason: llm.FinishStop}},
	})
	frames := strings.Split(strings.TrimSpace(string(out)), "\n\n")
	if !strings.Contains(frames[0], `"one "`) || strings.Contains(frames[0], "Signature") {
		t.Errorf("first: %s", frames[0])
	}
	if !strings.Contains(frames[1], `"two"`) || !strings.Contains(frames[1], `"thoughtSignature"`) {
		t.Errorf("second: %s", frames[1])
	}
	if !strings.Contains(frames[2], `"hi"`) {
		t.Errorf("third: %s", frames[2])
	}
}
