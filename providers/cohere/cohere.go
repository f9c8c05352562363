// Package cohere describes Cohere's API.
package cohere

import (
	_ "embed"

	"heimdall/providers"
	"heimdall/providers/auth"
	"heimdall/providers/llm"
)

//go:embed icon.svg
var icon string

// New describes the provider. Source: the public API reference of Cohere. Its endpoints have versions of their own.
func New() providers.Provider {
	return &providers.Table{
		About: providers.Info{
			Name:       "cohere",
			Title:      "Cohere",
			About:      "Command models, embeddings and reranking, straight from Cohere.",
			Icon:       icon,
			Compatible: "Cohere-compatible",
			DocsURL:    "https://dashboard.cohere.com/api-keys",
			BaseURL:    "https://api.cohere.com",
			EnvKey:     "COHERE_API_KEY",
			Models:     []string{"command-r7b-12-2024", "command-a-03-2025", "command-r-plus-08-2024"},
			Options: []providers.Option{
				{Name: "value", Label: "API key", Type: "secret", Scope: "key", Required: true, Placeholder: "API key"},
				{Name: "base_url", Label: "Base URL", Type: "url", Scope: "network", Placeholder: "https://api.cohere.com",
					Help: "Only for a proxy in between."},
			},
		},
		Auth: auth.Bearer,
		Routes: map[llm.Op][]providers.Endpoint{
			llm.OpChat:        {{Dialect: "coherechat", Method: "POST", Version: "/v2", Path: "/chat"}},
			llm.OpEmbedding:   {{Dialect: "embed", Method: "POST", Version: "/v2", Path: "/embed"}},
			llm.OpRerank:      {{Dialect: "rerank.v2", Method: "POST", Version: "/v2", Path: "/rerank"}},
			llm.OpCountTokens: {{Dialect: "tokenize", Method: "POST", Version: "/v1", Path: "/tokenize"}},
			llm.OpModels:      {{Method: "GET", Version: "/v1", Path: "/models?page_size=1000"}},
		},
		Forward: []string{"X-Client-Name"},
		Own:     []string{"Authorization"},
		List:    providers.ModelList{Lists: []string{"models"}, Names: []string{"name"}},
	}
}
