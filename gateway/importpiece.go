package gateway

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"heimdall/gateway/config"
)

// name is what people call a piece that has no prefix yet.
func (i *importing) name(p config.Piece) string {
	kind, rest, _ := strings.Cut(p.ID, "/")
	provider, key, _ := strings.Cut(rest, "/")
	kind, _, _ = strings.Cut(strings.ReplaceAll(kind, "_", " "), ":")
	var said struct {
		Name   string `json:"name"`
		Entity struct {
			Model string `json:"model_name"`
		} `json:"entity"`
	}
	_ = json.Unmarshal(p.Content, &said) // what it does not say is called by its id
	switch {
	case kind == "key":
		return "key " + key + " of " + provider
	case rest == "":
		return kind + " settings"
	}
	return kind + " " + cmp.Or(said.Name, said.Entity.Model, rest)
}

// refused reports whether the user has something else in a piece's place, and says so.
func (i *importing) refused(p config.Piece, foreign map[string]bool) bool {
	kind, rest, _ := strings.Cut(p.ID, "/")
	switch kind {
	case "provider":
		has := i.manager.Snapshot().Provider(rest)
		if has == nil {
			return false
		}
		var asked struct {
			Network struct {
				BaseURL string `json:"base_url"`
			} `json:"network_config"`
		}
		if json.Unmarshal(p.Content, &asked) == nil && asked.Network.BaseURL != has.Network.BaseURL {
			foreign[rest] = true
			i.leave(i.name(p), "there is a provider of that name with another address; rename one of the two, and import again")
		} else if string(p.Content) != "{}" {
			i.leave(i.name(p), "it exists already; its settings stay as they are")
		}
		return true
	case "key":
		provider, name, _ := strings.Cut(rest, "/")
		if foreign[provider] {
			i.leave(i.name(p), "the provider of that name has another address")
			return true
		}
		has := i.manager.Snapshot().Provider(provider)
		if has != nil && slices.ContainsFunc(has.Keys, func(k *config.Key) bool { return k.Name == name }) {
			i.leave(i.name(p), "the provider has a key of that name, which stays as it is")
			return true
		}
	default:
		if i.has(kind, rest) {
			i.leave(i.name(p), "it exists already, and stays as it is")
			return true
		}
	}
	return false
}

// has reports whether there is something of that kind, by its id or its name.
func (i *importing) has(kind, id string) bool {
	s := i.manager.Snapshot()
	is := func(names ...string) bool { return slices.Contains(names, id) }
	switch kind {
	case "price":
		return slices.ContainsFunc(s.Prices, func(p *config.PriceOverride) bool { return is(p.ID, p.Name) })
	case "rule":
		return slices.ContainsFunc(s.Rules, func(r *config.Rule) bool { return is(r.ID, r.Name) })
	case "virtual_key":
		return slices.ContainsFunc(s.VirtualKeys, func(k *config.VirtualKey) bool { return is(k.ID, k.Name) })
	case "team":
		return slices.ContainsFunc(s.Teams, func(o *config.Owner) bool { return is(o.ID, o.Name) })
	case "customer":
		return slices.ContainsFunc(s.Customers, func(o *config.Owner) bool { return is(o.ID, o.Name) })
	case "complexity":
		return !s.Complexity.IsZero()
	case "provider_limit":
		return slices.ContainsFunc(s.ProviderLimits, func(l *config.ProviderLimit) bool { return is(l.Provider) })
	case "model_limit":
		return slices.ContainsFunc(s.ModelLimits, func(l *config.ModelLimit) bool { return is(l.ID, config.LimitName(l.Model, l.Provider, l.Key)) })
	}
	return false
}
