package route

import (
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers"
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// Router serves exchanges with one set of providers. A new configuration makes a new one.
type Router struct {
	providers map[string]*Provider
	names     []string // sorted
	catalog   *Catalog
	dialect   func(name string) (dialect.Dialect, bool)
	keep      int
}

// New makes a router. keep is how many bytes of a streamed answer the record gets.
func New(list []*Provider, catalog *Catalog, d func(string) (dialect.Dialect, bool), keep int) *Router {
	r := &Router{providers: map[string]*Provider{}, catalog: catalog, dialect: d, keep: keep}
	for _, p := range list {
		r.providers[p.Name] = p
		r.names = append(r.names, p.Name)
	}
	slices.Sort(r.names)
	return r
}

// Providers lists the providers by name.
func (r *Router) Providers() []*Provider {
	out := make([]*Provider, 0, len(r.names))
	for _, n := range r.names {
		out = append(out, r.providers[n])
	}
	return out
}

// Provider finds a provider; nil where there is none.
func (r *Router) Provider(name string) *Provider { return r.providers[name] }

// Handle is the end of the chain: it resolves the model, takes a key and makes the call.
func (r *Router) Handle(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p, model, err := r.resolve(ctx, x)
	if err != nil {
		return nil, err
	}
	rec := x.Record
	rec.Provider, rec.Model = p.Name, model
	credential, err := p.key(model, x.KeyID)
	if err != nil {
		return nil, err
	}
	rec.KeyID, rec.KeyName = credential.KeyID, credential.KeyName
	x.Announce()
	if err := p.Gate.Enter(ctx, p.Name); err != nil {
		return nil, err
	}
	streaming := false
	defer func() { // also where the attempt panics
		if !streaming {
			p.Gate.Leave()
		}
	}()
	reply, err := r.attempt(ctx, x, p, credential, model)
	streaming = err == nil && reply.Stream != nil
	return reply, err
}

// resolve finds the provider and the model that the client means.
func (r *Router) resolve(ctx context.Context, x *exchange.Exchange) (*Provider, string, error) {
	name := x.Peek.Model
	if name == "" {
		return nil, "", invalidModel("model is required")
	}
	if first, rest, ok := strings.Cut(name, "/"); ok && rest != "" {
		if p := r.providers[first]; p != nil {
			return p, rest, nil
		}
	}
	if x.Row.Provider == "" {
		return r.search(ctx, name)
	}
	if p := r.providers[x.Row.Provider]; p != nil {
		return p, name, nil
	}
	return nil, "", invalidModel("the provider " + x.Row.Provider + " is not configured: add it in the window (Providers) or with POST /api/providers, or name another one in the model: " + r.example(name))
}

// search finds the only provider that lists a bare model name.
func (r *Router) search(ctx context.Context, model string) (*Provider, string, error) {
	var mu sync.Mutex
	var found []string
	var wg sync.WaitGroup
	for _, n := range r.names {
		wg.Go(func() {
			if r.catalog.List(ctx, r.providers[n]).Has(model) {
				mu.Lock()
				defer mu.Unlock()
				found = append(found, n)
			}
		})
	}
	wg.Wait()
	slices.Sort(found)
	switch len(found) {
	case 1:
		return r.providers[found[0]], model, nil
	case 0:
		if first, _, ok := strings.Cut(model, "/"); ok {
			return nil, "", invalidModel("no provider named \"" + first + "\" is configured, and none lists the model \"" + model + "\": add it in the window (Providers) or with POST /api/providers; configured: " + strings.Join(r.names, ", "))
		}
		return nil, "", invalidModel("provider is required in model field (format: provider/model) — no providers found for model \"" + model + "\" in model catalog to auto-resolve; write " + r.example(model))
	default:
		return nil, "", invalidModel("several providers list the model \"" + model + "\": write " + strings.Join(prefixed(found, model), " or "))
	}
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

// attempted is what one attempt needs in memory, in one piece.
type attempted struct {
	call  providers.Call
	reply exchange.Reply
}

// attempt makes one call and writes it into the record.
func (r *Router) attempt(ctx context.Context, x *exchange.Exchange, p *Provider, credential providers.Credential, model string) (*exchange.Reply, error) {
	one := &attempted{}
	call := &one.call
	*call = providers.Call{
		Target: &p.Target, Credential: credential, Model: model,
		Client: x.Dialect(), Dialect: r.dialect, Raw: x.Raw, Peek: x.Peek, Edited: x.Edited(),
		Request: x.Request, Header: x.Header.Get, Keep: r.keep,
	}
	begun := time.Now()
	answer, err := call.Do(ctx)
	rec := x.Record
	if err != nil || answer.Seen.First.IsZero() {
		rec.Upstream = time.Since(begun)
	} else {
		rec.Upstream = answer.Seen.First.Sub(begun)
	}
	if err != nil {
		e := llm.AsError(err)
		rec.Attempts = append(rec.Attempts, exchange.Attempt{Provider: p.Name, Model: model, KeyID: credential.KeyID,
			KeyName: credential.KeyName, Status: e.Status, Error: e.Message, Duration: rec.Upstream})
		return nil, err
	}
	rec.UpstreamDialect = answer.Seen.Dialect
	rec.Warnings = answer.Seen.Warnings
	rec.Attempts = append(rec.Attempts, exchange.Attempt{Provider: p.Name, Model: model, KeyID: credential.KeyID,
		KeyName: credential.KeyName, Status: answer.Status, Duration: rec.Upstream})
	reply := &one.reply
	*reply = exchange.Reply{Status: answer.Status, ContentType: answer.ContentType, Forward: answer.Forward,
		Body: answer.Body, Release: answer.Release}
	if answer.Stream == nil {
		saw(rec, answer.Seen, x.Start)
		return reply, nil
	}
	reply.Stream = &ending{ReadCloser: answer.Stream, end: func() {
		rec.Upstream = time.Since(begun)
		rec.Warnings = answer.Seen.Warnings
		saw(rec, answer.Seen, x.Start)
		p.Gate.Leave()
	}}
	return reply, nil
}

// saw copies what was seen of an answer into the record.
func saw(rec *exchange.Record, seen *providers.Seen, start time.Time) {
	rec.Response = exchange.Body{Data: seen.Kept, Size: seen.Size}
	if !seen.First.IsZero() {
		rec.TTFT = seen.First.Sub(start)
	}
	rec.Usage, rec.HasUsage, rec.Finish = seen.Scan.Usage, seen.Scan.HasUsage, seen.Scan.Finish
	if seen.Err != nil {
		rec.Error = seen.Err
	}
}

// ending is a stream that says once when it is closed.
type ending struct {
	io.ReadCloser
	end func()
}

func (e *ending) Close() error {
	err := e.ReadCloser.Close()
	if e.end != nil {
		e.end()
		e.end = nil
	}
	return err
}
