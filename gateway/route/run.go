package route

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers"
	"heimdall/providers/llm"
	"heimdall/providers/timing"
)

// run is one exchange on its way: what its calls need in memory, in one piece. It is the stream of a streamed answer.
type run struct {
	r    *Router
	x    *exchange.Exchange
	plan plan

	at      candidate // that is served
	pool    pool
	retries retries
	session session
	age     time.Duration

	call   providers.Call
	timing timing.Attempt
	answer *providers.Answer
	reply  exchange.Reply
	stream io.ReadCloser
	begun  time.Time // the first call
	calls  int
	passed []llm.Warning // of the fallbacks

	inside bool        // has a place at the gate
	probes [2]*breaker // of the provider and of the key, where this call tries them
	hold   exchange.Hold
	need   exchange.Need
}

// facts are what the record says of the candidate that an exchange ends with.
type facts struct {
	provider, model, keyID, keyName string
	aliased                         bool
}

func factsOf(rec *exchange.Record) facts {
	return facts{rec.Provider, rec.Model, rec.KeyID, rec.KeyName, rec.Aliased}
}

// others tries the fallbacks, and the first candidate among them where it was not tried yet: firstErr is nil then. If
// all fail, the first candidate's error is that of the exchange.
func (o *run) others(ctx context.Context, firstErr error) (*exchange.Reply, error) {
	rec, first := o.x.Record, o.plan.first
	list, passed := o.r.fallbacks(o.x, &o.plan)
	o.passed = passed
	if firstErr == nil {
		list = append([]candidate{first}, list...)
	}
	list, well := o.r.ordered(list)
	if firstErr == nil && list[0].index > 0 {
		o.say(first.up.Name + " is left out for now: " + first.up.breaker.show().LastError)
	}
	failed := factsOf(rec)
	rec.Warnings = passed
	for i, c := range list {
		if c.index > 0 {
			rec.PrimaryProvider, rec.PrimaryModel = first.up.Name, first.model
			o.say("fallback " + strconv.Itoa(c.index) + ": " + c.up.Name + "/" + c.model)
		}
		reply, err := o.serve(ctx, c, i >= well)
		if err == nil {
			return reply, nil
		}
		e := llm.AsError(err)
		if e.Kind == llm.KindCancelled {
			return nil, err
		}
		if c.index == 0 {
			firstErr, failed = err, factsOf(rec)
			if !e.Fallback() {
				break
			}
		}
	}
	rec.Provider, rec.Model, rec.KeyID, rec.KeyName, rec.Aliased = failed.provider, failed.model, failed.keyID, failed.keyName, failed.aliased
	rec.Fallback, rec.PrimaryProvider, rec.PrimaryModel = 0, "", ""
	return nil, firstErr
}

func (o *run) say(message string) {
	o.x.Record.Routing = append(o.x.Record.Routing, exchange.Step{Engine: "core", Message: message})
}

// serve makes the calls that a candidate takes. once is true where it is better left alone: then one must do.
func (o *run) serve(ctx context.Context, c candidate, once bool) (*exchange.Reply, error) {
	rec := o.x.Record
	rec.Provider, rec.Model, rec.Aliased, rec.KeyID, rec.KeyName, rec.Fallback = c.up.Name, c.model, false, "", "", c.index
	if err := o.allowed(c); err != nil {
		return nil, err
	}
	o.at = c
	o.pool = pool{up: c.up, model: c.model, pin: c.pin}
	if o.x.Caller != nil {
		o.pool.only = o.x.Caller.Keys(c.up.Name)
	}
	o.retries = retries{policy: c.up.Retry, keys: &o.pool, key: -1, once: once, draw: o.r.Draw}
	o.prepare()
	if err := o.begin(); err != nil {
		return nil, err
	}
	for {
		o.x.Announce()
		reply, called, err := o.attempt(ctx)
		if err == nil {
			o.bind()
			return reply, nil
		}
		if !called {
			return nil, err
		}
		pause, again := o.retries.after(llm.AsError(err))
		switch {
		case o.retries.gone:
			return nil, exhausted(c.up.Name, err)
		case !again && o.retries.limit != nil && rejected(llm.AsError(err)):
			return nil, o.retries.limit // keys are left, which are used too much
		case !again:
			return nil, err
		}
		if err := o.next(ctx, pause); err != nil {
			return nil, err
		}
		rec.Retries++
	}
}

// allowed asks whether the sender may have the candidate. For what names no model only the provider counts.
func (o *run) allowed(c candidate) error {
	if o.x.Caller == nil {
		return nil
	}
	err := o.x.Caller.May(c.up.Name, c.model)
	if err != nil && c.model == "" && llm.AsError(err).Kind == llm.KindModelBlocked {
		return nil
	}
	return err
}

// next waits for the next call of the candidate, and chooses its key.
func (o *run) next(ctx context.Context, pause time.Duration) error {
	if ctx.Err() != nil {
		return gone(ctx)
	}
	if pause > 0 {
		if err := o.r.Wait(ctx, pause); err != nil {
			return gone(ctx)
		}
	}
	if !o.retries.move {
		return nil
	}
	i, _, err := o.pool.choose(o.r.Draw)
	if err != nil {
		return err
	}
	o.use(i)
	return nil
}

// gone is the error of a client that left, or of a gateway that stops.
func gone(ctx context.Context) error {
	var known *llm.Error
	if errors.As(context.Cause(ctx), &known) {
		return known
	}
	return &llm.Error{Kind: llm.KindCancelled, Status: 499, Type: "request_cancelled", Message: "request cancelled by caller"}
}

// exhausted is the error where the provider takes none of the keys.
func exhausted(provider string, err error) error {
	last := llm.AsError(err)
	return &llm.Error{Kind: llm.KindNoCredentials, Status: 502, Type: "upstream_credentials_exhausted", Code: "upstream_credentials_exhausted",
		Message: fmt.Sprintf("%s takes none of the keys that may serve this request; it says (status %d): %s", provider, last.Status, last.Message), Cause: err}
}

// attempt makes one call and writes it into the record. called is false where it never came to it.
func (o *run) attempt(ctx context.Context) (_ *exchange.Reply, called bool, _ error) {
	up, rec := o.at.up, o.x.Record
	asked, attempt := time.Now(), len(rec.Attempts)+1
	if err := up.Gate.Enter(ctx, up.Name); err != nil {
		return nil, false, err
	}
	if o.inside = true; up.Gate != nil {
		entered := time.Now()
		o.x.Span(exchange.PhaseQueue, attempt, asked, entered)
		asked = entered
	}
	streaming := false
	defer func() { // also where the call panics
		if !streaming {
			o.end(exchange.Spent{})
		}
	}()
	if err := o.reserve(); err != nil {
		return nil, false, err
	}
	o.probe()
	begun := time.Now()
	if o.begun.IsZero() {
		o.begun = begun
	}
	if o.hold != nil {
		o.x.Span(exchange.PhaseAdmit, attempt, asked, begun)
	}
	o.timing = timing.Attempt{}
	answer, err := o.call.Do(ctx)
	over := time.Now()
	if err == nil && !answer.First.IsZero() {
		over = answer.First
	}
	rec.Upstream = over.Sub(o.begun)
	o.spans(attempt, begun, over)
	o.sent()
	one := exchange.Attempt{Provider: up.Name, Model: o.call.Model, KeyID: rec.KeyID, KeyName: rec.KeyName, Fallback: o.at.index, Duration: over.Sub(begun)}
	if err != nil {
		e := llm.AsError(err)
		one.Status, one.Error, one.Kind = e.Status, e.Message, e.Kind
		rec.Attempts = append(rec.Attempts, one)
		o.judge(e)
		o.end(o.failed())
		return nil, true, err
	}
	one.Status = answer.Status
	rec.Attempts = append(rec.Attempts, one)
	o.well()
	streaming = answer.Stream != nil
	return o.answered(answer), true, nil
}

// answered makes the reply of an answer.
func (o *run) answered(a *providers.Answer) *exchange.Reply {
	rec := o.x.Record
	o.answer = a
	o.show(a)
	rec.UpstreamDialect = a.Seen.Dialect
	rec.Warnings = o.warnings(a.Warnings)
	o.keepHeader(a.Forward)
	o.reply = exchange.Reply{Status: a.Status, ContentType: a.ContentType, Forward: a.Forward, Body: a.Body, Release: a.Release, Verbatim: a.Verbatim}
	if a.Stream != nil {
		o.stream = a.Stream
		o.reply.Stream = o
		return &o.reply
	}
	from := time.Now()
	o.saw(a.Seen)
	o.end(spent(rec.Usage, rec.Cost))
	o.x.Span(exchange.PhaseSettle, 0, from, time.Now())
	return &o.reply
}

// warnings are those of the fallbacks and of the answer.
func (o *run) warnings(answer []llm.Warning) []llm.Warning {
	if len(o.passed) == 0 {
		return answer
	}
	return append(slices.Clip(o.passed), answer...)
}

// Read reads the streamed answer.
func (o *run) Read(p []byte) (int, error) { return o.stream.Read(p) }

// Close ends the streamed answer.
func (o *run) Close() error {
	if o.stream == nil {
		return nil
	}
	err := o.stream.Close()
	o.stream = nil
	rec, seen := o.x.Record, o.answer.Seen
	over := time.Now()
	rec.Upstream = over.Sub(o.begun)
	if !seen.First.IsZero() {
		o.x.Span(exchange.PhaseStream, len(rec.Attempts), seen.First, over)
	}
	rec.ResponseMarks = seen.Marks.Bytes()
	rec.Warnings = o.warnings(seen.Warnings)
	o.saw(seen)
	if seen.Err != nil {
		o.judge(seen.Err)
	}
	used, cost := rec.Usage, rec.Cost
	if !rec.HasUsage && !seen.Scan.Done && o.hold != nil {
		used = o.likely(seen)
		cost = o.price(used)
	}
	o.end(spent(used, cost))
	o.x.Span(exchange.PhaseSettle, 0, over, time.Now())
	return err
}

// saw copies what was seen of an answer into the record.
func (o *run) saw(seen *providers.Seen) {
	rec := o.x.Record
	rec.Response = exchange.Body{Data: seen.Kept, Size: seen.Size}
	if !seen.First.IsZero() {
		rec.TTFT = seen.First.Sub(o.x.Start)
	}
	rec.Usage, rec.HasUsage, rec.Finish = seen.Scan.Usage, seen.Scan.HasUsage, seen.Scan.Finish
	if seen.Err != nil {
		rec.Error = seen.Err
	}
	if rec.HasUsage && !free(o.x.Row.Op) {
		rec.Cost = o.price(rec.Usage)
	}
}
