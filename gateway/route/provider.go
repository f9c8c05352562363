package route

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync/atomic"

	"heimdall/providers"
	"heimdall/providers/llm"
)

// Provider is a configured provider with its keys, ready for traffic.
type Provider struct {
	providers.Target
	Keyless bool
	Keys    []Key
	Gate    *Gate // nil = no limit
}

// Key is one credential and what it may be used for.
type Key struct {
	providers.Credential
	Weight  float64
	All     bool     // serves every model that is not denied
	Models  []string // else just these
	Denied  []string
	Problem string // why the key cannot be used; "" = it can
}

func (k *Key) serves(model string) bool {
	return !slices.Contains(k.Denied, model) && (k.All || slices.Contains(k.Models, model))
}

// key draws one of the keys that serve the model, by weight; or takes the pinned one.
func (p *Provider) key(model, pin string) (providers.Credential, error) {
	var first *Key
	var total float64
	problem := ""
	for i := range p.Keys {
		k := &p.Keys[i]
		switch {
		case !k.fits(model, pin):
		case k.Problem != "":
			problem = "key " + strconv.Quote(k.KeyName) + ": " + k.Problem
		default:
			if first == nil {
				first = k
			}
			total += k.Weight
		}
	}
	if first == nil {
		return p.noKey(model, problem)
	}
	if total == first.Weight {
		return first.Credential, nil
	}
	return p.draw(model, pin, rand.Float64()*total), nil
}

// draw takes the key that stands at a place in the sum of the weights.
func (p *Provider) draw(model, pin string, at float64) (c providers.Credential) {
	for i := range p.Keys {
		if k := &p.Keys[i]; k.Problem == "" && k.fits(model, pin) {
			c = k.Credential
			if at -= k.Weight; at < 0 {
				break
			}
		}
	}
	return c
}

// fits reports whether a call of the model may use the key. A key of weight 0 is used only where it is pinned.
func (k *Key) fits(model, pin string) bool {
	return (pin == "" && k.Weight > 0 || pin == k.KeyID && pin != "") && k.serves(model)
}

func (p *Provider) noKey(model, problem string) (providers.Credential, error) {
	switch {
	case p.Keyless:
		return providers.Credential{}, nil
	case problem != "":
		return providers.Credential{}, llm.Errorf(llm.KindNoCredentials, "no usable key for %s: %s", p.Name, problem)
	case len(p.Keys) == 0:
		return providers.Credential{}, llm.Errorf(llm.KindNoCredentials, "%s has no key yet: add one in the window (Providers) or with POST /api/providers/%s/keys", p.Name, p.Name)
	default:
		return providers.Credential{}, &llm.Error{Kind: llm.KindModelUnavailable, Status: 400, Type: "model_not_available", Param: "model",
			Message: "no keys found that support model: " + model + " (provider " + p.Name + "); allow it in the models of one of its keys"}
	}
}

// Gate limits the calls in flight at a provider. A call beyond the limit waits for a place; when the places to wait
// are taken too it is refused.
type Gate struct {
	places  chan struct{}
	queue   int64
	waiting atomic.Int64
}

// NewGate lets limit calls in and queue more wait; a queue of 0 has no limit.
func NewGate(limit, queue int) *Gate {
	return &Gate{places: make(chan struct{}, limit), queue: int64(queue)}
}

// Enter takes a place; leave gives it back.
func (g *Gate) Enter(ctx context.Context, name string) error {
	if g == nil {
		return nil
	}
	select {
	case g.places <- struct{}{}:
		return nil
	default:
	}
	if g.waiting.Add(1) > g.queue && g.queue > 0 {
		g.waiting.Add(-1)
		return &llm.Error{Kind: llm.KindDropped, Status: 503, Type: "queue_full",
			Message: "request dropped: queue is full (" + name + "); raise concurrency_and_buffer_size or send less at once"}
	}
	defer g.waiting.Add(-1)
	select {
	case g.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Leave gives the place back.
func (g *Gate) Leave() {
	if g != nil {
		<-g.places
	}
}
