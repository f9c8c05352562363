package route

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"heimdall/providers"
	"heimdall/providers/llm"
)

const (
	// A model list is asked for again after this time.
	listAge = 10 * time.Minute
	// A list that could not be had is asked for again sooner.
	failAge = 30 * time.Second
	// How long one provider may take to list its models.
	listTimeout = 8 * time.Second
)

// DecodeError reads an error of the dialect that an endpoint speaks.
type DecodeError func(status int, header func(string) string, body []byte) *llm.Error

// Catalog remembers which models each provider lists. It outlives configurations: a provider's entry is forgotten
// with Forget when its settings change.
type Catalog struct {
	now    func() time.Time
	decode DecodeError

	mu    sync.Mutex
	lists map[string]*list // by provider name
}

type list struct {
	known atomic.Pointer[Listing] // nil = not asked yet

	mu     sync.Mutex // one asks at a time
	at     time.Time
	failed bool
}

// NewCatalog makes an empty catalog.
func NewCatalog(now func() time.Time, decode DecodeError) *Catalog {
	return &Catalog{now: now, decode: decode, lists: map[string]*list{}}
}

// Forget drops what is known of a provider.
func (c *Catalog) Forget(provider string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.lists, provider)
}

// Known gives what is known of a provider without asking; ok is false where nothing is.
func (c *Catalog) Known(provider string) (l Listing, ok bool) {
	c.mu.Lock()
	list := c.lists[provider]
	c.mu.Unlock()
	if list == nil {
		return Listing{}, false
	}
	known := list.known.Load()
	if known == nil {
		return Listing{}, false
	}
	return *known, true
}

// Listing is what a provider lists: by key id ("" where no key is needed), sorted, with the error of each key that could
// not be asked. It does not change.
type Listing struct {
	Models map[string][]string
	Errors map[string]error
}

// List gives what p lists, asking it where that is not known or too old.
func (c *Catalog) List(ctx context.Context, p *Provider) Listing {
	c.mu.Lock()
	l := c.lists[p.Name]
	if l == nil {
		l = &list{}
		c.lists[p.Name] = l
	}
	c.mu.Unlock()

	l.mu.Lock()
	defer l.mu.Unlock()
	age := listAge
	if l.failed {
		age = failAge
	}
	if l.at.IsZero() || c.now().Sub(l.at) > age {
		c.ask(ctx, p, l)
	}
	return *l.known.Load()
}

func (c *Catalog) ask(ctx context.Context, p *Provider, l *list) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	said := &Listing{Models: map[string][]string{}, Errors: map[string]error{}}
	keys := p.Keys
	if p.Keyless && len(keys) == 0 {
		keys = []Key{{Models: Models{All: true}}}
	}
	l.failed = false
	for i := range keys {
		k := &keys[i]
		if k.Problem != "" {
			said.Errors[k.KeyID] = llm.Errorf(llm.KindNoCredentials, "%s", k.Problem)
			continue
		}
		models, err := providers.ListModels(ctx, &p.Target, k.Credential, c.decode)
		if err != nil {
			said.Errors[k.KeyID], l.failed = err, true
		}
		said.Models[k.KeyID] = allowed(k, models)
	}
	l.at = c.now()
	l.known.Store(said)
}

// allowed is what a key may use of the listed models, and the models and aliases it names itself, sorted.
func allowed(k *Key, listed []string) []string {
	var out []string
	for _, m := range listed {
		if k.serves(m) {
			out = append(out, m)
		}
	}
	for _, m := range k.Models.Names {
		if k.serves(m) {
			out = append(out, m)
		}
	}
	for m := range k.Aliases {
		if k.serves(m) {
			out = append(out, m)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Has reports whether any key of the listing has the model.
func (l Listing) Has(model string) bool {
	for _, models := range l.Models {
		if _, found := slices.BinarySearch(models, model); found {
			return true
		}
	}
	return false
}

// Complete reports whether the provider listed models with every key.
func (l Listing) Complete() bool {
	for _, models := range l.Models {
		if len(models) > 0 {
			return len(l.Errors) == 0
		}
	}
	return false
}

// Names are the models of all keys, sorted.
func (l Listing) Names() (names []string) {
	for _, models := range l.Models {
		names = append(names, models...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
