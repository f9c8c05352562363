package compat_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
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
	{Name: "region-al", ValueOptional: true, KeyOptions: []config.KeyOption{
		{Name: "region", Type: "text"}, {Name: "scopes", Type: "text"}, {Name: "single", Type: "bool"}, {Name: "client_secret", Type: "secret"},
	}},
	{Name: "custom", Custom: true, Bases: []string{"openai", "region-al"}},
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
	for _, name := range slices.Sorted(maps.Keys(e.Options)) {
		fmt.Fprintf(&b, "%s=%s%s ", name, e.Options[name].Ref, e.Options[name].Text.Reveal())
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
	for body, want := range map[string]string{
		`{"region":"eu"}`:                          "region=eu",
		`{"options":{"region":"eu"}}`:              "region=eu",
		`{"region_al_key_config":{"region":"eu"}}`: "region=eu",
		`{"region_al_key_config":{"region":"env.REGION","client_secret":"s3cret","scopes":["a","b"],"single":true,"deployments":{},"batch_s3_config":null,"arn":"","force":false}}`: "client_secret=s3cret region=env.REGION scopes=a b single=true",
		`{"region_al_key_config":{"region":{"value":"eu","env_var":"","from_env":false},"client_secret":{"value":"","env_var":"env.CS","from_env":true}}}`:                          "client_secret=env.CS region=eu",
		`{"options":{"region":"old"},"region_al_key_config":{"region":"new"},"azure_key_config":null}`:                                                                              "region=new",
		`{"region_al_key_config":{"client_secret":"<redacted>","region":""}}`:                                                                                                       "client_secret=<redacted> region=",
	} {
		e, _, err := decoder().Key("region-al", []byte(body))
		if err != nil || shape(e) != want {
			t.Errorf("%s: %s %v", body, shape(e), err)
		}
	}
	_, e, _, err := decoder().CreateProvider([]byte(`{"provider":"mine","custom_provider_config":{"base_provider_type":"region-al"},"keys":[{"name":"k","region_al_key_config":{"region":"eu"}}]}`))
	if err != nil || shape(e.Keys[0]) != "name=k region=eu" {
		t.Errorf("a provider of one's own: %+v %v", e.Keys, err)
	}
	for body, param := range map[string]string{
		`{"region_al_key_config":{"regoin":"eu"}}`:             "region_al_key_config.regoin",
		`{"region_al_key_config":{"deployments":{"a":1}}}`:     "region_al_key_config.deployments.a",
		`{"region_al_key_config":{"client_secret":"vault.x"}}`: "region_al_key_config.client_secret",
		`{"region_al_key_config":{"scopes":[1]}}`:              "region_al_key_config.scopes",
		`{"other_key_config":{"url":"x"}}`:                     "other_key_config",
	} {
		_, _, err := decoder().Key("region-al", []byte(body))
		if e := llm.AsError(err); err == nil || e.Param != param {
			t.Errorf("%s: %v", body, err)
		}
	}
	for _, option := range []string{"arn", "project_id", "inference_profile_arn"} {
		_, _, err := decoder().Key("region-al", []byte(`{"region_al_key_config":{"region":"eu","`+option+`":"x"}}`))
		if e := llm.AsError(err); err == nil || e.Param != "region_al_key_config."+option || !strings.Contains(e.Message, "not served") {
			t.Errorf("%s: %v", option, err)
		}
	}
}

func TestProxies(t *testing.T) {
	e, _, err := decoder().EditProvider("openai", []byte(`{"proxy_config":{"type":"http","url":" http://p.test:3128 ","username":"me","password":"env.PW","ca_cert_pem":"pem"}}`))
	want := config.ProxyEdit{Type: "http", URL: "http://p.test:3128", Username: "me", CA: "pem", Password: &config.Input{Ref: "env.PW"}}
	if err != nil || !reflect.DeepEqual(*e.Proxy, want) {
		t.Errorf("%+v %v", e.Proxy, err)
	}
	for _, none := range []string{`null`, `{}`, `{"type":"none","url":"","username":"","password":""}`} {
		e, _, err := decoder().EditProvider("openai", []byte(`{"proxy_config":`+none+`}`))
		if err != nil || e.Proxy == nil || *e.Proxy != (config.ProxyEdit{}) {
			t.Errorf("%s: %+v %v", none, e.Proxy, err)
		}
	}
	if e, _, _ := decoder().EditProvider("openai", []byte(`{}`)); e.Proxy != nil || e.SendBackRawRequest != nil {
		t.Errorf("what is not named changes: %+v", e)
	}
}

func TestCustomProviders(t *testing.T) {
	read := func(body string) (config.Custom, error) {
		e, _, err := decoder().EditProvider("mine", []byte(`{"custom_provider_config":{"base_provider_type":"openai",`+body+`}}`))
		if err != nil {
			return config.Custom{}, err
		}
		return *e.Custom, nil
	}
	cases := []struct {
		body string
		want config.Custom
	}{
		{`"is_key_less":true`, config.Custom{Base: "openai", Keyless: true}},
		{`"allowed_requests":null`, config.Custom{Base: "openai"}},
		{`"allowed_requests":{}`, config.Custom{Base: "openai", Allowed: map[string]bool{}}},
		{`"allowed_requests":{"embedding":true,"chat_completion_stream":false,"video_remix":true}`,
			config.Custom{Base: "openai", Allowed: map[string]bool{"embedding": true, "chat_completion_stream": false, "video_remix": true}}},
		{`"allowed_requests":{"responses":true}`, config.Custom{Base: "openai", Allowed: map[string]bool{
			"responses": true, "responses_retrieve": true, "responses_delete": true, "responses_cancel": true, "responses_input_items": true}}},
		{`"allowed_requests":{"responses":true,"responses_delete":false}`, config.Custom{Base: "openai", Allowed: map[string]bool{"responses": true, "responses_delete": false}}},
		{`"request_path_overrides":{"chat_completion":"/chat","rerank":"https://r.test/rank","embedding":""}`,
			config.Custom{Base: "openai", Paths: map[string]string{"chat_completion": "/chat", "rerank": "https://r.test/rank"}}},
	}
	for _, c := range cases {
		got, err := read(c.body)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %s %v", c.body, diff, err)
		}
	}
	for body, says := range map[string]string{
		`"allowed_requests":{"embeddings":true}`:             `custom_provider_config.allowed_requests.embeddings: is no known type of request; did you mean "embedding"?`,
		`"request_path_overrides":{"chat_completions":"/x"}`: `did you mean "chat_completion"?`,
		`"allowed_requests":{"embedding":"yes"}`:             "true or false",
		`"request_path_overrides":{"embedding":1}`:           "must be text",
	} {
		if _, err := read(body); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", body, err)
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
		{`{"provider":"openai","network_config":{"max_retries":1.5}}`, "network_config.max_retries", "whole"},
		{`{"provider":"openai","network_config":{"retry_backoff_max":"soon"}}`, "network_config.retry_backoff_max", "500ms"},
		{`{"provider":"openai","network_config":{"beta_header_overrides":{"x":true}}}`, "network_config.beta_header_overrides", "not served"},
		{`{"provider":"openai","proxy_config":{"type":"http","url":"env.PROXY"}}`, "proxy_config.url", "password"},
		{`{"provider":"openai","proxy_config":{"type":"http","adress":"x"}}`, "proxy_config.adress", "known"},
		{`{"provider":"openai","store_raw_request_response":true}`, "store_raw_request_response", "log"},
		{`{"provider":"openai","keys":[{"aliases":["a"]}]}`, "keys[0].aliases", "object"},
		{`{"provider":"openai","keys":[{"azure_key_config":{"endpoint":"x"}}]}`, "keys[0].azure_key_config", "not served"},
		{`{"provider":"openai","keys":[{"value":"env.not a name"}]}`, "keys[0].value", "environment variable"},
		{`{"provider":"openai","keys":[{"value":"vault.x"}]}`, "keys[0].value", "vault"},
		{`{"provider":"openai","keys":[{"weight":"heavy"}]}`, "keys[0].weight", "number"},
		{`{"provider":"openai","concurrency_and_buffer_size":{"concurrency":1.5}}`, "concurrency_and_buffer_size.concurrency", "whole"},
		{`{"provider":"openai","network_config":{"stream_idle_timeout_in_seconds":"5500ms"}}`, "network_config.stream_idle_timeout_in_seconds", "multiple of 1s"},
		{`{"provider":"openai","network_config":{"stream_throughput_guard":50}}`, "network_config.stream_throughput_guard", "object"},
		{`{"provider":"openai","network_config":{"stream_throughput_guard":{"minimum_characters":50}}}`, "network_config.stream_throughput_guard.minimum_characters", "known"},
		{`{"provider":"openai","network_config":{"stream_throughput_guard":{"minimum_output_characters_per_second":1.5}}}`, "network_config.stream_throughput_guard.minimum_output_characters_per_second", "whole"},
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
			"default_request_timeout_in_seconds": "30", "stream_idle_timeout_in_seconds": 60, "enforce_http2": true,
			"keep_alive_timeout_in_seconds": 30, "ca_cert_pem": "pem\n", "insecure_skip_verify": false, "beta_header_overrides": {},
			"stream_throughput_guard": {"minimum_output_characters_per_second": 50, "probe_window_in_seconds": "10s"}},
		"concurrency_and_buffer_size": {"concurrency": 1000, "buffer_size": 5000},
		"proxy_config": {"type": "none", "url": "", "username": ""}, "send_back_raw_request": false, "send_back_raw_response": true, "openai_config": {"disable_store": false},
		"custom_provider_config": null, "status": "x", "provider_status": "active", "config_hash": "h", "title": "t", "kind": "openai",
		"source": "api", "keyless": false, "name": "openai", "description": ""}`))
	if err != nil {
		t.Fatal(err)
	}
	none := 0
	want := config.Network{BaseURL: "https://x.example", Timeout: 30 * time.Second, StreamIdle: time.Minute, KeepAlive: 30 * time.Second, HTTP2: true, CA: "pem",
		Retries: &none, RetryInitial: 500 * time.Millisecond, RetryMax: 5 * time.Second, Guard: &config.StreamGuard{Minimum: 50, Window: 10 * time.Second}}
	if diff := cmp.Diff(want, e.Network.Network); diff != "" {
		t.Error(diff)
	}
	if *e.Limits != (config.Limits{Concurrency: 1000, Queue: 5000}) || !e.Custom.None() || *e.SendBackRawRequest || !*e.SendBackRawResponse || e.Keys != nil {
		t.Errorf("edit: %+v", e)
	}
	if len(warnings) != 0 {
		t.Errorf("warnings: %v", warnings)
	}
	e, _, err = decoder().EditProvider("openai", []byte(`{"network_config":null}`))
	if err != nil || e.Network == nil || e.Limits != nil {
		t.Errorf("null clears a block and no other: %+v %v", e, err)
	}
}

func TestConfigBody(t *testing.T) {
	edit, warnings, err := decoder().Config([]byte(`{
		"client_config": {"enable_logging": false, "initial_pool_size": 300, "allowed_origins": ["http://localhost:3000"],
			"allow_direct_keys": true, "allow_per_request_raw_override": true, "stream_keep_alive_in_seconds": 0,
			"header_filter_config": {"allowlist": ["anthropic-beta"], "denylist": ["x-secret"]}},
		"auth_config": {"admin_username": "admin", "admin_password": "env.ADMIN_PW", "is_enabled": true},
		"settings": {"port": 9000, "version": "x", "locked": {}}, "problems": [], "is_db_connected": true}`))
	if err != nil {
		t.Fatal(err)
	}
	var d config.Draft
	d.Client.LogRetentionDays, d.Client.StreamKeepAlive = 7, time.Minute
	if err := edit(&d); err != nil {
		t.Fatal(err)
	}
	if d.Client.EnableLogging || d.Client.LogRetentionDays != 7 || d.Settings.Port != 9000 || !d.Auth.Enabled || !strings.HasPrefix(d.Auth.PasswordHash, "$2") {
		t.Errorf("draft: %+v", d)
	}
	filter := config.HeaderFilter{Allow: []string{"anthropic-beta"}, Deny: []string{"x-secret"}}
	if c := d.Client; !c.AllowDirectKeys || !c.AllowRawOverride || c.StreamKeepAlive != 0 || !reflect.DeepEqual(c.HeaderFilter, filter) {
		t.Errorf("client: %+v", c)
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
		"client": {"enable_logging": true, "initial_pool_size": 300, "drop_excess_requests": false, "enable_governance": false},
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
		"governance.auth_config.admin_password", "mcp", "plugin", "providers.gemini",
		"providers.openai.keys[1].models", "providers.openai.keys[1].value",
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
