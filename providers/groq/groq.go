// Package groq describes Groq's API.
package groq

import (
	_ "embed"

	"heimdall/providers"
	"heimdall/providers/auth"
	"heimdall/providers/llm"
)

//go:embed icon.svg
var icon string

// New describes the provider. Source: the public API reference of Groq.
func New() providers.Provider {
	return &providers.Table{
		About: providers.Info{
			Name:    "groq",
			Title:   "Groq",
			About:   "Open models, answered very fast.",
			Icon:    icon,
			DocsURL: "https://console.groq.com/keys",
			BaseURL: "https://api.groq.com/openai",
			EnvKey:  "GROQ_API_KEY",
			Models:  []string{"llama-3.3-70b-versatile", "openai/gpt-oss-120b", "openai/gpt-oss-20b"},
			Options: []providers.Option{
				{Name: "value", Label: "API key", Type: "secret", Scope: "key", Required: true, Placeholder: "gsk_…"},
				{Name: "base_url", Label: "Base URL", Type: "url", Scope: "network", Placeholder: "https://api.groq.com/openai/v1",
					Help: "Only for a proxy in between."},
			},
		},
		Auth: auth.Bearer,
		Routes: map[llm.Op][]providers.Endpoint{
			llm.OpChat: {
				{Dialect: "chat", Method: "POST", Version: "/v1", Path: "/chat/completions"},
				{Dialect: "responses", Method: "POST", Version: "/v1", Path: "/responses"},
			},
			llm.OpModels: {{Method: "GET", Version: "/v1", Path: "/models"}},
		},
		Own: []string{"Authorization"},
	}
}
