package admin

import (
	"maps"

	"heimdall/gateway/config"
)

// Aliases are what callers may call a key's models: a text where it is only the provider's own name, else a
// map[string]string.
type Aliases map[string]any

func aliases(k *config.Key) Aliases {
	out := Aliases{}
	for name, a := range k.Aliases {
		if a.Description == "" && len(a.Options) == 0 {
			out[name] = a.Model
			continue
		}
		members := map[string]string{"model_id": a.Model}
		maps.Copy(members, a.Options)
		if a.Description != "" {
			members["description"] = a.Description
		}
		out[name] = members
	}
	return out
}
