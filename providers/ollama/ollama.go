// Package ollama describes the API of Ollama, which runs models on one's own machine.
package ollama

import (
	_ "embed"

	"heimdall/providers"
	"heimdall/providers/auth"
	"heimdall/providers/llm"
)

//go:embed icon.svg
var icon string

// New describes the provider. Source: Ollama's documentation of its OpenAI-compatible API.
func New() providers.Provider {
	return &providers.Table{
		About: providers.Info{
			Name:    "ollama",
			Title:   "Ollama",
			About:   "Models on your own machine.",
			Icon:    icon,
			BaseURL: "http://localhost:11434",
			Keyless: true,
			Free:    true,
			Options: []providers.Option{
				{Name: "url", Label: "Address", Type: "url", Scope: "key", Placeholder: "http://localhost:11434",
					Help: "Where this Ollama listens. Several addresses share the load."},
				{Name: "value", Label: "API key", Type: "secret", Scope: "key", Help: "Only for a server that asks for one."},
				{Name: "base_url", Label: "Base URL", Type: "url", Scope: "network", Placeholder: "http://localhost:11434"},
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
		Address: "url",
	}
}
