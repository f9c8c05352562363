package vertex

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"heimdall/providers"
	"heimdall/providers/llm"
)

// account is the JSON file of a service account whose tokens come from address.
func account(t *testing.T, address string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "p", "private_key_id": "1", "client_email": "a@p.iam.gserviceaccount.com",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": address,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func authority(t *testing.T) (address string, asked *atomic.Int64) {
	asked = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":3600}`, asked.Load())
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func field(out *providers.Outbound, name string) string {
	for _, f := range out.Header {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

func TestServiceAccount(t *testing.T) {
	address, asked := authority(t)
	p := New()
	c := providers.Credential{Options: map[string]string{"auth_credentials": account(t, address), "project_id": "p"}}
	for range 3 {
		out := &providers.Outbound{}
		if err := p.Sign(t.Context(), out, c); err != nil {
			t.Fatal(err)
		}
		if field(out, "Authorization") != "Bearer token-1" || field(out, "X-Goog-User-Project") != "p" {
			t.Errorf("%v", out.Header)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("asked for a token %d times, want once", asked.Load())
	}
	c.Options["auth_credentials"] = `{"private_key":"very-secret"}`
	if err := p.Sign(t.Context(), &providers.Outbound{}, c); err == nil || strings.Contains(err.Error(), "very-secret") {
		t.Errorf("a broken file: %v", err)
	}
}

// TestMachine: without anything in the key the machine's own credentials count.
func TestMachine(t *testing.T) {
	address, _ := authority(t)
	file := filepath.Join(t.TempDir(), "adc.json")
	if err := os.WriteFile(file, []byte(account(t, address)), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
	out := &providers.Outbound{}
	if err := New().Sign(t.Context(), out, providers.Credential{}); err != nil {
		t.Fatal(err)
	}
	if got := field(out, "Authorization"); got != "Bearer token-1" {
		t.Error(got)
	}
	out = &providers.Outbound{}
	if err := New().Sign(t.Context(), out, providers.Credential{Value: "key-1"}); err != nil || field(out, "X-Goog-Api-Key") != "key-1" {
		t.Errorf("an API key: %v %v", out.Header, err)
	}
}

func TestPlaces(t *testing.T) {
	p := New().(*vertex)
	for region, want := range map[string]string{
		"us-central1": "https://us-central1-aiplatform.googleapis.com", "global": "https://aiplatform.googleapis.com", "eu": "https://aiplatform.eu.rep.googleapis.com",
	} {
		if got, err := p.Base("", providers.Credential{Options: map[string]string{"region": region}}); got != want || err != nil {
			t.Errorf("%s: %s %v", region, got, err)
		}
	}
	if got, err := p.Base("", providers.Credential{Options: map[string]string{"region": "evil.test/"}}); err == nil {
		t.Errorf("a region that leads elsewhere: %s", got)
	}
	for model, want := range map[string]string{"gemini-2.5-pro": "generate", "claude-haiku-4-5@20251001": "messages", "meta/llama-4": "chat"} {
		if e := p.Endpoints(llm.OpChat, model); len(e) != 1 || e[0].Dialect != want {
			t.Errorf("%s: %+v", model, e)
		}
	}
}
