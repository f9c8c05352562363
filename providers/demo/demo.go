// Package demo is a provider without a key and without a network, so that a first run works at once.
package demo

import (
	_ "embed"

	"heimdall/providers"
	"heimdall/providers/auth"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
)

//go:embed icon.svg
var icon string

// New describes the provider. It answers in the chat dialect from inside the process.
func New() providers.Provider {
	return &providers.Table{
		About: providers.Info{
			Name:    "demo",
			Title:   "Demo",
			About:   "Answers from inside Heimdall: no key, no network, no cost.",
			Icon:    icon,
			BaseURL: "http://demo.invalid",
			Keyless: true,
			Free:    true,
			Models:  models,
			Doer:    &fake.Doer{Script: script},
		},
		Auth: auth.None,
		Routes: map[llm.Op][]providers.Endpoint{
			llm.OpChat:   {{Dialect: "chat", Method: "POST", Version: "/v1", Path: "/chat/completions"}},
			llm.OpModels: {{Method: "GET", Version: "/v1", Path: "/models"}},
		},
	}
}
