package providers

import (
	"strconv"

	"heimdall/providers/llm"
)

// Limits are what a provider refuses of a request that was made for another one. They hold for bodies that are encoded
// anew: a client that speaks the provider's own dialect hears of its mistakes from the provider.
type Limits struct {
	NoTopK     bool
	UserLength int // of the longest user id; 0 = there is no limit

	// FixedSampling tells the models that take neither temperature nor top_p, OneSampling those that take only one of them;
	// nil = none.
	FixedSampling, OneSampling func(model string) bool
}

// apply gives r without what would be refused, and names it. r itself stays as it is.
func (l Limits) apply(provider string, r *llm.Request) (*llm.Request, []llm.Warning) {
	out := *r
	var warnings []llm.Warning
	drop := func(field, why string) {
		warnings = append(warnings, llm.Warning{Field: field, Why: provider + " " + why})
	}
	p := &out.Params
	if l.NoTopK && p.TopK != nil {
		p.TopK = nil
		drop("top_k", "does not take it")
	}
	if l.UserLength > 0 && len(p.User) > l.UserLength {
		p.User = ""
		drop("user", "takes at most "+strconv.Itoa(l.UserLength)+" characters")
	}
	if l.FixedSampling != nil && l.FixedSampling(r.Model) {
		if p.Temperature != nil && *p.Temperature != 1 {
			drop("temperature", "does not take it for this model")
		}
		if p.TopP != nil && *p.TopP != 1 {
			drop("top_p", "does not take it for this model")
		}
		p.Temperature, p.TopP = nil, nil
	}
	if l.OneSampling != nil && p.Temperature != nil && p.TopP != nil && l.OneSampling(r.Model) {
		p.TopP = nil
		drop("top_p", "takes it only without a temperature")
	}
	return &out, warnings
}
