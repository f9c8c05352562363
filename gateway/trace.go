package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// tracer opens the record of every inference exchange and closes it, however the exchange ends.
type tracer struct {
	observers exchange.Observer
	log       *slog.Logger
	ids       *callerIDs
	spent     func(exchange.Spent) // hears of what exchanges without a Caller used
	bodies    int64                // how much of a body the record keeps; 0 = none
	version   int64
}

// wrap is the tracer as middleware: outermost but for the decoration, so that what it records is what happened.
func (t *tracer) wrap(next exchange.Handler) exchange.Handler {
	return func(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
		x.Record = t.open(x)
		reply, err := t.run(ctx, x, next)
		if err != nil {
			t.fail(ctx, x, err)
			t.end(x)
			return nil, err
		}
		x.Record.HTTPStatus = reply.Status
		if reply.Stream == nil {
			x.Record.Status = exchange.StatusSuccess
			t.end(x)
			return reply, nil
		}
		reply.Stream = &traced{
			ReadCloser: reply.Stream,
			panicked:   func(err error) { x.Record.Error = llm.AsError(err) },
			end:        func(whole bool) { t.endStream(ctx, x, whole) },
		}
		return reply, nil
	}
}

// open begins the record. Its time is as exact as the log keeps it, so that a row is the same live and stored.
func (t *tracer) open(x *exchange.Exchange) *exchange.Record {
	rec := &exchange.Record{
		ID: x.ID, Time: x.Start.Truncate(time.Microsecond), Op: x.Row.Op, Dialect: x.Spoken(), Method: x.Method, Path: x.Path,
		Status: exchange.StatusProcessing, UserAgent: x.Header.Get("User-Agent"), ConfigVersion: t.version,
		SessionID: session(x.Header),
	}
	if x.OwnID {
		rec.ID = t.ids.place(x.ID)
	}
	rec.Request.Size = int64(len(x.Raw))
	rec.Request.Data = x.Raw[:min(int64(len(x.Raw)), t.bodies)]
	return rec
}

// session is the caller's own name for a run of requests that belong together.
func session(h exchange.Header) string {
	for _, name := range [...]string{"X-Bf-Session-Id", "X-Claude-Code-Session-Id"} {
		if v := h.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// run peeks at the body and goes on; the observers hear of the exchange once it is known where it goes. A panic becomes
// an error of this one exchange.
func (t *tracer) run(ctx context.Context, x *exchange.Exchange, next exchange.Handler) (reply *exchange.Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			t.log.Error("a request failed inside the gateway", "id", x.ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			reply, err = nil, llm.Errorf(llm.KindInternal, "internal error; the log has the details under this request's id")
		}
	}()
	x.Peek, err = x.Dialect().Server.Peek(x.Named(), x.Raw)
	x.Record.RequestedModel, x.Record.Stream = x.Asked(), x.Peek.Stream
	x.OnAnnounce(func() { t.observers.Begin(x.Record) })
	if err != nil {
		return nil, err
	}
	return next(ctx, x)
}

// fail writes an error into the record. Where the client left, that is what happened, whatever broke because of it.
func (t *tracer) fail(ctx context.Context, x *exchange.Exchange, err error) {
	var cause *llm.Error
	if errors.As(context.Cause(ctx), &cause) {
		err = cause
	}
	e := llm.AsError(err)
	rec := x.Record
	rec.Error, rec.HTTPStatus, rec.Status = e, e.Status, exchange.StatusError
	if e.Kind == llm.KindCancelled {
		rec.Status = exchange.StatusCancelled
	}
	if rec.Response.Size == 0 {
		rec.Response.Size = int64(len(e.Raw))
		rec.Response.Data = e.Raw[:min(int64(len(e.Raw)), t.bodies)]
	}
	if e.Kind == llm.KindInternal && e.Cause != nil {
		t.log.Error("a request failed inside the gateway", "id", x.ID, "error", e.Cause)
	}
}

func (t *tracer) endStream(ctx context.Context, x *exchange.Exchange, whole bool) {
	rec := x.Record
	switch {
	case rec.Error != nil:
		t.fail(ctx, x, rec.Error)
		rec.HTTPStatus = 200
	case !whole:
		t.fail(ctx, x, &llm.Error{Kind: llm.KindCancelled, Status: 499, Message: "the client hung up before the answer was complete"})
		rec.HTTPStatus = 200
	default:
		rec.Status = exchange.StatusSuccess
	}
	t.end(x)
}

func (t *tracer) end(x *exchange.Exchange) {
	rec := x.Record
	rec.Latency = time.Since(x.Start)
	if int64(len(rec.Response.Data)) > t.bodies {
		rec.Response.Data = rec.Response.Data[:t.bodies]
	}
	if rec.NoBodies {
		rec.Request.Data, rec.Response.Data = nil, nil
	}
	if x.Caller == nil && rec.HasUsage && rec.Op != llm.OpCountTokens {
		t.spent(exchange.Spent{Usage: rec.Usage, Cost: rec.Cost.Total, Priced: rec.Cost.Known})
	}
	x.Announce()
	t.observers.End(rec)
}

// traced is a stream that knows whether it was read to its end.
type traced struct {
	io.ReadCloser
	whole    bool
	panicked func(error)
	end      func(whole bool)
}

// Read fences panics in like run does: what decodes and encodes a stream runs here.
func (s *traced) Read(p []byte) (n int, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			n, err = 0, fmt.Errorf("panic while streaming: %v\n%s", cause, debug.Stack())
			s.panicked(err)
		}
	}()
	n, err = s.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		s.whole = true
	}
	return n, err
}

func (s *traced) Close() error {
	err := s.ReadCloser.Close()
	if s.end != nil {
		s.end(s.whole)
		s.end = nil
	}
	return err
}
