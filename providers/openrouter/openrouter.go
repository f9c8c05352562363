// Package openrouter describes OpenRouter's API.
package openrouter

import (
	_ "embed"

	"heimdall/providers"
	"heimdall/providers/auth"
	"heimdall/providers/llm"
)

//go:embed icon.svg
var icon string

// New describes the provider. Source: the public API reference of OpenRouter.
func New() providers.Provider {
	return &providers.Table{
		About: providers.Info{
			Name:    "openrouter",
			Title:   "OpenRouter",
			About:   "Hundreds of models of many vendors behind one key.",
			Icon:    icon,
			DocsURL: "https://openrouter.ai/settings/keys",
			BaseURL: "https://openrouter.ai/api",
			EnvKey:  "OPENROUTER_API_KEY",
			Models:  []string{"openai/gpt-5-mini", "anthropic/claude-haiku-4.5", "google/gemini-2.5-flash"},
			Options: []providers.Option{
				{Name: "value", Label: "API key", Type: "secret", Scope: "key", Required: true, Placeholder: "sk-or-…"},
				{Name: "base_url", Label: "Base URL", Type: "url", Scope: "network", Placeholder: "https://openrouter.ai/api/v1",
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
			llm.OpEmbedding: {{Dialect: "embeddings", Method: "POST", Version: "/v1", Path: "/embeddings"}},
			llm.OpModels:    {{Method: "GET", Version: "/v1", Path: "/models"}},
		},
		Forward: []string{"HTTP-Referer", "X-Title", "X-OpenRouter-*"},
		Own:     []string{"Authorization"},
	}
}
