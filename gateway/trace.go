package gateway

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"time"

	"heimdall/gateway/compat"
	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
	"heimdall/providers/timing"
)

// tracer opens the record of every inference exchange and closes it, however the exchange ends.
type tracer struct {
	observers exchange.Observer
	log       *slog.Logger
	ids       *callerIDs
	spent     func(exchange.Spent) // hears of what exchanges without a Caller used
	bodies    int64                // how much of a body the record keeps; 0 = none
	version   int64
	noBodies  bool // unless the virtual key, or the caller where override says so, wants them kept
	override  bool
	tracing   bool     // every exchange belongs to a trace, also where the client has none
	metadata  []string // header fields that go into the log, lower case
	apps      func(userAgent string) string
}

// open is middleware that opens the record and writes into it how the handlers behind it end.
func (t *tracer) open(next exchange.Handler) exchange.Handler {
	return func(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
		x.Record = t.begin(x)
		reply, err := t.run(ctx, x, next)
		if err != nil {
			t.fail(ctx, x, err)
			return nil, err
		}
		x.Record.HTTPStatus = reply.Status
		if reply.Stream == nil {
			x.Record.Status = exchange.StatusSuccess
		}
		return reply, nil
	}
}

// close is middleware, the outermost: it writes what the client gets into the record, and ends it.
func (t *tracer) close(next exchange.Handler) exchange.Handler {
	return func(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
		reply, err := next(ctx, x)
		if err != nil || x.Record == nil {
			return reply, err
		}
		rec := x.Record
		if rec.Trace.ID != ([16]byte{}) {
			reply.Header = append(reply.Header, exchange.Field{Name: traceHeader, Value: hex.EncodeToString(rec.Trace.ID[:])})
		}
		if reply.Stream == nil {
			rec.Answer = t.cut(reply.Body)
			t.end(x)
			return reply, nil
		}
		reply.Stream = &traced{ReadCloser: reply.Stream, t: t, ctx: ctx, x: x, verbatim: reply.Verbatim}
		return reply, nil
	}
}

// traceHeader tells the client the id of the trace that its request belongs to.
const traceHeader = "X-Bifrost-Trace-Id"

// begin begins the record. Its time is as exact as the log keeps it, so that a row is the same live and stored.
func (t *tracer) begin(x *exchange.Exchange) *exchange.Record {
	rec := &exchange.Record{
		ID: x.ID, Time: x.Start.Truncate(time.Microsecond), Op: x.Row.Op, Dialect: x.Spoken(), Method: x.Method, Path: x.Path,
		Status: exchange.StatusProcessing, UserAgent: x.Header.Get("User-Agent"), ConfigVersion: t.version,
		SessionID: compat.Session(x.Header), Metadata: compat.Metadata(x.Header, t.metadata), ParentID: x.Parent, Process: x.Process,
		NoBodies: t.noBodies,
	}
	rec.App = t.apps(rec.UserAgent)
	if x.OwnID {
		rec.ID = t.ids.place(x.ID)
	}
	if own, ok := exchange.ContinueTrace(x.Header.Get("Traceparent")); ok {
		rec.Trace = own
	} else if t.tracing {
		rec.Trace = exchange.NewTrace()
	}
	rec.Request = t.cut(x.Raw)
	if h, ok := x.Header.(interface{ Lines() []byte }); ok && t.bodies > 0 {
		rec.Header = h.Lines()
	}
	return rec
}

// cut is what the record keeps of a body.
func (t *tracer) cut(body []byte) exchange.Body {
	return exchange.Body{Data: body[:min(int64(len(body)), t.bodies)], Size: int64(len(body))}
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
	x.Lap(exchange.PhaseRead)
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
		rec.Response = t.cut(e.Raw)
	}
	if e.Kind == llm.KindInternal && e.Cause != nil {
		t.log.Error("a request failed inside the gateway", "id", x.ID, "error", e.Cause)
	}
}

// endStream ends the record of a stream. whole is false where the client did not read it to its end.
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
	if t.override {
		switch x.Header.Get("X-Bf-Disable-Content-Logging") {
		case "true":
			rec.NoBodies = true
		case "false":
			rec.NoBodies = false
		}
	}
	if rec.NoBodies {
		rec.Request.Data, rec.Sent.Data, rec.Response.Data, rec.Answer.Data = nil, nil, nil, nil
		rec.Header, rec.ResponseHeader = nil, nil
	}
	if x.Caller == nil && rec.HasUsage && rec.Op != llm.OpCountTokens {
		t.spent(exchange.Spent{Usage: rec.Usage, Cost: rec.Cost.Total, Priced: rec.Cost.Known})
	}
	x.Announce()
	t.observers.End(rec)
}

// traced is a streamed answer on its way to the client. It notes when what of it goes out, and knows whether it was read
// to its end.
type traced struct {
	io.ReadCloser
	t        *tracer
	ctx      context.Context
	x        *exchange.Exchange
	verbatim bool // what it gives is what the record has of the provider anyway

	whole, ended bool
	size         int64
	kept         []byte
	marks        timing.Marks
}

// Read fences panics in like run does: what decodes and encodes a stream runs here.
func (s *traced) Read(p []byte) (n int, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			n, err = 0, fmt.Errorf("panic while streaming: %v\n%s", cause, debug.Stack())
			s.x.Record.Error = llm.AsError(err)
		}
	}()
	n, err = s.ReadCloser.Read(p)
	if n > 0 {
		s.saw(p[:n])
	}
	if errors.Is(err, io.EOF) {
		s.whole = true
	}
	return n, err
}

func (s *traced) saw(p []byte) {
	s.marks.Add(len(p), time.Since(s.x.Start))
	s.size += int64(len(p))
	if room := s.t.bodies - int64(len(s.kept)); room > 0 && !s.verbatim {
		s.kept = append(s.kept, p[:min(room, int64(len(p)))]...)
	}
}

func (s *traced) Close() error {
	err := s.ReadCloser.Close()
	if !s.ended {
		s.ended = true
		rec := s.x.Record
		rec.AnswerMarks = s.marks.Bytes()
		rec.Answer = exchange.Body{Data: s.answer(), Size: s.size}
		s.t.endStream(s.ctx, s.x, s.whole)
	}
	return err
}

// answer is what the log keeps of what went out.
func (s *traced) answer() []byte {
	if !s.verbatim {
		return s.kept
	}
	rec := s.x.Record
	came := rec.Response
	if s.size <= came.Size || came.Cut() || rec.Error == nil {
		return came.Data[:min(s.size, int64(len(came.Data)))]
	}
	frame := s.x.Dialect().Server.ErrorFrame(rec.Error) // which the provider did not send
	return append(came.Data[:len(came.Data):len(came.Data)], frame...)
}
