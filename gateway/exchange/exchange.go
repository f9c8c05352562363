package exchange

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"time"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// Exchange is one request and everything known about it. It is used by one goroutine at a time.
type Exchange struct {
	ID      string
	OwnID   bool // the caller chose the ID
	Row     *Row
	Method  string
	Path    string
	Query   url.Values        // nil where the URL has none
	Params  map[string]string // the row's {names}; nil where it has none
	Header  Header
	Raw     []byte                   // the body; valid until the reply has been written
	Peer    net.Addr                 // who calls
	Process *atomic.Pointer[Process] // the program there; nil = it is not on this machine, or nobody looks. Load gives nil until it was found
	Start   time.Time
	Peek    dialect.Peek
	KeyID   string  // pins the call to one key; "" = any that fits
	Shown   Shown   // what the client wants to see of the call beside the answer
	Caller  Caller  // what the sender may reach and spend; nil = everything
	Parent  string  // the logged request that this one repeats; "" = none
	Record  *Record // nil on rows that are not logged

	dialect  dialect.Dialect
	decoded  *llm.Request
	dirty    bool
	announce func()
	lap      time.Time // the last one
}

// Shown are the bodies of the call to the provider, where the client may see them; nil = not.
type Shown struct{ Request, Response []byte }

// Header is the header of a request, valid until the reply has been written. Names are case-insensitive. Get returns ""
// where there is no such field; HasPrefix reports whether any field's name begins with prefix, and Each walks those that
// do.
type Header interface {
	Get(name string) string
	HasPrefix(prefix string) bool
	Each(prefix string, f func(name, value string))
}

// SetDialect tells the exchange which dialect its body is in; Request needs it.
func (x *Exchange) SetDialect(d dialect.Dialect) { x.dialect = d }

// Dialect is the dialect that the client speaks.
func (x *Exchange) Dialect() dialect.Dialect { return x.dialect }

// Named is what the path and the query say of the request.
func (x *Exchange) Named() dialect.Path {
	return dialect.Path{Model: x.Params["model"], Stream: x.Row.Stream || x.Row.Method == "GET" && x.Query.Get("stream") == "true"}
}

// Asked is the model that the client wants, as it wrote it: the path counts more than the body.
func (x *Exchange) Asked() string {
	model := x.Params["model"]
	if model == "" {
		return x.Peek.Model
	}
	if provider := x.Params["provider"]; provider != "" {
		return provider + "/" + model
	}
	return model
}

// Spoken names the dialect of the client.
func (x *Exchange) Spoken() string {
	if x.Row.Plain != "" && x.Query.Get("alt") != "sse" {
		return x.Row.Plain
	}
	return x.Row.Dialect
}

// Request is the canonical view of the body, decoded at the first call. why names who needs it and ends up in the
// record: mcp, semantic cache, plugin, rewriter or cross-dialect attempt.
func (x *Exchange) Request(why string) (*llm.Request, error) {
	if x.decoded != nil {
		return x.decoded, nil
	}
	r, err := x.dialect.Server.DecodeRequest(x.Named(), x.Raw)
	if err != nil {
		return nil, err
	}
	x.decoded = r
	if x.Record != nil {
		x.Record.DecodedBecause = why
	}
	return r, nil
}

// Edit changes the canonical view; from then on the call is encoded from it, even in the client's own dialect.
func (x *Exchange) Edit(why string, edit func(*llm.Request)) error {
	r, err := x.Request(why)
	if err != nil {
		return err
	}
	edit(r)
	x.dirty = true
	return nil
}

// OnAnnounce sets what Announce does, once.
func (x *Exchange) OnAnnounce(f func()) { x.announce = f }

// Announce says that it is known where the exchange goes: from now on its record is worth showing. Calls after the
// first do nothing.
func (x *Exchange) Announce() {
	if f := x.announce; f != nil {
		x.announce = nil
		x.Record.First = Place{x.Record.Provider, x.Record.Model, x.Record.KeyID, x.Record.KeyName}
		f()
	}
}

// Span notes in the record what the time between two moments was for. Attempt counts the calls of providers from 1.
func (x *Exchange) Span(p Phase, attempt int, from, until time.Time) {
	if x.Record == nil {
		return
	}
	if x.Record.Spans == nil {
		x.Record.Spans = make([]Span, 0, 8)
	}
	x.Record.Spans = append(x.Record.Spans, Span{p, attempt, from.Sub(x.Start), until.Sub(from)})
}

// Lap notes that the time since the last Lap, at first since the exchange's beginning, was for p.
func (x *Exchange) Lap(p Phase) {
	from, now := x.lap, time.Now()
	if from.IsZero() {
		from = x.Start
	}
	x.lap = now
	x.Span(p, 0, from, now)
}

// Lapped is middleware that ends a lap when an exchange gets so far.
func Lapped(p Phase) Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, x *Exchange) (*Reply, error) {
			x.Lap(p)
			return next(ctx, x)
		}
	}
}

// Edited reports whether Edit was called.
func (x *Exchange) Edited() bool { return x.dirty }

// Handler answers an exchange. An error is rendered in the dialect of the exchange's row.
type Handler func(ctx context.Context, x *Exchange) (*Reply, error)

// Middleware wraps a handler; it may change or stop an exchange.
type Middleware func(next Handler) Handler

// Chain wraps h so that the first middleware is the outermost.
func Chain(h Handler, ms ...Middleware) Handler {
	for i := len(ms) - 1; i >= 0; i-- {
		h = ms[i](h)
	}
	return h
}

// Reply is an answer: Body, or Stream where it is not nil. Whoever writes a reply closes the stream.
type Reply struct {
	Status      int
	ContentType string
	Header      []Field
	Forward     func(func(name, value []byte)) // an upstream's header; nil where there is none
	Body        []byte
	Stream      io.ReadCloser

	// Socket talks to a client that asked for a websocket, until it returns; nil = the answer is no websocket. A client
	// that did not ask for one gets an error in place of it.
	Socket func(Socket)

	// Release gives Body back to whoever lent it; nil where nobody did.
	Release func()

	// Verbatim says that Stream gives the provider's bytes as they are, but for an error frame at its end.
	Verbatim bool
}

// Field is one header field.
type Field struct{ Name, Value string }

// Observer sees every record at its beginning and at its end. It can neither block nor change anything: both calls
// return at once and keep no reference to the record's bodies after they return.
type Observer interface {
	Begin(*Record)
	End(*Record)
}

// Observers is a list of observers that is itself one.
type Observers []Observer

func (o Observers) Begin(r *Record) {
	for _, one := range o {
		one.Begin(r)
	}
}

func (o Observers) End(r *Record) {
	for _, one := range o {
		one.End(r)
	}
}
