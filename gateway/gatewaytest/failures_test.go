package gatewaytest

import (
	"strings"
	"testing"

	"heimdall/providers/fake"
)

// once is Config without retries, to look at one failure at a time.
const once = `{"providers":{
	"openai":{"network_config":{"max_retries":0},"keys":[{"name":"main","value":"` + OpenAIKey + `","models":["*"],"weight":1}]},
	"anthropic":{"network_config":{"max_retries":0},"keys":[{"name":"main","value":"` + AnthropicKey + `","models":["*"],"weight":1}]}}}`

// runOnce runs scenarios without retries.
func runOnce(t *testing.T, list []Scenario) {
	t.Helper()
	for i := range list {
		list[i].Config = once
	}
	Run(t, list)
}

const htmlAnswer = "<!doctype html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

func TestProviderErrors(t *testing.T) {
	limited := func(r *Record) { failed("provider_rate_limited", 429)(r) }
	overloaded := func(r *Record) { failed("provider_overloaded", 529)(r) }
	cross := asked("anthropic/claude-haiku-4-5")
	toOpenAI, toAnthropic := []Sent{{URL: openaiChat, Body: anyBody}}, []Sent{{URL: anthropicMessage, Body: anyBody}}
	chatToMessages := strings.Replace(chatRequest, "gpt-4o-mini", "anthropic/claude-haiku-4-5", 1)
	messagesToChat := strings.Replace(messagesRequest, "claude-haiku-4-5", "openai/gpt-4o-mini", 1)
	runOnce(t, []Scenario{
		{
			Name: "messages, native: raw body and status", Path: "/anthropic/v1/messages", Body: messagesRequest, Script: refuses(529, overload, "Retry-After", "7"),
			Status: 529, Want: overload, Expect: map[string]string{"Retry-After": "7", "Content-Type": "application/json"}, Upstream: toAnthropic, Records: anthropicOK(overloaded),
		},
		{
			Name: "chat, native: the provider's words, and ours beside them", Path: "/openai/chat/completions", Body: chatRequest, Script: refuses(429, rateLimit, "Retry-After", "3"),
			Status: 429, Contains: []string{strings.TrimSuffix(rateLimit, "}") + `,"is_bifrost_error":false,"status_code":429,"extra_fields":{"error_type":"provider_rate_limited"`, `"provider":"openai"`},
			Expect: map[string]string{"Retry-After": "3"}, Upstream: toOpenAI, Records: openaiOK(limited),
		},
		{
			Name: "a stream's error before the first byte is a plain answer", Path: "/openai/chat/completions", Body: chatStream, Script: refuses(401, `{"error":{"message":"Incorrect API key","type":"invalid_request_error","code":"invalid_api_key"}}`),
			Status: 401, Contains: []string{`"message":"Incorrect API key"`, `"code":"invalid_api_key"`}, Lacks: []string{"data:"}, Expect: map[string]string{"Content-Type": "application/json"},
			Upstream: toOpenAI, Records: openaiOK(failed("provider_auth_failed", 401), func(r *Record) { r.Stream = true }),
		},
		{
			Name: "messages stream's error before the first byte", Path: "/anthropic/v1/messages", Body: messagesStream, Script: refuses(529, overload),
			Status: 529, Want: overload, Upstream: toAnthropic, Records: anthropicOK(overloaded, func(r *Record) { r.Stream = true }),
		},
		{
			Name: "translated to chat", Path: "/v1/chat/completions", Body: chatToMessages, Script: refuses(529, overload, "Retry-After", "7"),
			Status: 529, Contains: []string{`"message":"Overloaded"`, `"type":"overloaded_error"`, `"is_bifrost_error":false`}, Lacks: []string{"request_id"}, Expect: map[string]string{"Retry-After": "7"},
			Upstream: toAnthropic, Records: anthropicOK(overloaded, cross),
		},
		{
			Name: "translated to messages", Path: "/anthropic/v1/messages", Body: messagesToChat, Script: refuses(429, rateLimit, "Retry-After", "3"),
			Status: 429, Want: `{"type":"error","error":{"type":"rate_limit_error","message":"Rate limit reached"}}`, Expect: map[string]string{"Retry-After": "3"},
			Upstream: toOpenAI, Records: openaiOK(limited, asked("openai/gpt-4o-mini")),
		},
		{
			Name: "a web page instead of an answer", Path: "/v1/chat/completions", Body: unifiedRequest,
			Script: fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "text/html; charset=utf-8"}, Body: htmlAnswer},
			Status: 502, Contains: []string{`"is_bifrost_error":false`}, Lacks: []string{"<html", "<title"}, Upstream: toOpenAI, Records: openaiOK(failed("provider_server_error", 502), asked("openai/gpt-4o-mini")),
		},
		{
			Name: "a web page as an error", Path: "/anthropic/v1/messages", Body: messagesRequest,
			Script: fake.Reply{Status: 503, Header: map[string]string{"Content-Type": "text/html"}, Body: htmlAnswer},
			Status: 503, Contains: []string{`"type":"error"`}, Lacks: []string{"<html", "<title"}, Upstream: toAnthropic, Records: anthropicOK(failed("provider_server_error", 503)),
		},
		{
			Name: "a redirect is not followed", Path: "/openai/chat/completions", Body: chatRequest,
			Script: fake.Reply{Status: 302, Header: map[string]string{"Location": "https://elsewhere.test/"}},
			Status: 502, Lacks: []string{"elsewhere"}, Expect: map[string]string{"Location": ""}, Upstream: toOpenAI, Records: openaiOK(failed("provider_server_error", 502)),
		},
		{
			Name: "an answer that is no JSON, translated", Path: "/v1/chat/completions", Body: chatToMessages, Script: answers("oops"),
			Status: 502, Contains: []string{`"message":"the answer of anthropic cannot be read`}, Upstream: toAnthropic, Records: anthropicOK(failed("provider_server_error", 502), cross),
		},
	})
}

func TestBrokenStreams(t *testing.T) {
	cut := func(body string) fake.Reply { r := streams(body); r.Cut = true; return r }
	truncated := func(r *Record) {
		r.Status, r.Kind, r.Finish, r.Stream = "error", "provider_truncated", "", true
		r.In, r.Out, r.NoUsage = 0, 0, true
	}
	begun := strings.Join(strings.SplitAfter(messagesFrames, "\n\n")[:4], "")
	usage := func(r *Record) { r.In, r.Out, r.NoUsage = 11, 1, false } // messages report it at the beginning
	frame := "data: " + `{"error":{"message":"openai ended its answer before it was complete","type":"stream_truncated","param":null,"code":null}}` + "\n\n"
	event := "event: error\ndata: " + `{"type":"error","error":{"type":"api_error","message":"anthropic ended its answer before it was complete"}}` + "\n\n"
	toOpenAI, toAnthropic := []Sent{{URL: openaiChat, Body: anyBody}}, []Sent{{URL: anthropicMessage, Body: anyBody}}
	runOnce(t, []Scenario{
		{
			Name: "chat, cut", Path: "/openai/chat/completions", Body: chatStreamAsked, Script: cut(join(chatFrames[:3])),
			Status: 200, Want: join(chatFrames[:3]) + frame, Upstream: toOpenAI, Records: openaiOK(truncated),
		},
		{
			Name: "chat, ends without its finish", Path: "/openai/chat/completions", Body: chatStreamAsked, Script: streams(join(chatFrames[:3])),
			Status: 200, Want: join(chatFrames[:3]) + frame, Upstream: toOpenAI, Records: openaiOK(truncated),
		},
		{
			Name: "chat, cut inside a frame", Path: "/openai/chat/completions", Body: chatStreamAsked, Script: cut(join(chatFrames[:3]) + "data: {\"id\":\"chat"),
			Status: 200, Contains: []string{"\n\n" + frame}, Upstream: toOpenAI, Records: openaiOK(truncated),
		},
		{
			Name: "unified chat, cut inside a frame", Path: "/v1/chat/completions", Body: strings.Replace(chatStream, "gpt", "openai/gpt", 1), Script: cut(join(chatFrames[:3]) + "data: {\"id\":\"chat"),
			Status: 200, Contains: []string{"\n\ndata: " + `{"error":{"message":"openai ended its answer`, `"chunk_index":3`}, Lacks: []string{"[DONE]"}, Upstream: toOpenAI, Records: openaiOK(truncated, asked("openai/gpt-4o-mini")),
		},
		{
			Name: "chat, nothing came at all", Path: "/openai/chat/completions", Body: chatStreamAsked, Script: cut(""),
			Status: 502, Contains: []string{`"message":"openai ended its answer before it was complete"`}, Lacks: []string{"data:"}, Upstream: toOpenAI,
			Records: openaiOK(failed("provider_truncated", 502), func(r *Record) { r.Stream = true }),
		},
		{
			Name: "messages, cut", Path: "/anthropic/v1/messages", Body: messagesStream, Script: cut(begun),
			Status: 200, Want: begun + event, Upstream: toAnthropic, Records: anthropicOK(truncated, usage),
		},
		{
			Name: "messages, cut inside a frame", Path: "/anthropic/v1/messages", Body: messagesStream, Script: cut(begun + "event: content_block_delta\nda"),
			Status: 200, Contains: []string{"\n\n" + event}, Upstream: toAnthropic, Records: anthropicOK(truncated, usage),
		},
		{
			Name: "chat client, messages upstream, cut", Path: "/openai/chat/completions", Body: strings.Replace(chatStream, "gpt-4o-mini", "anthropic/claude-haiku-4-5", 1), Script: cut(begun),
			Status: 200, Contains: []string{`"content":"Hel"`, `data: {"error":{"message":"anthropic ended its answer`}, Lacks: []string{"[DONE]", `"finish_reason":"`},
			Upstream: toAnthropic, Records: anthropicOK(truncated, usage, asked("anthropic/claude-haiku-4-5")),
		},
		{
			Name: "messages client, chat upstream, cut", Path: "/anthropic/v1/messages", Body: strings.Replace(messagesStream, "claude-haiku-4-5", "openai/gpt-4o-mini", 1), Script: cut(join(chatFrames[:3])),
			Status: 200, Contains: []string{`"text":"Hel"`, "event: error\ndata: " + `{"type":"error","error":{"type":"api_error","message":"openai ended its answer`}, Lacks: []string{"message_stop"},
			Upstream: toOpenAI, Records: openaiOK(truncated, asked("openai/gpt-4o-mini")),
		},
		{
			Name: "an error inside a stream passes and is recorded", Path: "/anthropic/v1/messages", Body: messagesStream, Script: streams(begun + "event: error\ndata: " + overload + "\n\n"),
			Status: 200, Want: begun + "event: error\ndata: " + overload + "\n\n", Upstream: toAnthropic,
			Records: anthropicOK(truncated, usage, func(r *Record) { r.Kind = "provider_overloaded" }),
		},
	})
}
