package azure

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"heimdall/providers"
	"heimdall/providers/llm"
)

func outbound(address, body string) *providers.Outbound {
	out := &providers.Outbound{}
	out.Method, out.URL, out.Body = "POST", address, []byte(body)
	return out
}

func TestKeys(t *testing.T) {
	for _, c := range []struct {
		url, want, name string
		options         map[string]string
	}{
		{"https://x.test/openai/v1/chat/completions", "https://x.test/openai/v1/chat/completions", "Api-Key", nil},
		{"https://x.test/anthropic/v1/messages", "https://x.test/anthropic/v1/messages", "X-Api-Key", nil},
		{"https://x.test/openai/v1/chat/completions", "https://x.test/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21", "Api-Key", map[string]string{"api_version": "2024-10-21"}},
		{"https://x.test/openai/v1/responses", "https://x.test/openai/responses?api-version=2025-03-01-preview", "Api-Key", map[string]string{"api_version": "2025-03-01-preview"}},
		{"https://x.test/openai/v1/models?a=b", "https://x.test/openai/models?a=b&api-version=2024-10-21", "Api-Key", map[string]string{"api_version": "2024-10-21"}},
	} {
		body := `{"model":"my gpt"}`
		if strings.Contains(c.url, "models") {
			body = ""
		}
		out := outbound(c.url, body)
		if err := New().Sign(t.Context(), out, providers.Credential{Value: "key-1", Options: c.options}); err != nil {
			t.Fatal(err)
		}
		if out.URL != c.want || header(out, c.name) != "key-1" {
			t.Errorf("%s: %s %v", c.url, out.URL, out.Header)
		}
	}
	if e := New().Endpoints(llm.OpChat, "claude-sonnet-4-5"); len(e) != 1 || e[0].Dialect != "messages" {
		t.Errorf("claude: %+v", e)
	}
}

// authority stands in for Entra ID, which is a remote service.
type authority struct{ asked []url.Values }

func (a *authority) Do(r *http.Request) (*http.Response, error) {
	body := `{"token_type":"Bearer","expires_in":3599,"access_token":"entra-token"}`
	if r.Method == "GET" { // where things are
		body = `{"token_endpoint":"https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token","authorization_endpoint":"https://login.microsoftonline.com/tenant-1/oauth2/v2.0/authorize","issuer":"https://login.microsoftonline.com/tenant-1/v2.0"}`
	} else {
		form, _ := io.ReadAll(r.Body)
		values, _ := url.ParseQuery(string(form))
		a.asked = append(a.asked, values)
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func TestEntra(t *testing.T) {
	a := &authority{}
	p := New().(*azure)
	p.entra.options.Transport = a
	c := providers.Credential{Options: map[string]string{"tenant_id": "tenant-1", "client_id": "client-1", "client_secret": "secret-1"}}
	for range 3 {
		out := outbound("https://x.test/openai/v1/chat/completions", `{}`)
		if err := p.Sign(t.Context(), out, c); err != nil {
			t.Fatal(err)
		}
		if got := header(out, "Authorization"); got != "Bearer entra-token" || header(out, "Api-Key") != "" {
			t.Errorf("%v", out.Header)
		}
	}
	if len(a.asked) != 1 {
		t.Fatalf("asked for a token %d times, want once", len(a.asked))
	}
	if q := a.asked[0]; q.Get("client_id") != "client-1" || !strings.Contains(q.Get("scope"), "cognitiveservices") {
		t.Errorf("%v", q)
	}
	delete(c.Options, "client_secret")
	if err := p.Sign(t.Context(), outbound("https://x.test/", ""), c); err == nil || !strings.Contains(err.Error(), "together") {
		t.Errorf("half of an identity: %v", err)
	}
}
