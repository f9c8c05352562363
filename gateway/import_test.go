package gateway_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway"
	"heimdall/gateway/config"
	"heimdall/gateway/sqlstore"
)

// chest is a keychain in memory that can be looked into.
type chest map[string]string

func (c chest) Get(name string) (string, error) {
	if v, ok := c[name]; ok {
		return v, nil
	}
	return "", fmt.Errorf("there is no %s", name)
}
func (c chest) Set(name, value string) error { c[name] = value; return nil }
func (c chest) Delete(name string) error     { delete(c, name); return nil }

// items counts the secrets in it, without the key that seals others.
func (c chest) items() (n int) {
	for name := range c {
		if !strings.HasPrefix(name, "master-") {
			n++
		}
	}
	return n
}

// importRoom is an app folder and what is imported into it.
type importRoom struct {
	*testing.T
	dir  string
	keys chest
}

func newImportRoom(t *testing.T) importRoom { return importRoom{t, t.TempDir(), chest{}} }

func (r importRoom) options() gateway.Options {
	return gateway.Options{AppDir: r.dir, Secrets: r.keys, Env: func(string) string { return "" }}
}

func (r importRoom) run(tool, path string, dry bool) gateway.ImportReport {
	r.Helper()
	o := r.options()
	if dry {
		o.Secrets = nil
	}
	report, err := gateway.Import(r.Context(), o, gateway.ImportRequest{Tool: tool, Path: path, DryRun: dry})
	if err != nil {
		r.Fatal(err)
	}
	for _, n := range report.Left {
		if strings.Contains(n.What+n.Why, "sk-fixture") {
			r.Errorf("a note repeats a secret: %v", n)
		}
	}
	return report
}

// stored is the whole store, and its version.
func (r importRoom) stored() (all map[string]string, version int64) {
	r.Helper()
	s, err := sqlstore.OpenConfig(r.Context(), filepath.Join(r.dir, "config.db"))
	if err != nil {
		r.Fatal(err)
	}
	defer s.Close()
	entities, version, err := s.Load(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	all = map[string]string{}
	for _, e := range entities {
		all[e.Kind+"/"+e.ID] = string(e.Data)
		if strings.Contains(string(e.Data), "sk-fixture") {
			r.Errorf("%s/%s holds a secret", e.Kind, e.ID)
		}
	}
	return all, version
}

// edit changes the configuration as the user does in the window, and gives what it is then.
func (r importRoom) edit(f func(*config.Draft) error) *config.Snapshot {
	r.Helper()
	s, err := sqlstore.OpenConfig(r.Context(), filepath.Join(r.dir, "config.db"))
	if err != nil {
		r.Fatal(err)
	}
	defer s.Close()
	o := r.options()
	m := config.NewManager(config.ManagerOptions{Store: s, Secrets: o.Secrets, Env: o.Env, Kinds: gateway.KindInfos()})
	if err := m.Load(r.Context(), nil); err != nil {
		r.Fatal(err)
	}
	if err := m.Update(r.Context(), f); err != nil {
		r.Fatal(err)
	}
	return m.Snapshot()
}

func nothing(*config.Draft) error { return nil }

func fixture(name string) string { return filepath.Join("importer", "testdata", name) }

// bifrostDB writes a small config.db of Bifrost's.
func bifrostDB(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "config.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.Exec(`CREATE TABLE config_providers (id INTEGER PRIMARY KEY, name TEXT, network_config_json TEXT, encryption_status TEXT);
		CREATE TABLE config_keys (id INTEGER PRIMARY KEY, key_id TEXT, provider_id INTEGER, name TEXT, value TEXT, models_json TEXT, weight REAL, enabled NUMERIC, encryption_status TEXT);
		CREATE TABLE governance_virtual_keys (id TEXT PRIMARY KEY, name TEXT, value TEXT, is_active NUMERIC, encryption_status TEXT);
		CREATE TABLE governance_virtual_key_provider_configs (id INTEGER PRIMARY KEY, virtual_key_id TEXT, provider TEXT, weight REAL, allowed_models TEXT, allow_all_keys NUMERIC);
		CREATE TABLE governance_virtual_key_provider_config_keys (table_virtual_key_provider_config_id INTEGER, table_key_id INTEGER);
		CREATE TABLE governance_budgets (id TEXT PRIMARY KEY, max_limit REAL, reset_duration TEXT, last_reset DATETIME, current_usage REAL, virtual_key_id TEXT, provider_config_id INTEGER);
		INSERT INTO governance_virtual_keys VALUES ('vk1', 'ci', 'sk-bf-sk-fixture-ci', 1, 'plain_text');
		INSERT INTO governance_virtual_key_provider_configs VALUES (7, 'vk1', 'openai', 0.5, '["gpt-5"]', 0);
		INSERT INTO governance_virtual_key_provider_config_keys VALUES (7, 1);
		INSERT INTO governance_budgets VALUES ('b1', 25, '1M', '2026-01-01 00:00:00+00:00', 3, 'vk1', NULL), ('b2', 5, '1d', NULL, 0, NULL, 7);
		INSERT INTO config_providers VALUES (1, 'openai', '{"default_request_timeout_in_seconds":45}', 'plain_text');
		INSERT INTO config_keys VALUES (1, 'u1', 1, 'main', 'sk-fixture-db', '["*"]', 1, 1, 'plain_text'), (2, 'u2', 1, 'sealed', 'QUJD', '["*"]', 1, 1, 'encrypted')`)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestImport: everything comes over once; a second run changes nothing.
func TestImport(t *testing.T) {
	for _, c := range []struct {
		tool, path string
		providers  map[string]string // name → the names of its keys
		secrets    int
		left       []string // parts of what was not taken
	}{
		{gateway.ImportBifrost, fixture("bifrost.json"), map[string]string{"openai": "main spare", "lab": "lab"}, 2, []string{"keys[2]", "encryption_key"}},
		{gateway.ImportBifrost, bifrostDB(t), map[string]string{"openai": "main"}, 1, []string{"the key sealed of openai"}},
		{gateway.ImportLiteLLM, fixture("litellm.yaml"), map[string]string{
			"anthropic": "smart", "azure": "smart/smart 2", "bedrock": "claude-bedrock", "deepseek": "deep", "groq": "GROQ_API_KEY",
			"localhost-8000": "local", "openai": "OPENAI_API_KEY"}, 4, []string{"(nowhere)", "master_key"}},
		{gateway.ImportClaudeCodeRouter, fixture("ccr.json"), map[string]string{"deepseek": "DeepSeek", "glm": "glm", "local": "", "openrouter": "openrouter"}, 2,
			[]string{"Router.think", "(broken)"}},
		{gateway.ImportCCSwitch, fixture("ccswitch.json"), map[string]string{"anthropic": "Own key", "gemini": "Gemini", "glm": "GLM 智谱", "relay": "Relay"}, 4,
			[]string{"Claude Official", "mcp"}},
	} {
		t.Run(c.tool, func(t *testing.T) {
			r := newImportRoom(t)
			first := r.run(c.tool, c.path, false)
			if len(first.New) == 0 || len(first.Same) != 0 || first.Secrets != c.secrets || r.keys.items() != c.secrets {
				t.Errorf("the first run: %+v, and %d secrets in the keychain", first, r.keys.items())
			}
			said := fmt.Sprint(first.Left)
			for _, part := range c.left {
				if !strings.Contains(said, part) {
					t.Errorf("%s is not among what was not taken: %s", part, said)
				}
			}
			if strings.Contains(said, "readable in the file") {
				t.Errorf("what was taken is called left: %s", said)
			}
			got := map[string]string{}
			for _, p := range r.edit(nothing).Providers {
				var names []string
				for _, k := range p.Keys {
					names = append(names, k.Name)
				}
				sep := " "
				if slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, " ") }) {
					sep = "/"
				}
				if got[p.Name] = strings.Join(names, sep); p.Kind == "demo" {
					delete(got, p.Name)
				}
			}
			if diff := cmp.Diff(c.providers, got); diff != "" {
				t.Error(diff)
			}

			before, version := r.stored()
			keys := maps.Clone(r.keys)
			second := r.run(c.tool, c.path, false)
			after, now := r.stored()
			if len(second.New) != 0 || second.Secrets != 0 || !slices.Equal(second.Same, first.New) {
				t.Errorf("the second run: %+v", second)
			}
			if diff := cmp.Diff(before, after) + cmp.Diff(keys, r.keys); diff != "" || version != now {
				t.Errorf("the second run changed the store from version %d to %d: %s", version, now, diff)
			}
		})
	}
}

// TestImportRules: what LiteLLM divides among deployments becomes a rule, each target with the key of its own.
func TestImportRules(t *testing.T) {
	r := newImportRoom(t)
	r.run(gateway.ImportLiteLLM, fixture("litellm.yaml"), false)
	s := r.edit(nothing)
	azure := s.Provider("azure").Keys
	at := slices.IndexFunc(s.Rules, func(r *config.Rule) bool { return r.Name == "LiteLLM: smart" })
	if at < 0 {
		t.Fatalf("no rule was made: %+v", s.Rules)
	}
	rule := s.Rules[at]
	want := []config.Target{
		{Provider: "azure", Model: "gpt-5-eu", Key: azure[0].ID, Weight: 0.6},
		{Provider: "azure", Model: "gpt-5-us", Key: azure[1].ID, Weight: 0.2},
		{Provider: "anthropic", Model: "claude-sonnet-4-5", Weight: 0.2},
	}
	if diff := cmp.Diff(want, rule.Targets); diff != "" || !rule.Enabled || rule.Expression != `model == "smart"` {
		t.Errorf("%+v %s", rule, diff)
	}
	if alias := s.Provider("openai").Keys[0].Aliases["team-gpt"]; alias.Model != "gpt-5" {
		t.Errorf("the alias is %+v", alias)
	}
}

// TestImportVirtualKeys: a virtual key keeps its value, its budgets and the keys that it may use.
func TestImportVirtualKeys(t *testing.T) {
	r := newImportRoom(t)
	if said := fmt.Sprint(r.run(gateway.ImportBifrost, bifrostDB(t), false).Left); strings.Contains(said, "virtual key ci") || strings.Contains(said, "budgets[") {
		t.Errorf("something of it is left: %s", said)
	}
	s := r.edit(nothing)
	if len(s.VirtualKeys) != 1 || len(s.VirtualKeys[0].Grants) != 1 || len(s.VirtualKeys[0].Allowance.Budgets) != 1 {
		t.Fatalf("%+v", s.VirtualKeys)
	}
	k := s.VirtualKeys[0]
	sum := sha256.Sum256([]byte("sk-bf-sk-fixture-ci"))
	if k.Name != "ci" || !k.Active || k.Hash != hex.EncodeToString(sum[:]) || k.Allowance.Budgets[0].Max != 25 {
		t.Errorf("%+v", k)
	}
	g := k.Grants[0]
	if g.Provider != "openai" || *g.Weight != 0.5 || !slices.Equal(g.Models.List, []string{"gpt-5"}) ||
		!slices.Equal(g.Keys.List, []string{s.Provider("openai").Keys[0].ID}) || len(g.Allowance.Budgets) != 1 {
		t.Errorf("%+v", g)
	}
}

// TestImportDry: a dry run says the same and changes nothing, in a folder without a configuration and in one with it.
func TestImportDry(t *testing.T) {
	r := newImportRoom(t)
	dry := r.run(gateway.ImportBifrost, fixture("bifrost.json"), true)
	if entries, err := os.ReadDir(r.dir); err != nil || len(entries) != 0 || len(r.keys) != 0 {
		t.Errorf("a dry run left %v and %d secrets", entries, len(r.keys))
	}
	if wet := r.run(gateway.ImportBifrost, fixture("bifrost.json"), false); cmp.Diff(wet, dry) != "" {
		t.Error(cmp.Diff(wet, dry))
	}
	before, version := r.stored()
	if again := r.run(gateway.ImportBifrost, fixture("bifrost.json"), true); len(again.New) != 0 {
		t.Errorf("%+v", again)
	}
	if other := r.run(gateway.ImportLiteLLM, fixture("litellm.yaml"), true); len(other.New) == 0 {
		t.Errorf("%+v", other)
	}
	if after, now := r.stored(); cmp.Diff(before, after) != "" || version != now || len(r.keys) != 2 {
		t.Errorf("a dry run changed the store: %s", cmp.Diff(before, after))
	}
}

// TestImportKeepsEdits: what the user changed since, and what was there before, stays.
func TestImportKeepsEdits(t *testing.T) {
	r := newImportRoom(t)
	name, own := "mine", "sk-fixture-own"
	r.edit(func(d *config.Draft) error {
		if err := d.AddProvider("lab", config.SourceAPI, config.ProviderEdit{
			Custom: &config.Custom{Base: "openai"}, Network: &config.NetworkEdit{Network: config.Network{BaseURL: "http://elsewhere.internal/v1"}}}); err != nil {
			return err
		}
		return d.PutKey("lab", config.SourceAPI, config.KeyEdit{Name: &name, Value: &config.Input{Text: config.NewSecret(own)}})
	})
	report := r.run(gateway.ImportBifrost, fixture("bifrost.json"), false)
	if said := fmt.Sprint(report.Left); !strings.Contains(said, "provider lab") || !strings.Contains(said, "key lab of lab") {
		t.Errorf("nothing is said about the other lab: %s", said)
	}
	weight := 0.1
	now := r.edit(func(d *config.Draft) error {
		key := d.Provider("openai").Keys[0]
		if err := d.DeleteKey("openai", d.Provider("openai").Keys[1].ID); err != nil {
			return err
		}
		return d.EditKey("openai", key.ID, config.KeyEdit{Weight: &weight})
	})
	if lab := now.Provider("lab"); lab.Network.BaseURL != "http://elsewhere.internal/v1" || len(lab.Keys) != 1 || lab.Keys[0].Value.Reveal() != own {
		t.Errorf("the user's own lab is changed: %+v", lab)
	}
	r.run(gateway.ImportBifrost, fixture("bifrost.json"), false)
	openai := r.edit(nothing).Provider("openai")
	if len(openai.Keys) != 1 || openai.Keys[0].Weight != weight {
		t.Errorf("the second run undid what the user changed: %+v", openai.Keys)
	}

	// What changed in the source is taken.
	data, err := os.ReadFile(fixture("bifrost.json"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(strings.Replace(string(data), "sk-fixture-openai-0001", "sk-fixture-openai-0002", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if report := r.run(gateway.ImportBifrost, path, false); !slices.Equal(report.New, []string{"key main of openai"}) {
		t.Errorf("%+v", report)
	}
	if v := r.edit(nothing).Provider("openai").Keys[0].Value.Reveal(); v != "sk-fixture-openai-0002" {
		t.Error("the new secret was not taken")
	}
}

// TestImportKeepsOthers: something else of the same id stays; what is free is taken.
func TestImportKeepsOthers(t *testing.T) {
	r := newImportRoom(t)
	name, pattern := "mine", "gpt-5"
	r.edit(func(d *config.Draft) error {
		_, err := d.AddPrice(config.SourceAPI, time.Now(), config.PriceEdit{ID: "p1", Name: &name, Pattern: &pattern, Patch: map[string]float64{"input_cost_per_token": 1e-6}})
		return err
	})
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(`{"governance":{"pricing_overrides":[
		{"id":"p1","name":"theirs","scope_kind":"global","match_type":"exact","pattern":"gpt-5","patch":{"input_cost_per_token":0.5}},
		{"id":"p2","name":"other","scope_kind":"global","match_type":"exact","pattern":"gpt-4","patch":{"input_cost_per_token":0.5}}]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	report := r.run(gateway.ImportBifrost, path, false)
	if said := fmt.Sprint(report.Left); !slices.Equal(report.New, []string{"price other"}) || !strings.Contains(said, "price theirs") {
		t.Errorf("%+v", report)
	}
	prices := r.edit(nothing).Prices
	if len(prices) != 2 || prices[0].Name != "mine" || prices[1].Name != "other" {
		t.Errorf("%+v", prices)
	}
}

// TestImportTakesTheRest: one thing that is wrong does not keep the others out.
func TestImportTakesTheRest(t *testing.T) {
	r := newImportRoom(t)
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(`{"providers":{"Bad Name":{"network_config":{"base_url":"http://x/v1"},"custom_provider_config":{"base_provider_type":"openai"}},
		"openai":{"keys":[{"name":"main","value":"sk-fixture-1","models":["*"],"weight":1}]}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	report := r.run(gateway.ImportBifrost, path, false)
	if said := fmt.Sprint(report.Left); !strings.Contains(said, "provider Bad Name") {
		t.Error(said)
	}
	if !slices.Contains(report.New, "key main of openai") || r.edit(nothing).Provider("openai") == nil {
		t.Errorf("%+v", report)
	}
}

func TestImportRefuses(t *testing.T) {
	r := newImportRoom(t)
	garbage := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(garbage, []byte("{\n \"providers\": [}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ tool, path, want string }{
		{gateway.ImportBifrost, garbage, "line 2"},
		{gateway.ImportBifrost, filepath.Join(r.dir, "none.db"), "no such file"},
		{gateway.ImportCCSwitch, bifrostDB(t), "no table providers"},
	} {
		_, err := gateway.Import(t.Context(), r.options(), gateway.ImportRequest{Tool: c.tool, Path: c.path})
		if err == nil || !strings.Contains(err.Error(), c.path) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.path, err, c.want)
		}
	}
	if err := os.WriteFile(filepath.Join(r.dir, "config.json"), []byte(`{"source_of_truth":"config.json"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := gateway.Import(t.Context(), r.options(), gateway.ImportRequest{Tool: gateway.ImportBifrost, Path: fixture("bifrost.json")}); err == nil || !strings.Contains(err.Error(), "source_of_truth") {
		t.Errorf("an authoritative file: %v", err)
	}
}
