package route

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/rule"
	"heimdall/providers/catalog"
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

// Options is what a router works with.
type Options struct {
	Providers []*Provider
	Catalog   *Catalog
	Health    *Health   // nil = one of its own
	Sessions  *Sessions // nil = some of its own
	Rules     *rule.Set // nil = there are none
	Dialect   func(name string) (dialect.Dialect, bool)
	Keep      int // how many bytes of a streamed answer the record gets

	// Own is true where a client may call a provider with a credential of its own: where the provider has no key, and
	// where the client asks for it by header; OwnUnasked where its credential always comes before the provider's keys;
	// Authorization where that header field may be it, because the gateway wants none for itself there.
	Own, OwnUnasked, Authorization bool
	// AskRaw is true where a client may ask to see the bodies of its call with a header field.
	AskRaw bool
	// Extra gives the header fields that the client wants to be sent to the provider; nil = there are none.
	Extra func(exchange.Header) []transport.Field
	// Price is what a usage of an exchange costs, for a model as p calls it; nil = nobody knows.
	Price func(p *Provider, model string, x *exchange.Exchange, u llm.Usage) catalog.Cost
	// Used is how much of the limits on a model of a provider is used, in percent, for rules; nil = there are none.
	Used func(x *exchange.Exchange, provider, model string) (budget, tokens, requests float64)

	// Serves says whether a provider has a model; nil = nobody knows.
	Serves func(provider, model string) Has

	Draw func() float64                             // random numbers from 0 up to 1; nil = those of math/rand
	Wait func(context.Context, time.Duration) error // a pause, which ends with the context; nil = a real one
}

// Router serves exchanges with one set of providers. A new configuration makes a new one.
type Router struct {
	Options
	providers map[string]*upstream
	names     []string // sorted
}

// New makes a router.
func New(o Options) *Router {
	if o.Health == nil {
		o.Health = NewHealth(time.Now, nil)
	}
	if o.Sessions == nil {
		o.Sessions = NewSessions(time.Now)
	}
	if o.Draw == nil {
		o.Draw = rand.Float64
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	r := &Router{Options: o, providers: map[string]*upstream{}}
	for _, p := range o.Providers {
		r.providers[p.Name] = o.Health.upstream(p)
		r.names = append(r.names, p.Name)
	}
	slices.Sort(r.names)
	return r
}

func wait(ctx context.Context, d time.Duration) error {
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-over.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Providers lists the providers by name.
func (r *Router) Providers() []*Provider {
	out := make([]*Provider, 0, len(r.names))
	for _, n := range r.names {
		out = append(out, r.providers[n].Provider)
	}
	return out
}

// Provider finds a provider; nil where there is none.
func (r *Router) Provider(name string) *Provider {
	if up := r.providers[name]; up != nil {
		return up.Provider
	}
	return nil
}

// Handle is the end of the chain: it decides where the exchange goes and makes the calls that it takes.
func (r *Router) Handle(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	o := &run{r: r, x: x}
	err := r.plan(ctx, x, &o.plan)
	x.Lap(exchange.PhaseRoute)
	x.Record.Routing = append(x.Record.Routing, o.plan.steps...)
	if err != nil {
		return nil, err
	}
	first := o.plan.first
	share := first.up.breaker.share()
	more := o.plan.more(x)
	if more && share < 1 {
		return o.others(ctx, nil)
	}
	reply, err := o.serve(ctx, first, share == 0)
	if err == nil || !more || !llm.AsError(err).Fallback() {
		return reply, err
	}
	return o.others(ctx, err)
}
