package gateway

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"
	"sync"

	"heimdall/gateway/admin"
	"heimdall/gateway/route"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
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

// forgetChanged drops the model lists of providers that may list others now: what decides where and with what they are
// asked is not what it was.
func (g *Gateway) forgetChanged(old, next *route.Router) {
	if old == nil {
		return
	}
	for _, p := range old.Providers() {
		if n := next.Provider(p.Name); n == nil || !listsAlike(p, n) {
			g.catalog.Forget(p.Name)
		}
	}
}

// sameDoer compares the ways out of two targets. One that can't be compared is a provider's own, which never changes.
func sameDoer(a, b transport.Doer) bool {
	t := reflect.TypeOf(a)
	return t == reflect.TypeOf(b) && (!t.Comparable() || a == b)
}

func listsAlike(a, b *route.Provider) bool {
	return a.BaseURL == b.BaseURL && sameDoer(a.Doer, b.Doer) && reflect.DeepEqual(a.Keys, b.Keys) &&
		maps.Equal(a.Headers, b.Headers) && maps.Equal(a.Paths, b.Paths) && (a.Allowed == nil) == (b.Allowed == nil) && maps.Equal(a.Allowed, b.Allowed) &&
		reflect.DeepEqual(a.Provider.Endpoints(llm.OpModels, ""), b.Provider.Endpoints(llm.OpModels, ""))
}
