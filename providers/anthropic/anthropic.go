// Package anthropic describes Anthropic's API.
package anthropic

import (
	_ "embed"

	"heimdall/providers"
	"heimdall/providers/auth"
	"heimdall/providers/llm"
)

//go:embed icon.svg
var icon string

// New describes the provider. Source: the public API reference of Anthropic.
func New() providers.Provider {
	return &providers.Table{
		About: providers.Info{
			Name:       "anthropic",
			Title:      "Anthropic",
			About:      "Claude models, straight from Anthropic.",
			Icon:       icon,
			Compatible: "Anthropic-compatible",
			DocsURL:    "https://console.anthropic.com/settings/keys",
			BaseURL:    "https://api.anthropic.com",
			EnvKey:     "ANTHROPIC_API_KEY",
			Models:     []string{"claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-8"},
			Options: []providers.Option{
				{Name: "value", Label: "API key", Type: "secret", Scope: "key", Required: true, Placeholder: "sk-ant-…"},
				{Name: "base_url", Label: "Base URL", Type: "url", Scope: "network", Placeholder: "https://api.anthropic.com",
					Help: "Only for a proxy in between."},
			},
		},
		Auth: auth.Header("X-Api-Key"),
		Routes: map[llm.Op][]providers.Endpoint{
			llm.OpChat:        {{Dialect: "messages", Method: "POST", Version: "/v1", Path: "/messages"}},
			llm.OpCountTokens: {{Dialect: "messages.count", Method: "POST", Version: "/v1", Path: "/messages/count_tokens"}},
			llm.OpModels:      {{Method: "GET", Version: "/v1", Path: "/models?limit=1000"}},
		},
		Headers: map[string]string{"Anthropic-Version": "2023-06-01"},
		Forward: []string{"Anthropic-*"},
		Own:     []string{"Authorization", "X-Api-Key"},
		Limits:  providers.Limits{OneSampling: func(string) bool { return true }},
	}
}
