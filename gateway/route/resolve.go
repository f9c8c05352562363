package route

import (
	"context"
	"slices"
	"strings"
	"sync"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// resolve finds the provider and the model that the client means.
func (r *Router) resolve(ctx context.Context, x *exchange.Exchange) (*Provider, string, error) {
	name := x.Asked()
	if name == "" {
		return r.unnamed(x)
	}
	if first, rest, ok := strings.Cut(name, "/"); ok && rest != "" {
		if p := r.providers[first]; p != nil {
			return p, rest, nil
		}
	}
	if p := r.providers[x.Row.Provider]; p != nil {
		return p, name, nil
	}
	return r.search(ctx, name, x.Row.Provider)
}

// unnamed serves the operations that need no model: those on an answer that a provider keeps.
func (r *Router) unnamed(x *exchange.Exchange) (*Provider, string, error) {
	switch x.Row.Op {
	case llm.OpStoredGet, llm.OpStoredDelete, llm.OpStoredCancel, llm.OpStoredInput:
	default:
		return nil, "", invalidModel("model is required")
	}
	name := x.Query.Get("provider")
	if name == "" {
		name = x.Header.Get("X-Model-Provider")
	}
	if name == "" {
		name = x.Row.Provider
	}
	if p := r.providers[name]; p != nil {
		return p, "", nil
	}
	e := llm.Errorf(llm.KindInvalidRequest, "the provider %q is not configured", name)
	if name == "" {
		e = llm.Errorf(llm.KindInvalidRequest, "provider is required: say with ?provider= or the header x-model-provider who keeps this answer")
	}
	e.Param, e.Type = "provider", "invalid_request_error"
	return nil, "", e
}

// search finds the only provider that lists a bare model name. preferred is the provider that the route means and that
// is not configured; "" = it means none.
func (r *Router) search(ctx context.Context, model, preferred string) (*Provider, string, error) {
	var mu sync.Mutex
	var found []string
	var wg sync.WaitGroup
	for _, n := range r.names {
		wg.Go(func() {
			if r.Catalog.List(ctx, r.providers[n]).Has(model) {
				mu.Lock()
				defer mu.Unlock()
				found = append(found, n)
			}
		})
	}
	wg.Wait()
	slices.Sort(found)
	switch {
	case len(found) == 1:
		return r.providers[found[0]], model, nil
	case len(found) > 1:
		return nil, "", invalidModel("several providers list the model \"" + model + "\": write " + strings.Join(prefixed(found, model), " or "))
	case preferred != "":
		return nil, "", invalidModel("the provider " + preferred + " is not configured: add it in the window (Providers) or with POST /api/providers, or name another one in the model: " + r.example(model))
	}
	if first, _, ok := strings.Cut(model, "/"); ok {
		return nil, "", invalidModel("no provider named \"" + first + "\" is configured, and none lists the model \"" + model + "\": add it in the window (Providers) or with POST /api/providers; configured: " + strings.Join(r.names, ", "))
	}
	return nil, "", invalidModel("provider is required in model field (format: provider/model) — no providers found for model \"" + model + "\" in model catalog to auto-resolve; write " + r.example(model))
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
