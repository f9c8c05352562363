package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"heimdall/gateway/config"
	"heimdall/providers/llm"
)

func TestValidation(t *testing.T) {
	network := func(n config.NetworkEdit) func(*config.Draft) error {
		return func(d *config.Draft) error {
			return d.AddProvider("play", config.SourceAPI, config.ProviderEdit{Network: &n})
		}
	}
	through := func(p config.ProxyEdit) func(*config.Draft) error {
		return func(d *config.Draft) error {
			return d.AddProvider("play", config.SourceAPI, config.ProviderEdit{Proxy: &p})
		}
	}
	weight := -1.0
	cases := []struct {
		name, param string
		status      int
		edit        func(*config.Draft) error
	}{
		{"unknown provider", "providers.gamma", 400, add("gamma")},
		{"a slash in a name", "providers.al/pha", 400, add("al/pha")},
		{"taken name", "provider", 409, func(d *config.Draft) error { return errors.Join(add("alpha")(d), add("alpha")(d)) }},
		{"key without value", "providers.alpha.keys[0].value", 400, add("alpha", config.KeyEdit{})},
		{"redacted value in a new key", "providers.alpha.keys[0].value", 400, add("alpha", key("k", "sk-a********6789"))},
		{"two keys of a name", "providers.alpha.keys[1].name", 400, add("alpha", key("k", "v1"), key("k", "v2"))},
		{"negative weight", "providers.play.keys[0].weight", 400, add("play", config.KeyEdit{Weight: &weight})},
		{"unknown option", "providers.alpha.keys[0].region", 400, add("alpha", config.KeyEdit{Value: text("v"), Options: map[string]config.Input{"region": *text("x")}})},
		{"missing option", "providers.cloud.keys[0].region", 400, add("cloud", config.KeyEdit{})},
		{"an option that is no URL", "providers.cloud.keys[0].endpoint", 400, add("cloud", config.KeyEdit{Options: map[string]config.Input{"region": *text("x"), "endpoint": *text("nowhere")}})},
		{"a line break in an option", "providers.cloud.keys[0].secret_key", 400, add("cloud", config.KeyEdit{Options: map[string]config.Input{"region": *text("x"), "secret_key": *text("a\nb")}})},
		{"redacted value in a new option", "providers.cloud.keys[0].secret_key", 400, add("cloud", config.KeyEdit{Options: map[string]config.Input{"region": *text("x"), "secret_key": *text("<redacted>")}})},
		{"wildcard origin", "client_config.allowed_origins[0]", 400, func(d *config.Draft) error {
			d.Client.AllowedOrigins = []string{"*"}
			return nil
		}},
		{"origin with a path", "client_config.allowed_origins[0]", 400, func(d *config.Draft) error {
			d.Client.AllowedOrigins = []string{"http://localhost:3000/x"}
			return nil
		}},
		{"retention", "client_config.log_retention_days", 400, func(d *config.Draft) error { d.Client.LogRetentionDays = 0; return nil }},
		{"login without a password", "auth_config.admin_password", 400, func(d *config.Draft) error {
			d.Auth = config.Auth{Enabled: true, Username: "admin"}
			return nil
		}},
		{"port", "settings.port", 400, func(d *config.Draft) error { d.Settings.Port = 70000; return nil }},
		{"theme", "settings.theme", 400, func(d *config.Draft) error { d.Settings.Theme = "pink"; return nil }},
		{"credentials in a URL", "providers.play.network_config.base_url", 400, network(config.NetworkEdit{Network: config.Network{BaseURL: "https://u:p@example.com"}})},
		{"no URL", "providers.play.network_config.base_url", 400, network(config.NetworkEdit{Network: config.Network{BaseURL: "example.com"}})},
		{"idle", "providers.play.network_config.stream_idle_timeout_in_seconds", 400, network(config.NetworkEdit{Network: config.Network{StreamIdle: time.Second}})},
		{"keep-alive", "providers.play.network_config.keep_alive_timeout_in_seconds", 400, network(config.NetworkEdit{Network: config.Network{KeepAlive: 2 * time.Hour}})},
		{"no PEM", "providers.play.network_config.ca_cert_pem", 400, network(config.NetworkEdit{Network: config.Network{CA: "a certificate"}})},
		{"an authority and no check", "providers.play.network_config.insecure_skip_verify", 400, network(config.NetworkEdit{Network: config.Network{CA: certificate, Insecure: true}})},
		{"kind of proxy", "providers.play.proxy_config.type", 400, through(config.ProxyEdit{Type: "ftp"})},
		{"proxy without an address", "providers.play.proxy_config.url", 400, through(config.ProxyEdit{Type: "http"})},
		{"credentials in a proxy's address", "providers.play.proxy_config.url", 400, through(config.ProxyEdit{Type: "socks5", URL: "socks5://u:p@proxy.test"})},
		{"another proxy's address", "providers.play.proxy_config.url", 400, through(config.ProxyEdit{Type: "socks5", URL: "http://proxy.test"})},
		{"an address beside the environment's", "providers.play.proxy_config.url", 400, through(config.ProxyEdit{Type: "environment", URL: "http://proxy.test"})},
		{"a proxy's password without a name", "providers.play.proxy_config.username", 400, through(config.ProxyEdit{Type: "http", URL: "http://proxy.test", Password: text("p")})},
		{"filtered header", "client_config.header_filter_config.denylist[0]", 400, func(d *config.Draft) error {
			d.Client.HeaderFilter.Deny = []string{"no name"}
			return nil
		}},
		{"stream keep-alive", "client_config.stream_keep_alive_in_seconds", 400, func(d *config.Draft) error { d.Client.StreamKeepAlive = 2 * time.Hour; return nil }},
		{"own path", "providers.mine.custom_provider_config.request_path_overrides.embedding", 400, func(d *config.Draft) error {
			return d.AddProvider("mine", config.SourceAPI, config.ProviderEdit{
				Custom:  &config.Custom{Base: "alpha", Paths: map[string]string{"embedding": "v1/embed", "rerank": "/v1/rerank?x=1", "ocr": "https://x.test/ocr"}},
				Network: &config.NetworkEdit{Network: config.Network{BaseURL: "http://localhost:1"}},
			})
		}},
		{"header", "providers.play.network_config.extra_headers.Host", 400, network(config.NetworkEdit{Headers: map[string]config.Input{"Host": *text("x")}})},
		{"own provider without a base", "providers.mine.custom_provider_config.base_provider_type", 400, func(d *config.Draft) error {
			return d.AddProvider("mine", config.SourceAPI, config.ProviderEdit{
				Custom: &config.Custom{Base: "gamma"}, Network: &config.NetworkEdit{Network: config.Network{BaseURL: "http://localhost:1"}},
			})
		}},
		{"own provider of a built-in name", "providers.alpha.custom_provider_config", 400, func(d *config.Draft) error {
			return d.AddProvider("alpha", config.SourceAPI, config.ProviderEdit{
				Custom: &config.Custom{Base: "beta"}, Network: &config.NetworkEdit{Network: config.Network{BaseURL: "http://localhost:1"}},
			})
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.start(t, nil)
			err := w.m.Update(t.Context(), func(d *config.Draft) error {
				d.Providers = nil
				return c.edit(d)
			})
			var e *llm.Error
			if !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest {
				t.Fatalf("error %v", err)
			}
			if e.Param != c.param || e.Status != c.status {
				t.Fatalf("param %q, status %d: %s", e.Param, e.Status, e.Message)
			}
		})
	}
}

func TestARedactedValueChangesNothing(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	w.update(t, add("alpha", key("k1", canary)))
	k := w.m.Snapshot().Provider("alpha").Keys[0]
	for _, echo := range []string{config.Redact(k.Value), "********", "<redacted>"} {
		w.update(t, func(d *config.Draft) error { return d.EditKey("alpha", k.ID, config.KeyEdit{Value: text(echo)}) })
		if got := w.m.Snapshot().Provider("alpha").Keys[0]; got.Value.Reveal() != canary || got.Ref != k.Ref {
			t.Fatalf("%s changed the key", echo)
		}
	}
	err := w.m.Update(t.Context(), func(d *config.Draft) error {
		return d.EditKey("alpha", k.ID, config.KeyEdit{Value: text("sk-x********9999")})
	})
	if err == nil {
		t.Fatal("another key's redacted value was taken")
	}
}

func TestSecretHeaders(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	headers := map[string]config.Input{"X-Team": *text("blue"), "Authorization": *text("Bearer " + canary)}
	w.update(t, func(d *config.Draft) error {
		return d.EditProvider("play", config.SourceAPI, config.ProviderEdit{Network: &config.NetworkEdit{Headers: headers}})
	})
	if strings.Contains(w.store.text(), canary) {
		t.Fatal("the store holds the header")
	}
	n := w.start(t, nil).Snapshot().Provider("play").Network
	if n.ExtraHeaders["X-Team"] != "blue" || len(n.SecretHeaders) != 1 || n.SecretHeaders[0].Value.Reveal() != "Bearer "+canary {
		t.Fatalf("headers: %+v", n)
	}
	headers["Authorization"] = *text(config.Redact(n.SecretHeaders[0].Value))
	w.update(t, func(d *config.Draft) error {
		return d.EditProvider("play", config.SourceAPI, config.ProviderEdit{Network: &config.NetworkEdit{Headers: headers}})
	})
	if got := w.m.Snapshot().Provider("play").Network.SecretHeaders[0].Value.Reveal(); got != "Bearer "+canary {
		t.Fatalf("an echoed header became %q", got)
	}
}
