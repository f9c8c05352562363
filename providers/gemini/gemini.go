// Package gemini describes Google's Gemini API.
package gemini

import (
	_ "embed"

	"heimdall/providers"
	"heimdall/providers/auth"
	"heimdall/providers/llm"
)

//go:embed icon.svg
var icon string

const version, model = "/v1beta", "/models/{model}"

// New describes the provider. Source: the public API reference of the Gemini API.
func New() providers.Provider {
	return &providers.Table{
		About: providers.Info{
			Name:       "gemini",
			Semconv:    "gcp.gemini",
			Prices:     "google",
			Title:      "Google Gemini",
			About:      "Gemini models through a key of Google AI Studio.",
			Icon:       icon,
			Compatible: "Gemini-compatible",
			DocsURL:    "https://aistudio.google.com/apikey",
			BaseURL:    "https://generativelanguage.googleapis.com",
			EnvKey:     "GEMINI_API_KEY",
			Models:     []string{"gemini-2.5-flash", "gemini-3-flash-preview", "gemini-2.5-pro"},
			Options: []providers.Option{
				{Name: "value", Label: "API key", Type: "secret", Scope: "key", Required: true, Placeholder: "AIza…"},
				{Name: "base_url", Label: "Base URL", Type: "url", Scope: "network", Placeholder: "https://generativelanguage.googleapis.com/v1beta",
					Help: "Only for a proxy in between."},
			},
		},
		Auth: auth.Header("X-Goog-Api-Key"),
		Routes: map[llm.Op][]providers.Endpoint{
			llm.OpChat: {{Dialect: "generate", Method: "POST", Version: version, Path: model + ":generateContent",
				StreamPath: model + ":streamGenerateContent?alt=sse"}},
			llm.OpCountTokens: {{Dialect: "generate.count", Method: "POST", Version: version, Path: model + ":countTokens"}},
			llm.OpEmbedding: {
				{Dialect: "generate.embeds", Method: "POST", Version: version, Path: model + ":batchEmbedContents"},
				{Dialect: "generate.embed", Method: "POST", Version: version, Path: model + ":embedContent"},
			},
			llm.OpModels: {{Method: "GET", Version: version, Path: "/models?pageSize=1000"}},
		},
		Forward: []string{"X-Goog-Api-Client", "X-Goog-User-Project", "X-Server-Timeout"},
		Own:     []string{"X-Goog-Api-Key"},
		List:    providers.ModelList{Lists: []string{"models"}, Names: []string{"name"}, Prefix: "models/"},
	}
}
