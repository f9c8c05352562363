package admin

import "encoding/json"

// Plugin is one built-in plugin. Config is as it was set: its secrets are redacted, what comes from the environment is
// env.NAME; writing a redacted value back keeps the secret. IsCustom is false and Path null: there are no others. A plugin
// that was never set has an empty Config.
type Plugin struct {
	Name       string          `json:"name"`
	ActualName string          `json:"actualName"`
	Enabled    bool            `json:"enabled"`
	Config     json.RawMessage `json:"config" tstype:"Record<string, unknown>"`
	IsCustom   bool            `json:"isCustom"`
	Path       *string         `json:"path"`
	Placement  string          `json:"placement"`
	Status     PluginStatus    `json:"status"`
}

// PluginStatus says whether a plugin does its work. Status is active, disabled or error; then Logs say why.
type PluginStatus struct {
	Name   string   `json:"name"`
	Status string   `json:"status"`
	Logs   []string `json:"logs"`
}

// Plugins is the answer of GET /api/plugins: all that there are.
type Plugins struct {
	Plugins []Plugin `json:"plugins"`
	Count   int      `json:"count"`
}

// PluginSaved is the answer of a plugin that was set.
type PluginSaved struct {
	Message  string   `json:"message"`
	Plugin   Plugin   `json:"plugin"`
	Warnings []string `json:"warnings,omitempty"`
}
