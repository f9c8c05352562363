package compat

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers"
	"heimdall/providers/catalog"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// HeaderPrefix starts the names of the header fields that are meant for the gateway.
const HeaderPrefix = "X-Bf-"

// Price is what a usage of an exchange costs.
type Price func(x *exchange.Exchange, u llm.Usage) catalog.Cost

// Decorate adds extra_fields and costs to answers, as the row wants, and has errors rendered with the gateway's members.
// It is the outermost middleware.
func Decorate(render func(x *exchange.Exchange, err error) *exchange.Reply, price Price) exchange.Middleware {
	return func(next exchange.Handler) exchange.Handler {
		return func(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
			reply, err := next(ctx, x)
			if err != nil {
				reply = render(x, err)
				warn(x, reply)
				return reply, nil
			}
			warn(x, reply)
			if !wanted(x) {
				return reply, nil
			}
			if reply.Stream != nil {
				reply.Stream, reply.Verbatim = &decorated{src: reply.Stream, x: x, price: price}, false
				return reply, nil
			}
			return decorateBody(x, reply), nil
		}
	}
}

// WarningsHeader names what could not be carried to the provider or back. What a stream loses on its way is known too
// late for a header and stands in extra_fields and in the log only.
const WarningsHeader = "X-Heimdall-Warnings"

// maxWarnings bounds that header: clients bound theirs.
const maxWarnings = 2000

func warn(x *exchange.Exchange, reply *exchange.Reply) {
	if x.Record == nil || len(x.Record.Warnings) == 0 {
		return
	}
	var b strings.Builder
	for i, w := range x.Record.Warnings {
		one := w.Field + ": " + w.Why
		if b.Len()+len(one) > maxWarnings {
			fmt.Fprintf(&b, "; and %d more", len(x.Record.Warnings)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(one)
	}
	reply.Header = append(reply.Header, exchange.Field{Name: WarningsHeader, Value: printable(b.String())})
}

// printable keeps a header field to the characters that every client takes.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

func wanted(x *exchange.Exchange) bool {
	switch x.Row.Decorate {
	case exchange.DecorateAlways:
		return true
	case exchange.DecorateOnDemand:
		return x.Record.UpstreamDialect != x.Record.Dialect || x.Header.HasPrefix(HeaderPrefix)
	case exchange.DecorateNever:
	}
	return false
}

// extraRoom is about how many bytes extra_fields and a cost take.
const extraRoom = 1 << 10

func decorateBody(x *exchange.Exchange, reply *exchange.Reply) *exchange.Reply {
	if !isObject(reply.Body) {
		return reply
	}
	out := *reply
	out.Body = appendDecorated(make([]byte, 0, len(reply.Body)+extraRoom), reply.Body, x, 0, x.Record.Cost)
	return &out
}

// isObject reports whether a body looks like a whole object. What a provider broke off stays as it is.
func isObject(body []byte) bool {
	body = bytes.Trim(body, " \t\r\n")
	return rawjson.IsObject(body) && body[len(body)-1] == '}'
}

// appendDecorated appends an answer, or one chunk of it, with its cost and extra_fields.
func appendDecorated(dst, body []byte, x *exchange.Exchange, chunk int, cost catalog.Cost) []byte {
	w := rawjson.Writer{B: appendCosted(dst, body, cost)}
	w.Reopen()
	w.Key("extra_fields")
	appendExtra(&w, x, chunk, cost)
	w.Close('}')
	return w.B
}

// appendExtra appends the extra_fields object of an answer, or of one chunk of it. Old and new names of the same fact
// stand side by side, for clients of every version.
func appendExtra(w *rawjson.Writer, x *exchange.Exchange, chunk int, cost catalog.Cost) {
	w.Open('{')
	appendIdentity(w, x)
	w.IntField("chunk_index", int64(chunk))
	r := x.Record
	if cost.Known {
		moneyField(w, "cost", cost.Total)
	}
	if len(r.Warnings) > 0 {
		w.Key("warnings")
		w.Open('[')
		for _, one := range r.Warnings {
			w.Elem()
			w.Open('{')
			w.StringField("field", one.Field)
			w.StringField("why", one.Why)
			w.Close('}')
		}
		w.Close(']')
	}
	if chunk == 0 {
		shown(w, "raw_request", x.Shown.Request)
		shown(w, "raw_response", x.Shown.Response)
	}
	w.Close('}')
}

// appendIdentity appends the members that answers and errors have in common: what was asked for, who served it, and how
// long that has taken.
func appendIdentity(w *rawjson.Writer, x *exchange.Exchange) {
	r := x.Record
	asked := r.RequestedModel
	if p, m, ok := strings.Cut(asked, "/"); ok && p == r.Provider {
		asked = m
	}
	w.StringField("request_type", providers.RequestType(r.Op, r.Dialect, r.Stream))
	if r.Provider != "" {
		appendRouting(w, r)
	}
	w.StringField("provider", r.Provider)
	w.StringField("original_model_requested", asked)
	w.StringField("resolved_model_used", r.Model)
	w.StringField("model_requested", asked)
	w.IntField("latency", time.Since(x.Start).Milliseconds())
}

func appendRouting(w *rawjson.Writer, r *exchange.Record) {
	w.Key("routing_info")
	w.Open('{')
	w.StringField("provider", r.Provider)
	w.StringField("model", r.Model)
	if r.KeyName != "" {
		w.StringField("key", r.KeyName)
	}
	if r.Aliased {
		w.Key("resolved_key_alias")
		w.Open('{')
		w.StringField("model_id", r.Model)
		w.Close('}')
	}
	primary, model := r.PrimaryProvider, r.PrimaryModel
	if primary == "" {
		primary, model = r.Provider, r.Model
	}
	w.BoolField("is_fallback", r.Fallback > 0)
	w.StringField("primary_provider", primary)
	w.StringField("primary_model", model)
	w.Close('}')
}

// shown writes a body that the client may see: as JSON where it is some, else as text.
func shown(w *rawjson.Writer, key string, body []byte) {
	switch {
	case body == nil:
	case rawjson.Valid(body) == nil:
		w.RawField(key, body)
	default:
		w.StringField(key, strings.ToValidUTF8(string(body), "\ufffd"))
	}
}

// decorated splices extra_fields into every chunk of a stream.
type decorated struct {
	src   io.ReadCloser
	x     *exchange.Exchange
	price Price
	split sse.Splitter
	event sse.Event
	in    [4 << 10]byte
	out   []byte
	chunk int
	err   error
}

func (d *decorated) Read(p []byte) (int, error) {
	for len(d.out) == 0 {
		if d.err != nil {
			return 0, d.err
		}
		n, err := d.src.Read(d.in[:])
		d.out = d.out[:0]
		if tooLong := d.split.Feed(d.in[:n], d.frame); tooLong != nil {
			err = tooLong
		}
		if err != nil {
			d.err = err
			d.out = append(d.out, d.split.Rest()...)
		}
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

// frame writes one frame of the stream, with extra_fields where it holds a JSON object.
func (d *decorated) frame(frame []byte) {
	d.event.Parse(frame)
	if !isObject(d.event.Data) {
		d.out = append(d.out, frame...)
		return
	}
	if len(d.event.Name) > 0 {
		d.out = append(append(append(d.out, "event: "...), d.event.Name...), '\n')
	}
	d.out = append(d.out, "data: "...)
	d.out = appendDecorated(d.out, d.event.Data, d.x, d.chunk, d.cost(frame))
	d.out = append(d.out, "\n\n"...)
	d.chunk++
}

// cost is what a frame that reports usage tells of the cost.
func (d *decorated) cost(frame []byte) (c catalog.Cost) {
	if !bytes.Contains(d.event.Data, []byte(`"usage"`)) {
		return c
	}
	tee := d.x.Dialect().Client.Tee()
	tee.Feed(frame)
	if scan := tee.Result(); scan.HasUsage {
		c = d.price(d.x, scan.Usage)
	}
	return c
}

func (d *decorated) Close() error { return d.src.Close() }
