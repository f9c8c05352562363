package dialecttest_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
)

type detail = map[string]any

// detailsIn are the reasoning details of a whole answer or of the second turn of a request, without nulls.
func detailsIn(t *testing.T, body []byte) (details []detail) {
	t.Helper()
	type turn struct {
		Details []detail `json:"reasoning_details"`
	}
	var v struct {
		Choices  []struct{ Message turn }
		Messages []turn
	}
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Choices) > 0 {
		details = v.Choices[0].Message.Details
	}
	if len(v.Messages) > 1 {
		details = v.Messages[1].Details
	}
	for _, d := range details {
		for key, value := range d {
			if value == nil {
				delete(d, key)
			}
		}
	}
	return details
}

// plain reports whether a detail is only its text, which may go back as such.
func plain(d detail) bool { return d["type"] == "reasoning.text" && d["signature"] == nil }

// TestRecordedDetails: what a provider of chat reasoned comes back to it unchanged, whatever its client speaks.
func TestRecordedDetails(t *testing.T) {
	clients := []talker{chatClient, messagesClient, responsesClient, converseClient, generateClient}
	for _, c := range dialecttest.Corpus(t, "chat.completions") {
		from := chat.New()
		r, err := from.Client.DecodeResponse(c.Response)
		body := c.Response
		if err != nil {
			if r, err = llm.Fold(slices.Values(dialecttest.Decode(from, c.Response))); err != nil {
				continue
			}
			body, _ = from.Server.EncodeResponse(r)
		}
		want := detailsIn(t, body)
		if !slices.ContainsFunc(want, func(d detail) bool { return !plain(d) }) {
			continue
		}
		for _, to := range clients {
			whole, _ := to.Server.EncodeResponse(r)
			turns := [][]byte{[]byte(to.next(whole))}
			if c.Framing != "none" {
				turns = carry(t, from, to, c.Response)
			}
			for _, turn := range turns {
				out, _, err := from.Client.EncodeRequest(decoded(t, to.Dialect, turn))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, detailsIn(t, out)); diff != "" {
					t.Errorf("%s by %s: %s", c.ID, to.Name, diff)
				}
			}
		}
	}
}
