package catalog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The scopes of overrides, the least specific first: the most specific override that matches a call counts.
const (
	ScopeGlobal                = "global"
	ScopeProvider              = "provider"
	ScopeProviderKey           = "provider_key"
	ScopeVirtualKey            = "virtual_key"
	ScopeVirtualKeyProvider    = "virtual_key_provider"
	ScopeVirtualKeyProviderKey = "virtual_key_provider_key"
)

// The ways to match a model's name, the most specific first.
const (
	MatchExact    = "exact"
	MatchWildcard = "wildcard" // a prefix that ends in *
	MatchRegex    = "regex"
)

var (
	scopes = []string{ScopeGlobal, ScopeProvider, ScopeProviderKey, ScopeVirtualKey, ScopeVirtualKeyProvider, ScopeVirtualKeyProviderKey}
	kinds  = []string{MatchExact, MatchWildcard, MatchRegex}
)

// Override puts prices in place of the catalogue's, for the models that match and the calls of a scope. No Requests =
// every type of request; a type counts for its streams too. Patch is in US dollars per token.
type Override struct {
	ID         string
	Scope      string
	Provider   string
	KeyID      string
	VirtualKey string
	Match      string
	Pattern    string
	Requests   []string
	Patch      map[string]float64
}

// override is one that is ready to be asked.
type override struct {
	Override
	rank   int // of its scope
	kind   int // of its match
	prefix string
	regex  *regexp.Regexp
	patch  patch
}

func newOverride(o Override) (*override, error) {
	out := &override{Override: o, rank: slices.Index(scopes, o.Scope), kind: slices.Index(kinds, o.Match)}
	out.Pattern = strings.TrimSpace(o.Pattern)
	if out.rank < 0 {
		return nil, fmt.Errorf("%q is no scope: use one of %s", o.Scope, strings.Join(scopes, ", "))
	}
	if out.kind < 0 {
		return nil, fmt.Errorf("%q is no way to match: use one of %s", o.Match, strings.Join(kinds, ", "))
	}
	if out.Pattern == "" {
		return nil, fmt.Errorf("say which models are meant in pattern")
	}
	var err error
	switch o.Match {
	case MatchWildcard:
		var ok bool
		if out.prefix, ok = strings.CutSuffix(out.Pattern, "*"); !ok {
			return nil, fmt.Errorf("a wildcard ends in *, such as %s*", out.Pattern)
		}
	case MatchRegex:
		if out.regex, err = regexp.Compile(out.Pattern); err != nil {
			return nil, fmt.Errorf("pattern: %w", err)
		}
	}
	out.Requests = slices.Clone(o.Requests)
	for i, r := range out.Requests {
		out.Requests[i] = strings.TrimSuffix(r, "_stream")
	}
	out.patch, err = newPatch(o.Patch)
	return out, err
}

// before orders overrides: the more specific scope, then the more exact match, then the longer pattern.
func (o *override) before(p *override) int {
	switch {
	case o.rank != p.rank:
		return p.rank - o.rank
	case o.kind != p.kind:
		return o.kind - p.kind
	}
	return len(p.Pattern) - len(o.Pattern)
}

func (o *override) named(model string) bool {
	switch o.Match {
	case MatchExact:
		return model == o.Pattern
	case MatchWildcard:
		return strings.HasPrefix(model, o.prefix)
	}
	return o.regex.MatchString(model)
}

// meant says whether a call is in the scope. An id that the scope does not ask for is not looked at.
func (o *override) meant(q *Query) bool {
	if len(o.Requests) > 0 && !slices.Contains(o.Requests, strings.TrimSuffix(q.Request, "_stream")) {
		return false
	}
	switch o.Scope {
	case ScopeProvider:
		return o.Provider == q.Provider
	case ScopeProviderKey:
		return o.KeyID == q.KeyID
	case ScopeVirtualKey:
		return o.VirtualKey == q.VirtualKey
	case ScopeVirtualKeyProvider:
		return o.VirtualKey == q.VirtualKey && o.Provider == q.Provider
	case ScopeVirtualKeyProviderKey:
		return o.VirtualKey == q.VirtualKey && o.KeyID == q.KeyID
	}
	return true
}

// over is what a model costs by the patch: base with the patch's prices in their place.
func (o *override) over(base rates) rates {
	p := &o.patch.rates
	base.tiers = slices.Clone(base.tiers)
	for c, has := range p.has {
		if has {
			base.set(class(c), p.price[c])
		}
	}
	for _, t := range p.tiers {
		base.setTier(t)
	}
	return base
}
