package transcript

import (
	"strings"

	"heimdall/gateway/exchange"
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// Reader reads records. Dialect finds a dialect by its name.
type Reader struct {
	Dialect func(name string) (dialect.Dialect, bool)
}

// Request decodes what the client sent; nil where that can't be read, or is no conversation.
func (r Reader) Request(rec *exchange.Record) *llm.Request {
	d, ok := r.Dialect(rec.Dialect)
	if !ok || rec.Op != llm.OpChat || len(rec.Request.Data) == 0 || rec.Request.Cut() {
		return nil
	}
	req, err := d.Server.DecodeRequest(dialect.Path{Model: rec.RequestedModel, Stream: rec.Stream}, rec.Request.Data)
	if err != nil {
		return nil
	}
	return req
}

// Response decodes what the provider sent; nil where that can't be read, or is no conversation. Of a stream that broke
// off it is what came.
func (r Reader) Response(rec *exchange.Record) *llm.Response {
	d, ok := r.Dialect(rec.UpstreamDialect)
	if !ok || rec.Op != llm.OpChat || len(rec.Response.Data) == 0 {
		return nil
	}
	if !rec.Stream || looksLikeJSON(rec.Response.Data) {
		resp, err := d.Client.DecodeResponse(rec.Response.Data)
		if err != nil || rec.HTTPStatus >= 400 {
			return nil
		}
		return resp
	}
	resp, err := llm.Fold(whole(d.Client.Decoder(), rec.Response.Data))
	if err != nil {
		return nil
	}
	return resp
}

// Legible is a body in a dialect, as text where it came in binary frames.
func (r Reader) Legible(dialect string, rec *exchange.Record, b exchange.Body) exchange.Body {
	if d, ok := r.Dialect(dialect); ok && d.Text != nil && rec.Stream && len(b.Data) > 0 && !looksLikeJSON(b.Data) {
		cut := b.Cut()
		b.Data = d.Text(b.Data)
		if !cut {
			b.Size = int64(len(b.Data))
		}
	}
	return b
}

func looksLikeJSON(b []byte) bool {
	return strings.HasPrefix(strings.TrimSpace(string(b[:min(len(b), 64)])), "{")
}

// whole yields the events of a logged stream, and finishes what it did not.
func whole(d dialect.Decoder, data []byte) func(yield func(llm.Event) bool) {
	return func(yield func(llm.Event) bool) {
		open := map[int]bool{}
		for _, e := range d.Close(d.Feed(nil, data)) {
			switch e.Type {
			case llm.EventError:
				continue
			case llm.EventBlockStart, llm.EventDelta:
				open[e.Choice] = true
			case llm.EventFinish:
				delete(open, e.Choice)
			case llm.EventStart, llm.EventBlockEnd, llm.EventUsage:
			}
			if !yield(e) {
				return
			}
		}
		for choice := range open {
			if !yield(llm.Event{Type: llm.EventFinish, Choice: choice, Finish: &llm.Finish{Reason: llm.FinishOther}}) {
				return
			}
		}
	}
}
