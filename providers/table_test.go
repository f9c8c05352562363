package providers_test

import (
	"testing"

	"heimdall/providers"
	"heimdall/providers/auth"
	"heimdall/providers/llm"
)

func TestEndpointURL(t *testing.T) {
	chat := providers.Endpoint{Version: "/v1", Path: "/chat/completions"}
	for base, want := range map[string]string{
		"https://api.example.com":              "https://api.example.com/v1/chat/completions",
		"https://api.example.com/":             "https://api.example.com/v1/chat/completions",
		"https://api.example.com/v1":           "https://api.example.com/v1/chat/completions",
		"https://api.example.com/v1/":          "https://api.example.com/v1/chat/completions",
		"https://api.example.com/openai":       "https://api.example.com/openai/v1/chat/completions",
		"https://api.example.com/v1beta":       "https://api.example.com/v1beta/chat/completions",
		"https://api.example.com/api/paas/v4":  "https://api.example.com/api/paas/v4/chat/completions",
		"http://localhost:11434/v1":            "http://localhost:11434/v1/chat/completions",
		"http://[::1]:8080":                    "http://[::1]:8080/v1/chat/completions",
		"http://v1":                            "http://v1/v1/chat/completions", // a host, no version
		"https://api.example.com/vision":       "https://api.example.com/vision/v1/chat/completions",
		"https://api.example.com/compatible/v": "https://api.example.com/compatible/v/v1/chat/completions",
	} {
		if got := chat.URL(base, chat.Path); got != want {
			t.Errorf("base %s: %s, want %s", base, got, want)
		}
	}
	if got := (providers.Endpoint{}).URL("http://localhost:11434", "/api/chat"); got != "http://localhost:11434/api/chat" {
		t.Errorf("an endpoint without a version: %s", got)
	}
}

// table is a small provider that speaks both dialects of the tests at two paths.
func table(offers ...string) *providers.Table {
	t := &providers.Table{
		About:   providers.Info{Name: "acme", Title: "Acme", BaseURL: "https://api.acme.test", EnvKey: "ACME_KEY", DocsURL: "https://acme.test/keys", Models: []string{"m"}, Compatible: "Acme-compatible", Options: []providers.Option{{Name: "value"}}},
		Auth:    auth.Bearer,
		Routes:  map[llm.Op][]providers.Endpoint{llm.OpModels: {{Method: "GET", Version: "/v1", Path: "/models"}}},
		Headers: map[string]string{"Acme-Version": "1"},
		Forward: []string{"Acme-Version", "Acme-Beta"},
	}
	for _, d := range offers {
		t.Routes[llm.OpChat] = append(t.Routes[llm.OpChat], providers.Endpoint{Dialect: d, Method: "POST", Version: "/v1", Path: "/" + d})
	}
	return t
}

func TestTable(t *testing.T) {
	p := table("chat")
	if e := p.Endpoints(llm.OpChat, "m"); len(e) != 1 || e[0].Dialect != "chat" {
		t.Errorf("endpoints %v", e)
	}
	if e := p.Endpoints("embed", "m"); len(e) != 0 {
		t.Errorf("it offers %v for what it cannot do", e)
	}
	for key, want := range map[string]int{"k": 1, "": 0} {
		out := &providers.Outbound{}
		if err := p.Sign(t.Context(), out, providers.Credential{Value: key}); err != nil || len(out.Header) != want {
			t.Errorf("key %q: %v, %v", key, out.Header, err)
		}
	}
}

func TestCustom(t *testing.T) {
	base := table("chat")
	c := providers.NewCustom("my box", base, true)
	i := c.Info()
	if i.Name != "my box" || i.Title != "my box" || !i.Keyless || !i.Custom || i.BaseURL != "" || i.EnvKey != "" || i.DocsURL != "" ||
		i.Models != nil || i.Compatible != "" || i.Options != nil || i.Icon == "" {
		t.Errorf("%+v", i)
	}
	if b := base.Info(); b.Name != "acme" || b.Models == nil || b.Keyless {
		t.Errorf("the base was changed: %+v", b)
	}
	f := providers.Probe(c)
	if len(f.Forward) != 2 || f.Headers["Acme-Version"] != "1" {
		t.Errorf("features %+v", f)
	}
	if e := c.Endpoints(llm.OpChat, ""); len(e) != 1 {
		t.Errorf("endpoints %v", e)
	}
}

func TestCustomInfo(t *testing.T) {
	hidden := table("chat")
	hidden.About.Compatible = ""
	i := providers.CustomInfo([]providers.Provider{hidden, table("chat")})
	var choices []providers.Choice
	required := map[string]bool{}
	for _, o := range i.Options {
		required[o.Scope+"."+o.Name] = o.Required
		if o.Name == "base_provider_type" {
			choices = o.Choices
		}
	}
	if i.Name != providers.CustomKind || !i.Custom || len(choices) != 1 || choices[0] != (providers.Choice{Value: "acme", Label: "Acme-compatible"}) {
		t.Errorf("%+v", i)
	}
	if !required["custom.base_provider_type"] || !required["network.base_url"] || required["key.value"] {
		t.Errorf("required: %v", required)
	}
}
