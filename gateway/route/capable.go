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
	var known [HasNot + 1]bool
	var buf [8]Has
	has := buf[:0]
	for _, s := range shares {
		h := r.has(s.Provider, model)
		has = append(has, h)
		known[h] = true
	}
	if !known[HasIt] || !known[HasNot] {
		return shares
	}
	i := -1
	return slices.DeleteFunc(shares, func(exchange.Share) bool {
		i++
		return has[i] == HasNot
	})
}

func (r *Router) has(provider, model string) Has {
	for _, k := range r.providers[provider].Keys {
		if _, ok := k.Aliases[model]; ok {
			return HasIt
		}
	}
	return r.Serves(provider, model)
}
