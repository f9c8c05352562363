package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"

	"heimdall/providers/timing"
)

// An HTTP/2 connection that was silent for so long is asked whether it is still there.
const pingAfter = 30 * time.Second

// HTTP2 is the Doer for upstreams that are to be called by HTTP/2 and nothing else: by agreement over TLS, by prior
// knowledge for http:// addresses. When a call's context ends its stream is reset; the connection goes on.
type HTTP2 struct{ transport *http.Transport }

// NewHTTP2 makes such a client. Close it to end the idle connections.
func NewHTTP2(o Options) (*HTTP2, error) {
	d, err := newDialer(o)
	if err != nil {
		return nil, err
	}
	t := &http.Transport{
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return refusable(d.dial(ctx, "http", addr))
		},
		DialTLSContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			conn, err := d.dial(ctx, "https", addr, "h2", "http/1.1")
			if c, ok := conn.(*tls.Conn); ok && c.ConnectionState().NegotiatedProtocol != "h2" {
				_ = conn.Close()
				err = errNoHTTP2
			}
			return refusable(conn, err)
		},
		DisableCompression:     true,
		IdleConnTimeout:        orDefault(o.KeepAlive),
		MaxConnsPerHost:        o.MaxConns,
		MaxResponseHeaderBytes: headerBytes,
		Protocols:              new(http.Protocols),
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: dialTimeout},
	}
	t.Protocols.SetHTTP2(true)
	t.Protocols.SetUnencryptedHTTP2(true)
	return &HTTP2{t}, nil
}

const headerBytes = 256 << 10

var errNoHTTP2 = errors.New("the server does not speak HTTP/2; switch enforce_http2 off")

func refusable(conn net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConnect, err)
	}
	return conn, nil
}

// Close closes the idle connections.
func (c *HTTP2) Close() { c.transport.CloseIdleConnections() }

// Do sends r. It is sent again only where the upstream says that it has not looked at it.
func (c *HTTP2) Do(ctx context.Context, r *Request) (*Response, error) {
	call, cancel := context.WithCancelCause(ctx)
	late := after(r.Timeout, func() { cancel(ErrTimeout) })
	resp, err := c.timed(call, r)
	if err != nil {
		late.stop()
		err = because(ctx, call, err)
		cancel(nil)
		return nil, err
	}
	out := &Response{
		Status:      resp.StatusCode,
		ContentType: resp.Header.Get("Content-Type"),
		Header:      resp.Header.Get,
		Each: func(f func(name, value []byte)) {
			for name, values := range resp.Header {
				for _, v := range values {
					f([]byte(name), []byte(v))
				}
			}
		},
	}
	if r.Stream {
		late.stop()
		out.Stream = &reader{ctx: ctx, call: call, cancel: cancel, body: resp.Body, idle: r.Idle}
		out.Release = func() { _ = out.Stream.Close() }
		return out, nil
	}
	out.Body, err = io.ReadAll(io.LimitReader(resp.Body, bodyLimit+1))
	late.stop()
	if err == nil && len(out.Body) > bodyLimit {
		err = errTooBig
	}
	err = because(ctx, call, err)
	_ = resp.Body.Close()
	cancel(nil)
	if err != nil {
		return nil, err
	}
	out.Release = func() {}
	return out, nil
}

var errTooBig = fmt.Errorf("the answer is bigger than %d MiB", bodyLimit>>20)

// timed is send, and notes what its time was spent on where somebody asks.
func (c *HTTP2) timed(ctx context.Context, r *Request) (*http.Response, error) {
	if r.Timing == nil {
		return c.send(ctx, r)
	}
	n := &notes{took: timing.Attempt{Begun: time.Now()}}
	resp, err := c.send(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: n.got, GotFirstResponseByte: n.first}), r)
	n.mu.Lock()
	defer n.mu.Unlock()
	*r.Timing = n.took
	return resp, err
}

// notes are what the connection's goroutines tell of a call, also after it has given up.
type notes struct {
	mu   sync.Mutex
	took timing.Attempt
}

func (n *notes) got(info httptrace.GotConnInfo) {
	n.mu.Lock()
	defer n.mu.Unlock()
	made(&n.took, info.Conn, info.Reused)
}

func (n *notes) first() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.took.First = time.Since(n.took.Begun)
}

func (c *HTTP2) send(ctx context.Context, r *Request) (*http.Response, error) {
	// A copy: the upstream may answer before it has read all, and what is left is read after the answer is here.
	body := bytes.NewReader(bytes.Clone(r.Body))
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, body)
	if err != nil {
		return nil, err
	}
	req.Header["User-Agent"] = nil // none but the caller's
	for _, f := range r.Header {
		req.Header.Set(f.Name, f.Value)
	}
	return c.transport.RoundTrip(req)
}

// because says why a call failed: the caller left, the time was over, or err itself.
func because(ctx, call context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(context.Cause(call), ErrTimeout):
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return err
}

// timer runs a function after a time; none for a time of 0.
type timer struct{ *time.Timer }

func after(d time.Duration, f func()) timer {
	if d <= 0 {
		return timer{}
	}
	return timer{time.AfterFunc(d, f)}
}

func (t timer) stop() {
	if t.Timer != nil {
		t.Stop()
	}
}

// reader is the body of a streamed response. Close may be called while a Read waits, and makes it fail.
type reader struct {
	ctx    context.Context // the caller's
	call   context.Context
	cancel context.CancelCauseFunc
	body   io.ReadCloser
	idle   time.Duration
}

func (s *reader) Read(p []byte) (int, error) {
	silent := after(s.idle, func() { s.cancel(ErrTimeout) })
	n, err := s.body.Read(p)
	silent.stop()
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	return n, because(s.ctx, s.call, err)
}

func (s *reader) Close() error {
	s.cancel(nil)
	return s.body.Close()
}

var _ Doer = (*HTTP2)(nil)
