// Package perplexity describes Perplexity's API.
package perplexity

import (
	_ "embed"

	"heimdall/providers"
	"heimdall/providers/auth"
	"heimdall/providers/llm"
)

//go:embed icon.svg
var icon string

// New describes the provider. Source: the public API reference of Perplexity.
func New() providers.Provider {
	return &providers.Table{
		About: providers.Info{
			Name:    "perplexity",
			Title:   "Perplexity",
			About:   "Sonar models, which search the web before they answer.",
			Icon:    icon,
			DocsURL: "https://www.perplexity.ai/settings/api",
			BaseURL: "https://api.perplexity.ai",
			EnvKey:  "PERPLEXITY_API_KEY",
			Models:  []string{"sonar", "sonar-pro", "sonar-reasoning-pro"},
			Options: []providers.Option{
				{Name: "value", Label: "API key", Type: "secret", Scope: "key", Required: true, Placeholder: "pplx-…"},
				{Name: "base_url", Label: "Base URL", Type: "url", Scope: "network", Placeholder: "https://api.perplexity.ai",
					Help: "Only for a proxy in between."},
			},
		},
		Auth: auth.Bearer,
		Routes: map[llm.Op][]providers.Endpoint{
			llm.OpChat: {
				{Dialect: "chat", Method: "POST", Path: "/chat/completions"},
			},
		},
		Own: []string{"Authorization"},
	}
}
