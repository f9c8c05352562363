package compat_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/compat"
	"heimdall/gateway/config"
	"heimdall/providers/llm"
)

var kinds = []config.KindInfo{
	{Name: "openai"},
	{Name: "region-al", KeyOptions: []string{"region"}},
	{Name: "custom", Custom: true, Bases: []string{"openai"}},
}

func decoder() *compat.Decoder {
	return compat.NewDecoder(kinds, func(name string) string {
		return map[string]string{"ADMIN_PW": "correct horse"}[name]
	})
}

// shape is a key edit as a line of text.
func shape(e config.KeyEdit) string {
	var b strings.Builder
	if e.Name != nil {
		fmt.Fprintf(&b, "name=%s ", *e.Name)
	}
	if e.Value != nil {
		fmt.Fprintf(&b, "ref=%s text=%s ", e.Value.Ref, e.Value.Text.Reveal())
	}
	switch {
	case e.Models == nil:
	case e.Models.All:
		b.WriteString("models=all ")
	default:
		fmt.Fprintf(&b, "models=%v ", e.Models.List)
	}
	if e.Denied != nil {
		fmt.Fprintf(&b, "denied=%v ", e.Denied)
	}
	if e.Weight != nil {
		fmt.Fprintf(&b, "weight=%v ", *e.Weight)
	}
	if e.Enabled != nil {
		fmt.Fprintf(&b, "enabled=%v ", *e.Enabled)
	}
	if e.Options != nil {
		fmt.Fprintf(&b, "options=%v ", e.Options)
	}
	return strings.TrimSpace(b.String())
}

func TestKeysOfAllGenerations(t *testing.T) {
	cases := []struct{ name, inline, route, body string }{
		{
			"the seed's shape", "name=k1 ref=env.OPENAI_API_KEY_1 text= models=[gpt-4o] weight=0.7", "",
			`{"name":"k1","value":"env.OPENAI_API_KEY_1","models":["gpt-4o"],"weight":0.7}`,
		},
		{"an empty list", "name=k models=all", "name=k models=[]", `{"name":"k","models":[]}`},
		{"no list", "name=k", "", `{"name":"k"}`},
		{"a star", "name=k models=all", "", `{"name":"k","models":["*"]}`},
		{"a literal", "ref= text=sk-1", "", `{"value":" sk-1 "}`},
		{"an object from the environment", "ref=env.NAME text=", "", `{"value":{"value":"","env_var":"env.NAME","from_env":true}}`},
		{"the same, echoed", "ref=env.NAME text=", "", `{"value":{"value":"sk-a********6789","env_var":"env.NAME","from_env":true}}`},
		{"an object with a literal", "ref= text=sk-1", "", `{"value":{"value":"sk-1","env_var":"","from_env":false}}`},
		{"an object with a reference", "ref=env.NAME text=", "", `{"value":{"ref":"NAME","type":"env"}}`},
		{"numbers as text", "weight=0.5 enabled=false", "", `{"weight":"0.5","enabled":false}`},
		{"neutral fields and echoes", "name=k", "", `{"name":"k","use_for_batch_api":false,"aliases":{},"azure_key_config":null,"openai_key_config":{"use_responses_api":false},"status":"success","description":"x","config_hash":"h"}`},
		{"denied models", "denied=[a b]", "", `{"blacklisted_models":["a","b"]}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.route == "" {
				c.route = c.inline
			}
			_, e, _, err := decoder().CreateProvider([]byte(`{"provider":"openai","keys":[` + c.body + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.inline, shape(e.Keys[0])); diff != "" {
				t.Error("inside a provider:", diff)
			}
			k, _, err := decoder().Key("openai", []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.route, shape(k)); diff != "" {
				t.Error("on its own route:", diff)
			}
		})
	}
}

func TestKeyOptions(t *testing.T) {
	for _, body := range []string{`{"region":"eu"}`, `{"options":{"region":"eu"}}`, `{"region_al_key_config":{"region":"eu"}}`} {
		e, _, err := decoder().Key("region-al", []byte(body))
		if err != nil || shape(e) != "options=map[region:eu]" {
			t.Errorf("%s: %s %v", body, shape(e), err)
		}
	}
}

func TestRefusedBodies(t *testing.T) {
	cases := []struct{ body, param, says string }{
		{`{"provider":"openai","netwrok_config":{}}`, "netwrok_config", `did you mean "network_config"?`},
		{`{"provider":"openai","network_config":{"base_ulr":"x"}}`, "network_config.base_ulr", `"base_url"`},
		{`{"provider":"openai","keys":[{"nam":"x"}]}`, "keys[0].nam", `"name"`},
		{`{"provider":"openai","kyes":[]}`, "kyes", `"keys"`},
		{`{}`, "provider", "missing"},
		{`{"provider":"openai","network_config":{"max_retries":3}}`, "network_config.max_retries", "retries"},
		{`{"provider":"openai","network_config":{"insecure_skip_verify":true}}`, "network_config.insecure_skip_verify", "certificates"},
		{`{"provider":"openai","proxy_config":{"type":"http","url":"http://p"}}`, "proxy_config", "proxy"},
		{`{"provider":"openai","send_back_raw_response":true}`, "send_back_raw_response", "log"},
		{`{"provider":"openai","custom_provider_config":{"base_provider_type":"openai","allowed_requests":{"chat_completion":true}}}`, "custom_provider_config.allowed_requests", "limiting"},
		{`{"provider":"openai","keys":[{"aliases":{"a":"b"}}]}`, "keys[0].aliases", "aliases"},
		{`{"provider":"openai","keys":[{"azure_key_config":{"endpoint":"x"}}]}`, "keys[0].azure_key_config", "not served"},
		{`{"provider":"openai","keys":[{"value":"env.not a name"}]}`, "keys[0].value", "environment variable"},
		{`{"provider":"openai","keys":[{"value":"vault.x"}]}`, "keys[0].value", "vault"},
		{`{"provider":"openai","keys":[{"weight":"heavy"}]}`, "keys[0].weight", "number"},
		{`{"provider":"openai","concurrency_and_buffer_size":{"concurrency":1.5}}`, "concurrency_and_buffer_size.concurrency", "whole"},
		{`{"provider":"openai","network_config":{"stream_idle_timeout_in_seconds":"5500ms"}}`, "network_config.stream_idle_timeout_in_seconds", "multiple of 1s"},
		{`{"provider":`, "body", "line 1"},
		{`[]`, "body", "object"},
	}
	for _, c := range cases {
		_, _, _, err := decoder().CreateProvider([]byte(c.body))
		var e *llm.Error
		if !errors.As(err, &e) {
			t.Errorf("%s is taken", c.body)
			continue
		}
		if e.Param != c.param || !strings.Contains(e.Message, c.says) || e.Status != 400 {
			t.Errorf("%s: param %q, %d: %s", c.body, e.Param, e.Status, e.Message)
		}
	}
}

func TestNeutralProviderFieldsAreTaken(t *testing.T) {
	e, warnings, err := decoder().EditProvider("openai", []byte(`{
		"network_config": {"base_url": "https://x.example", "max_retries": 0, "retry_backoff_initial": 500, "retry_backoff_max": "5s",
			"default_request_timeout_in_seconds": "30", "stream_idle_timeout_in_seconds": 60, "enforce_http2": false, "beta_header_overrides": {}},
		"concurrency_and_buffer_size": {"concurrency": 1000, "buffer_size": 5000},
		"proxy_config": {"type": "none", "url": "", "username": ""}, "send_back_raw_request": false, "openai_config": {"disable_store": false},
		"custom_provider_config": null, "status": "x", "provider_status": "active", "config_hash": "h", "title": "t", "kind": "openai",
		"source": "api", "keyless": false, "name": "openai", "description": ""}`))
	if err != nil {
		t.Fatal(err)
	}
	want := config.Network{BaseURL: "https://x.example", Timeout: 30 * time.Second, StreamIdle: time.Minute}
	if diff := cmp.Diff(want, e.Network.Network); diff != "" {
		t.Error(diff)
	}
	if *e.Limits != (config.Limits{Concurrency: 1000, Queue: 5000}) || *e.Custom != (config.Custom{}) || e.Keys != nil {
		t.Errorf("edit: %+v", e)
	}
	if len(warnings) != 2 || !strings.Contains(warnings[0], "retry_backoff_initial") {
		t.Errorf("warnings: %v", warnings)
	}
	e, _, err = decoder().EditProvider("openai", []byte(`{"network_config":null}`))
	if err != nil || e.Network == nil || e.Limits != nil {
		t.Errorf("null clears a block and no other: %+v %v", e, err)
	}
}

func TestConfigBody(t *testing.T) {
	edit, warnings, err := decoder().Config([]byte(`{
		"client_config": {"enable_logging": false, "initial_pool_size": 300, "allowed_origins": ["http://localhost:3000"]},
		"auth_config": {"admin_username": "admin", "admin_password": "env.ADMIN_PW", "is_enabled": true},
		"settings": {"port": 9000, "version": "x", "locked": {}}, "problems": [], "is_db_connected": true}`))
	if err != nil {
		t.Fatal(err)
	}
	var d config.Draft
	d.Client.LogRetentionDays = 7
	if err := edit(&d); err != nil {
		t.Fatal(err)
	}
	if d.Client.EnableLogging || d.Client.LogRetentionDays != 7 || d.Settings.Port != 9000 || !d.Auth.Enabled || !strings.HasPrefix(d.Auth.PasswordHash, "$2") {
		t.Errorf("draft: %+v", d)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "client_config.initial_pool_size") {
		t.Errorf("warnings: %v", warnings)
	}
	hash := d.Auth.PasswordHash
	edit, _, err = decoder().Config([]byte(`{"auth_config": {"admin_password": "<redacted>", "is_enabled": true}}`))
	if err != nil || edit(&d) != nil || d.Auth.PasswordHash != hash {
		t.Errorf("an echoed password changed it: %v", err)
	}
	if _, _, err = decoder().Config([]byte(`{"client_config": {"enable_loging": true}}`)); err == nil {
		t.Error("an unknown setting is taken")
	}
}

func paths(problems []config.Problem) (all []string) {
	for _, p := range problems {
		all = append(all, p.Path)
	}
	return all
}

func pieces(f *config.File) (all []string) {
	for _, p := range f.Pieces {
		all = append(all, p.ID)
	}
	return all
}

func TestParseFile(t *testing.T) {
	f, err := decoder().ParseFile([]byte(`{
		"$schema": "https://example.com/schema", "encryption_key": "secret-words", "env_label": "dev",
		"server": {"read_buffer_size": 65536},
		"client": {"enable_logging": true, "initial_pool_size": 300, "drop_excess_requests": false, "enable_governance": true},
		"governance": {"auth_config": {"admin_username": "admin", "admin_password": "hunter2", "is_enabled": true}, "virtual_keys": []},
		"providers": {
			"openai": {"keys": [{"name": "k1", "value": "env.K1", "models": ["*"], "weight": 0.5}, {"value": "sk-literal"}], "netwrok_config": {}},
			"gemini": {"keys": []},
			"mine": {"custom_provider_config": {"base_provider_type": "openai"}, "network_config": {"base_url": "http://localhost:1", "max_retries": 2}}
		},
		"logs_store": {"enabled": true, "type": "sqlite", "config": {"path": "./logs.db"}},
		"config_store": {"enabled": true, "type": "sqlite", "config": {"path": "config.db"}},
		"mcp": {"client_configs": [{}]}, "vector_store": {"enabled": false}, "plugin": []
	}`), "/app")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"client", "auth:governance.auth_config", "logs", "provider/mine", "provider/openai", "key/openai/k1", "key/openai/openai-2"}
	if diff := cmp.Diff(want, pieces(f)); diff != "" {
		t.Error("pieces:", diff)
	}
	wantPaths := []string{
		"client.drop_excess_requests", "client.enable_governance", "client.initial_pool_size", "encryption_key", "env_label",
		"governance.auth_config.admin_password", "governance.virtual_keys", "mcp", "plugin", "providers.gemini",
		"providers.mine.network_config.max_retries", "providers.openai.keys[1].models", "providers.openai.keys[1].value",
		"providers.openai.netwrok_config", "server.read_buffer_size",
	}
	got := paths(f.Problems)
	slices.Sort(got)
	if diff := cmp.Diff(wantPaths, got); diff != "" {
		t.Error("warnings:", diff)
	}
	for _, p := range f.Problems {
		for _, secret := range []string{"sk-literal", "hunter2", "secret-words"} {
			if strings.Contains(p.Message, secret) {
				t.Errorf("a warning holds a secret: %v", p)
			}
		}
		if p.Path == "plugin" && !strings.Contains(p.Message, `"plugins"`) {
			t.Errorf("no suggestion: %v", p)
		}
	}
	var d config.Draft
	for _, p := range f.Pieces {
		if p.ID == "logs" {
			if err := p.Apply(&d); err != nil || d.Logs.Path != "/app/logs.db" {
				t.Errorf("log path %q, %v", d.Logs.Path, err)
			}
		}
	}
}

func TestTheFilesVersionDecidesAboutEmptyLists(t *testing.T) {
	cases := []struct {
		version, models string
		all             bool
		warns           bool
	}{
		{`"version":1,`, `"models":[],`, true, false},
		{`"version":1,`, ``, true, false},
		{`"version":2,`, `"models":[],`, false, false},
		{``, `"models":[],`, false, false},
		{``, ``, true, true},
		{``, `"models":["*"],`, true, false},
	}
	for _, c := range cases {
		body := `{` + c.version + `"providers":{"openai":{"keys":[{` + c.models + `"name":"k","value":"env.K"}]}}}`
		f, err := decoder().ParseFile([]byte(body), "/app")
		if err != nil {
			t.Fatal(err)
		}
		d := config.Draft{Providers: []*config.Provider{{Name: "openai"}}}
		for _, p := range f.Pieces {
			if err := p.Apply(&d); err != nil {
				t.Fatal(err)
			}
		}
		if got := d.Provider("openai").Keys[0].Models; got.All != c.all || len(got.List) > 0 {
			t.Errorf("%s: %+v", body, got)
		}
		if (len(f.Problems) > 0) != c.warns {
			t.Errorf("%s: warnings %v", body, f.Problems)
		}
	}
}

func TestABadFileNamesEveryPath(t *testing.T) {
	_, err := decoder().ParseFile([]byte(`{"version":3,"client":{"enable_logging":"yes"},
		"providers":{"openai":{"network_config":{"max_conns_per_host":"many"},"keys":[{"weight":"x"}]}},
		"logs_store":{"type":"oracle"}}`), "/app")
	if err == nil {
		t.Fatal("taken")
	}
	for _, path := range []string{"version", "client.enable_logging", "providers.openai.network_config.max_conns_per_host", "providers.openai.keys[0].weight", "logs_store.type"} {
		if !strings.Contains(err.Error(), path+": ") {
			t.Errorf("%s is not named in:\n%v", path, err)
		}
	}
}
