package importer

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

var known = []Builtin{
	{"openai", "https://api.openai.com"}, {"anthropic", "https://api.anthropic.com"}, {"gemini", "https://generativelanguage.googleapis.com"},
	{"groq", "https://api.groq.com/openai"}, {"openrouter", "https://openrouter.ai/api"}, {"ollama", "http://localhost:11434"},
	{"azure", ""}, {"bedrock", ""}, {"vertex", ""},
}

// bifrostTables are a config.db of two generations at once: budgets are named by some owners and name others.
var bifrostTables = Tables{
	"config_providers": {
		{"id": int64(1), "name": "openai", "network_config_json": `{"max_retries":2}`, "send_back_raw_request": int64(1), "budget_id": "b-openai"},
		{"id": int64(2), "name": "bedrock", "proxy_config_json": "QUJD", "encryption_status": "encrypted"},
		{"id": int64(3), "name": "lab", "network_config_json": `{"base_url":"http://lab.internal/v1"}`, "custom_provider_config_json": `{"base_provider_type":"openai"}`},
	},
	"config_keys": {
		{"id": int64(11), "key_id": "uuid-1", "provider_id": int64(1), "name": "main", "value": "sk-fixture-main", "models_json": `["*"]`, "weight": 0.7, "enabled": int64(1), "aliases_json": `{"fast":"gpt-5-mini"}`},
		{"id": int64(12), "key_id": "uuid-2", "provider_id": int64(1), "name": "sealed", "value": "bm90LWEtc2VjcmV0", "encryption_status": "encrypted", "weight": 1.0},
		{"id": int64(13), "key_id": "uuid-3", "provider_id": int64(1), "name": "by name", "value": "env.OPENAI_API_KEY", "encryption_status": "encrypted", "models_json": `["gpt-5"]`, "enabled": int64(0)},
		{"id": int64(14), "key_id": "uuid-4", "provider_id": int64(2), "name": "aws", "value": "", "models_json": `["*"]`, "bedrock_region": "eu-west-1", "bedrock_access_key": "env.AWS_KEY", "bedrock_secret_key": "env.AWS_SECRET", "bedrock_deployments_json": `{"sonnet":"arn:x"}`},
		{"id": int64(15), "key_id": "uuid-5", "provider_id": int64(3), "name": "vaulted", "value": "vault.lab/key"},
	},
	"config_client": {
		{"enable_logging": int64(1), "log_retention_days": int64(30), "max_request_body_size_mb": int64(100), "enforce_governance_header": int64(1), "allowed_origins_json": `["http://localhost:3000"]`, "required_headers_json": `[]`},
	},
	"governance_config":    {{"key": "admin_password", "value": "$2a$hash"}},
	"config_mcp_clients":   {{"name": "files"}},
	"governance_customers": {{"id": "c1", "name": "Acme", "budget_id": "b-acme"}},
	"governance_teams":     {{"id": "t1", "name": "Web", "customer_id": "c1", "rate_limit_id": "r1", "calendar_aligned": true}},
	"governance_virtual_keys": {
		{"id": "vk1", "name": "ci", "value": "sk-bf-fixture-ci", "is_active": int64(1), "team_id": "t1", "expires_at": time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)},
		{"id": "vk2", "name": "sealed", "value": "bm90", "encryption_status": "encrypted"},
	},
	"governance_virtual_key_provider_configs": {
		{"id": int64(21), "virtual_key_id": "vk1", "provider": "openai", "weight": 1.0, "allowed_models": `["gpt-5"]`, "allow_all_keys": int64(0)},
		{"id": int64(22), "virtual_key_id": "vk1", "provider": "bedrock", "weight": nil, "allowed_models": `["*"]`, "allow_all_keys": int64(1)},
	},
	"governance_virtual_key_provider_config_keys": {{"table_virtual_key_provider_config_id": int64(21), "table_key_id": int64(11)}},
	"governance_budgets": {
		{"id": "b-openai", "max_limit": 100.0, "reset_duration": "1M", "current_usage": 12.5},
		{"id": "b-acme", "max_limit": 500.0, "reset_duration": "1M"},
		{"id": "b-grant", "max_limit": 5.0, "reset_duration": "1d", "provider_config_id": int64(21), "override_amount": 2.0},
	},
	"governance_rate_limits":   {{"id": "r1", "token_max_limit": int64(1000), "token_reset_duration": "1h"}},
	"governance_model_configs": {{"id": "m1", "model_name": "gpt-5", "provider": "openai", "scope": "global", "rate_limit_id": "r1"}},
	"routing_rules": {
		{"id": "rule1", "name": "cheap", "enabled": int64(1), "cel_expression": `model == "gpt-5"`, "scope": "global", "priority": int64(3), "fallbacks": `["bedrock/sonnet"]`},
		{"id": "rule2", "name": "old", "enabled": int64(0), "cel_expression": "", "scope": "virtual_key", "scope_id": "vk1", "provider": "bedrock", "model": "sonnet"},
		{"id": "rule3", "name": "cheap", "enabled": int64(1), "cel_expression": "", "scope": "team", "scope_id": "t1", "provider": "bedrock", "model": "haiku"},
	},
	"routing_targets":              {{"rule_id": "rule1", "provider": "openai", "model": "gpt-5-mini", "key_id": "uuid-1", "weight": 1.0}},
	"governance_pricing_overrides": {{"id": "p1", "name": "deal", "scope_kind": "provider_key", "provider_key_id": "uuid-1", "match_type": "exact", "pattern": "gpt-5", "request_types_json": `["chat_completion"]`, "pricing_patch_json": `{"input_cost_per_token":0.000001}`}},
}

var ccSwitchTables = Tables{
	"providers": {
		{"id": "b", "app_type": "codex", "name": "Relay", "settings_config": `{"auth":{"OPENAI_API_KEY":"sk-fixture-relay"},"config":"model_provider = 'relay'\n[model_providers.\"relay\"]\nbase_url = 'https://relay.example.com/v1'\n"}`},
		{"id": "a", "app_type": "claude", "name": "Relay", "settings_config": `{"env":{"ANTHROPIC_BASE_URL":"https://relay.example.com","ANTHROPIC_AUTH_TOKEN":"sk-fixture-relay"}}`},
		{"id": "c", "app_type": "opencode", "name": "Router", "settings_config": `{"npm":"@ai-sdk/openai-compatible","options":{"baseURL":"https://openrouter.ai/api/v1","apiKey":"sk-or-fixture"}}`},
		{"id": "d", "app_type": "hermes", "name": "Other", "settings_config": `{}`},
	},
	"mcp_servers": {{"id": "files"}},
}

func TestGolden(t *testing.T) {
	read := func(name string, f func([]byte) (Result, error)) func(*testing.T) (Result, error) {
		return func(t *testing.T) (Result, error) {
			data, err := os.ReadFile("testdata/" + name)
			if err != nil {
				t.Fatal(err)
			}
			return f(data)
		}
	}
	with := func(f func([]byte, []Builtin) (Result, error)) func([]byte) (Result, error) {
		return func(data []byte) (Result, error) { return f(data, known) }
	}
	for name, run := range map[string]func(*testing.T) (Result, error){
		"bifrost":    read("bifrost.json", Bifrost),
		"bifrostdb":  func(*testing.T) (Result, error) { return BifrostDB(bifrostTables) },
		"litellm":    read("litellm.yaml", with(LiteLLM)),
		"ccr":        read("ccr.json", with(ClaudeCodeRouter)),
		"ccswitch":   read("ccswitch.json", with(CCSwitch)),
		"ccswitchdb": func(*testing.T) (Result, error) { return CCSwitchDB(ccSwitchTables, known) },
	} {
		t.Run(name, func(t *testing.T) {
			r, err := run(t)
			if err != nil {
				t.Fatal(err)
			}
			again, _ := run(t)
			if diff := cmp.Diff(r, again); diff != "" {
				t.Errorf("the second reading differs: %s", diff)
			}
			noSecrets(t, r)
			golden(t, "testdata/"+name+".golden", r)
		})
	}
}

// noSecrets: what is said of a configuration repeats none of its values.
func noSecrets(t *testing.T, r Result) {
	t.Helper()
	for _, n := range r.Left {
		if strings.Contains(n.What+n.Why, "fixture") {
			t.Errorf("a note repeats a secret: %v", n)
		}
	}
}

func golden(t *testing.T, path string, r Result) {
	t.Helper()
	var got bytes.Buffer
	got.Write(r.Config)
	got.WriteString("\nNot taken:\n")
	for _, n := range r.Left {
		got.WriteString("- " + n.What + ": " + n.Why + "\n")
	}
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Error(diff)
	}
}

func TestGarbage(t *testing.T) {
	with := func(f func([]byte, []Builtin) (Result, error)) func([]byte) (Result, error) {
		return func(data []byte) (Result, error) { return f(data, known) }
	}
	for _, c := range []struct {
		name, text, want string
		read             func([]byte) (Result, error)
	}{
		{"a list for bifrost", "[1]", "must be a JSON object", Bifrost},
		{"null for bifrost", "null", "must be a JSON object", Bifrost},
		{"a comma too few", "{\n \"providers\": {}\n \"client\": {} }", "line 3, column 2", Bifrost},
		{"a tab in YAML", "model_list:\n\t- x", "line 2", with(LiteLLM)},
		{"a wrong type", "model_list: sk-fixture-secret", "line 1", with(LiteLLM)},
		{"another YAML", "a: 1", "model_list", with(LiteLLM)},
		{"no JSON5 either", "{\"Providers\": [}", "line 1, column 16", with(ClaudeCodeRouter)},
		{"another JSON", "{}", "Providers", with(ClaudeCodeRouter)},
		{"a wrong field", `{"Providers":[{"name":1}]}`, "name", with(ClaudeCodeRouter)},
		{"no apps", `{"version":2}`, "names no app", with(CCSwitch)},
		{"wrong settings", `{"claude":{"providers":{"x":{"settingsConfig":[]}}}}`, "claude.providers.x.settingsConfig", with(CCSwitch)},
		{"another database", "", "config_providers", func([]byte) (Result, error) { return BifrostDB(Tables{}) }},
		{"another database", "", "providers", func([]byte) (Result, error) { return CCSwitchDB(Tables{}, known) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.read([]byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "fixture") {
				t.Errorf("got %v, want a word of %q", err, c.want)
			}
		})
	}
}

func TestShares(t *testing.T) {
	of := func(weights ...float64) (group []*deployment) {
		for _, w := range weights {
			group = append(group, &deployment{weight: w})
		}
		return group
	}
	for _, c := range []struct {
		group []*deployment
		want  []float64
	}{
		{of(0), []float64{1}},
		{of(0, 0), []float64{0.5, 0.5}},
		{of(0, 0, 0), []float64{0.3333, 0.3333, 0.3334}},
		{of(900, 300, 300), []float64{0.6, 0.2, 0.2}},
		{of(2, 0), []float64{0.5, 0.5}},
	} {
		if diff := cmp.Diff(c.want, shares(c.group)); diff != "" {
			t.Error(diff)
		}
	}
}

// TestLenient: the text that people write, and where an error is in it.
func TestLenient(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": "x // y /* z */, ]"}`:      "x // y /* z */, ]",
		"{\t// c\n'a': 'b',}":             "b",
		"\xef\xbb\xbf{\"a\":\"b\" /*":     "error",
		`{"a": "b\"//"}`:                  `b"//`,
		`{a: "b", /* , */ }`:              "b",
		`{"a": "\ud83d\ude00", "l":[1,]}`: "😀",
	} {
		var got struct {
			A string `json:"a"`
		}
		if err := lenient([]byte(text), &got); err != nil {
			got.A = "error"
		}
		if got.A != want {
			t.Errorf("%s: %q, want %q", text, got.A, want)
		}
	}
}

// Whatever is in a file, reading it ends with a result or an error, and what comes out is JSON.
func FuzzReaders(f *testing.F) {
	for _, name := range []string{"bifrost.json", "litellm.yaml", "ccr.json", "ccswitch.json"} {
		data, _ := os.ReadFile("testdata/" + name)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, read := range []func([]byte, []Builtin) (Result, error){LiteLLM, ClaudeCodeRouter, CCSwitch,
			func(data []byte, _ []Builtin) (Result, error) { return Bifrost(data) }} {
			if r, err := read(data, known); err == nil && !json.Valid(r.Config) {
				t.Errorf("no JSON came out: %s", r.Config)
			}
		}
	})
}
