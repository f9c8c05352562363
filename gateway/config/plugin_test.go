package config_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"heimdall/gateway/config"
)

func TestThePluginsSecrets(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit int
		item  int
	}{{"in the keychain", 0, 1}, {"sealed where it has no room", 50, 1}} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.chain.limit, w.env["SET"] = c.limit, "from-the-environment"
			w.start(t, nil)
			long := canary + strings.Repeat("x", 60)
			strange := config.Pointer("list", "1", "a/b~c")
			w.update(t, func(d *config.Draft) error {
				return d.PutPlugin("otel", config.SourceAPI, config.PluginEdit{
					Config:  json.RawMessage(`{"list":[{"n":1.50},{}],"headers":{}}`),
					Secrets: inputs(config.Pointer("headers", "A"), "env.SET", config.Pointer("headers", "B"), "env.UNSET", strange, long),
				})
			})
			if strings.Contains(w.store.text(), canary) || len(w.chain.items) != c.item {
				t.Errorf("%d items, stored: %s", len(w.chain.items), w.store.text())
			}
			s := w.start(t, nil).Snapshot()
			p := s.Plugin("otel")
			if want, got := `{"headers":{"A":"from-the-environment"},"list":[{"n":1.50},{"a/b~c":"`+long+`"}]}`, string(p.Whole()); got != want {
				t.Errorf("after a restart it is\n%s, not\n%s", got, want)
			}
			if len(s.Problems) != 1 || s.Problems[0].Path != "plugins.otel.config.headers.B" {
				t.Errorf("problems: %+v", s.Problems)
			}
			if text := fmt.Sprintf("%v %+v %#v", p, *p, p.Secrets); strings.Contains(text, canary) {
				t.Errorf("it prints itself: %s", text)
			}
			if string(p.With(func(config.SecretField) string { return "" })) != `{"headers":{},"list":[{"n":1.50},{}]}` {
				t.Errorf("without secrets: %s", p.With(func(config.SecretField) string { return "" }))
			}
		})
	}
}

// A locked keychain leaves the secret out, and it is there as soon as the keychain opens.
func TestALockedKeychainAndAPlugin(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	w.update(t, func(d *config.Draft) error {
		return d.PutPlugin("otel", config.SourceAPI, config.PluginEdit{Config: json.RawMessage(`{"headers":{}}`), Secrets: inputs("/headers/A", canary)})
	})
	w.chain.locked = func(string) bool { return true }
	m := w.start(t, nil)
	if p := m.Snapshot().Plugin("otel"); p.Secrets[0].Problem == "" || string(p.Whole()) != `{"headers":{}}` {
		t.Errorf("%+v %s", p.Secrets, p.Whole())
	}
	w.chain.locked = nil
	if _, err := m.Retry(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p := m.Snapshot().Plugin("otel"); !strings.Contains(string(p.Whole()), canary) {
		t.Errorf("%+v", p.Secrets)
	}
}
