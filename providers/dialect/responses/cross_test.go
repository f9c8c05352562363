package responses_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/messages"
	"heimdall/providers/dialect/responses"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

var others = []dialect.Dialect{chat.New(), messages.New()}

// golden is what one dialect becomes in another, with the warnings behind it.
func golden(t *testing.T, name string, body []byte, warnings []llm.Warning) {
	t.Helper()
	var out bytes.Buffer
	if json.Indent(&out, body, "", "  ") != nil {
		out.Reset()
		out.Write(body)
	}
	for _, w := range warnings {
		out.WriteString("\n! " + w.Field + ": " + w.Why)
	}
	dialecttest.Golden(t, name, append(out.Bytes(), '\n'))
}

// TestAcross shows what becomes of requests and streams on their way from and to other dialects.
func TestAcross(t *testing.T) {
	own := responses.New()
	req := request(t, own, dialecttest.Input(t, "request.json"))
	for _, other := range others {
		body, warnings, err := other.Client.EncodeRequest(req)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "request.to."+other.Name+".golden", body, warnings)
		stream, warnings := dialecttest.Encode(other, req, dialecttest.Decode(own, dialecttest.Input(t, "stream.sse")))
		golden(t, "stream.to."+other.Name+".golden", stream, warnings)

		folder := filepath.Join("..", "..", other.Name, "testdata")
		theirs := request(t, other, dialecttest.Input(t, filepath.Join(folder, "request.json")))
		body, warnings, err = own.Client.EncodeRequest(theirs)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "request.from."+other.Name+".golden", body, warnings)
		events := dialecttest.Decode(other, dialecttest.Input(t, filepath.Join(folder, "stream.sse")))
		stream, warnings = dialecttest.Encode(own, req, events)
		golden(t, "stream.from."+other.Name+".golden", stream, warnings)

		// The whole answer is the fold of its stream, here too.
		answer, err := llm.Fold(slices.Values(events))
		if err != nil {
			t.Fatal(err)
		}
		whole, warnings := own.Server.EncodeResponse(answer)
		golden(t, "response.from."+other.Name+".golden", whole, warnings)
		streamed, err := llm.Fold(slices.Values(dialecttest.Decode(own, stream)))
		if err != nil {
			t.Fatal(err)
		}
		read, err := own.Client.DecodeResponse(whole)
		if err != nil || dialecttest.Text(read) != dialecttest.Text(streamed) || dialecttest.Text(read) != dialecttest.Text(answer) {
			t.Errorf("%s: %v, whole %s, streamed %s", other.Name, err, dialecttest.Text(read), dialecttest.Text(streamed))
		}
	}
}

func request(t *testing.T, d dialect.Dialect, body []byte) *llm.Request {
	t.Helper()
	req, err := d.Server.DecodeRequest(dialect.Path{}, body)
	if err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return req
}

// carry takes an answer of one dialect to a client of another, streamed and whole, and gives what that client sends
// back with its next request.
func carry(t *testing.T, from, to dialect.Dialect, stream []byte, next func(answer []byte) string) (turns []*llm.Request) {
	t.Helper()
	events := dialecttest.Decode(from, stream)
	streamed, _ := dialecttest.Encode(to, nil, events)
	seen, err := llm.Fold(slices.Values(dialecttest.Decode(to, streamed)))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := llm.Fold(slices.Values(events))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*llm.Response{seen, answer} {
		whole, _ := to.Server.EncodeResponse(r)
		turns = append(turns, request(t, to, []byte(next(whole))))
	}
	return turns
}

func responsesTurn(answer []byte) string {
	items, _, _ := rawjson.Get(answer, "output")
	return `{"model":"m","input":[{"role":"user","content":"hi"},` + strings.TrimPrefix(string(items), "[") + `}`
}

func messagesTurn(answer []byte) string {
	content, _, _ := rawjson.Get(answer, "content")
	return `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":` + string(content) + `}]}`
}

func chatTurn(answer []byte) string {
	var got struct {
		Choices []struct{ Message json.RawMessage }
	}
	_ = json.Unmarshal(answer, &got)
	return `{"model":"m","messages":[{"role":"user","content":"hi"},` + string(got.Choices[0].Message) + `]}`
}

// TestSignedThoughts follows signatures from the provider through a client of another dialect and back.
func TestSignedThoughts(t *testing.T) {
	own := responses.New()
	signed := `{"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.text","index":0,"text":"t","signature":"s","format":"f-1"}]}}],"id":"i","model":"m"}`
	fromChat := "data: " + signed + "\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n"
	theirs := func(d dialect.Dialect) []byte {
		return dialecttest.Input(t, filepath.Join("..", "..", d.Name, "testdata", "stream.sse"))
	}
	ours := dialecttest.Input(t, "stream.sse")
	for _, c := range []struct {
		name     string
		from, to dialect.Dialect
		stream   []byte
		next     func([]byte) string
		want     []string
	}{
		{"messages", messages.New(), own, theirs(messages.New()), responsesTurn, []string{
			`{"type":"thinking","thinking":"I look.","signature":"sig-1"}`, `{"type":"redacted_thinking","data":"secret"}`}},
		{"chat", chat.New(), own, []byte(fromChat), responsesTurn, []string{`"text":"t","signature":"s"`, `"format":"f-1"`}},
		{"responses by messages", own, messages.New(), ours, messagesTurn, []string{
			`{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Then I call."}],"encrypted_content":"secret"}`}},
		{"responses by chat", own, chat.New(), ours, chatTurn, []string{
			`{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Then I call."}],"encrypted_content":"secret"}`}},
	} {
		for i, req := range carry(t, c.from, c.to, c.stream, c.next) {
			body, _, err := c.from.Client.EncodeRequest(req)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !bytes.Contains(body, []byte(want)) {
					t.Errorf("%s, turn %d: %s is not in %s", c.name, i, want, body)
				}
			}
		}
	}
}

// TestForeignThoughtsStay: what another provider signed is not sent to one of this dialect, which could not read it.
func TestForeignThoughtsStay(t *testing.T) {
	own, other := responses.New(), messages.New()
	stream := dialecttest.Input(t, filepath.Join("..", "..", other.Name, "testdata", "stream.sse"))
	for _, req := range carry(t, other, own, stream, responsesTurn) {
		body, warnings, err := own.Client.EncodeRequest(req)
		if err != nil || bytes.Contains(body, []byte("encrypted_content")) || len(warnings) == 0 {
			t.Errorf("%v, %v, %s", err, warnings, body)
		}
	}
}

// TestToolsOfOtherProviders: a provider of another dialect calls tools by flat names and with JSON; the client hears of
// them in the form that it gave them in.
func TestToolsOfOtherProviders(t *testing.T) {
	own := responses.New()
	req := request(t, own, dialecttest.Input(t, "request.json"))
	call := func(index, name, arguments string) string {
		return `data: {"id":"i","model":"m","choices":[{"delta":{"tool_calls":[{"index":` + index + `,"id":"c` + index +
			`","function":{"name":"` + name + `","arguments":` + arguments + `}}]}}]}` + "\n\n"
	}
	stream := call("0", "mcp__maps__find", `"{\"a\":1}"`) + call("1", "patch", `"{\"input\":"`) +
		`data: {"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"arguments":"\"a\\nb\"}"}}]},"finish_reason":"tool_calls"}]}` + "\n\n"
	out, _ := dialecttest.Encode(own, req, dialecttest.Decode(chat.New(), []byte(stream)))
	for _, want := range []string{
		`"item":{"type":"function_call","id":"fc_i_0","status":"completed","call_id":"c0","namespace":"mcp__maps","name":"find","arguments":"{\"a\":1}"}`,
		`"delta":"a\nb"`, `"input":"a\nb","sequence_number"`,
		`"item":{"type":"custom_tool_call","id":"ctc_i_1","status":"completed","call_id":"c1","name":"patch","input":"a\nb"}`,
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%s is not in %s", want, out)
		}
	}
	// The client answers, and the provider sees the names that it knows.
	answer, err := llm.Fold(slices.Values(dialecttest.Decode(own, out)))
	if err != nil {
		t.Fatal(err)
	}
	whole, _ := own.Server.EncodeResponse(answer)
	for _, other := range others {
		body, _, err := other.Client.EncodeRequest(request(t, own, []byte(responsesTurn(whole))))
		if err != nil || !bytes.Contains(body, []byte(`"name":"mcp__maps__find"`)) || !bytes.Contains(body, []byte(`a\`)) {
			t.Errorf("%s: %v, %s", other.Name, err, body)
		}
	}
}

// TestPrefix adds turns one by one: what was sent of earlier turns must not change by a byte, or the provider's prompt
// cache is cold again.
func TestPrefix(t *testing.T) {
	own := responses.New()
	req := request(t, own, dialecttest.Input(t, "request.json"))
	for _, to := range []struct {
		d   dialect.Dialect
		key string
	}{{own, "input"}, {chat.New(), "messages"}, {messages.New(), "messages"}} {
		var before []byte
		for n := 2; n <= len(req.Messages); n++ {
			part := *req
			part.Messages = req.Messages[:n]
			body, _, err := to.d.Client.EncodeRequest(&part)
			if err != nil {
				t.Fatal(err)
			}
			turns, _, _ := rawjson.Get(body, to.key)
			// The turn that was last may go on, so its closing brackets are not compared.
			if !bytes.HasPrefix(turns, bytes.TrimRight(before, "]}")) {
				t.Errorf("%s: turn %d changes what came before it:\n%s\n%s", to.d.Name, n, before, turns)
			}
			before = turns
		}
	}
}
