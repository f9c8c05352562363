package cassette

import (
	"context"
	"fmt"
	"io"
	"net/textproto"
	"sync"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/catalog"
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// Handler is the end of the chain while a cassette plays: it answers every exchange from it, and calls nobody.
func (p *Player) Handler() exchange.Handler { return p.handle }

func (p *Player) handle(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	q := question{method: x.Method, path: x.Path, dialect: x.Spoken(), body: normal(x.Raw)}
	r, take, of := p.find(q)
	if r == nil {
		return nil, p.miss(q)
	}
	body, err := p.body(r.folder, r.Response.Body)
	if err != nil {
		return nil, fmt.Errorf("play recording %s: %w", r.folder, err)
	}
	p.announce(x, r, take, of)
	t := &tape{ctx: ctx, begun: x.Start, at: r.pace(p.speed), ended: make(chan struct{})}
	if err := t.wait(); err != nil {
		return nil, err
	}
	if r.Response.Status >= 400 {
		return nil, r.failure(x, body)
	}
	return r.reply(x, t, body), nil
}

// find is the recording that answers a question: the first time its first, and so on; the last one stays.
func (p *Player) find(q question) (r *recording, take, of int) {
	k := q.key()
	takes := p.takes[k]
	if len(takes) == 0 {
		return nil, 0, 0
	}
	p.mu.Lock()
	n := min(p.played[k], len(takes)-1)
	p.played[k]++
	p.mu.Unlock()
	return &p.recordings[takes[n]], n + 1, len(takes)
}

// announce writes into the record where the answer comes from. It costs nothing, whatever it once did.
func (p *Player) announce(x *exchange.Exchange, r *recording, take, of int) {
	rec := x.Record
	rec.Provider, rec.Model = r.Response.Provider, r.Response.Model
	rec.Cost = catalog.Cost{Known: true}
	message := fmt.Sprintf("recording %s of the cassette %q answers; no provider is called", r.folder, p.name)
	if of > 1 {
		message += fmt.Sprintf(" (take %d of %d)", take, of)
	}
	rec.Routing = append(rec.Routing, exchange.Step{Engine: "core", Message: message})
	// What was recorded has all that the gateway adds to answers.
	row := *x.Row
	row.Decorate = exchange.DecorateNever
	x.Row = &row
	x.Announce()
}

// reply is a recorded answer.
func (r *recording) reply(x *exchange.Exchange, t *tape, body []byte) *exchange.Reply {
	rec, d := x.Record, x.Dialect()
	rec.UpstreamDialect = x.Spoken()
	rec.Response = exchange.Body{Data: body, Size: int64(len(body))}
	rec.TTFT = time.Since(x.Start)
	out := &exchange.Reply{Status: r.Response.Status, ContentType: r.Response.ContentType}
	for _, f := range r.Response.Header {
		out.Header = append(out.Header, exchange.Field{Name: f.Name, Value: f.Value})
	}
	scan := r.scan(d, body)
	rec.Usage, rec.HasUsage, rec.Finish, rec.Error = scan.Usage, scan.HasUsage, scan.Finish, scan.Err
	if f := r.Response.Error; f != nil && rec.Error == nil {
		rec.Error = &llm.Error{Kind: f.Kind, Status: f.Kind.Status(), Type: f.Type, Code: f.Code, Message: f.Message}
	}
	if !r.Response.Stream {
		out.Body = body
		return out
	}
	t.frames = frames(d, true, body)
	out.Stream, out.Verbatim = t, true
	return out
}

func (r *recording) scan(d dialect.Dialect, body []byte) dialect.Scan {
	if !r.Response.Stream {
		return d.Client.Scan(body)
	}
	tee := d.Client.Tee()
	tee.Feed(body)
	return tee.Result()
}

// failure is a recorded error.
func (r *recording) failure(x *exchange.Exchange, body []byte) error {
	header := map[string]string{}
	for _, f := range r.Response.Header {
		header[textproto.CanonicalMIMEHeaderKey(f.Name)] = f.Value
	}
	e := x.Dialect().Client.DecodeError(r.Response.Status, func(name string) string { return header[textproto.CanonicalMIMEHeaderKey(name)] }, body)
	if f := r.Response.Error; f != nil {
		e.Kind, e.Type, e.Code, e.Message = f.Kind, f.Type, f.Code, f.Message
		if f.RetryAfterMS > 0 {
			e.RetryAfter = time.Duration(f.RetryAfterMS) * time.Millisecond
		}
	}
	e.Status, e.Raw, e.Dialect = r.Response.Status, body, x.Row.Dialect
	return e
}

// pace says when the frames are due at a speed, counted from the beginning of the request.
func (r *recording) pace(speed float64) []time.Duration {
	out := make([]time.Duration, len(r.at))
	if speed > 0 {
		for i, at := range r.at {
			out[i] = time.Duration(float64(at) / speed)
		}
	}
	return out
}

// tape is a streamed answer that comes as slowly as it once did.
type tape struct {
	ctx    context.Context
	begun  time.Time
	frames [][]byte
	at     []time.Duration
	left   []byte
	once   sync.Once
	ended  chan struct{}
}

func (t *tape) Read(p []byte) (int, error) {
	for len(t.left) == 0 {
		if len(t.frames) == 0 {
			return 0, io.EOF
		}
		if err := t.wait(); err != nil {
			return 0, err
		}
		t.left, t.frames = t.frames[0], t.frames[1:]
		if len(t.at) > 1 {
			t.at = t.at[1:]
		}
	}
	n := copy(p, t.left)
	t.left = t.left[n:]
	return n, nil
}

// wait returns when the next frame is due.
func (t *tape) wait() error {
	if len(t.at) == 0 {
		return nil
	}
	due := time.Until(t.begun.Add(t.at[0]))
	if due <= 0 {
		return nil
	}
	timer := time.NewTimer(due)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-t.ended:
		return io.ErrClosedPipe
	case <-t.ctx.Done():
		return gone(t.ctx)
	}
}

// gone is the error of a client that left, or of a gateway that stops.
func gone(ctx context.Context) error {
	e := llm.AsError(context.Cause(ctx))
	if e.Kind != llm.KindInternal {
		return e
	}
	return &llm.Error{Kind: llm.KindCancelled, Status: 499, Type: "request_cancelled", Message: "request cancelled by caller"}
}

func (t *tape) Close() error {
	t.once.Do(func() { close(t.ended) })
	return nil
}
