package providers

import (
	_ "embed"

	"heimdall/providers/llm"
)

//go:embed custom.svg
var customIcon string

// CustomKind is the name of the kind of provider that users make themselves.
const CustomKind = "custom"

// CustomInfo describes that kind: its form offers every base whose Info says that it has compatible copies.
func CustomInfo(bases []Provider) *Info {
	var choices []Choice
	for _, b := range bases {
		if i := b.Info(); i.Compatible != "" {
			choices = append(choices, Choice{Value: i.Name, Label: i.Compatible})
		}
	}
	return &Info{
		Name:   CustomKind,
		Title:  "Custom",
		About:  "Any server that speaks a known API: a local model runner, a proxy, a company gateway.",
		Icon:   customIcon,
		Custom: true,
		Options: []Option{
			{Name: "base_provider_type", Label: "API", Type: "select", Scope: "custom", Required: true, Choices: choices},
			{Name: "base_url", Label: "Base URL", Type: "url", Scope: "network", Required: true, Placeholder: "http://localhost:11434/v1",
				Help: "With or without its version segment."},
			{Name: "is_key_less", Label: "Needs no key", Type: "bool", Scope: "custom"},
			{Name: "value", Label: "API key", Type: "secret", Scope: "key"},
		},
	}
}

// NewCustom makes a user's own provider: what base does, elsewhere.
func NewCustom(name string, base Provider, keyless bool) Provider {
	info := *base.Info()
	info.Name, info.Title = name, name
	info.BaseURL, info.EnvKey, info.DocsURL, info.Models = "", "", "", nil
	info.Icon, info.Keyless, info.Custom, info.Compatible = customIcon, keyless, true, ""
	info.Options = nil
	return &custom{Provider: base, info: info, features: Probe(base)}
}

// custom is a base provider under another name.
type custom struct {
	Provider
	info     Info
	features Features
}

func (c *custom) Info() *Info                 { return &c.info }
func (c *custom) Forwarded() []string         { return c.features.Forward }
func (c *custom) Defaults() map[string]string { return c.features.Headers }
func (c *custom) OwnCredentials() []string    { return c.features.Own }
func (c *custom) Listing() ModelList          { return c.features.List }

func (c *custom) Bring(b Brought) (own Credential, ok bool, err error) {
	if c.features.Bring == nil {
		return own, false, nil
	}
	return c.features.Bring(b)
}

func (c *custom) HeaderUsage(header func(name string) string) (u llm.Usage, ok bool) {
	if c.features.Usage == nil {
		return u, false
	}
	return c.features.Usage(header)
}
