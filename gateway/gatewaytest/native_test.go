package gatewaytest

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestNativeChat(t *testing.T) {
	same := Sent{URL: openaiChat, Body: chatRequest, Header: map[string]string{
		"Authorization": "Bearer " + OpenAIKey, "Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "", "X-Bf-Test": "", "Cookie": "", "Origin": "",
	}}
	streamBody := `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}}`
	Run(t, []Scenario{
		{
			Name: "drop-in passes bytes both ways", Path: "/openai/chat/completions", Body: chatRequest, Header: []string{"Cookie", "a=b"},
			Script: answers(chatAnswer), Status: 200, Want: chatAnswer, Upstream: []Sent{same}, Records: openaiOK(),
			Expect: map[string]string{"Content-Type": "application/json"},
		},
		{
			Name: "drop-in with version segment", Path: "/openai/v1/chat/completions", Body: chatRequest,
			Script: answers(chatAnswer), Status: 200, Want: chatAnswer, Upstream: []Sent{same}, Records: openaiOK(),
		},
		{
			Name: "unified route edits the model alone and adds extra_fields", Path: "/v1/chat/completions", Body: unifiedRequest,
			Script: answers(chatAnswer), Status: 200, Contains: []string{strings.TrimSuffix(chatPriced, "}") + `,"extra_fields":{`, `"request_type":"chat_completion"`, `"chunk_index":0`, `"original_model_requested":"gpt-4o-mini"`},
			Upstream: []Sent{same}, Records: openaiOK(asked("openai/gpt-4o-mini")),
		},
		{
			Name: "a header of ours on the drop-in adds extra_fields and stays here", Path: "/openai/chat/completions", Body: chatRequest,
			Header: []string{"X-Bf-Test", "1"}, Script: answers(chatAnswer), Status: 200,
			Contains: []string{strings.TrimSuffix(chatPriced, "}") + `,"extra_fields":{`}, Upstream: []Sent{same}, Records: openaiOK(),
		},
		{
			Name: "provider prefix on the drop-in", Path: "/openai/chat/completions", Body: unifiedRequest,
			Script: answers(chatAnswer), Status: 200, Want: chatAnswer, Upstream: []Sent{same}, Records: openaiOK(asked("openai/gpt-4o-mini")),
		},
		{
			Name: "stream passes as it is but for the usage that nobody asked for", Path: "/openai/chat/completions", Body: chatStream,
			Script: streams(join(chatFrames, usageChunk, "[DONE]")), Status: 200, Want: join(chatFrames, "[DONE]"),
			Upstream: []Sent{{URL: openaiChat, Body: streamBody}}, Records: openaiOK(streamed(2)),
			Expect: map[string]string{"Content-Type": "text/event-stream"},
		},
		{
			Name: "usage that was asked for stays", Path: "/openai/chat/completions", Body: chatStreamAsked,
			Script: streams(join(chatFrames, usageChunk, "[DONE]")), Status: 200, Want: join(chatFrames, usageChunk, "[DONE]"),
			Upstream: []Sent{{URL: openaiChat, Body: chatStreamAsked}}, Records: openaiOK(streamed(2)),
		},
		{
			Name: "unified stream has extra_fields on every chunk", Path: "/v1/chat/completions", Body: strings.Replace(chatStreamAsked, "gpt", "openai/gpt", 1),
			Script: streams(join(chatFrames, usageChunk, "[DONE]")), Status: 200,
			Upstream: []Sent{{URL: openaiChat, Body: chatStreamAsked}}, Records: openaiOK(streamed(2), asked("openai/gpt-4o-mini")),
			Check: func(t *testing.T, _ *Gateway, a Answer) { checkChunks(t, a.Body, 5) },
		},
		{
			Name: "missing end mark is no failure", Path: "/openai/chat/completions", Body: chatStreamAsked,
			Script: streams(join(chatFrames, usageChunk)), Status: 200, Want: join(chatFrames, usageChunk),
			Upstream: []Sent{{URL: openaiChat, Body: chatStreamAsked}}, Records: openaiOK(streamed(2)),
		},
		{
			Name: "duplicate end mark passes", Path: "/openai/chat/completions", Body: chatStreamAsked,
			Script: streams(join(chatFrames, usageChunk, "[DONE]", "[DONE]")), Status: 200, Want: join(chatFrames, usageChunk, "[DONE]", "[DONE]"),
			Upstream: []Sent{{URL: openaiChat, Body: chatStreamAsked}}, Records: openaiOK(streamed(2)),
		},
		{
			Name: "fallbacks stay here", Path: "/v1/chat/completions",
			Body:   `{"model":"openai/gpt-4o-mini","fallbacks":["anthropic/claude-haiku-4-5"],"messages":[{"role":"user","content":"hi"}]}`,
			Script: answers(chatAnswer), Status: 200, Lacks: []string{"warnings"},
			Upstream: []Sent{{URL: openaiChat, Body: `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}`}},
			Records:  openaiOK(asked("openai/gpt-4o-mini")),
		},
	})
}

// checkChunks wants n JSON chunks whose extra_fields count from 0, then the end mark.
func checkChunks(t *testing.T, body string, n int) {
	t.Helper()
	frames := strings.Split(strings.TrimSuffix(body, "\n\n"), "\n\n")
	if len(frames) != n+1 || frames[n] != "data: [DONE]" {
		t.Fatalf("%d frames, want %d and the end mark:\n%s", len(frames), n, body)
	}
	for i, f := range frames[:n] {
		var c struct {
			Extra *struct {
				Index    int    `json:"chunk_index"`
				Type     string `json:"request_type"`
				Provider string `json:"provider"`
			} `json:"extra_fields"`
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(f, "data: ")), &c); err != nil {
			t.Fatalf("chunk %d: %v in %s", i, err, f)
		}
		if c.Extra == nil || c.Extra.Index != i || c.Extra.Type != "chat_completion_stream" || c.Extra.Provider == "" {
			t.Errorf("chunk %d has extra_fields %+v", i, c.Extra)
		}
	}
}

func TestNativeMessages(t *testing.T) {
	Run(t, []Scenario{
		{
			Name: "unary, byte for byte, with beta headers", Path: "/anthropic/v1/messages", Body: messagesRequest,
			Header: []string{"anthropic-version", "2023-01-01", "anthropic-beta", "context-1m-2025-08-07,fine-grained", "x-api-key", "what-the-client-has", "Authorization", "Bearer dummy"},
			Script: answers(messagesAnswer), Status: 200, Want: messagesAnswer, Records: anthropicOK(),
			Upstream: []Sent{{URL: anthropicMessage, Body: messagesRequest, Header: map[string]string{
				"X-Api-Key": AnthropicKey, "Anthropic-Version": "2023-01-01", "Anthropic-Beta": "context-1m-2025-08-07,fine-grained", "Authorization": "",
			}}},
		},
		{
			Name: "stream, byte for byte, with the default version", Path: "/anthropic/v1/messages", Body: messagesStream,
			Script: streams(messagesFrames), Status: 200, Want: messagesFrames, Records: anthropicOK(streamed(2)),
			Upstream: []Sent{{URL: anthropicMessage, Body: messagesStream, Header: map[string]string{"Anthropic-Version": "2023-06-01", "X-Api-Key": AnthropicKey}}},
		},
		{
			Name: "x-bf headers change nothing here", Path: "/anthropic/v1/messages", Body: messagesRequest, Header: []string{"x-bf-test", "1"},
			Script: answers(messagesAnswer), Status: 200, Want: messagesAnswer, Records: anthropicOK(),
			Upstream: []Sent{{URL: anthropicMessage, Body: messagesRequest}},
		},
	})
}
