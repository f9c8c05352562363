package generate_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/generate"
	"heimdall/providers/dialect/messages"
	"heimdall/providers/llm"
)

// client is a program that speaks a dialect: it sends an answer back as the assistant's turn.
type client struct {
	dialect.Dialect
	turn func(t *testing.T, whole []byte) string
}

var clients = []client{
	{chat.New(), func(t *testing.T, whole []byte) string {
		var got struct {
			Choices []struct{ Message json.RawMessage }
		}
		parse(t, whole, &got)
		return `{"model":"m-3","messages":[{"role":"user","content":"hi"},` + string(got.Choices[0].Message) + `]}`
	}},
	{messages.New(), func(t *testing.T, whole []byte) string {
		var got struct{ Content json.RawMessage }
		parse(t, whole, &got)
		return `{"model":"m-3","max_tokens":9,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":` + string(got.Content) + `}]}`
	}},
	{generate.New(), func(t *testing.T, whole []byte) string {
		var got struct {
			Candidates []struct{ Content json.RawMessage }
		}
		parse(t, whole, &got)
		return `{"contents":[{"role":"user","parts":[{"text":"hi"}]},` + string(got.Candidates[0].Content) + `]}`
	}},
}

func parse(t *testing.T, b []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
}

// back takes the answer to a client, streamed or whole, and what the client then sends to an upstream of another dialect.
func (c client) back(t *testing.T, upstream dialect.Dialect, events []llm.Event, streamed bool) []byte {
	t.Helper()
	answer, err := llm.Fold(slices.Values(events))
	if err != nil {
		t.Fatal(err)
	}
	if streamed {
		stream, _ := dialecttest.Encode(c.Dialect, &llm.Request{}, events)
		if answer, err = llm.Fold(slices.Values(dialecttest.Decode(c.Dialect, stream))); err != nil {
			t.Fatal(err)
		}
	}
	whole, _ := c.Server.EncodeResponse(answer)
	req, err := c.Server.DecodeRequest(dialect.Path{Model: "m-3"}, []byte(c.turn(t, whole)))
	if err != nil {
		t.Fatal(err)
	}
	body, _, err := upstream.Client.EncodeRequest(req)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

type part struct {
	Text             string
	Thought          bool
	ThoughtSignature string
	FunctionCall     *struct {
		Name string
		Args json.RawMessage
	}
	ToolCall, ToolResponse json.RawMessage
}

// signatures are those of the calls, in order and with their names, and those of the texts. What the provider's own
// tools did no other dialect can hold.
func signatures(parts []part) (calls, texts []string) {
	for _, p := range parts {
		switch {
		case p.ToolCall != nil || p.ToolResponse != nil:
		case p.FunctionCall != nil:
			calls = append(calls, p.FunctionCall.Name+" "+p.ThoughtSignature)
		case p.ThoughtSignature != "" && !p.Thought:
			texts = append(texts, p.ThoughtSignature)
		}
	}
	return calls, texts
}

func modelParts(t *testing.T, body []byte) (parts []part) {
	t.Helper()
	var sent struct {
		Contents []struct {
			Role  string
			Parts []part
		}
	}
	parse(t, body, &sent)
	for _, c := range sent.Contents {
		if c.Role == "model" {
			parts = append(parts, c.Parts...)
		}
	}
	return parts
}

// TestSignatures follows the signatures of texts and calls through clients of every dialect and back: each must stand
// on its own part again, and none become a thought.
func TestSignatures(t *testing.T) {
	events := dialecttest.Decode(generate.New(), dialecttest.Input(t, "stream.sse"))
	wantCalls := []string{"look c2lnLTE=", "look ", "write c2lnLTI="}
	wantTexts := []string{"c2lnLTM="}
	for _, c := range clients {
		for _, streamed := range []bool{true, false} {
			body := c.back(t, generate.New(), events, streamed)
			calls, texts := signatures(modelParts(t, body))
			if diff := cmp.Diff(wantCalls, calls); diff != "" {
				t.Errorf("%s, streamed %v: %s", c.Name, streamed, diff)
			}
			if diff := cmp.Diff(wantTexts, texts); diff != "" {
				t.Errorf("%s, streamed %v: %s", c.Name, streamed, diff)
			}
			if bytes.Contains(body, []byte("generate:")) {
				t.Errorf("%s: the mark goes upstream in %s", c.Name, body)
			}
		}
	}
}

// TestRecordedSignatures does the same with what was recorded.
func TestRecordedSignatures(t *testing.T) {
	for _, e := range dialecttest.Corpus(t, "streamGenerateContent") {
		if e.Framing != "sse" || !bytes.Contains(e.Response, []byte("thoughtSignature")) {
			continue
		}
		events := dialecttest.Decode(generate.New(), e.Response)
		want, wantTexts := signatures(modelParts(t, clients[2].back(t, generate.New(), events, false)))
		for _, c := range clients[:2] {
			got, gotTexts := signatures(modelParts(t, c.back(t, generate.New(), events, true)))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s to %s: %s", e.ID, c.Name, diff)
			}
			if diff := cmp.Diff(wantTexts, gotTexts); diff != "" {
				t.Errorf("%s to %s: %s", e.ID, c.Name, diff)
			}
		}
	}
}

// TestForeignSignatures follows the signed thoughts of another provider through a client of this dialect and back. Such
// clients take signatures for bytes, and may spell them with the other alphabet of base64.
func TestForeignSignatures(t *testing.T) {
	events := dialecttest.Decode(messages.New(), dialecttest.Input(t, "../../messages/testdata/stream.sse"))
	for _, streamed := range []bool{true, false} {
		c := clients[2]
		turn := c.turn
		c.turn = func(t *testing.T, whole []byte) string {
			return strings.NewReplacer("+", "-", "/", "_").Replace(turn(t, whole))
		}
		body := c.back(t, messages.New(), events, streamed)
		for _, want := range []string{
			`{"type":"thinking","thinking":"I look.","signature":"sig-1"}`,
			`{"type":"redacted_thinking","data":"secret"}`,
		} {
			if !bytes.Contains(body, []byte(want)) {
				t.Errorf("streamed %v: %s is not in %s", streamed, want, body)
			}
		}
		var seen []byte
		c.turn = func(t *testing.T, whole []byte) string {
			seen = []byte(turn(t, whole))
			return string(seen)
		}
		if body := c.back(t, generate.New(), events, streamed); bytes.Contains(body, []byte(`"thought":true`)) {
			t.Errorf("a thought that another provider signed goes out in %s", body)
		}
		if d := generate.New(); !d.Foreign(seen) || d.Foreign(c.back(t, d, events, streamed)) {
			t.Errorf("streamed %v: a body with such thoughts would be passed on as it is: %s", streamed, seen)
		}
	}
}

// TestForeign: only thoughts that this gateway carried here make a body foreign.
func TestForeign(t *testing.T) {
	part := func(s string) string { return `{"contents":[{"role":"model","parts":[` + s + `]}]}` }
	for in, want := range map[string]bool{
		part(`{"text":"a","thought":true,"thoughtSignature":"dGhvdWdodDpzaWctMQ=="}`):      true,
		part(`{"text":"","thought":true,"thought_signature": "cmVkYWN0ZWQ6c2VjcmV0"}`):     true,
		part(`{"text":"a","thoughtSignature":"b3du"},{"thoughtSignature":"dGhvdWdodDp4"}`): true,
		part(`{"text":"a","thought":true,"thoughtSignature":"c2lnLTE="}`):                  false,
		part(`{"text":"\"thoughtSignature\":\"dGhvdWdodDpzaWctMQ==\""}`):                   false,
		part(`{"text":"dGhvdWdodDpzaWctMQ=="}`):                                            false,
		part(`{"thoughtSignature":null},{"thoughtSignature`):                               false,
		`{}`: false,
	} {
		for _, d := range []dialect.Dialect{generate.New(), generate.NewArray(), generate.NewCount()} {
			if got := d.Foreign([]byte(in)); got != want {
				t.Errorf("%s: %s: %v", d.Name, in, got)
			}
		}
	}
}

// TestPieces: a client that sends back the pieces of a stream as parts of their own says the same.
func TestPieces(t *testing.T) {
	events := dialecttest.Decode(messages.New(), dialecttest.Input(t, "../../messages/testdata/stream.sse"))
	stream, _ := dialecttest.Encode(generate.New(), nil, events)
	var parts []string
	for line := range bytes.Lines(stream) {
		data, ok := bytes.CutPrefix(line, []byte("data: "))
		if !ok {
			continue
		}
		var chunk struct {
			Candidates []struct {
				Content struct{ Parts []json.RawMessage }
			}
		}
		parse(t, data, &chunk)
		for _, c := range chunk.Candidates {
			for _, p := range c.Content.Parts {
				parts = append(parts, string(p))
			}
		}
	}
	req, err := generate.New().Server.DecodeRequest(dialect.Path{Model: "m-3"}, []byte(`{"contents":[{"role":"model","parts":[`+strings.Join(parts, ",")+`]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	body, _, err := messages.New().Client.EncodeRequest(req)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"type":"thinking","thinking":"I look.","signature":"sig-1"}`; !bytes.Contains(body, []byte(want)) {
		t.Errorf("%s is not in %s", want, body)
	}
}

// TestPrefix adds turns one by one: what was sent of earlier turns must not change by a byte, or the provider's prompt
// cache is cold again.
func TestPrefix(t *testing.T) {
	for _, c := range clients {
		in := dialecttest.Input(t, "../../"+c.Name+"/testdata/request.json")
		req, err := c.Server.DecodeRequest(dialect.Path{Model: "m-3"}, in)
		if err != nil {
			t.Fatal(err)
		}
		req.Messages = append(req.Messages,
			llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.PartText, Text: "Done."}}},
			llm.Message{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.PartText, Text: "More."}}})
		var before []byte
		for n := 2; n <= len(req.Messages); n++ {
			some := *req
			some.Messages = req.Messages[:n]
			body, _, err := generate.New().Client.EncodeRequest(&some)
			if err != nil {
				t.Fatal(err)
			}
			var sent struct{ Contents []json.RawMessage }
			parse(t, body, &sent)
			var turns []byte
			for _, content := range sent.Contents {
				turns = append(turns, content...)
			}
			// The turn that was last may go on, so its closing brackets are not compared.
			if open := bytes.TrimRight(before, "]}"); !bytes.HasPrefix(turns, open) {
				t.Errorf("%s: turn %d changes what came before it:\n%s\n%s", c.Name, n, before, turns)
			}
			before = turns
		}
	}
}
