package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Bifrost reads Bifrost's config.json, of any generation. Its shapes are ours, so that only what belongs to that very
// installation is taken out.
func Bifrost(data []byte) (Result, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var file map[string]any
	if err := json.Unmarshal(data, &file); err != nil {
		return Result{}, place(data, err)
	}
	if file == nil {
		return Result{}, errNoObject
	}
	var left []Note
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if file[name] != nil {
			left = append(left, Note{What: name, Why: own[name]})
		}
		delete(file, name)
	}
	for _, name := range []string{"$schema", "source_of_truth"} {
		delete(file, name)
	}
	left = append(left, withoutVault(file)...)
	return finish(file, left)
}

// own are the sections about one installation, and why they are left there.
var own = map[string]string{
	"config_store":   "Heimdall stores its configuration in its own app folder; what was changed in Bifrost's window is in Bifrost's config.db, which can be imported too",
	"logs_store":     "Heimdall keeps a request log of its own; Bifrost's stays where it is",
	"encryption_key": "Heimdall keeps secrets in the keychain and needs no such key",
}

// withoutVault takes out the keys whose value only a vault knows.
func withoutVault(file map[string]any) (left []Note) {
	providers, _ := file["providers"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(providers)) {
		p, _ := providers[name].(map[string]any)
		keys, _ := p["keys"].([]any)
		kept := []any{}
		for i, k := range keys {
			if !inVault(k) {
				kept = append(kept, k)
				continue
			}
			left = append(left, Note{
				What: fmt.Sprintf("providers.%s.keys[%d]", name, i),
				Why:  "its secret is in a vault, which Heimdall does not read; add the key in Heimdall, with env.NAME or the secret itself",
			})
		}
		if len(kept) < len(keys) {
			p["keys"] = kept
		}
	}
	return left
}

// inVault reports whether a value of a configuration, or one inside it, refers to a vault.
func inVault(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.HasPrefix(v, "vault.")
	case map[string]any:
		if v["type"] == "vault" {
			return true
		}
		for _, one := range v {
			if inVault(one) {
				return true
			}
		}
	}
	return false
}
