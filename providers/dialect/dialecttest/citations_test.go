package dialecttest_test

import (
	"slices"
	"strings"
	"testing"

	"heimdall/providers/dialect/completions"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/generate"
	"heimdall/providers/llm"
)

func TestCitations(t *testing.T) {
	for _, d := range append(slices.Clone(speakers), completions.New(), generate.NewArray()) {
		if err := dialecttest.Citations(d); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
}

// TestCitationsCarried: these four know pages, so they carry them to each other without a word of loss.
func TestCitationsCarried(t *testing.T) {
	n := func(n int64) *int64 { return &n }
	r := &llm.Response{ID: "i", Model: "m", Created: 1, Usage: &llm.Usage{Input: 1, Output: 1}, Choices: []llm.Choice{{
		Finish: llm.Finish{Reason: llm.FinishStop},
		Parts: []llm.Part{{Kind: llm.PartText, Text: "Größe", Citations: []llm.Citation{
			{URL: "https://a.example", Title: "A", Start: n(0), End: n(5)}}}},
	}}}
	for _, d := range speakers[:5] {
		whole, warnings := d.Server.EncodeResponse(r)
		_, streamed := dialecttest.Encode(d, &llm.Request{Stream: true}, dialecttest.Unfold(r))
		for _, w := range append(warnings, streamed...) {
			if strings.Contains(w.Field, "citations") {
				t.Errorf("%s: %v in %s", d.Name, w, whole)
			}
		}
	}
}

// TestCitationsBack: a client that sends an answer back sends its citations too. A provider gets its own as they were;
// it never gets one that it would refuse.
func TestCitationsBack(t *testing.T) {
	const own = `{"type":"web_search_result_location","cited_text":"wide","url":"https://a.example","title":"A","encrypted_index":"xyz"}`
	answer := `{"id":"i","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"So.","citations":[` + own + `]}],
		"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}`
	r, err := messagesClient.Client.DecodeResponse([]byte(answer))
	if err != nil {
		t.Fatal(err)
	}
	whole, _ := messagesClient.Server.EncodeResponse(r)
	turn := []byte(messagesClient.next(whole))
	if messagesClient.Foreign(turn) {
		t.Errorf("%s is encoded anew", turn)
	}
	body, warnings, err := messagesClient.Client.EncodeRequest(decoded(t, messagesClient.Dialect, turn))
	if err != nil || len(warnings) > 0 || !strings.Contains(string(body), own) {
		t.Errorf("%v, %v in %s", err, warnings, body)
	}
	r.Choices[0].Parts[0].Citations[0].Extra = nil
	whole, _ = messagesClient.Server.EncodeResponse(r)
	turn = []byte(messagesClient.next(whole))
	if !messagesClient.Foreign(turn) {
		t.Errorf("%s goes to the provider as it is", turn)
	}
	body, warnings, err = messagesClient.Client.EncodeRequest(decoded(t, messagesClient.Dialect, turn))
	if err != nil || !dialecttest.Uncited(warnings) || strings.Contains(string(body), "a.example") {
		t.Errorf("%v, %v in %s", err, warnings, body)
	}
}
