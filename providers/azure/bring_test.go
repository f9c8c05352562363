package azure

import (
	"maps"
	"strings"
	"testing"

	"heimdall/providers"
	"heimdall/providers/llm"
)

func of(fields map[string]string) func(string) string {
	return func(name string) string { return fields[name] }
}

// TestBring: a client's endpoint and its key make a key, and nothing less does.
func TestBring(t *testing.T) {
	const at = "https://r.openai.azure.com"
	for _, c := range []struct {
		name, value, endpoint, key, version string
		want                                string // the key; "" = none
		options                             map[string]string
		err                                 string
	}{
		{"nothing", "k", "", "k2", "2024-10-21", "", nil, ""},
		{"v1", "k", at, "", "", "k", map[string]string{"endpoint": at}, ""},
		{"its own field", "", at, "k2", "preview", "k2", map[string]string{"endpoint": at}, ""},
		{"a date", "k", at, "", "2024-10-21", "k", map[string]string{"endpoint": at, "api_version": "2024-10-21"}, ""},
		{"a preview", "k", at, "", "2025-03-01-preview", "k", map[string]string{"endpoint": at, "api_version": "2025-03-01-preview"}, ""},
		{"no date", "k", at, "", "soon", "", nil, "api-version"},
		{"no key", "", at, "", "", "", nil, "needs the resource's key"},
		{"no TLS", "k", "http://r.example.com", "", "", "", nil, "x-bf-azure-endpoint: must begin with https://"},
		{"link-local", "k", "https://169.254.169.254", "", "", "", nil, "link-local"},
	} {
		got, ok, err := New().(*azure).Bring(providers.Brought{Value: c.value,
			Header: of(map[string]string{"X-Bf-Azure-Endpoint": c.endpoint, "Api-Key": c.key}), Query: of(map[string]string{"api-version": c.version})})
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) || llm.AsError(err).Status != 400 {
				t.Errorf("%s: %v", c.name, err)
			}
		case err != nil || ok != (c.want != "") || got.Value != c.want || !maps.Equal(got.Options, c.options):
			t.Errorf("%s: %+v %v %v", c.name, got, ok, err)
		}
	}
}
