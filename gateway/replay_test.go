package gateway

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/exchange"
	"heimdall/providers/all"
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// One name of a parameter means the same in every dialect, and nothing else of the body changes.
func TestReplaceParams(t *testing.T) {
	dialects := all.Dialects()
	for _, c := range []struct{ dialect, body, params, want string }{
		{"chat", `{ "model":"m","messages":[{"role":"user","content":"hi"}],"x" : 1.50 }`, `{"temperature":0.5,"max_tokens":7}`,
			`{ "model":"m","messages":[{"role":"user","content":"hi"}],"x" : 1.50 ,"max_tokens":7,"temperature":0.5}`},
		{"chat", `{"model":"m","max_completion_tokens":9,"messages":[{"role":"user","content":"hi"}]}`, `{"max_tokens":7}`,
			`{"model":"m","max_completion_tokens":7,"messages":[{"role":"user","content":"hi"}]}`},
		{"chat", `{"model":"m","temperature":1,"seed":3,"messages":[]}`, `{"temperature":null,"seed":4}`, `{"model":"m","seed":4,"messages":[]}`},
		{"chat", `{"model":"m","verbosity":"low","messages":[{"role":"user","content":"hi"}]}`, `{"verbosity":"high"}`, `{"model":"m","verbosity":"high","messages":[{"role":"user","content":"hi"}]}`},
		{"chat", `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, `{"reasoning_effort":"low","stop":"x"}`, `{"model":"m","messages":[{"role":"user","content":"hi"}],"reasoning_effort":"low","stop":"x"}`},
		{"completions", `{"model":"m","prompt":"hi"}`, `{"top_p":0.5}`, `{"model":"m","prompt":"hi","top_p":0.5}`},
		{"responses", `{"model":"m","input":"hi"}`, `{"max_tokens":7,"reasoning_effort":"low"}`, `{"model":"m","input":"hi","max_output_tokens":7,"reasoning":{"effort":"low"}}`},
		{"responses", `{"model":"m","reasoning":{"effort":"high","summary":"auto"},"input":"hi"}`, `{"reasoning_effort":"low"}`, `{"model":"m","reasoning":{"effort":"low","summary":"auto"},"input":"hi"}`},
		{"messages", `{"model":"m","max_tokens":64,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"hi"}]}`, `{"stop":["x"],"max_tokens":7}`,
			`{"model":"m","max_tokens":7,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"hi"}],"stop_sequences":["x"]}`},
		{"generate", `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"topK":3,"temperature":1}}`, `{"temperature":0.5,"max_tokens":7,"stop":["x"]}`,
			`{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"topK":3,"temperature":0.5,"maxOutputTokens":7,"stopSequences":["x"]}}`},
		{"generate", `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, `{"seed":5}`, `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"seed":5}}`},
		{"generate", `{"generation_config":{"temperature":1},"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, `{"temperature":0.5}`, `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"temperature":0.5}}`},
		{"messages", `{"model":"m","max_tokens":9000,"messages":[{"role":"user","content":"hi"}]}`, `{"reasoning_effort":"low"}`, `{"model":"m","max_tokens":9000,"messages":[{"role":"user","content":"hi"}],"thinking":{"type":"enabled","budget_tokens":2048}}`},
		{"converse", `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":64,"topP":0.1}}`, `{"max_tokens":7,"top_p":null}`,
			`{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":7}}`},
		{"coherechat", `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, `{"top_p":0.5,"top_k":3}`, `{"model":"m","messages":[{"role":"user","content":"hi"}],"k":3,"p":0.5}`},
	} {
		var params map[string]json.RawMessage
		if err := json.Unmarshal([]byte(c.params), &params); err != nil {
			t.Fatal(err)
		}
		got, err := replaceParams(dialects[c.dialect], dialect.Path{Model: "m"}, llm.OpChat, []byte(c.body), params)
		if err != nil || string(got) != c.want {
			t.Errorf("%s %s with %s: %v\n%s\n%s", c.dialect, c.body, c.params, err, got, c.want)
		}
	}
}

func TestReplaceParamsRefuses(t *testing.T) {
	dialects := all.Dialects()
	for _, c := range []struct {
		dialect string
		op      llm.Op
		body    string
		name    string
		value   string
		words   string
	}{
		{"messages", llm.OpChat, `{"model":"m","max_tokens":64,"messages":[{"role":"user","content":"hi"}]}`, "seed", "7", "no place for it"},
		{"messages", llm.OpChat, `{"model":"m","max_tokens":64,"messages":[{"role":"user","content":"hi"}]}`, "thinking", "{}", "it has model, max_tokens, messages"},
		{"chat", llm.OpChat, `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, "stop", "7", "7 is no value for it"},
		{"chat", llm.OpChat, `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, "stream", "true", "streams stay streams"},
		{"chat", llm.OpChat, `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, "messages", `"hi"`, "messages"},
		{"embeddings", llm.OpEmbedding, `{"model":"m","input":"hi"}`, "temperature", "1", "it has model, input"},
	} {
		_, err := replaceParams(dialects[c.dialect], dialect.Path{}, c.op, []byte(c.body), map[string]json.RawMessage{c.name: json.RawMessage(c.value)})
		if err == nil || llm.AsError(err).Status != 400 || llm.AsError(err).Param != "params."+c.name || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s %s=%s: %v", c.dialect, c.name, c.value, err)
		}
	}
}

func TestRowOfARecord(t *testing.T) {
	g := &Gateway{}
	for _, c := range []struct {
		op           llm.Op
		method, path string
		dialect      string
		row          string
		params       map[string]string
	}{
		{llm.OpChat, "POST", "/v1/chat/completions", "chat", "/v1/chat/completions", nil},
		{llm.OpChat, "POST", "/api/providers/openai/test", "chat", "/api/providers/{provider}/test", map[string]string{"provider": "openai"}},
		{llm.OpChat, "POST", "/genai/v1beta/models/openai/gpt-4o:generateContent", "generate", "/genai/v1beta/models/{model...}:generateContent", map[string]string{"model": "openai/gpt-4o"}},
		{llm.OpChat, "POST", "/genai/v1beta/models/g:streamGenerateContent", "generate.array", "/genai/v1beta/models/{model...}:streamGenerateContent", map[string]string{"model": "g"}},
		{llm.OpChat, "POST", "/bedrock/model/arn:aws:bedrock:eu:1:inference-profile/x/converse", "converse", "/bedrock/model/{model}/converse", map[string]string{"model": "arn:aws:bedrock:eu:1:inference-profile/x"}},
		{llm.OpChat, "POST", "/openai/deployments/azure/gpt/chat/completions", "chat", "/openai/deployments/{provider}/{model}/chat/completions", map[string]string{"provider": "azure", "model": "gpt"}},
		{llm.OpStoredInput, "GET", "/openai/v1/responses/resp_1/input_items", "responses.stored", "/openai/v1/responses/{id}/input_items", map[string]string{"id": "resp_1"}},
	} {
		row, params, err := g.rowOf(&exchange.Record{Op: c.op, Method: c.method, Path: c.path, Dialect: c.dialect})
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		if row.Path != c.row || row.Guard != exchange.GuardManage || cmp.Diff(c.params, params) != "" {
			t.Errorf("%s: %s %s %v", c.path, row.Guard, row.Path, params)
		}
		if params != nil && pathOf(row.Path, params) != c.path {
			t.Errorf("%s became %s", c.path, pathOf(row.Path, params))
		}
	}
	if _, _, err := g.rowOf(&exchange.Record{Op: llm.OpChat, Method: "POST", Path: "/gone", Dialect: "chat"}); err == nil || !strings.Contains(err.Error(), "no route POST /gone") {
		t.Error(err)
	}
}
