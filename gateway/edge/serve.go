package edge

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/valyala/bytebufferpool"
	"github.com/valyala/fasthttp"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// bodies lends buffers for request bodies.
var bodies bytebufferpool.Pool

// serve answers one request.
func (s *Server) serve(ctx *fasthttp.RequestCtx) {
	row, params, allowed := s.routes.find(ctx.Method(), ctx.URI())
	if row == nil {
		s.unrouted(ctx, allowed)
		return
	}
	f := &flight{}
	f.header.read(&ctx.Request.Header)
	origin, err := admit(ctx, &f.header, row, s.opts.Policy)
	if origin != "" {
		ctx.Response.Header.Set("Access-Control-Allow-Origin", origin)
		ctx.Response.Header.Set("Access-Control-Expose-Headers", "*")
		ctx.Response.Header.Add("Vary", "Origin")
	}
	if err != nil {
		if llm.AsError(err).Status == 401 && !scripted(ctx) {
			ctx.Response.Header.Set("WWW-Authenticate", `Basic realm="Heimdall", charset="UTF-8"`)
		}
		s.turnAway(ctx, &f.header, row, "", err)
		return
	}
	if !s.enter(f, ctx.Conn()) {
		s.turnAway(ctx, &f.header, row, "", ErrStopping)
		return
	}
	s.run(ctx, f, row, params)
}

// turnAway answers a request that does not come to a handler.
func (s *Server) turnAway(ctx *fasthttp.RequestCtx, h *header, row *exchange.Row, path string, err error) {
	write(ctx, s.opts.RenderError(row, path, err))
	begun := ctx.Time()
	if begun.IsZero() { // the header could not be read
		begun = time.Now()
	}
	if s.opts.Refused != nil && (row == nil || row.Op != "") {
		x := &exchange.Exchange{Row: row, Method: string(ctx.Method()), Path: string(ctx.Path()), Header: h, Peer: ctx.RemoteAddr(), Process: ctx.Conn().(client).caller(), Start: begun}
		x.ID, x.OwnID = requestID(h)
		s.opts.Refused(x, err)
	}
	s.measure(ctx, h, row, begun, len(ctx.Request.Body()), int64(len(ctx.Response.Body())))
}

// measure tells of an answer; in and out are the sizes of the bodies.
func (s *Server) measure(ctx *fasthttp.RequestCtx, h *header, row *exchange.Row, begun time.Time, in int, out int64) {
	if s.opts.Measure != nil {
		s.opts.Measure(Measured{row, string(ctx.Method()), ctx.Response.StatusCode(), time.Since(begun), in, out, h})
	}
}

// scripted reports whether a page's script made the request. Browsers would answer a challenge to one with a dialog of
// their own, over the page's.
func scripted(ctx *fasthttp.RequestCtx) bool {
	mode := ctx.Request.Header.Peek("Sec-Fetch-Mode")
	return len(mode) > 0 && string(mode) != "navigate"
}

// takeBody takes the body over until the exchange is over and leaves the request another buffer, which nobody reads. That is
// as long as the body was: the server's pool keeps buffers of the lengths that come back.
func takeBody(r *fasthttp.Request) *bytebufferpool.ByteBuffer {
	body := bodies.Get()
	spare := body.B
	body.B = r.SwapBody(nil)
	r.SwapBody(spare[:min(len(body.B), cap(spare))])
	return body
}

// run hands the request to its handler and the reply to the connection.
func (s *Server) run(ctx *fasthttp.RequestCtx, f *flight, row *exchange.Row, params map[string]string) {
	raw := takeBody(&ctx.Request)
	x := &f.exchange
	*x = exchange.Exchange{
		Row:    row,
		Method: row.Method,
		Path:   path(ctx, row),
		Query:  query(ctx),
		Params: params,
		Header: &f.header,
		Raw:    raw.B,
		Peer:   ctx.RemoteAddr(),
		Start:  f.begun,

		Process: f.client.of.caller(),
	}
	x.ID, x.OwnID = requestID(&f.header)
	over := func() {
		s.leave(f)
		bodies.Put(raw)
	}
	reply, err := s.handle(f, x)
	if err == nil && reply.Socket != nil {
		f.client.end() // from here on the socket reads, and sees who leaves
		if err = s.upgrade(ctx, reply.Socket); err == nil {
			s.measure(ctx, &f.header, row, f.begun, len(raw.B), 0)
			over()
			return
		}
	}
	if err != nil {
		reply = s.opts.RenderError(row, x.Path, err)
	}
	ctx.Response.Header.Set("X-Request-Id", x.ID)
	if reply.Stream == nil {
		write(ctx, reply)
		s.measure(ctx, &f.header, row, f.begun, len(raw.B), int64(len(ctx.Response.Body())))
		over()
		return
	}
	fill(ctx, reply)
	bodies.Put(&bytebufferpool.ByteBuffer{B: ctx.Request.SwapBody(nil)}) // which a stream would hold in vain
	ctx.Response.ImmediateHeaderFlush = true
	out := &outgoing{stream: reply.Stream, log: s.opts.Log}
	out.over = func() {
		s.measure(ctx, &f.header, row, f.begun, len(raw.B), out.size)
		over()
	}
	if s.opts.KeepAlive != nil && takesComments(ctx) {
		s.follow(f, out)
	}
	ctx.SetBodyStream(out, -1)
}

// handle answers x. A panic becomes an error of this one exchange.
func (s *Server) handle(ctx context.Context, x *exchange.Exchange) (reply *exchange.Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.opts.Log.Error("a request failed inside the gateway", "id", x.ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			reply, err = nil, llm.Errorf(llm.KindInternal, "internal error; the log has the details under this request's id")
		}
	}()
	if x.Row.Op == "" {
		return x.Row.Handler(ctx, x)
	}
	if d, ok := s.opts.Dialect(x.Spoken()); ok {
		x.SetDialect(d)
	}
	return s.opts.Inference()(ctx, x)
}

// unrouted answers what no row matches: a preflight, a wrong method, or an unknown path.
func (s *Server) unrouted(ctx *fasthttp.RequestCtx, allowed []string) {
	path := string(ctx.Path())
	var h header
	h.read(&ctx.Request.Header)
	if err := checkHosts(ctx, s.opts.Policy); err != nil {
		s.turnAway(ctx, &h, nil, path, err)
		return
	}
	if ctx.IsOptions() {
		if row, _, _ := s.routes.find(ctx.Request.Header.Peek("Access-Control-Request-Method"), ctx.URI()); row != nil {
			s.preflight(ctx, row)
			return
		}
	}
	e := &llm.Error{Kind: llm.KindInvalidRequest, Status: 404, Type: "not_found",
		Message: "there is no route " + string(ctx.Method()) + " " + quote(path) + " here"}
	if len(allowed) > 0 {
		ctx.Response.Header.Set("Allow", strings.Join(allowed, ", "))
		e.Status, e.Type = 405, "method_not_allowed"
		e.Message = quote(path) + " takes " + strings.Join(allowed, " or ") + ", not " + string(ctx.Method())
	}
	s.turnAway(ctx, &h, nil, path, e)
}

// preflight answers a browser's question whether a page may send its request.
func (s *Server) preflight(ctx *fasthttp.RequestCtx, row *exchange.Row) {
	var h header
	h.read(&ctx.Request.Header)
	origin, err := checkOrigin(ctx, &h, row.Guard, s.opts.Policy)
	if err != nil {
		write(ctx, s.opts.RenderError(row, "", err))
		return
	}
	if origin != "" {
		h := &ctx.Response.Header
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Methods", row.Method)
		h.SetBytesV("Access-Control-Allow-Headers", ctx.Request.Header.Peek("Access-Control-Request-Headers"))
		h.Set("Access-Control-Max-Age", "600")
		h.Set("Vary", "Origin")
	}
	ctx.SetStatusCode(204)
}

// write puts a whole reply on the connection and gives its body back.
func write(ctx *fasthttp.RequestCtx, r *exchange.Reply) {
	fill(ctx, r)
	ctx.SetBody(r.Body)
	if r.Release != nil {
		r.Release()
	}
}

func fill(ctx *fasthttp.RequestCtx, r *exchange.Reply) {
	ctx.SetStatusCode(r.Status)
	h := &ctx.Response.Header
	if r.Forward != nil {
		r.Forward(func(name, value []byte) {
			if forwardable(name) {
				h.AddBytesKV(name, value)
			}
		})
	}
	if r.ContentType != "" {
		h.SetContentType(r.ContentType)
	}
	for _, f := range r.Header {
		h.Add(f.Name, f.Value)
	}
}

// forwardable reports whether an upstream's header field belongs to its answer rather than to its connection, its
// server or its site.
func forwardable(name []byte) bool {
	switch string(name) {
	case "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding",
		"Upgrade", "Content-Length", "Content-Type", "Content-Encoding", "Date", "Server", "Set-Cookie", "Alt-Svc",
		"Strict-Transport-Security", "X-Request-Id", "Via":
		return false
	}
	return !strings.HasPrefix(string(name), "Access-Control-")
}

func path(ctx *fasthttp.RequestCtx, row *exchange.Row) string {
	if strings.Contains(row.Path, "{") {
		return string(ctx.Path())
	}
	return row.Path
}

// query parses the URL's query; what is malformed in it is left out.
func query(ctx *fasthttp.RequestCtx) url.Values {
	raw := ctx.URI().QueryString()
	if len(raw) == 0 {
		return nil
	}
	q, _ := url.ParseQuery(string(raw))
	return q
}

// requestID is the client's own, where it is fit to be shown and stored, else a new one that sorts by time.
func requestID(h *header) (id string, own bool) {
	given := h.peek("X-Request-Id")
	if len(given) == 0 || len(given) > 128 {
		return newID(), false
	}
	for _, c := range given {
		if c <= ' ' || c >= 0x7f {
			return newID(), false
		}
	}
	return string(given), true
}

func newID() string { return uuid.Must(uuid.NewV7FromReader(quick{})).String() }

// quick is random enough for ids, which need only differ; the system's randomness costs more than all else in one.
type quick struct{}

func (quick) Read(p []byte) (int, error) {
	for i := 0; i < len(p); i += 8 {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], rand.Uint64())
		copy(p[i:], b[:])
	}
	return len(p), nil
}
