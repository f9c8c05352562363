// Package openai describes OpenAI's API.
package openai

import (
	_ "embed"
	"strings"

	"heimdall/providers"
	"heimdall/providers/auth"
	"heimdall/providers/llm"
)

//go:embed icon.svg
var icon string

// reasons tells the models that always think; they take neither temperature nor top_p.
func reasons(model string) bool {
	return (strings.HasPrefix(model, "gpt-5") || strings.HasPrefix(model, "o1") || strings.HasPrefix(model, "o3") || strings.HasPrefix(model, "o4")) &&
		!strings.Contains(model, "chat")
}

// New describes the provider. Source: the public API reference of OpenAI.
func New() providers.Provider {
	return &providers.Table{
		About: providers.Info{
			Name:       "openai",
			Title:      "OpenAI",
			About:      "GPT models, straight from OpenAI.",
			Icon:       icon,
			Compatible: "OpenAI-compatible",
			DocsURL:    "https://platform.openai.com/api-keys",
			BaseURL:    "https://api.openai.com",
			EnvKey:     "OPENAI_API_KEY",
			Models:     []string{"gpt-5-mini", "gpt-4o-mini", "gpt-4o"},
			Options: []providers.Option{
				{Name: "value", Label: "API key", Type: "secret", Scope: "key", Required: true, Placeholder: "sk-…"},
				{Name: "base_url", Label: "Base URL", Type: "url", Scope: "network", Placeholder: "https://api.openai.com/v1",
					Help: "Only for a proxy in between."},
			},
		},
		Auth: auth.Bearer,
		Routes: map[llm.Op][]providers.Endpoint{
			llm.OpChat: {
				{Dialect: "chat", Method: "POST", Version: "/v1", Path: "/chat/completions"},
				{Dialect: "responses", Method: "POST", Version: "/v1", Path: "/responses"},
				{Dialect: "completions", Method: "POST", Version: "/v1", Path: "/completions"},
			},
			llm.OpCountTokens:  {{Dialect: "responses.count", Method: "POST", Version: "/v1", Path: "/responses/input_tokens"}},
			llm.OpStoredGet:    {{Dialect: "responses.stored", Method: "GET", Version: "/v1", Path: "/responses/{id}"}},
			llm.OpStoredDelete: {{Dialect: "responses.stored", Method: "DELETE", Version: "/v1", Path: "/responses/{id}"}},
			llm.OpStoredCancel: {{Dialect: "responses.stored", Method: "POST", Version: "/v1", Path: "/responses/{id}/cancel"}},
			llm.OpStoredInput:  {{Dialect: "responses.stored", Method: "GET", Version: "/v1", Path: "/responses/{id}/input_items"}},
			llm.OpCompact:      {{Dialect: "responses.stored", Method: "POST", Version: "/v1", Path: "/responses/compact"}},
			llm.OpEmbedding:    {{Dialect: "embeddings", Method: "POST", Version: "/v1", Path: "/embeddings"}},
			llm.OpModels:       {{Method: "GET", Version: "/v1", Path: "/models"}},
		},
		Forward: []string{"OpenAI-*", "X-Codex-*", "Session-Id", "Session_id", "Thread-Id", "Conversation_id", "Originator", "Idempotency-Key", "X-Client-Request-Id"},
		Own:     []string{"Authorization"},
		Limits:  providers.Limits{NoTopK: true, UserLength: 64, FixedSampling: reasons},
	}
}
