package edge

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"heimdall/gateway/exchange"
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// ErrStopping is the cause that cancels what is still in flight when a server's grace is over.
var ErrStopping = &llm.Error{Kind: llm.KindDropped, Status: 503, Type: "gateway_stopping", Message: "the gateway was stopped while this request was running", Cause: context.Canceled}

// errGone is the cause that cancels an exchange whose client has left.
var errGone = &llm.Error{Kind: llm.KindCancelled, Status: 499, Type: "request_cancelled", Message: "request cancelled by caller", Cause: context.Canceled}

// Options is what a server serves.
type Options struct {
	Rows   []exchange.Row
	Policy Policy
	// Inference gives the chain for rows that have an operation, newest at every call.
	Inference func() exchange.Handler
	Dialect   func(name string) (dialect.Dialect, bool)
	// MaxBody is the largest body in bytes, asked for at every request.
	MaxBody func() int
	// RenderError makes an error's reply in the row's dialect. Where no route matches (row is nil) or the row has none,
	// path says whose dialect the client probably speaks.
	RenderError func(row *exchange.Row, path string, err error) *exchange.Reply
	// KeepAlive is after how much silence a stream of events gets a comment; 0 = never, as where it is nil.
	KeepAlive func() time.Duration
	// Measure hears of every request once it is answered; nil = nobody listens.
	Measure func(Measured)
	// Refused hears of the requests that a row with an operation would serve, or no row at all, and that were turned away
	// before they came to a handler. The exchange has no body. nil = nobody listens.
	Refused func(x *exchange.Exchange, err error)
	// Process is asked of every connection once: where the program will stand that has connected from remote. nil = nobody
	// looks for it, as where it gives nil.
	Process func(local, remote net.Addr) *atomic.Pointer[exchange.Process]
	Log     *slog.Logger
}

// Measured is one request that is answered. Row is nil where none matched; In and Out are the bytes of the bodies. Header
// is the request's, gone once Measure returns.
type Measured struct {
	Row    *exchange.Row
	Method string
	Status int
	Took   time.Duration
	In     int
	Out    int64
	Header exchange.Header
}

// Server serves one listener. It is used once.
type Server struct {
	opts   Options
	routes *routes
	http   *fasthttp.Server
	http2  *http.Server
	lent   *handover // from http to http2

	sockets sockets
	unused  unused

	mu      sync.Mutex
	first   *flight     // of those that run, a list
	patrol  *time.Timer // fires while there are flights
	armed   bool        // patrol is about to fire
	closing bool
	idle    chan struct{} // closed when closing and nothing runs
}

// New checks the rows and makes a server.
func New(o Options) (*Server, error) {
	t, err := newRoutes(o.Rows)
	if err != nil {
		return nil, err
	}
	s := &Server{opts: o, routes: t, idle: make(chan struct{})}
	s.patrol = time.AfterFunc(patience, s.watchLate)
	s.http = &fasthttp.Server{
		Handler:                       s.serve,
		ErrorHandler:                  s.broken,
		HeaderReceived:                s.limits,
		NoDefaultServerHeader:         true,
		NoDefaultDate:                 false,
		NoDefaultContentType:          true,
		DisablePreParseMultipartForm:  true,
		DisableHeaderNamesNormalizing: false,
		ReadBufferSize:                8 << 10, // held by every stream; bounds the header
		MaxRequestBodySize:            1 << 30, // the real limit comes from limits
		ReadTimeout:                   2 * time.Minute,
		IdleTimeout:                   2 * time.Minute,
		TCPKeepalive:                  true,
		CloseOnShutdown:               true,
		Logger:                        quiet{o.Log},
	}
	s.http2, s.lent = s.newHTTP2(), newHandover()
	return s, nil
}

// Serve answers on ln until Shutdown.
func (s *Server) Serve(ln net.Listener) error {
	go func() { _ = s.http2.Serve(s.lent) }()
	return s.http.Serve(listener{ln, s.lent.serve, s.opts.Process, &s.unused})
}

// Shutdown closes the listener, all websockets and what was never used at once and waits for what is in flight. After
// grace it cancels the rest, which gets an error in its own dialect, and then closes all connections.
func (s *Server) Shutdown(grace time.Duration) error {
	done := make(chan error, 1)
	go func() { done <- s.http.Shutdown() }()
	s.sockets.close()
	s.unused.close()
	go func() { _ = s.http2.Shutdown(context.Background()) }()
	s.mu.Lock()
	s.closing = true
	if s.first == nil {
		close(s.idle)
	}
	s.mu.Unlock()

	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-s.idle:
	case <-timer.C:
	}
	s.mu.Lock()
	for f := s.first; f != nil; f = f.next {
		f.end(ErrStopping)
	}
	s.mu.Unlock()
	last := time.NewTimer(2 * time.Second)
	defer last.Stop()
	select {
	case err := <-done:
		return err
	case <-last.C:
		_ = s.http2.Close()
		return errors.New("some connections did not close in time")
	}
}

// enter begins a flight; false where the server is closing.
func (s *Server) enter(f *flight, c net.Conn) bool {
	f.begun = time.Now()
	f.client.of = c.(client)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	if !s.armed {
		s.armed = true
		s.patrol.Reset(patience)
	}
	if f.next = s.first; f.next != nil {
		f.next.before = f
	}
	s.first = f
	return true
}

// leave ends a flight.
func (s *Server) leave(f *flight) {
	f.client.end()
	f.end(context.Canceled)
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.next != nil {
		f.next.before = f.before
	}
	if f.before != nil {
		f.before.next = f.next
	} else {
		s.first = f.next
	}
	if s.closing && s.first == nil {
		close(s.idle)
	}
}

// follow has the stream of f's answer looked after.
func (s *Server) follow(f *flight, out *outgoing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out.client = f.client.of
	f.out = out
}

// watchLate looks after what lasts. One timer for all flights: one for each would wake the scheduler at every request.
func (s *Server) watchLate() {
	s.look(time.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.armed = s.first != nil; s.armed {
		s.patrol.Reset(patience)
	}
}

// look starts to watch the clients of flights that have lasted, and breaks the silence of streams.
func (s *Server) look(now time.Time) {
	late := now.Add(-patience)
	var silence time.Duration
	if s.opts.KeepAlive != nil {
		silence = s.opts.KeepAlive()
	}
	var last []*flight
	var silent []*outgoing
	s.mu.Lock()
	for f := s.first; f != nil; f = f.next {
		if f.begun.Before(late) {
			last = append(last, f)
		}
		if f.out != nil && silence > 0 && f.out.silent(now, silence) {
			silent = append(silent, f.out)
		}
	}
	s.mu.Unlock()
	for _, f := range last {
		f.client.start(func() { f.end(errGone) })
	}
	for _, out := range silent {
		go out.comment() // a client that reads nothing holds up only its own
	}
}

// limits gives each request its body limit, read anew so that a changed setting holds at once.
func (s *Server) limits(*fasthttp.RequestHeader) fasthttp.RequestConfig {
	return fasthttp.RequestConfig{MaxRequestBodySize: s.opts.MaxBody()}
}

// broken answers what could not be read as a request.
func (s *Server) broken(ctx *fasthttp.RequestCtx, err error) {
	path := string(ctx.Path())
	row, _, _ := s.routes.find(ctx.Method(), ctx.URI())
	e := &llm.Error{Kind: llm.KindInvalidRequest, Status: 400, Type: "bad_request", Message: "this is not a valid HTTP request", Cause: err}
	var small *fasthttp.ErrSmallBuffer
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		e.Status, e.Type = 413, "request_too_large"
		e.Message = "the request body is larger than client.max_request_body_size_mb allows"
		if c, ok := ctx.Conn().(*conn); ok {
			c.linger = true
		}
	case errors.As(err, &small):
		e.Status, e.Type, e.Message = 431, "header_too_large", "the request header is larger than 8 KB"
	}
	var h header
	h.read(&ctx.Request.Header)
	s.turnAway(ctx, &h, row, path, e)
}

// quiet keeps the HTTP library's own messages, which are about single connections, out of the log unless it is set to
// debug.
type quiet struct{ log *slog.Logger }

func (q quiet) Printf(format string, args ...any) {
	q.log.Debug("http: "+format, "args", args)
}
