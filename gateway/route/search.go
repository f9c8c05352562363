package route

import (
	"context"
	"slices"
	"strings"
	"sync"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// search finds a provider that lists a bare model name: the first by name of those that the caller may use.
func (r *Router) search(ctx context.Context, x *exchange.Exchange, p *plan, model string) (*upstream, error) {
	found := r.listing(ctx, model)
	if x.Caller != nil {
		may := slices.DeleteFunc(slices.Clone(found), func(name string) bool { return x.Caller.May(name, model) != nil })
		if len(may) > 0 {
			found = may
		}
	}
	if len(found) > 0 {
		p.moved = true
		if len(found) > 1 {
			p.say("model-catalog", "several providers list "+model+" ("+strings.Join(found, ", ")+"): the first one is used")
		} else {
			p.say("model-catalog", "only "+found[0]+" lists "+model)
		}
		return r.providers[found[0]], nil
	}
	if preferred := x.Row.Provider; preferred != "" {
		return nil, invalidModel("the provider " + preferred + " is not configured: add it in the window (Providers) or with POST /api/providers, or name another one in the model: " + r.example(model))
	}
	if first, _, ok := strings.Cut(model, "/"); ok {
		return nil, invalidModel("no provider named \"" + first + "\" is configured, and none lists the model \"" + model + "\": add it in the window (Providers) or with POST /api/providers; configured: " + strings.Join(r.names, ", "))
	}
	return nil, invalidModel("provider is required in model field (format: provider/model) — no providers found for model \"" + model + "\" in model catalog to auto-resolve; write " + r.example(model))
}

// listing names the providers that list a model, sorted; a key that calls one so lists it too.
func (r *Router) listing(ctx context.Context, model string) (found []string) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, n := range r.names {
		wg.Go(func() {
			if r.Catalog.List(ctx, r.providers[n].Provider).Has(model) {
				mu.Lock()
				defer mu.Unlock()
				found = append(found, n)
			}
		})
	}
	wg.Wait()
	slices.Sort(found)
	return found
}

func invalidModel(message string) error {
	return &llm.Error{Kind: llm.KindInvalidRequest, Status: 400, Type: "invalid_request_error", Param: "model", Message: message}
}

// example shows how the model would be named with the providers there are.
func (r *Router) example(model string) string {
	if len(r.names) == 0 {
		return "provider/" + model + " (no provider is configured yet)"
	}
	return strings.Join(prefixed(r.names[:min(3, len(r.names))], model), " or ")
}

func prefixed(names []string, model string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = `"` + n + "/" + model + `"`
	}
	return out
}
