package gatewaytest

import (
	"strings"

	"heimdall/providers/fake"
)

// What the two upstreams say in these tests. Odd spacing and unknown fields show whether bytes stay as they are.
const (
	chatAnswer = `{"id": "chatcmpl-1","object":"chat.completion","created":1700000000,"model":"gpt-4o-mini-2024","choices":[{"index":0,"message":{"role":"assistant","content":"Hello  there","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18},"x_unknown":{"a":[1, 2]}}`

	messagesAnswer = `{"id":"msg_1","type":"message","role":"assistant","model":"claude-haiku-4-5","content":[{"type":"text","text":"Hello  there"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":7},"x_unknown":true}`

	chatRequest      = `{ "model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}], "x_unknown" : {"b":1.50}}`
	unifiedRequest   = `{ "model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"hi"}], "x_unknown" : {"b":1.50}}`
	messagesRequest  = `{ "model":"claude-haiku-4-5","max_tokens":64,"messages":[{"role":"user","content":"hi"}],"x_unknown":[ 1 ]}`
	chatStream       = `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}],"stream":true}`
	chatStreamAsked  = `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}}`
	messagesStream   = `{"model":"claude-haiku-4-5","max_tokens":64,"messages":[{"role":"user","content":"hi"}],"stream":true}`
	openaiChat       = "https://api.openai.com/v1/chat/completions"
	anthropicMessage = "https://api.anthropic.com/v1/messages"

	rateLimit = `{"error": {"message":"Rate limit reached","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}`
	overload  = `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}`
)

// chatPriced is chatAnswer with what it costs.
var chatPriced = strings.Replace(chatAnswer, `"total_tokens":18}`,
	`"total_tokens":18,"cost":{"input_tokens_cost":0.00000165,"output_tokens_cost":0.0000042,"reasoning_tokens_cost":0,"request_cost":0,"total_cost":0.00000585}}`, 1)

// chunk is a piece of a chat stream; delta and finish are JSON.
func chunk(delta, finish string) string {
	return `{"id":"chatcmpl-2","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o-mini-2024","choices":[{"index":0,"delta":` + delta + `,"finish_reason":` + finish + `}]}`
}

const usageChunk = `{"id":"chatcmpl-2","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o-mini-2024","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":2,"total_tokens":13}}`

// chatFrames are the frames of a whole chat stream, without the usage report and the end mark.
var chatFrames = []string{
	chunk(`{"role":"assistant","content":""}`, "null"), chunk(`{"content":"Hel"}`, "null"), chunk(`{"content":"lo"}`, "null"), chunk(`{}`, `"stop"`),
}

func sse(payloads ...string) string { return fake.SSE(payloads...) }

func join(list []string, more ...string) string {
	return sse(append(list[:len(list):len(list)], more...)...)
}

// events writes messages-dialect events: type and fields, alternating.
func events(list ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(list); i += 2 {
		b.WriteString("event: " + list[i] + "\ndata: {\"type\":\"" + list[i] + "\"" + list[i+1] + "}\n\n")
	}
	return b.String()
}

var messagesFrames = events(
	"message_start", `,"message":{"id":"msg_2","type":"message","role":"assistant","model":"claude-haiku-4-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":1}}`,
	"content_block_start", `,"index":0,"content_block":{"type":"text","text":""}`,
	"ping", ``,
	"content_block_delta", `,"index":0,"delta":{"type":"text_delta","text":"Hel"}`,
	"content_block_delta", `,"index":0,"delta":{"type":"text_delta","text":"lo"}`,
	"content_block_stop", `,"index":0`,
	"message_delta", `,"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2}`,
	"message_stop", ``,
)

func answers(body string) fake.Reply {
	return fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "application/json"}, Body: body}
}

func streams(body string) fake.Reply {
	return fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "text/event-stream"}, Body: body}
}

func refuses(status int, body string, header ...string) fake.Reply {
	r := fake.Reply{Status: status, Header: map[string]string{"Content-Type": "application/json"}, Body: body}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header[header[i]] = header[i+1]
	}
	return r
}

// openaiOK and anthropicOK are the rows of the plain calls above.
func openaiOK(edit ...func(*Record)) []Record {
	return one(Record{Provider: "openai", Model: "gpt-4o-mini", Alias: "gpt-4o-mini", Status: "success", Code: 200, In: 11, Out: 7,
		Key: "main", Upstream: "chat", Finish: "stop", Attempts: 1}, edit)
}

func anthropicOK(edit ...func(*Record)) []Record {
	return one(Record{Provider: "anthropic", Model: "claude-haiku-4-5", Alias: "claude-haiku-4-5", Status: "success", Code: 200, In: 11, Out: 7,
		Key: "main", Upstream: "messages", Finish: "stop", Attempts: 1}, edit)
}

func one(r Record, edit []func(*Record)) []Record {
	for _, f := range edit {
		f(&r)
	}
	return []Record{r}
}

func asked(alias string) func(*Record) { return func(r *Record) { r.Alias = alias } }

func streamed(out int64) func(*Record) {
	return func(r *Record) { r.Stream, r.Out = true, out }
}

func failed(kind string, code int) func(*Record) {
	return func(r *Record) {
		r.Status, r.Kind, r.Code = "error", kind, code
		r.In, r.Out, r.NoUsage, r.Finish, r.Upstream = 0, 0, true, "", ""
	}
}
