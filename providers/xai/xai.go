// Package xai describes xAI's API.
package xai

import (
	_ "embed"

	"heimdall/providers"
	"heimdall/providers/auth"
	"heimdall/providers/llm"
)

//go:embed icon.svg
var icon string

// New describes the provider. Source: the public API reference of xAI.
func New() providers.Provider {
	return &providers.Table{
		About: providers.Info{
			Name:    "xai",
			Semconv: "x_ai",
			Prices:  "x-ai",
			Title:   "xAI",
			About:   "Grok models, straight from xAI.",
			Icon:    icon,
			DocsURL: "https://console.x.ai",
			BaseURL: "https://api.x.ai",
			EnvKey:  "XAI_API_KEY",
			Models:  []string{"grok-4-fast", "grok-4", "grok-3-mini"},
			Options: []providers.Option{
				{Name: "value", Label: "API key", Type: "secret", Scope: "key", Required: true, Placeholder: "xai-…"},
				{Name: "base_url", Label: "Base URL", Type: "url", Scope: "network", Placeholder: "https://api.x.ai/v1",
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
		Forward: []string{"X-Grok-*"},
		Own:     []string{"Authorization"},
	}
}
