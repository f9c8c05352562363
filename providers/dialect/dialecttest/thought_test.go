package dialecttest_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/converse"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/generate"
	"heimdall/providers/dialect/messages"
	"heimdall/providers/dialect/responses"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// talker is a client of a dialect: next is its next request after an answer.
type talker struct {
	dialect.Dialect
	next func(answer []byte) string
}

var (
	chatClient = talker{chat.New(), func(answer []byte) string {
		var got struct {
			Choices []struct{ Message json.RawMessage }
		}
		_ = json.Unmarshal(answer, &got)
		return `{"model":"m","messages":[{"role":"user","content":"hi"},` + string(got.Choices[0].Message) + `]}`
	}}
	messagesClient = talker{messages.New(), func(answer []byte) string {
		content, _, _ := rawjson.Get(answer, "content")
		return `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":` + string(content) + `}]}`
	}}
	responsesClient = talker{responses.New(), func(answer []byte) string {
		items, _, _ := rawjson.Get(answer, "output")
		return `{"model":"m","input":[{"role":"user","content":"hi"},` + strings.TrimPrefix(string(items), "[") + `}`
	}}
	converseClient = talker{converse.New(), func(answer []byte) string {
		message, _, _ := rawjson.Get(answer, "output", "message")
		return `{"messages":[{"role":"user","content":[{"text":"hi"}]},` + string(message) + `]}`
	}}
	generateClient = talker{generate.New(), func(answer []byte) string {
		var got struct {
			Candidates []struct{ Content json.RawMessage }
		}
		_ = json.Unmarshal(answer, &got)
		return `{"contents":[{"role":"user","parts":[{"text":"hi"}]},` + string(got.Candidates[0].Content) + `]}`
	}}
)

// carry takes an answer of a provider to a client of another dialect, streamed and whole, and gives the client's next
// requests.
func carry(t *testing.T, from dialect.Dialect, to talker, stream []byte) (turns [][]byte) {
	t.Helper()
	events := dialecttest.Decode(from, stream)
	streamed, _ := dialecttest.Encode(to.Dialect, nil, events)
	whole, _ := to.Server.EncodeResponse(folded(t, events))
	return [][]byte{[]byte(to.next(to.read(t, streamed))), []byte(to.next(whole))}
}

// read is the whole answer as a client has it at the end of a stream: the last event says it, or the pieces do.
func (c talker) read(t *testing.T, stream []byte) []byte {
	t.Helper()
	frames := bytes.Split(bytes.TrimSpace(stream), []byte("\n\n"))
	_, data, _ := bytes.Cut(frames[len(frames)-1], []byte("data: "))
	if rawjson.IsObject(data) {
		if whole, ok, _ := rawjson.Get(data, "response"); ok {
			return whole
		}
	}
	whole, _ := c.Server.EncodeResponse(folded(t, dialecttest.Decode(c.Dialect, stream)))
	return whole
}

func folded(t *testing.T, events []llm.Event) *llm.Response {
	t.Helper()
	r, err := llm.Fold(slices.Values(events))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func decoded(t *testing.T, d dialect.Dialect, body []byte) *llm.Request {
	t.Helper()
	req, err := d.Server.DecodeRequest(dialect.Path{}, body)
	if err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return req
}

const (
	signedByChat = `data: {"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.text","index":0,"text":"t","signature":"s","format":"f-1"}]}}],"id":"i","model":"m"}` +
		"\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n"
	encryptedByChat = `data: {"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.encrypted","index":2,"data":"d","format":"f-1","id":"rs_1"}]}}],"id":"i","model":"m"}` +
		"\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n"
	summaryByChat = `data: {"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.summary","index":0,"summary":"A ","format":"f-1"}]}}],"id":"i","model":"m"}` +
		"\n\ndata: {\"choices\":[{\"delta\":{\"reasoning_details\":[{\"type\":\"reasoning.summary\",\"index\":0,\"summary\":\"thought.\",\"format\":\"f-1\"}]}}]}" +
		"\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n"
	listedByChat = `data: {"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"A "}]}]}}],"id":"i","model":"m"}` +
		"\n\ndata: {\"choices\":[{\"delta\":{\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"thought.\"}]}]}}]}" +
		"\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n"
	unsignedByChat = `data: {"choices":[{"delta":{"reasoning":"A thought."}}],"id":"i","model":"m"}` +
		"\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n"
)

// TestSignedThoughts follows signatures from the provider through a client of another dialect and back.
func TestSignedThoughts(t *testing.T) {
	messagesThoughts := []string{`{"type":"thinking","thinking":"I look.","signature":"sig-1"}`, `{"type":"redacted_thinking","data":"secret"}`}
	chatThoughts := []string{`[{"type":"reasoning.text","index":0,"text":"t","signature":"s","format":"f-1"}]`}
	chatSecret := []string{`[{"type":"reasoning.encrypted","index":2,"data":"d","format":"f-1","id":"rs_1"}]`}
	chatSummary := []string{`[{"type":"reasoning.summary","index":0,"summary":"A thought.","format":"f-1"}]`}
	responsesThought := []string{`{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Then I call."}],"encrypted_content":"secret"}`}
	for _, c := range []struct {
		name   string
		from   dialect.Dialect
		to     talker
		stream []byte
		want   []string
	}{
		{"messages by chat", messages.New(), chatClient, input(t, "messages", "stream.sse"), messagesThoughts},
		{"messages by responses", messages.New(), responsesClient, input(t, "messages", "stream.sse"), messagesThoughts},
		{"chat by responses", chat.New(), responsesClient, []byte(signedByChat), chatThoughts},
		{"chat by messages", chat.New(), messagesClient, []byte(signedByChat), chatThoughts},
		{"chat by converse", chat.New(), converseClient, []byte(signedByChat), chatThoughts},
		{"chat by generate", chat.New(), generateClient, []byte(signedByChat), chatThoughts},
		{"chat by chat", chat.New(), chatClient, []byte(signedByChat), chatThoughts},
		{"secret by responses", chat.New(), responsesClient, []byte(encryptedByChat), chatSecret},
		{"secret by messages", chat.New(), messagesClient, []byte(encryptedByChat), chatSecret},
		{"secret by converse", chat.New(), converseClient, []byte(encryptedByChat), chatSecret},
		{"secret by generate", chat.New(), generateClient, []byte(encryptedByChat), chatSecret},
		{"summary by responses", chat.New(), responsesClient, []byte(summaryByChat), chatSummary},
		{"summary by messages", chat.New(), messagesClient, []byte(summaryByChat), chatSummary},
		{"summary by converse", chat.New(), converseClient, []byte(summaryByChat), chatSummary},
		{"summary by generate", chat.New(), generateClient, []byte(summaryByChat), chatSummary},
		{"summary by chat", chat.New(), chatClient, []byte(summaryByChat), chatSummary},
		{"secret by chat", chat.New(), chatClient, []byte(encryptedByChat), chatSecret},
		{"unsigned by responses", chat.New(), responsesClient, []byte(unsignedByChat), []string{`"reasoning_content":"A thought."`}},
		{"content by responses", chat.New(), responsesClient, []byte(listedByChat), []string{`[{"type":"thinking","thinking":[{"type":"text","text":"A thought."}]},`}},
		{"unsigned by messages", chat.New(), messagesClient, []byte(unsignedByChat), []string{`"reasoning_content":"A thought."`}},
		{"responses by messages", responses.New(), messagesClient, input(t, "responses", "stream.sse"), responsesThought},
		{"responses by chat", responses.New(), chatClient, input(t, "responses", "stream.sse"), responsesThought},
	} {
		for i, turn := range carry(t, c.from, c.to, c.stream) {
			body, _, err := c.from.Client.EncodeRequest(decoded(t, c.to.Dialect, turn))
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

// TestForeignThoughts: a client goes on with a provider of its own dialect where one of another began. What that one
// signed would be refused, so the request is known by its bytes and encoded anew without it, loudly.
func TestForeignThoughts(t *testing.T) {
	for _, c := range []struct {
		name   string
		from   dialect.Dialect
		to     talker
		stream []byte
		marks  []string
	}{
		{"responses to messages", responses.New(), messagesClient, input(t, "responses", "stream.sse"), []string{"reasoning_item:", "redacted_thinking"}},
		{"generate to messages", generate.New(), messagesClient, input(t, "generate", "stream.sse"), []string{"generate:", "redacted_thinking"}},
		{"messages to responses", messages.New(), responsesClient, input(t, "messages", "stream.sse"), []string{"carried_thought:", "encrypted_content", `"type":"reasoning"`}},
		{"generate to responses", generate.New(), responsesClient, input(t, "generate", "stream.sse"), []string{"carried_thought:", "encrypted_content", `"type":"reasoning"`}},
		{"chat to messages", chat.New(), messagesClient, []byte(encryptedByChat), []string{"reasoning_detail:", "redacted_thinking"}},
		{"chat to responses", chat.New(), responsesClient, []byte(encryptedByChat), []string{"reasoning_detail:", "carried_thought:", "encrypted_content"}},
		{"chat to converse", chat.New(), converseClient, []byte(signedByChat), []string{"reasoning_detail:", "reasoningContent"}},
		{"secret to converse", chat.New(), converseClient, []byte(encryptedByChat), []string{"reasoning_detail:", "redactedContent"}},
		{"unsigned to messages", chat.New(), messagesClient, []byte(unsignedByChat), []string{"carried_thought:", "A thought."}},
		{"unsigned to responses", chat.New(), responsesClient, []byte(unsignedByChat), []string{"carried_thought:", "encrypted_content", `"type":"reasoning"`}},
	} {
		for i, turn := range carry(t, c.from, c.to, c.stream) {
			if !c.to.Foreign(turn) {
				t.Errorf("%s, turn %d: %s is taken as it is", c.name, i, turn)
			}
			body, warnings, err := c.to.Client.EncodeRequest(decoded(t, c.to.Dialect, turn))
			if err != nil || len(warnings) == 0 || !strings.Contains(warnings[0].Field, "reasoning") {
				t.Errorf("%s, turn %d: %v, warnings %v", c.name, i, err, warnings)
			}
			for _, mark := range c.marks {
				if bytes.Contains(body, []byte(mark)) {
					t.Errorf("%s, turn %d: %s is in %s", c.name, i, mark, body)
				}
			}
			if c.to.Foreign(body) {
				t.Errorf("%s, turn %d: it would be encoded anew for ever: %s", c.name, i, body)
			}
		}
	}
}

// TestForeignThoughtsInChat: chat takes its own signatures back, never those with another dialect's mark.
func TestForeignThoughtsInChat(t *testing.T) {
	for _, turn := range carry(t, responses.New(), chatClient, input(t, "responses", "stream.sse")) {
		body, warnings, err := chatClient.Client.EncodeRequest(decoded(t, chatClient.Dialect, turn))
		if err != nil || len(warnings) == 0 || bytes.Contains(body, []byte("reasoning_item:")) {
			t.Errorf("%v, %v, %s", err, warnings, body)
		}
	}
}

// TestOwnThoughts: a conversation that stays in its dialect is left as it is.
func TestOwnThoughts(t *testing.T) {
	for _, c := range []talker{messagesClient, responsesClient} {
		for i, turn := range carry(t, c.Dialect, c, input(t, c.Name, "stream.sse")) {
			if c.Foreign(turn) {
				t.Errorf("%s, turn %d: %s is encoded anew", c.Name, i, turn)
			}
		}
		if c.Foreign(input(t, c.Name, "request.json")) {
			t.Errorf("%s: the request is encoded anew", c.Name)
		}
	}
}

// TestUnsignedThoughts: a client gets a thought that nobody signed with a mark, and what it sends back is the thought
// without it. A provider that does not sign gets its own thoughts back.
func TestUnsignedThoughts(t *testing.T) {
	for _, c := range []talker{messagesClient, responsesClient} {
		for i, turn := range carry(t, chat.New(), c, []byte(unsignedByChat)) {
			want := llm.Part{Kind: llm.PartReasoning, Text: "A thought."}
			got := decoded(t, c.Dialect, turn).Messages[1].Parts[0]
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, turn %d: %s", c.Name, i, diff)
			}
		}
	}
	stream := `data: {"type":"message_start","message":{"id":"i","model":"m"}}` + "\n\n" +
		`data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}` + "\n\n" +
		`data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Mine."}}` + "\n\n" +
		`data: {"type":"content_block_stop","index":0}` + "\n\n" +
		`data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}` + "\n\n"
	for i, turn := range carry(t, messagesClient.Dialect, messagesClient, []byte(stream)) {
		body, warnings, err := messagesClient.Client.EncodeRequest(decoded(t, messagesClient.Dialect, turn))
		if want := `{"type":"thinking","thinking":"Mine.","signature":""}`; err != nil || len(warnings) > 0 ||
			messagesClient.Foreign(turn) || !bytes.Contains(body, []byte(want)) {
			t.Errorf("turn %d: %v, %v, %s is not in %s", i, err, warnings, want, body)
		}
	}
}

// TestBrokenCarriedThought: what cannot be unpacked is not sent on either.
func TestBrokenCarriedThought(t *testing.T) {
	turn := []byte(`{"model":"m","input":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"a"}],` +
		`"encrypted_content": "carried_thought:%%%"},{"role":"user","content":"hi"}]}`)
	body, warnings, err := responsesClient.Client.EncodeRequest(decoded(t, responsesClient.Dialect, turn))
	if err != nil || !responsesClient.Foreign(turn) || len(warnings) != 1 || bytes.Contains(body, []byte("carried_thought")) {
		t.Errorf("%v, %v, %s", err, warnings, body)
	}
}
