package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Result is what an importer made of a foreign configuration.
type Result struct {
	Config []byte // Heimdall's config.json, version 2 unless the source says otherwise
	Left   []Note // what is not in it
}

// Note is one thing that was not taken.
type Note struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// Builtin is a provider that this program has. BaseURL is "" where every key has its own address.
type Builtin struct {
	Name    string
	BaseURL string
}

// draft is the configuration that an importer makes.
type draft struct {
	builtins  []Builtin
	providers map[string]*provider
	rules     []rule
	left      []Note
	taken     map[string]bool // the names of keys, by provider and name
}

type provider struct {
	Keys    []fields `json:"keys,omitempty"`
	Network fields   `json:"network_config,omitempty"`
	Custom  fields   `json:"custom_provider_config,omitempty"`
}

// fields are a JSON object whose fields vary.
type fields map[string]any

type rule struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Expression string   `json:"cel_expression"`
	Targets    []target `json:"targets"`
	Fallbacks  []string `json:"fallbacks,omitempty"`
	Scope      string   `json:"scope"`
	Priority   int      `json:"priority"`
}

type target struct {
	Provider string  `json:"provider"`
	Model    string  `json:"model,omitempty"`
	Key      string  `json:"provider_key_name,omitempty"`
	Weight   float64 `json:"weight"`
}

func newDraft(builtins []Builtin) *draft {
	return &draft{builtins: builtins, providers: map[string]*provider{}, taken: map[string]bool{}}
}

func (d *draft) leave(why, format string, args ...any) {
	d.left = append(d.left, Note{What: fmt.Sprintf(format, args...), Why: why})
}

func (d *draft) result() (Result, error) {
	file := fields{"version": 2}
	if len(d.providers) > 0 {
		file["providers"] = d.providers
	}
	if len(d.rules) > 0 {
		file["governance"] = fields{"routing_rules": d.rules}
	}
	return finish(file, d.left)
}

func finish(file any, left []Note) (Result, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(file); err != nil {
		return Result{}, fmt.Errorf("write the configuration: %w", err)
	}
	return Result{Config: b.Bytes(), Left: left}, nil
}

// key adds a key to a provider. Its name is made to differ from those of the provider's other keys.
func (d *draft) key(provider, name string, key fields) (unique string) {
	unique = name
	for i := 2; d.taken[provider+"\x00"+unique]; i++ {
		unique = fmt.Sprintf("%s %d", name, i)
	}
	d.taken[provider+"\x00"+unique] = true
	key["name"] = unique
	if key["models"] == nil {
		key["models"] = []string{"*"}
	}
	if key["weight"] == nil {
		key["weight"] = 1
	}
	d.providers[provider].Keys = append(d.providers[provider].Keys, key)
	return unique
}
