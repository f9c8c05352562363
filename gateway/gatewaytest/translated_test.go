package gatewaytest

import (
	"strings"
	"testing"
)

// Requests that cross from one dialect to the other.
const (
	toolsChat     = `{"model":"anthropic/claude-haiku-4-5","max_tokens":64,"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"weather?"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}}]},{"role":"tool","tool_call_id":"call_1","content":"rain"}],"tools":[{"type":"function","function":{"name":"weather","description":"tells","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}],"tool_choice":"auto"`
	toolsMessages = `{"model":"openai/gpt-4o-mini","max_tokens":64,"system":"be brief","messages":[{"role":"user","content":"weather?"},{"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"weather","input":{"city":"Oslo"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":"rain"}]}],"tools":[{"name":"weather","description":"tells","input_schema":{"type":"object","properties":{"city":{"type":"string"}}}}],"tool_choice":{"type":"auto"}`

	messagesToolAnswer = `{"id":"msg_1","type":"message","role":"assistant","model":"claude-haiku-4-5","content":[{"type":"text","text":"Let me see"},{"type":"tool_use","id":"toolu_1","name":"weather","input":{"city":"Bergen"}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":7}}`
	chatToolAnswer     = `{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"gpt-4o-mini-2024","choices":[{"index":0,"message":{"role":"assistant","content":"Let me see","tool_calls":[{"id":"call_2","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Bergen\"}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}`
)

var (
	messagesToolFrames = events(
		"message_start", `,"message":{"id":"msg_2","type":"message","role":"assistant","model":"claude-haiku-4-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":1}}`,
		"content_block_start", `,"index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}`,
		"content_block_delta", `,"index":0,"delta":{"type":"input_json_delta","partial_json":"{\"city\":"}`,
		"content_block_delta", `,"index":0,"delta":{"type":"input_json_delta","partial_json":"\"Bergen\"}"}`,
		"content_block_stop", `,"index":0`,
		"message_delta", `,"delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":2}`,
		"message_stop", ``,
	)
	chatToolFrames = []string{
		chunk(`{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_2","type":"function","function":{"name":"weather","arguments":""}}]}`, "null"),
		chunk(`{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}`, "null"),
		chunk(`{"tool_calls":[{"index":0,"function":{"arguments":"\"Bergen\"}"}}]}`, "null"),
		chunk(`{}`, `"tool_calls"`),
	}
)

// sent checks the parts of the only upstream body.
func sent(parts ...string) func(*testing.T, *Gateway, Answer) {
	return func(t *testing.T, g *Gateway, _ Answer) {
		t.Helper()
		body := g.Upstream.Seen()[0].Body
		for _, p := range parts {
			if !strings.Contains(body, p) {
				t.Errorf("upstream body lacks %s:\n%s", p, body)
			}
		}
	}
}

func finish(s string) func(*Record) { return func(r *Record) { r.Finish = s } }

func TestTranslated(t *testing.T) {
	toAnthropic := []Sent{{URL: anthropicMessage, Body: anyBody, Header: map[string]string{"X-Api-Key": AnthropicKey, "Anthropic-Version": "2023-06-01", "Authorization": ""}}}
	toOpenAI := []Sent{{URL: openaiChat, Body: anyBody, Header: map[string]string{"Authorization": "Bearer " + OpenAIKey, "X-Api-Key": "", "Anthropic-Version": "", "Anthropic-Beta": ""}}}
	chatSees := []string{`"model":"claude-haiku-4-5"`, `"system":`, `"tool_use"`, `"tool_result"`, `"input_schema"`, `"Oslo"`, `rain`}
	messagesSees := []string{`"model":"gpt-4o-mini"`, `"role":"system"`, `"tool_calls"`, `"tool_call_id":"call_1"`, `"parameters"`, `Oslo`, `rain`}
	Run(t, []Scenario{
		{
			Name: "chat client, messages upstream, tools", Path: "/openai/chat/completions", Body: toolsChat + "}", Script: answers(messagesToolAnswer), Status: 200,
			Contains: []string{`"object":"chat.completion"`, `"content":"Let me see"`, `"id":"toolu_1"`, `"arguments":"{\"city\":\"Bergen\"}"`, `"finish_reason":"tool_calls"`, `"prompt_tokens":11`, `"extra_fields":{`},
			Upstream: toAnthropic, Records: anthropicOK(asked("anthropic/claude-haiku-4-5"), finish("tool_calls")), Check: sent(chatSees...),
		},
		{
			Name: "messages client, chat upstream, tools", Path: "/anthropic/v1/messages", Body: toolsMessages + "}", Script: answers(chatToolAnswer), Status: 200,
			Contains: []string{`"type":"message"`, `{"type":"text","text":"Let me see"}`, `"type":"tool_use"`, `"id":"call_2"`, `"input":{"city":"Bergen"}`, `"stop_reason":"tool_use"`, `"input_tokens":11`},
			Lacks:    []string{"extra_fields"}, Upstream: toOpenAI, Records: openaiOK(asked("openai/gpt-4o-mini"), finish("tool_calls")), Check: sent(messagesSees...),
		},
		{
			Name: "chat client, messages upstream, stream with tools", Path: "/v1/chat/completions", Body: toolsChat + `,"stream":true}`, Script: streams(messagesToolFrames), Status: 200,
			Contains: []string{`"tool_calls":[{`, `toolu_1`, `Bergen`, `"finish_reason":"tool_calls"`, "data: [DONE]\n\n"}, Lacks: []string{"event:", `"usage":{`},
			Expect:   map[string]string{"Content-Type": "text/event-stream"},
			Upstream: toAnthropic, Records: anthropicOK(asked("anthropic/claude-haiku-4-5"), finish("tool_calls"), streamed(2)), Check: sent(append(chatSees, `"stream":true`)...),
		},
		{
			Name: "messages client, chat upstream, stream with tools", Path: "/anthropic/v1/messages", Body: toolsMessages + `,"stream":true}`, Script: streams(join(chatToolFrames, usageChunk, "[DONE]")), Status: 200,
			Contains: []string{"event: message_start\n", "event: content_block_start\n", `"name":"weather"`, `"type":"input_json_delta"`, `"stop_reason":"tool_use"`, "event: message_stop\n", `"output_tokens":2`},
			Lacks:    []string{"[DONE]", "extra_fields"}, Expect: map[string]string{"Content-Type": "text/event-stream"},
			Upstream: toOpenAI, Records: openaiOK(asked("openai/gpt-4o-mini"), finish("tool_calls"), streamed(2)),
			Check: sent(append(messagesSees, `"stream":true`, `"include_usage":true`)...),
		},
		{
			Name: "chat client asks a messages upstream for usage", Path: "/openai/chat/completions", Body: strings.Replace(chatStreamAsked, "gpt-4o-mini", "anthropic/claude-haiku-4-5", 1),
			Script: streams(messagesFrames), Status: 200, Contains: []string{`"content":"Hel"`, `"content":"lo"`, `"prompt_tokens":11`, `"completion_tokens":2`, "data: [DONE]\n\n"},
			Upstream: toAnthropic, Records: anthropicOK(asked("anthropic/claude-haiku-4-5"), streamed(2)),
			Check: func(t *testing.T, _ *Gateway, a Answer) { checkChunks(t, a.Body, strings.Count(a.Body, "data: {")) },
		},
		{
			Name: "messages client, chat upstream, plain stream", Path: "/anthropic/v1/messages", Body: strings.Replace(messagesStream, "claude-haiku-4-5", "openai/gpt-4o-mini", 1),
			Script: streams(join(chatFrames, usageChunk, "[DONE]")), Status: 200,
			Contains: []string{`"type":"text_delta","text":"Hel"`, `"text":"lo"`, `"stop_reason":"end_turn"`, "event: message_stop\n"},
			Upstream: toOpenAI, Records: openaiOK(asked("openai/gpt-4o-mini"), streamed(2)),
		},
		{
			Name: "what cannot cross is a warning", Path: "/v1/chat/completions", Body: `{"model":"anthropic/claude-haiku-4-5","messages":[{"role":"user","content":"hi"}],"seed":7}`,
			Script: answers(messagesAnswer), Status: 200, Contains: []string{`"warnings":[{"field":"seed"`}, Upstream: toAnthropic,
			Records: anthropicOK(asked("anthropic/claude-haiku-4-5"), func(r *Record) { r.Warnings = []string{"seed", "x_unknown"} }),
		},
	})
}
