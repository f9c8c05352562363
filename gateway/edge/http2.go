package edge

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/valyala/fasthttp"

	"heimdall/gateway/exchange"
)

// newHTTP2 makes the server of connections that speak HTTP/2. What it reads as a request takes the same way as all
// others.
func (s *Server) newHTTP2() *http.Server {
	only := &http.Protocols{}
	only.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:                      http.HandlerFunc(s.serveHTTP2),
		Protocols:                    only,
		DisableGeneralOptionsHandler: true,
		MaxHeaderBytes:               s.http.ReadBufferSize,
		ReadTimeout:                  s.http.ReadTimeout,
		IdleTimeout:                  s.http.IdleTimeout,
		ConnContext:                  func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, lentKey{}, c) },
		ErrorLog:                     slog.NewLogLogger(s.opts.Log.Handler(), slog.LevelDebug),
	}
}

// handover is the listener of connections that were accepted elsewhere.
type handover struct {
	conns chan net.Conn
	done  chan struct{}
	close func()
}

func newHandover() *handover {
	h := &handover{conns: make(chan net.Conn), done: make(chan struct{})}
	h.close = sync.OnceFunc(func() { close(h.done) })
	return h
}

// serve hands c over and returns once it has been closed.
func (h *handover) serve(c *lent) {
	select {
	case h.conns <- c:
		<-c.over
	case <-h.done:
	}
}

func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

func (h *handover) Close() error {
	h.close()
	return nil
}

func (h *handover) Addr() net.Addr { return &net.TCPAddr{} }

// lent is a connection that was handed over, and what had been read from it.
type lent struct {
	net.Conn
	process *atomic.Pointer[exchange.Process]
	begin   []byte
	over    chan struct{}
	once    sync.Once
}

// lentKey is where the context of a request has its connection.
type lentKey struct{}

func (c *lent) Read(p []byte) (int, error) {
	if len(c.begin) > 0 {
		n := copy(p, c.begin)
		c.begin = c.begin[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

func (c *lent) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { close(c.over) })
	return err
}

// stream stands where an HTTP/1.1 request has its connection.
type stream struct {
	net.Conn // none: nobody reads or writes
	peer     net.Addr
	ctx      context.Context
	w        http.ResponseWriter
}

func (s *stream) RemoteAddr() net.Addr { return s.peer }

func (s *stream) LocalAddr() net.Addr {
	local, _ := s.ctx.Value(http.LocalAddrContextKey).(net.Addr)
	return local
}

func (s *stream) caller() *atomic.Pointer[exchange.Process] {
	return s.ctx.Value(lentKey{}).(*lent).process
}

func (s *stream) watch(gone func()) (stop func()) {
	forget := context.AfterFunc(s.ctx, gone)
	return func() { forget() }
}

func (s *stream) tell(text string) {
	_, _ = io.WriteString(s.w, text)
	_ = http.NewResponseController(s.w).Flush()
}

// serveHTTP2 answers one request that came over HTTP/2.
func (s *Server) serveHTTP2(w http.ResponseWriter, r *http.Request) {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	ctx := &fasthttp.RequestCtx{}
	ctx.Init2(&stream{peer: net.TCPAddrFromAddrPort(peer), ctx: r.Context(), w: w}, quiet{s.opts.Log}, true)
	ctx.Response.Header.SetNoDefaultContentType(true)
	h := &ctx.Request.Header
	for name, values := range r.Header {
		if name == "Host" || name == "Content-Length" {
			continue // the request says both itself
		}
		for _, v := range values {
			h.Add(name, v)
		}
	}
	h.SetMethod(r.Method)
	h.SetRequestURI(r.RequestURI)
	h.SetHost(r.Host)

	body := bodies.Get()
	defer bodies.Put(body)
	if err := s.receive(body, r); err != nil {
		s.broken(ctx, err)
	} else {
		body.B = ctx.Request.SwapBody(body.B)
		s.serve(ctx)
	}
	answer(w, ctx)
}

// receive reads the body of a request.
func (s *Server) receive(body io.ReaderFrom, r *http.Request) error {
	limit := int64(s.opts.MaxBody())
	if r.ContentLength > limit {
		return fasthttp.ErrBodyTooLarge
	}
	n, err := body.ReadFrom(io.LimitReader(r.Body, limit+1))
	if n > limit {
		return fasthttp.ErrBodyTooLarge
	}
	return err
}

// answer writes the answer in ctx to w, and what is read of a stream at once.
func answer(w http.ResponseWriter, ctx *fasthttp.RequestCtx) {
	header := w.Header()
	header["Content-Type"] = nil // not to be guessed
	for name, value := range ctx.Response.Header.All() {
		switch string(name) {
		case "Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length":
		default:
			header.Add(string(name), string(value))
		}
	}
	if !ctx.Response.IsBodyStream() {
		body := ctx.Response.Body()
		if len(body) > 0 {
			header.Set("Content-Length", strconv.Itoa(len(body)))
		}
		w.WriteHeader(ctx.Response.StatusCode())
		_, _ = io.Copy(w, bytes.NewReader(body))
		return
	}
	defer func() { _ = ctx.Response.CloseBodyStream() }()
	w.WriteHeader(ctx.Response.StatusCode())
	if ctx.IsHead() {
		return
	}
	if err := relay(w, ctx.Response.BodyStream()); err != nil {
		panic(http.ErrAbortHandler) // resets the stream: the client must not take what came for the whole
	}
}

// relay sends on what it reads at once, until the end.
func relay(w http.ResponseWriter, from io.Reader) error {
	flusher := http.NewResponseController(w)
	buf := make([]byte, 4<<10)
	for {
		if err := flusher.Flush(); err != nil {
			return err
		}
		n, err := from.Read(buf)
		if _, failed := w.Write(buf[:n]); failed != nil {
			return failed
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
