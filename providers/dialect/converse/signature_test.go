package converse_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
)

// TestCarriedSignatures: a client of this dialect gets thoughts that another provider signed, sends them back as they
// were, and they reach that provider, but none of this dialect.
func TestCarriedSignatures(t *testing.T) {
	thoughts := []llm.Part{
		{Kind: llm.PartReasoning, Text: "hm", Signature: "reasoning_item:rs_1:c2VjcmV0"},
		{Kind: llm.PartReasoning, Redacted: true, Signature: "generate:c0:c2ln"},
		{Kind: llm.PartReasoning, Text: "mine", Signature: "b3du"},
		{Kind: llm.PartReasoning, Redacted: true, Signature: "b3du"},
	}
	whole, _ := own.Server.EncodeResponse(&llm.Response{Choices: []llm.Choice{{Parts: thoughts, Finish: llm.Finish{Reason: llm.FinishStop}}}})
	var events []llm.Event
	for i, p := range thoughts {
		events = append(events, llm.Event{Type: llm.EventBlockStart, Block: i, Part: p}, llm.Event{Type: llm.EventBlockEnd, Block: i})
	}
	stream, _ := dialecttest.Encode(own, &llm.Request{}, append(events, llm.Event{Type: llm.EventFinish, Finish: &llm.Finish{Reason: llm.FinishStop}}))
	streamed, err := llm.Fold(slices.Values(dialecttest.Decode(own, stream)))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := own.Client.DecodeResponse(whole)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*llm.Response{"whole": answer, "streamed": streamed} {
		back, _ := own.Server.EncodeResponse(r)
		body := []byte(`{"messages":[{"role":"assistant","content":` + content(t, back) + `}]}`)
		req, err := own.Server.DecodeRequest(claude, body)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range req.Messages[0].Parts {
			if p.Signature != thoughts[i].Signature {
				t.Errorf("%s: %s came back as %s", name, thoughts[i].Signature, p.Signature)
			}
		}
		out, lost := encode(t, req)
		want := `{"messages":[{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"mine","signature":"b3du"}}},{"reasoningContent":{"redactedContent":"b3du"}}]}]}`
		if string(out) != want || lost != "messages[0].reasoning" {
			t.Errorf("%s: %s (%s)", name, out, lost)
		}
		if !own.Foreign(body) || own.Foreign(out) {
			t.Errorf("%s: such a body would be passed on as it is: %s", name, body)
		}
	}
}

func content(t *testing.T, answer []byte) string {
	t.Helper()
	_, rest, ok := strings.Cut(string(answer), `"content":`)
	list, _, closed := strings.Cut(rest, `}},"stopReason"`)
	if !ok || !closed {
		t.Fatalf("%s", answer)
	}
	return list
}

// TestForeign: only thoughts that this gateway carried here make a body foreign.
func TestForeign(t *testing.T) {
	blob := base64.StdEncoding.EncodeToString
	for in, want := range map[string]bool{
		`{"reasoningText":{"text":"a","signature":"generate:r0:x"}}`:                                  true,
		`{"redactedContent": "` + blob([]byte("generate:t0:x")) + `"}`:                                true,
		`{"redactedContent":"b3du"},{"redactedContent":"` + blob([]byte("reasoning_item:a:b")) + `"}`: true,
		`{"redactedContent":"b3du"}`:                             false,
		`{"reasoningText":{"text":"generate:","signature":"x"}}`: false,
		`{"text":"` + blob([]byte("generate:t0:x")) + `"}`:       false,
		`{"redactedContent":`:                                    false,
	} {
		for _, d := range []dialect.Dialect{own, count} {
			if got := d.Foreign([]byte(in)); got != want {
				t.Errorf("%s: %s: %v", d.Name, in, got)
			}
		}
	}
	if !invoke.Foreign([]byte(`{"messages":[{"content":[{"type":"thinking","thinking":"a","signature":"generate:r0:x"}]}]}`)) {
		t.Error("what invoke cannot take would be passed on as it is")
	}
}
