package admin

import (
	"encoding/json"
	"strconv"
	"strings"

	"heimdall/gateway/config"
)

// served is the built-in provider that serves a configured one: itself, or its base.
func served(p *config.Provider) string {
	if p.Custom != nil {
		return p.Custom.Base
	}
	return p.Name
}

func secretValue(f config.SecretField) SecretValue {
	var v SecretValue
	if f.Ref != "" {
		v.Value = config.Redact(f.Value)
	}
	if f.Ref.Variable() != "" {
		v.EnvVar, v.FromEnv = string(f.Ref), true
		if f.Problem != "" {
			v.Value = ""
		}
	}
	return v
}

// KeyConfig is a key's options as Bifrost writes them: the member <kind>_key_config of the key.
type KeyConfig struct {
	Name   string // "" = the kind has no such options
	Values map[string]any
}

// options are the values of a key's options, in both ways of writing them.
func (a *Admin) options(p *config.Provider, k *config.Key) (map[string]string, KeyConfig) {
	types := map[string]string{}
	for _, kind := range a.Kinds {
		if kind.Name != served(p) {
			continue
		}
		for _, o := range kind.Options {
			if o.Scope == "key" && o.Name != "value" {
				types[o.Name] = o.Type
			}
		}
	}
	if len(types) == 0 {
		return nil, KeyConfig{}
	}
	flat := map[string]string{}
	c := KeyConfig{strings.ReplaceAll(served(p), "-", "_") + "_key_config", map[string]any{}}
	for name, value := range k.Options {
		flat[name], c.Values[name] = value, value
		if on, err := strconv.ParseBool(value); err == nil && types[name] == "bool" {
			c.Values[name] = on
		}
	}
	for _, s := range k.Secrets {
		flat[s.Name], c.Values[s.Name] = redacted(s), secretValue(s)
	}
	return flat, c
}

// MarshalJSON writes the key with the member whose name depends on its kind.
func (k Key) MarshalJSON() ([]byte, error) {
	type plain Key
	return with(plain(k), k.Config.member())
}

// MarshalJSON writes the key and what is to be said of it.
func (s KeySaved) MarshalJSON() ([]byte, error) {
	said := struct {
		Message  string   `json:"message"`
		Warnings []string `json:"warnings,omitempty"`
	}{s.Message, s.Warnings}
	return with(s.Key, said)
}

func (c KeyConfig) member() map[string]any {
	if c.Name == "" {
		return nil
	}
	return map[string]any{c.Name: c.Values}
}

// with writes the members of two objects as one.
func with(first, second any) ([]byte, error) {
	a, err := json.Marshal(first)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(second)
	if err != nil || string(b) == "null" {
		return a, err
	}
	return append(append(a[:len(a)-1], ','), b[1:]...), nil
}
