package compat_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"heimdall/gateway/config"
)

// shelf is a store in memory.
type shelf struct {
	entities map[string]config.Entity
	version  int64
}

func (s *shelf) Load(context.Context) (list []config.Entity, version int64, err error) {
	for _, e := range s.entities {
		list = append(list, e)
	}
	return list, s.version, nil
}

func (s *shelf) Apply(_ context.Context, _ int64, changes []config.Entity) (int64, error) {
	for _, c := range changes {
		if c.Data == nil {
			delete(s.entities, c.Kind+"/"+c.ID)
			continue
		}
		s.entities[c.Kind+"/"+c.ID] = c
	}
	s.version++
	return s.version, nil
}

type chain map[string]string

func (c chain) Get(item string) (string, error) {
	if v, ok := c[item]; ok {
		return v, nil
	}
	return "", errors.New("no such item")
}
func (c chain) Set(item, value string) error { c[item] = value; return nil }
func (c chain) Delete(item string) error     { delete(c, item); return nil }

const fileText = `{
	"auth_config": {"admin_username": "admin", "admin_password": "env.ADMIN_PW", "is_enabled": true},
	"client": {"max_request_body_size_mb": 50},
	"providers": {
		"openai": {
			"keys": [{"name": "k1", "value": "sk-file-canary-0123456789", "models": ["*"], "weight": 0.5}, {"name": "k2", "value": "env.ADMIN_PW", "models": []}],
			"network_config": {"extra_headers": {"Authorization": "Bearer sk-header-canary-0123"}, "default_request_timeout_in_seconds": 60}
		},
		"region-al": {"keys": [{"name": "k", "region_al_key_config": {"region": "eu", "client_secret": "option-canary-0123456789"}}],
			"proxy_config": {"type": "socks5", "url": "p.test", "username": "me", "password": "proxy-canary-0123456789"}},
		"mine": {"custom_provider_config": {"base_provider_type": "openai", "is_key_less": true}, "network_config": {"base_url": "http://localhost:11434"}}
	}
}`

func TestAFileBecomesTheConfiguration(t *testing.T) {
	store, secrets := &shelf{entities: map[string]config.Entity{}}, chain{}
	start := func(text string) *config.Snapshot {
		t.Helper()
		f, err := decoder().ParseFile([]byte(text), "/app")
		if err != nil {
			t.Fatal(err)
		}
		m := config.NewManager(config.ManagerOptions{Store: store, Secrets: secrets, Kinds: kinds, Env: func(name string) string {
			return map[string]string{"ADMIN_PW": "correct horse"}[name]
		}})
		if err := m.Load(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		return m.Snapshot()
	}
	s := start(fileText)
	openai, mine := s.Provider("openai"), s.Provider("mine")
	if openai.Source != config.SourceFile || len(openai.Keys) != 2 || mine.Kind != "custom" || s.Client.MaxBodyMB != 50 {
		t.Errorf("snapshot: %+v %+v", openai, mine)
	}
	if k := openai.Keys[0]; k.Value.Reveal() != "sk-file-canary-0123456789" || k.Weight != 0.5 || !k.Models.All {
		t.Errorf("k1: %+v", k)
	}
	if k := openai.Keys[1]; k.Value.Reveal() != "correct horse" || k.Allows("gpt") {
		t.Errorf("k2: %+v", k)
	}
	if bcrypt.CompareHashAndPassword([]byte(s.Auth.PasswordHash), []byte("correct horse")) != nil || !s.Auth.Enabled {
		t.Error("the password is not that of the file")
	}
	if k := s.Provider("region-al").Keys[0]; k.Options["region"] != "eu" || k.Secrets[0].Value.Reveal() != "option-canary-0123456789" {
		t.Errorf("options: %+v", k)
	}
	if p := s.Provider("region-al").Proxy; p.Type != "socks5" || p.Password.Value.Reveal() != "proxy-canary-0123456789" {
		t.Errorf("proxy: %+v", p)
	}
	warned := fmt.Sprint(s.Problems)
	for _, path := range []string{"providers.region-al.keys[0].client_secret", "providers.region-al.proxy_config.password"} {
		if !strings.Contains(warned, path) {
			t.Errorf("nobody says that %s is readable in the file: %s", path, warned)
		}
	}
	for id, e := range store.entities {
		for _, secret := range []string{"canary", "correct horse"} {
			if strings.Contains(string(e.Data), secret) {
				t.Errorf("%s holds a secret", id)
			}
		}
	}
	items, version := len(secrets), store.version
	if again := start(fileText); again.Version != version || len(secrets) != items {
		t.Error("an unchanged file changed something")
	}
	s = start(strings.Replace(fileText, `"default_request_timeout_in_seconds": 60`, `"default_request_timeout_in_seconds": 90`, 1))
	if n := s.Provider("openai").Network; n.Timeout.Seconds() != 90 || len(n.SecretHeaders) != 1 || len(secrets) != items {
		t.Errorf("after a change of the provider: %+v, %d items", n, len(secrets))
	}
}
