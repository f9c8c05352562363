package route

import (
	"slices"

	"heimdall/gateway/exchange"
)

// Has is what is known of whether a provider has a model.
type Has int

const (
	HasUnknown Has = iota
	HasIt
	HasNot
)

// capable leaves out the providers of which it is known that they do not have a model, where others are known to have it.
// A grant of all models means those that the provider has.
func (r *Router) capable(shares []exchange.Share, model string) []exchange.Share {
	if r.Serves == nil || len(shares) < 2 {
		return shares
	}
	without := func(s exchange.Share) bool { return r.has(s.Provider, model) == HasNot }
	with := func(s exchange.Share) bool { return r.has(s.Provider, model) == HasIt }
	if !slices.ContainsFunc(shares, without) || !slices.ContainsFunc(shares, with) {
		return shares
	}
	return slices.DeleteFunc(shares, without)
}

func (r *Router) has(provider, model string) Has {
	for _, k := range r.providers[provider].Keys {
		if _, ok := k.Aliases[model]; ok {
			return HasIt
		}
	}
	return r.Serves(provider, model)
}
