// Package bedrock describes Amazon Bedrock.
package bedrock

import (
	"context"
	_ "embed"
	"strconv"
	"strings"

	"heimdall/providers"
	"heimdall/providers/llm"
)

//go:embed icon.svg
var icon string

const model = "/model/{model}"

// New describes the provider. Source: the public API reference of Amazon Bedrock.
func New() providers.Provider {
	return &bedrock{Table: providers.Table{
		About: providers.Info{
			Name:       "bedrock",
			Semconv:    "aws.bedrock",
			Prices:     "aws",
			Title:      "Amazon Bedrock",
			About:      "Claude, Nova, Llama and more in your own AWS account.",
			Icon:       icon,
			Compatible: "Bedrock-compatible",
			DocsURL:    "https://console.aws.amazon.com/bedrock",
			EnvKey:     "AWS_BEARER_TOKEN_BEDROCK",
			Models:     []string{"us.anthropic.claude-haiku-4-5-20251001-v1:0", "us.amazon.nova-micro-v1:0", "us.amazon.nova-lite-v1:0"},
			Options: []providers.Option{
				{Name: "region", Label: "Region", Type: "text", Scope: "key", Required: true, Placeholder: "us-east-1"},
				{Name: "value", Label: "API key", Type: "secret", Scope: "key", Help: "A Bedrock API key. Leave empty to sign with AWS credentials."},
				{Name: "access_key", Label: "Access key ID", Type: "text", Scope: "key", Placeholder: "AKIA…",
					Help: "Leave all of them empty to use this machine's own AWS credentials."},
				{Name: "secret_key", Label: "Secret access key", Type: "secret", Scope: "key"},
				{Name: "session_token", Label: "Session token", Type: "secret", Scope: "key"},
				{Name: "profile", Label: "Profile", Type: "text", Scope: "key", Placeholder: "default", Help: "A profile of ~/.aws instead of keys."},
				{Name: "role_arn", Label: "Role to assume", Type: "text", Scope: "key", Placeholder: "arn:aws:iam::…:role/…"},
				{Name: "external_id", Label: "External ID", Type: "text", Scope: "key"},
				{Name: "session_name", Label: "Session name", Type: "text", Scope: "key"},
				{Name: "base_url", Label: "Base URL", Type: "url", Scope: "network", Help: "Only for a proxy in between."},
			},
		},
		Routes: map[llm.Op][]providers.Endpoint{
			llm.OpChat:        {converse, invoke},
			llm.OpCountTokens: {{Dialect: "converse.count", Method: "POST", Path: model + "/count-tokens"}},
			llm.OpModels:      {{Method: "GET", Host: "https://bedrock.{region}.amazonaws.com", Path: "/foundation-models"}},
		},
		Forward: []string{"X-Amzn-Bedrock-*"},
		Limits:  providers.Limits{OneSampling: isClaude},
		List:    providers.ModelList{Lists: []string{"modelSummaries"}, Names: []string{"modelId"}},
	}}
}

var (
	converse = providers.Endpoint{Dialect: "converse", Method: "POST", Path: model + "/converse", StreamPath: model + "/converse-stream"}
	invoke   = providers.Endpoint{Dialect: "invoke", Method: "POST", Path: model + "/invoke", StreamPath: model + "/invoke-with-response-stream"}
	// claude takes the bodies of Anthropic's own API, which carry more than converse does.
	claude = []providers.Endpoint{
		{Dialect: "invoke", Method: "POST", Path: invoke.Path, StreamPath: invoke.StreamPath,
			Edits: []providers.Edit{providers.Gather{Header: "Anthropic-Beta", Key: "anthropic_beta"}}},
		converse,
	}
)

type bedrock struct {
	providers.Table
	signer signer
}

// Endpoints begin with the one that carries most for the model.
func (b *bedrock) Endpoints(op llm.Op, model string) []providers.Endpoint {
	if op == llm.OpChat && isClaude(model) {
		return claude
	}
	return b.Table.Endpoints(op, model)
}

func isClaude(model string) bool { return strings.Contains(model, "anthropic.claude") }

// Base is the host of the credential's region.
func (b *bedrock) Base(configured string, c providers.Credential) (string, error) {
	if configured != "" {
		return configured, nil
	}
	region, err := region(c)
	if err != nil {
		return "", err
	}
	return "https://bedrock-runtime." + region + ".amazonaws.com", nil
}

// Sign puts the API key on the request, or a signature made with AWS credentials.
func (b *bedrock) Sign(ctx context.Context, out *providers.Outbound, c providers.Credential) error {
	if c.Value != "" {
		out.Set("Authorization", "Bearer "+c.Value)
		return nil
	}
	return b.signer.sign(ctx, out, c)
}

// HeaderUsage reads the tokens of models whose bodies do not tell them.
func (b *bedrock) HeaderUsage(header func(name string) string) (u llm.Usage, ok bool) {
	in, err := strconv.ParseInt(header("X-Amzn-Bedrock-Input-Token-Count"), 10, 64)
	if err != nil {
		return u, false
	}
	out, err := strconv.ParseInt(header("X-Amzn-Bedrock-Output-Token-Count"), 10, 64)
	if err != nil {
		out = 0 // embeddings have none
	}
	return llm.Usage{Input: in, Output: out}, true
}

func region(c providers.Credential) (string, error) {
	r := c.Options["region"]
	if r == "" {
		return "", llm.Errorf(llm.KindNoCredentials, "the key %q names no region", c.KeyName)
	}
	if !regional(r) {
		return "", llm.Errorf(llm.KindNoCredentials, "the region of the key %q is none", c.KeyName)
	}
	return r, nil
}

// regional reports whether a text can be a region's name, which becomes part of a host's.
func regional(s string) bool { return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" }
