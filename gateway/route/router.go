package route

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers"
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

// Options is what a router works with.
type Options struct {
	Providers []*Provider
	Catalog   *Catalog
	Dialect   func(name string) (dialect.Dialect, bool)
	Keep      int // how many bytes of a streamed answer the record gets

	// Own is true where a client may call a provider that has no key with a credential of its own; Authorization where
	// that header field may be it, because the gateway wants none for itself there.
	Own, Authorization bool
	// AskRaw is true where a client may ask to see the bodies of its call with a header field.
	AskRaw bool
	// Extra gives the header fields that the client wants to be sent to the provider; nil = there are none.
	Extra func(exchange.Header) []transport.Field
}

// Router serves exchanges with one set of providers. A new configuration makes a new one.
type Router struct {
	Options
	providers map[string]*Provider
	names     []string // sorted
}

// New makes a router.
func New(o Options) *Router {
	r := &Router{Options: o, providers: map[string]*Provider{}}
	for _, p := range o.Providers {
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
	credential, err := r.credential(x, p, model)
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

// credential takes one of the provider's keys; where it has none for this, the client's own if that is allowed.
func (r *Router) credential(x *exchange.Exchange, p *Provider, model string) (providers.Credential, error) {
	c, err := p.key(model, x.KeyID)
	if err == nil || !r.Own || p.Name != x.Row.Provider || llm.AsError(err).Kind != llm.KindNoCredentials {
		return c, err
	}
	for _, name := range p.Features.Own {
		v := x.Header.Get(name)
		if v == "" || managed(v) || strings.EqualFold(name, "Authorization") && !r.Authorization {
			continue
		}
		c.Own = append(c.Own, transport.Field{Name: name, Value: v})
	}
	if len(c.Own) == 0 {
		return c, err
	}
	c.KeyName = "the client's own"
	return c, nil
}

// managed reports whether a credential is one of the gateway's own, which no provider may see.
func managed(value string) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimPrefix(value, "Bearer ")), "sk-bf-")
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
		Target: &p.Target, Credential: credential, Op: x.Row.Op, Model: model,
		Client: x.Dialect(), Dialect: r.Dialect, Raw: x.Raw, Peek: x.Peek, Params: x.Params, Query: x.Query, Edited: x.Edited(),
		Request: x.Request, Header: x.Header.Get, Each: x.Header.Each, Keep: r.Keep,
	}
	if r.Extra != nil {
		call.Add = r.Extra(x.Header)
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
	r.show(x, p, answer)
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

// show keeps the bodies of the call for the client, where the provider's settings or the request say so.
func (r *Router) show(x *exchange.Exchange, p *Provider, a *providers.Answer) {
	want := p.Raw
	if r.AskRaw {
		want.Request = asked(x.Header, "X-Bf-Send-Back-Raw-Request", want.Request)
		want.Response = asked(x.Header, "X-Bf-Send-Back-Raw-Response", want.Response)
	}
	if want.Request {
		x.Shown.Request = a.Seen.Sent
	}
	if want.Response && a.Stream == nil {
		x.Shown.Response = bytes.Clone(a.Seen.Kept)
	}
}

func asked(h exchange.Header, name string, otherwise bool) bool {
	switch h.Get(name) {
	case "true":
		return true
	case "false":
		return false
	}
	return otherwise
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
