package importer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// CCSwitchTables are the tables that CCSwitchDB reads.
var CCSwitchTables = []string{"providers", "mcp_servers"}

// ccSwitchFile is CC Switch's older config.json: a section for each app.
type ccSwitchFile map[string]json.RawMessage

type ccSwitchApp struct {
	Providers map[string]ccSwitchProvider `json:"providers"`
}

type ccSwitchProvider struct {
	Name     string          `json:"name"`
	Settings json.RawMessage `json:"settingsConfig"`
	Category string          `json:"category"`
}

// ccSwitchSettings is what CC Switch writes into an app's own files.
type ccSwitchSettings struct {
	Env     map[string]any `json:"env"`     // Claude Code, Gemini CLI
	Auth    map[string]any `json:"auth"`    // Codex: auth.json
	Config  any            `json:"config"`  // Codex: config.toml as text
	Package string         `json:"npm"`     // opencode
	Options map[string]any `json:"options"` // opencode
}

// ccSwitch is one reading of CC Switch's providers.
type ccSwitch struct{ *draft }

// CCSwitch reads the config.json of CC Switch before its version 3.
func CCSwitch(data []byte, builtins []Builtin) (Result, error) {
	var file ccSwitchFile
	if err := lenient(data, &file); err != nil {
		return Result{}, err
	}
	c := ccSwitch{newDraft(builtins)}
	found := false
	for _, app := range slices.Sorted(maps.Keys(file)) {
		var section ccSwitchApp
		if json.Unmarshal(file[app], &section) != nil || section.Providers == nil {
			if app == "mcp" && len(file[app]) > len(`{}`) {
				c.leave("MCP servers are not imported", "%s", app)
			}
			continue
		}
		found = true
		for _, id := range slices.Sorted(maps.Keys(section.Providers)) {
			p := section.Providers[id]
			if err := c.one(app, cmp.Or(p.Name, id), p.Category, p.Settings); err != nil {
				return Result{}, fmt.Errorf("%s.providers.%s.settingsConfig: %w", app, id, err)
			}
		}
	}
	if !found {
		return Result{}, fmt.Errorf("is no configuration of CC Switch's: it names no app with providers")
	}
	return c.result()
}

// CCSwitchDB reads the tables of CC Switch's cc-switch.db.
func CCSwitchDB(tables Tables, builtins []Builtin) (Result, error) {
	rows, ok := tables["providers"]
	if !ok {
		return Result{}, fmt.Errorf("is no database of CC Switch's: it has no table providers")
	}
	c := ccSwitch{newDraft(builtins)}
	slices.SortStableFunc(rows, func(a, b map[string]any) int {
		return cmp.Or(strings.Compare(row(a).text("app_type"), row(b).text("app_type")), strings.Compare(row(a).text("id"), row(b).text("id")))
	})
	for _, raw := range rows {
		r := row(raw)
		if err := c.one(r.text("app_type"), r.text("name"), r.text("category"), []byte(r.text("settings_config"))); err != nil {
			return Result{}, fmt.Errorf("providers, app_type %s, id %s, settings_config: %w", r.text("app_type"), r.text("id"), err)
		}
	}
	if len(tables["mcp_servers"]) > 0 {
		c.leave("MCP servers are not imported", "mcp_servers")
	}
	return c.result()
}

// one takes a provider of an app. An error means that its settings can't be read at all.
func (c *ccSwitch) one(app, name, category string, settings []byte) error {
	where := fmt.Sprintf("%s for %s", name, app)
	var s ccSwitchSettings
	if err := json.Unmarshal(settings, &s); err != nil {
		return place(settings, err)
	}
	base, address, key, known := s.access(app)
	switch {
	case !known:
		c.leave("Heimdall does not know how this app is set up", "%s", where)
		return nil
	case address == "" && key == "":
		why := "it has no address and no key"
		if category == "official" {
			why = "it is the app's own login, which stays with the app"
		}
		c.leave(why, "%s", where)
		return nil
	case key == "":
		c.leave("it has no key", "%s", where)
		return nil
	}
	provider, err := c.provider(endpoint{Name: name, URL: cmp.Or(address, usual[base]), Base: base})
	if err != nil {
		c.leave(err.Error(), "%s", where)
		return nil
	}
	if c.has(provider, key) {
		return nil
	}
	c.key(provider, name, fields{"value": key})
	if models := s.models(); len(models) > 0 {
		c.leave("Heimdall sends on the model that is asked for; make rules where it should be another", "%s: %s", where, strings.Join(models, ", "))
	}
	return nil
}

// usual are the addresses of apps that name none.
var usual = map[string]string{
	baseAnthropic: "https://api.anthropic.com", baseOpenAI: "https://api.openai.com/v1", baseGemini: "https://generativelanguage.googleapis.com",
}

// has reports whether a provider has a key of that value: several apps often share one.
func (c *ccSwitch) has(provider, value string) bool {
	return slices.ContainsFunc(c.draft.providers[provider].Keys, func(k fields) bool { return k["value"] == value })
}

// access finds an app's address and key in what CC Switch writes for it, and whose API it speaks there.
func (s ccSwitchSettings) access(app string) (base, address, key string, known bool) {
	env := func(names ...string) (v string) {
		for _, n := range names {
			v = cmp.Or(v, text(s.Env[n]))
		}
		return dollar(v)
	}
	switch app {
	case "claude", "claude-desktop":
		return baseAnthropic, env("ANTHROPIC_BASE_URL"), env("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY"), true
	case "gemini":
		return baseGemini, env("GOOGLE_GEMINI_BASE_URL", "GEMINI_BASE_URL"), env("GEMINI_API_KEY", "GOOGLE_API_KEY"), true
	case "codex":
		address, variable := codexProvider(text(s.Config))
		key := text(s.Auth["OPENAI_API_KEY"])
		if key == "" && variable != "" && s.Auth["tokens"] == nil {
			key = "env." + variable
		}
		return baseOpenAI, address, key, true
	case "opencode":
		base := baseOpenAI
		for _, b := range []string{baseAnthropic, "google"} {
			if strings.Contains(s.Package, b) {
				base = strings.Replace(b, "google", baseGemini, 1)
			}
		}
		return base, text(s.Options["baseURL"]), text(s.Options["apiKey"]), true
	}
	return "", "", "", false
}

// models are the names of the settings that replace models.
func (s ccSwitchSettings) models() (out []string) {
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		if strings.Contains(name, "MODEL") && text(s.Env[name]) != "" {
			out = append(out, name)
		}
	}
	return out
}

// codexProvider finds the address of the provider that a config.toml chooses, and the variable that its key is in. It
// reads no more of TOML than tables and texts.
func codexProvider(config string) (address, variable string) {
	values, table := map[string]string{}, ""
	for line := range strings.Lines(config) {
		line = strings.TrimSpace(line)
		if head, ok := strings.CutPrefix(line, "["); ok {
			head, _, _ = strings.Cut(head, "]")
			table = strings.NewReplacer(`"`, "", "'", "").Replace(strings.TrimSpace(head)) + "."
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		value = strings.TrimSpace(value)
		if !ok || strings.HasPrefix(line, "#") || len(value) < 2 || value[0] != '"' && value[0] != '\'' {
			continue
		}
		if end := strings.IndexByte(value[1:], value[0]); end >= 0 {
			values[table+strings.TrimSpace(name)] = value[1 : 1+end]
		}
	}
	chosen := "model_providers." + values["model_provider"] + "."
	return values[chosen+"base_url"], values[chosen+"env_key"]
}
