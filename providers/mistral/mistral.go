// Package mistral describes Mistral AI's API.
package mistral

import (
	_ "embed"

	"heimdall/providers"
	"heimdall/providers/auth"
	"heimdall/providers/llm"
)

//go:embed icon.svg
var icon string

// edits say in this API's words what others call differently.
var edits = []providers.Edit{
	providers.Rename{From: "max_completion_tokens", To: "max_tokens"},
	providers.Rename{From: "seed", To: "random_seed"},
	providers.Drop("stream_options"),
	providers.Drop("user"),
	turns{},
}

// New describes the provider. Source: the public API reference of Mistral AI.
func New() providers.Provider {
	return &providers.Table{
		About: providers.Info{
			Name:    "mistral",
			Semconv: "mistral_ai",
			Title:   "Mistral AI",
			About:   "Mistral, Magistral and Codestral, straight from Mistral.",
			Icon:    icon,
			DocsURL: "https://console.mistral.ai/api-keys",
			BaseURL: "https://api.mistral.ai",
			EnvKey:  "MISTRAL_API_KEY",
			Models:  []string{"mistral-small-latest", "mistral-large-latest", "codestral-latest"},
			Options: []providers.Option{
				{Name: "value", Label: "API key", Type: "secret", Scope: "key", Required: true, Placeholder: "API key"},
				{Name: "base_url", Label: "Base URL", Type: "url", Scope: "network", Placeholder: "https://api.mistral.ai/v1",
					Help: "Only for a proxy in between."},
			},
		},
		Auth: auth.Bearer,
		Routes: map[llm.Op][]providers.Endpoint{
			llm.OpChat: {
				{Dialect: "chat", Method: "POST", Version: "/v1", Path: "/chat/completions", Edits: edits},
			},
			llm.OpEmbedding: {{Dialect: "embeddings", Method: "POST", Version: "/v1", Path: "/embeddings"}},
			llm.OpModels:    {{Method: "GET", Version: "/v1", Path: "/models"}},
		},
		Own: []string{"Authorization"},
	}
}
