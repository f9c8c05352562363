package gateway

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"heimdall/gateway/admin"
	"heimdall/gateway/exchange"
	"heimdall/gateway/route"
	"heimdall/providers/llm"
)

// models lists every model that a configured provider has, with the keys that may use it.
func (g *Gateway) models(ctx context.Context) []admin.ModelEntry {
	var mu sync.Mutex
	var out []admin.ModelEntry
	var wg sync.WaitGroup
	for _, p := range g.router.Load().Providers() {
		wg.Go(func() {
			entries := merge(p.Name, g.catalog.List(ctx, p))
			mu.Lock()
			defer mu.Unlock()
			out = append(out, entries...)
		})
	}
	wg.Wait()
	slices.SortFunc(out, func(a, b admin.ModelEntry) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// merge turns the lists of a provider's keys into one list of models.
func merge(provider string, l route.Listing) []admin.ModelEntry {
	keys := map[string][]string{}
	for _, id := range slices.Sorted(maps.Keys(l.Models)) {
		for _, m := range l.Models[id] {
			if id == "" {
				keys[m] = []string{}
				continue
			}
			keys[m] = append(keys[m], id)
		}
	}
	var out []admin.ModelEntry
	for m, ids := range keys {
		out = append(out, admin.ModelEntry{Name: m, Provider: provider, AccessibleByKeys: ids})
	}
	return out
}

// refresh asks a provider anew which models it has. The error is that of the key, or of the first key that has one.
func (g *Gateway) refresh(ctx context.Context, provider, keyID string) error {
	p := g.router.Load().Provider(provider)
	if p == nil {
		return llm.Errorf(llm.KindInvalidRequest, "the provider %s has no key that is enabled", provider)
	}
	g.catalog.Forget(provider)
	l := g.catalog.List(ctx, p)
	if keyID != "" {
		return l.Errors[keyID]
	}
	for _, id := range slices.Sorted(maps.Keys(l.Errors)) {
		return l.Errors[id]
	}
	return nil
}

// keyHealth says what is known of a key from the last time its models were listed.
func (g *Gateway) keyHealth(provider, keyID string) (status, description string) {
	l, known := g.catalog.Known(provider)
	switch err := l.Errors[keyID]; {
	case !known:
		return "unknown", ""
	case err != nil:
		return "error", llm.AsError(err).Message
	case l.Models[keyID] == nil:
		return "unknown", ""
	default:
		return "success", ""
	}
}

// forgetChanged drops the model lists of providers whose address or keys are not what they were.
func (g *Gateway) forgetChanged(old, next *route.Router) {
	if old == nil {
		return
	}
	for _, p := range old.Providers() {
		n := next.Provider(p.Name)
		if n == nil || n.BaseURL != p.BaseURL || !reflect.DeepEqual(n.Keys, p.Keys) || !maps.Equal(n.Headers, p.Headers) {
			g.catalog.Forget(p.Name)
		}
	}
}

// unifiedModel is one row of GET /v1/models, in the shape of Bifrost's unified API.
type unifiedModel struct {
	ID      string `json:"id"`
	OwnedBy string `json:"owned_by"`
}

// listModels answers GET /v1/models: every model of every provider, or of the one in ?provider=, named as chat calls
// name them.
func (g *Gateway) listModels(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	began := time.Now()
	only := x.Query.Get("provider")
	if only != "" && g.router.Load().Provider(only) == nil {
		return nil, &llm.Error{Kind: llm.KindInvalidRequest, Status: 400, Type: "invalid_request_error", Param: "provider", Message: "the provider " + only + " is not configured"}
	}
	type extraFields struct {
		RequestType string `json:"request_type"`
		Provider    string `json:"provider,omitempty"`
		Latency     int64  `json:"latency"`
	}
	out := struct {
		Data        []unifiedModel `json:"data"`
		ExtraFields extraFields    `json:"extra_fields"`
	}{Data: []unifiedModel{}}
	for _, m := range g.models(ctx) {
		if only == "" || m.Provider == only {
			out.Data = append(out.Data, unifiedModel{ID: m.Provider + "/" + m.Name, OwnedBy: m.Provider})
		}
	}
	out.ExtraFields = extraFields{"list_models", only, time.Since(began).Milliseconds()}
	body, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	return &exchange.Reply{Status: 200, ContentType: "application/json", Body: body}, nil
}
