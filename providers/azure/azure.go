// Package azure describes Azure OpenAI and the other models of Azure AI Foundry.
package azure

import (
	"context"
	_ "embed"
	"net/url"
	"strings"

	"heimdall/providers"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

//go:embed icon.svg
var icon string

// New describes the provider. Source: the public API reference of Azure OpenAI (the v1 API) and of Azure AI Foundry.
func New() providers.Provider {
	return &azure{Table: providers.Table{
		About: providers.Info{
			Name:    "azure",
			Semconv: "azure.ai.openai",
			Title:   "Azure OpenAI",
			About:   "OpenAI's and others' models, deployed in your own Azure resource.",
			Icon:    icon,
			DocsURL: "https://portal.azure.com",
			EnvKey:  "AZURE_OPENAI_API_KEY",
			Models:  []string{"gpt-5-mini", "gpt-4o-mini", "gpt-4o"},
			Options: []providers.Option{
				{Name: "endpoint", Label: "Endpoint", Type: "url", Scope: "key", Required: true, Placeholder: "https://NAME.openai.azure.com"},
				{Name: "value", Label: "API key", Type: "secret", Scope: "key", Help: "Leave empty to sign in with Entra ID or a managed identity."},
				{Name: "tenant_id", Label: "Tenant ID", Type: "text", Scope: "key", Help: "Entra ID: tenant, client and secret belong together."},
				{Name: "client_id", Label: "Client ID", Type: "text", Scope: "key"},
				{Name: "client_secret", Label: "Client secret", Type: "secret", Scope: "key"},
				{Name: "scopes", Label: "Scopes", Type: "text", Scope: "key", Placeholder: defaultScope, Help: "Only for other clouds."},
				{Name: "api_version", Label: "API version", Type: "text", Scope: "key", Placeholder: "2024-10-21",
					Help: "Only for resources without the v1 API: a date."},
				{Name: "base_url", Label: "Base URL", Type: "url", Scope: "network", Help: "Only for a proxy in between."},
			},
		},
		Routes: map[llm.Op][]providers.Endpoint{
			llm.OpChat: {
				{Dialect: "chat", Method: "POST", Version: version, Path: "/chat/completions"},
				{Dialect: "responses", Method: "POST", Version: version, Path: "/responses"},
				{Dialect: "completions", Method: "POST", Version: version, Path: "/completions"},
			},
			llm.OpStoredGet:    {{Dialect: "responses.stored", Method: "GET", Version: version, Path: "/responses/{id}"}},
			llm.OpStoredDelete: {{Dialect: "responses.stored", Method: "DELETE", Version: version, Path: "/responses/{id}"}},
			llm.OpStoredCancel: {{Dialect: "responses.stored", Method: "POST", Version: version, Path: "/responses/{id}/cancel"}},
			llm.OpStoredInput:  {{Dialect: "responses.stored", Method: "GET", Version: version, Path: "/responses/{id}/input_items"}},
			llm.OpCompact:      {{Dialect: "responses.stored", Method: "POST", Version: version, Path: "/responses/compact"}},
			llm.OpEmbedding:    {{Dialect: "embeddings", Method: "POST", Version: version, Path: "/embeddings"}},
			llm.OpModels:       {{Method: "GET", Version: version, Path: "/models"}},
		},
		Forward: []string{"OpenAI-*", "X-Ms-Client-Request-Id", "Anthropic-*"},
		Own:     []string{"Api-Key"},
		Limits:  providers.Limits{NoTopK: true, UserLength: 64},
		Address: "endpoint",
	}}
}

const version = "/openai/v1"

// claude are the endpoints of Anthropic's models in AI Foundry.
var claude = map[llm.Op][]providers.Endpoint{
	llm.OpChat:        {{Dialect: "messages", Method: "POST", Path: "/anthropic/v1/messages"}},
	llm.OpCountTokens: {{Dialect: "messages.count", Method: "POST", Path: "/anthropic/v1/messages/count_tokens"}},
}

type azure struct {
	providers.Table
	entra entra
}

// Endpoints are those of the v1 API, but for models of the Claude family.
func (a *azure) Endpoints(op llm.Op, model string) []providers.Endpoint {
	if e := claude[op]; e != nil && strings.Contains(model, "claude") {
		return e
	}
	return a.Table.Endpoints(op, model)
}

// Sign puts the API key on the request, or a token of Entra ID where the key has none.
func (a *azure) Sign(ctx context.Context, out *providers.Outbound, c providers.Credential) error {
	if date := c.Options["api_version"]; date != "" {
		if err := dated(out, date); err != nil {
			return err
		}
	}
	anthropic := strings.Contains(out.URL, "/anthropic/")
	if anthropic && header(out, "Anthropic-Version") == "" {
		out.Set("Anthropic-Version", "2023-06-01")
	}
	switch {
	case c.Value == "":
		token, err := a.entra.token(ctx, c)
		if err != nil {
			return err
		}
		out.Set("Authorization", "Bearer "+token)
	case anthropic:
		out.Set("X-Api-Key", c.Value)
	default:
		out.Set("Api-Key", c.Value)
	}
	return nil
}

func header(out *providers.Outbound, name string) string {
	for _, f := range out.Header {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// dated turns an address of the v1 API into one of the API with a date for its version, which names the deployment in
// the path.
func dated(out *providers.Outbound, date string) error {
	before, operation, ok := strings.Cut(out.URL, version+"/")
	if !ok {
		return nil
	}
	address := before + "/openai/" + operation
	if v, found, _ := rawjson.Get(out.Body, "model"); found && !strings.HasPrefix(operation, "responses") {
		deployment, err := rawjson.Unquote(v)
		if err != nil {
			return err
		}
		address = before + "/openai/deployments/" + url.PathEscape(deployment) + "/" + operation
	}
	glue := "?"
	if strings.Contains(address, "?") {
		glue = "&"
	}
	out.URL = address + glue + "api-version=" + url.QueryEscape(date)
	return nil
}
