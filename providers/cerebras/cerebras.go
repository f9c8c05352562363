// Package cerebras describes Cerebras's API.
package cerebras

import (
	_ "embed"

	"heimdall/providers"
	"heimdall/providers/auth"
	"heimdall/providers/llm"
)

//go:embed icon.svg
var icon string

// New describes the provider. Source: the public API reference of Cerebras.
func New() providers.Provider {
	return &providers.Table{
		About: providers.Info{
			Name:    "cerebras",
			Title:   "Cerebras",
			About:   "Open models on wafer-scale chips, answered very fast.",
			Icon:    icon,
			DocsURL: "https://cloud.cerebras.ai",
			BaseURL: "https://api.cerebras.ai",
			EnvKey:  "CEREBRAS_API_KEY",
			Models:  []string{"llama-3.3-70b", "gpt-oss-120b", "qwen-3-32b"},
			Options: []providers.Option{
				{Name: "value", Label: "API key", Type: "secret", Scope: "key", Required: true, Placeholder: "csk-…"},
				{Name: "base_url", Label: "Base URL", Type: "url", Scope: "network", Placeholder: "https://api.cerebras.ai/v1",
					Help: "Only for a proxy in between."},
			},
		},
		Auth: auth.Bearer,
		Routes: map[llm.Op][]providers.Endpoint{
			llm.OpChat: {
				{Dialect: "chat", Method: "POST", Version: "/v1", Path: "/chat/completions"},
				{Dialect: "completions", Method: "POST", Version: "/v1", Path: "/completions"},
			},
			llm.OpModels: {{Method: "GET", Version: "/v1", Path: "/models"}},
		},
		Own: []string{"Authorization"},
	}
}
