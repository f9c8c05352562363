// Package vertex describes Google's Vertex AI: Gemini, Claude and open models in a project of Google Cloud.
package vertex

import (
	"context"
	_ "embed"
	"strings"

	"heimdall/providers"
	"heimdall/providers/llm"
)

//go:embed icon.svg
var icon string

const (
	place     = "/projects/{project_id}/locations/{region}"
	gemini    = place + "/publishers/google/models/{model}"
	anthropic = place + "/publishers/anthropic/models/"
)

// New describes the provider. Source: the public API reference of Vertex AI.
func New() providers.Provider {
	return &vertex{Table: providers.Table{
		About: providers.Info{
			Name:    "vertex",
			Semconv: "gcp.vertex_ai",
			Prices:  "google",
			Title:   "Google Vertex AI",
			About:   "Gemini, Claude and open models in your own project of Google Cloud.",
			Icon:    icon,
			DocsURL: "https://console.cloud.google.com/iam-admin/serviceaccounts",
			Models:  []string{"gemini-2.5-flash", "gemini-2.5-pro", "claude-haiku-4-5@20251001"},
			Options: []providers.Option{
				{Name: "project_id", Label: "Project ID", Type: "text", Scope: "key", Required: true, Placeholder: "my-project"},
				{Name: "region", Label: "Region", Type: "text", Scope: "key", Required: true, Placeholder: "us-central1 or global"},
				{Name: "auth_credentials", Label: "Service account", Type: "secret", Scope: "key",
					Help: "The JSON file of a service account. Leave empty to use this machine's own (application default credentials)."},
				{Name: "value", Label: "API key", Type: "secret", Scope: "key", Help: "Instead of a service account, where the project allows it."},
				{Name: "base_url", Label: "Base URL", Type: "url", Scope: "network", Help: "Only for a proxy in between."},
			},
		},
		Routes: map[llm.Op][]providers.Endpoint{
			llm.OpChat: {{Dialect: "generate", Method: "POST", Version: "/v1beta1", Path: gemini + ":generateContent",
				StreamPath: gemini + ":streamGenerateContent?alt=sse"}},
			llm.OpCountTokens: {
				{Dialect: "generate.count.flat", Method: "POST", Version: "/v1beta1", Path: gemini + ":countTokens"},
				{Dialect: "generate.count", Method: "POST", Version: "/v1beta1", Path: gemini + ":countTokens"},
			},
			llm.OpEmbedding: {{Dialect: "generate.predict", Method: "POST", Version: "/v1beta1", Path: gemini + ":predict"}},
			llm.OpModels:    {{Method: "GET", Version: "/v1beta1", Path: "/publishers/google/models?pageSize=200"}},
		},
		Forward: []string{"X-Goog-Api-Client", "Anthropic-*"},
		Limits:  providers.Limits{OneSampling: isClaude},
		List:    providers.ModelList{Lists: []string{"publisherModels"}, Names: []string{"name"}, Prefix: "publishers/google/models/"},
	}}
}

// claude are the endpoints of Anthropic's models; the model is named in the path only.
var claude = map[llm.Op][]providers.Endpoint{
	llm.OpChat: {{Dialect: "messages", Method: "POST", Version: "/v1", Path: anthropic + "{model}:rawPredict",
		StreamPath: anthropic + "{model}:streamRawPredict",
		Edits:      []providers.Edit{providers.Drop("model"), providers.Default{Key: "anthropic_version", Value: `"vertex-2023-10-16"`}}}},
	llm.OpCountTokens: {{Dialect: "messages.count", Method: "POST", Version: "/v1", Path: anthropic + "count-tokens:rawPredict",
		Edits: []providers.Edit{providers.Default{Key: "anthropic_version", Value: `"vertex-2023-10-16"`}}}},
}

// open are the endpoints of models named publisher/model.
var open = map[llm.Op][]providers.Endpoint{
	llm.OpChat: {{Dialect: "chat", Method: "POST", Version: "/v1", Path: place + "/endpoints/openapi/chat/completions"}},
}

// embedContent serves the models that came after predict.
var embedContent = []providers.Endpoint{{Dialect: "generate.embed", Method: "POST", Version: "/v1beta1", Path: gemini + ":embedContent"}}

type vertex struct {
	providers.Table
	tokens tokens
}

// Endpoints differ by whose model it is.
func (v *vertex) Endpoints(op llm.Op, model string) []providers.Endpoint {
	switch {
	case op == llm.OpModels:
	case isClaude(model):
		return claude[op]
	case strings.Contains(model, "/"):
		return open[op]
	case op == llm.OpEmbedding && strings.HasPrefix(model, "gemini-embedding-2"):
		return embedContent
	}
	return v.Table.Endpoints(op, model)
}

func isClaude(model string) bool { return strings.HasPrefix(model, "claude") }

// Base is the host of the credential's region.
func (v *vertex) Base(configured string, c providers.Credential) (string, error) {
	if configured != "" {
		return configured, nil
	}
	switch region := c.Options["region"]; region {
	case "", "global":
		return "https://aiplatform.googleapis.com", nil
	case "us", "eu":
		return "https://aiplatform." + region + ".rep.googleapis.com", nil
	default:
		if strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return "", llm.Errorf(llm.KindNoCredentials, "the region of the key %q is none", c.KeyName)
		}
		return "https://" + region + "-aiplatform.googleapis.com", nil
	}
}

// Sign puts the API key on the request, or a token of the service account or of this machine.
func (v *vertex) Sign(ctx context.Context, out *providers.Outbound, c providers.Credential) error {
	if c.Value != "" {
		out.Set("X-Goog-Api-Key", c.Value)
		return nil
	}
	token, err := v.tokens.token(ctx, c.Options["auth_credentials"])
	if err != nil {
		return err
	}
	out.Set("Authorization", "Bearer "+token)
	if project := c.Options["project_id"]; project != "" {
		out.Set("X-Goog-User-Project", project)
	}
	return nil
}
