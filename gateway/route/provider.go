package route

import (
	"time"

	"heimdall/providers"
)

// Provider is a configured provider with its keys, ready for traffic.
type Provider struct {
	providers.Target
	Keyless bool
	Keys    []Key
	Gate    *Gate // nil = no limit
	Retry   Retry
}

// Retry says how often a failed call is made again at most, and the first and the longest pause before that.
type Retry struct {
	Max     int
	Initial time.Duration
	Longest time.Duration
}

// upstream is a provider with its health, which outlives configurations.
type upstream struct {
	*Provider
	breaker *breaker
	keys    []*breaker // by the place of the key
}

func (h *Health) upstream(p *Provider) *upstream {
	up := &upstream{Provider: p, breaker: h.entry(p.Name, "", p.BaseURL)}
	for i := range p.Keys {
		k := &p.Keys[i]
		up.keys = append(up.keys, h.entry(p.Name, k.KeyID, k.Value))
	}
	return up
}
