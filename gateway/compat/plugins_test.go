package compat_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/providers/llm"
)

// The example of the article that the contract started from, and what else a file may say of plugins.
func TestTheFilesPlugins(t *testing.T) {
	store, secrets := &shelf{entities: map[string]config.Entity{}}, chain{}
	start := func(text string) *config.Manager {
		t.Helper()
		f, err := decoder().ParseFile([]byte(text), "/app")
		if err != nil {
			t.Fatal(err)
		}
		m := config.NewManager(config.ManagerOptions{Store: store, Secrets: secrets, Kinds: kinds, Env: func(name string) string {
			return map[string]string{"OTEL_API_KEY": "key-canary"}[name]
		}})
		if err := m.Load(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		return m
	}
	const seed = `{"plugins": [{"enabled": true, "name": "otel", "config": {"service_name": "bifrost", "collector_url": "<http://localhost:4318>",
		"trace_type": "genai_extension", "protocol": "http", "headers": {"Authorization": "env.OTEL_API_KEY"}}}]}`
	s := start(seed).Snapshot()
	c, err := decoder().Otel(s.Plugin("otel"))
	if err != nil || len(c.Profiles) != 1 || c.Profiles[0].Collector != "http://localhost:4318" || c.Profiles[0].Headers["Authorization"] != "key-canary" || len(s.Problems) != 0 {
		t.Fatalf("%+v %v %v", c, err, s.Problems)
	}
	for _, e := range store.entities {
		if strings.Contains(string(e.Data), "key-canary") {
			t.Errorf("the secret is stored in %s", e.Data)
		}
	}

	// What is changed elsewhere stays while the file stays the same.
	m := start(seed)
	if err := m.Update(t.Context(), func(d *config.Draft) error { return d.DeletePlugin("otel") }); err != nil {
		t.Fatal(err)
	}
	if p := start(seed).Snapshot().Plugin("otel"); p != nil {
		t.Errorf("the same file set %+v again", p)
	}

	other := `{"plugins": [
		{"name": "otel", "enabled": true, "version": 2, "placement": "post_builtin", "config": {"collector_url": "http://c.test", "headers": {"X-Key": "literal-canary"}, "future": 1}},
		{"name": "telemetry", "enabled": false}, {"name": "maxim", "enabled": true}, {"name": "prompts", "enabled": false}, {"name": "logging", "enabled": true}]}`
	s = start(other).Snapshot()
	want := []string{"plugins[0].config.future", "plugins[0].config.headers.X-Key", "plugins[0].placement", "plugins[0].version", "plugins[2]", "plugins[4]"}
	if diff := cmp.Diff(want, paths(s.Problems), cmp.Transformer("sorted", sorted)); diff != "" {
		t.Error(diff)
	}
	if c, err := decoder().Otel(s.Plugin("otel")); err != nil || c.Profiles[0].Headers["X-Key"] != "literal-canary" || s.Plugin("telemetry").Enabled {
		t.Errorf("%+v %v %+v", c, err, s.Plugin("telemetry"))
	}
	if len(secrets) != 1 {
		t.Errorf("the keychain has %d items", len(secrets))
	}

	decides := `{"source_of_truth": "config.json", "plugins": [{"name": "telemetry", "enabled": true}]}`
	if s := start(decides).Snapshot(); s.Plugin("otel") != nil || !s.Plugin("telemetry").Enabled {
		t.Errorf("a file that decides leaves %+v", s.Plugins)
	}
}

func TestWrongPluginsInAFile(t *testing.T) {
	for text, path := range map[string]string{
		`{"name": "otel", "enabled": true, "config": {"trace_type": "genai_extension"}}`:            "plugins[0].config.collector_url",
		`{"name": "otel", "enabled": true, "config": {"collector_url": "http://a b"}}`:              "plugins[0].config.collector_url",
		`{"name": "otel", "enabled": "maybe", "config": {"collector_url": "http://c.test"}}`:        "plugins[0].enabled",
		`{"name": "telemetry", "config": {"push_gateway": {"enabled": true}}}`:                      "plugins[0].config.push_gateway.push_gateway_url",
		`{"name": "otel", "config": {"collector_url": "http://c.test", "tls_ca_cert": "nonsense"}}`: "plugins[0].config.tls_ca_cert",
	} {
		_, err := decoder().ParseFile([]byte(`{"plugins": [`+text+`]}`), "/app")
		var e *llm.Error
		if !errors.As(err, &e) || e.Param != path {
			t.Errorf("%s: %v", text, err)
		}
	}
}
