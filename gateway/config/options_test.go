package config_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
)

// certificate is an authority's that nothing is signed with; its key was thrown away.
const certificate = `-----BEGIN CERTIFICATE-----
MIIBSDCB+6ADAgECAhRdu9/KGT7JD4novgsQlbXesw+OeDAFBgMrZXAwGTEXMBUG
A1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIyMTkwNzI2WhgPMjEyNjEwMjkx
OTA3MjZaMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MCowBQYDK2VwAyEAO6VW
KNvrW2v/KY3vwHlY9rq8EFVWJj4y769kgJPPNe6jUzBRMB0GA1UdDgQWBBR/crOs
8Jp/Jf087i2CS0EF/0QiIzAfBgNVHSMEGDAWgBR/crOs8Jp/Jf087i2CS0EF/0Qi
IzAPBgNVHRMBAf8EBTADAQH/MAUGAytlcANBAMgCuNsA77g99kUEec4RZRNfDsy3
rwb85r7PWHEZgz95BK3ebrr4UKFcXpEhbyrw3bONe0oDL/1rNgF6hgUjXAw=
-----END CERTIFICATE-----
`

func inputs(pairs ...string) map[string]config.Input {
	out := map[string]config.Input{}
	for i := 0; i+1 < len(pairs); i += 2 {
		in, err := config.ParseInput(pairs[i+1])
		if err != nil {
			panic(err)
		}
		out[pairs[i]] = in
	}
	return out
}

// options are the values of a key's options, as calls get them.
func options(k *config.Key) map[string]string {
	out := map[string]string{}
	for name, value := range k.Options {
		out[name] = value
	}
	for _, s := range k.Secrets {
		out[s.Name] = s.Value.Reveal()
	}
	return out
}

func TestSecretOptionsOfAKey(t *testing.T) {
	w := newWorld()
	w.env["REGION"], w.env["UNSET"] = "eu-1", ""
	w.chain.limit = 100 // the document is too big for the keychain and is sealed
	w.start(t, nil)
	document := `{"private_key":"` + canary + "\n" + strings.Repeat("x", 200) + `"}`
	w.update(t, add("cloud", config.KeyEdit{Options: inputs("region", "env.REGION", "endpoint", "https://b.test", "secret_key", canary, "credentials", document)}))
	if strings.Contains(w.store.text(), canary) || strings.Contains(w.store.text(), "eu-1") {
		t.Fatalf("the store holds a secret: %s", w.store.text())
	}
	first := func() *config.Key { return w.m.Snapshot().Provider("cloud").Keys[0] }
	want := map[string]string{"region": "eu-1", "endpoint": "https://b.test", "secret_key": canary, "credentials": document}
	w.start(t, nil)
	if diff := cmp.Diff(want, options(first())); diff != "" || first().Trouble() != "" {
		t.Fatalf("after a restart: %s %s", diff, first().Trouble())
	}
	prints := fmt.Sprintf("%+v %#v", first(), *first())
	if data, _ := json.Marshal(w.m.Snapshot()); strings.Contains(prints+string(data), canary) {
		t.Fatal("an option prints itself")
	}

	id := first().ID
	edit := func(pairs ...string) {
		t.Helper()
		w.update(t, func(d *config.Draft) error { return d.EditKey("cloud", id, config.KeyEdit{Options: inputs(pairs...)}) })
	}
	// What is plain goes when it is not named again; a secret stays, and an echo of it changes nothing.
	edit("region", "env.REGION", "secret_key", config.Redact(config.NewSecret(canary)))
	delete(want, "endpoint")
	if diff := cmp.Diff(want, options(first())); diff != "" {
		t.Fatal(diff)
	}
	edit("region", "us", "credentials", "")
	delete(want, "credentials")
	want["region"] = "us"
	if diff := cmp.Diff(want, options(first())); diff != "" {
		t.Fatal(diff)
	}
	edit("region", "us", "secret_key", "env.UNSET")
	if !strings.Contains(first().Trouble(), "UNSET") || len(w.chain.items) != 1 { // the master key
		t.Fatalf("trouble %q, %d items", first().Trouble(), len(w.chain.items))
	}
	problems := w.m.Snapshot().Problems
	if len(problems) != 1 || problems[0].Path != "providers.cloud.keys[0].secret_key" {
		t.Fatalf("problems: %v", problems)
	}
	edit("region", "us", "secret_key", canary)
	w.update(t, func(d *config.Draft) error { return d.DeleteKey("cloud", id) })
	if len(w.chain.items) != 1 {
		t.Fatal("a deleted key's secret stays in the keychain")
	}
}

func TestTheProxysPassword(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	set := func(e config.ProxyEdit) {
		t.Helper()
		w.update(t, func(d *config.Draft) error {
			return d.EditProvider("play", config.SourceAPI, config.ProviderEdit{Proxy: &e})
		})
	}
	set(config.ProxyEdit{Type: "http", URL: "http://proxy.test:3128", Username: "me", Password: text(canary), CA: certificate})
	if strings.Contains(w.store.text(), canary) {
		t.Fatal("the store holds the password")
	}
	p := w.start(t, nil).Snapshot().Provider("play").Proxy
	if p.Password.Value.Reveal() != canary || p.URL != "http://proxy.test:3128" || p.Username != "me" || p.CA != certificate {
		t.Fatalf("after a restart: %+v", p)
	}
	set(config.ProxyEdit{Type: "socks5", URL: "proxy.test", Username: "you", Password: text("<REDACTED>")})
	if p := w.m.Snapshot().Provider("play").Proxy; p.Password.Value.Reveal() != canary || p.Username != "you" || p.CA != "" {
		t.Fatalf("an echoed password: %+v", p)
	}
	set(config.ProxyEdit{})
	if p := w.m.Snapshot().Provider("play").Proxy; p.Type != "" || len(w.chain.items) != 0 {
		t.Fatalf("without a proxy: %+v, %d items in the keychain", p, len(w.chain.items))
	}
}

func TestSettingsAreStored(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	on := true
	custom := config.Custom{Base: "alpha", Keyless: true, Allowed: map[string]bool{}, Paths: map[string]string{"embedding": "/e"}}
	network := config.Network{BaseURL: "http://mine.test", KeepAlive: 30 * time.Second, HTTP2: true, CA: certificate}
	client := config.Client{
		LogRetentionDays: 7, MaxBodyMB: 10, AllowDirectKeys: true, AllowRawOverride: true, AllowStorageOverride: true,
		LoggingHeaders: []string{"x-tenant"}, PrometheusLabels: []string{"team"},
		HeaderFilter: config.HeaderFilter{Allow: []string{"anthropic-beta"}, Deny: []string{"x-*"}},
	}
	w.update(t, func(d *config.Draft) error {
		d.Client = client
		return d.AddProvider("mine", config.SourceAPI, config.ProviderEdit{
			Custom: &custom, Network: &config.NetworkEdit{Network: network}, SendBackRawRequest: &on, SendBackRawResponse: &on,
		})
	})
	s := w.start(t, nil).Snapshot()
	p := s.Provider("mine")
	if diff := cmp.Diff(custom, *p.Custom); diff != "" || p.Custom.Allowed == nil {
		t.Error("custom:", diff)
	}
	if diff := cmp.Diff(network, p.Network); diff != "" || !p.SendBackRawRequest || !p.SendBackRawResponse {
		t.Error("network:", diff)
	}
	if diff := cmp.Diff(client, s.Client); diff != "" {
		t.Error("client:", diff)
	}
}

// What the first version stored is read with today's defaults for what it did not know.
func TestWhatOlderVersionsStored(t *testing.T) {
	w := newWorld()
	w.store.entities = map[string]config.Entity{}
	w.chain.items["key-1"] = canary
	for _, e := range [][3]string{
		{"client", "client", `{"enable_logging":true,"disable_content_logging":false,"log_retention_days":365,"max_body_mb":100}`},
		{"settings", "settings", `{"host":"127.0.0.1","port":8080,"theme":"system","window_idle_minutes":5,"install":"i"}`},
		{"provider", "mine", `{"kind":"own","base":"alpha","base_url":"http://localhost:1","headers":{"A":"b"},"timeout_ms":60000,"source":"api"}`},
		{"key", "k1", `{"provider":"mine","position":0,"name":"k","ref":"keychain:key-1","models":{"all":true},"weight":1,"enabled":true,"source":"api"}`},
	} {
		w.store.entities[e[0]+"/"+e[1]] = config.Entity{Kind: e[0], ID: e[1], Data: json.RawMessage(e[2])}
	}
	s := w.start(t, nil).Snapshot()
	p := s.Provider("mine")
	if s.Client.StreamKeepAlive != 15*time.Second || p.Custom.Allowed != nil || p.Proxy.Type != "" || p.Network.Timeout != time.Minute {
		t.Errorf("%+v %+v", s.Client, p)
	}
	if k := p.Keys[0]; k.Value.Reveal() != canary || k.Trouble() != "" || len(s.Problems) != 0 {
		t.Errorf("%+v %v", k, s.Problems)
	}
}
