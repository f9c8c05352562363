package transport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"heimdall/providers/timing"
)

const (
	// Bounds a header. Content delivery networks send more than 4 KB; every held stream holds this much.
	headerLimit = 8 << 10
	// Header and body of most requests leave in one write. The buffer is held during the write only.
	writeBuffer = 32 << 10
	// Shorter than any provider keeps an idle connection, so that reuse rarely meets a closed one.
	idleConn = 50 * time.Second
	// After so long at rest a pooled connection is looked at before it is used again.
	restLimit   = time.Second
	dialTimeout = 10 * time.Second
	bodyLimit   = 256 << 20

	defaultConns = 5000
	// Clients may name hosts of their own; past so many, those at rest are forgotten.
	maxHosts = 256
)

// Client is the default Doer: HTTP/1.1 with keep-alive, one pool of connections for each upstream host. Close it to
// end the idle ones.
type Client struct {
	maxConns int
	idle     time.Duration
	dialer   *dialer

	mu    sync.RWMutex
	hosts map[string]*host // scheme://host:port
}

// host is the pool of connections to one upstream host.
type host struct {
	fasthttp.HostClient
	busy atomic.Int64 // connections that a call has
}

// NewClient makes a client. Each held stream takes one of the connections that a host may have.
func NewClient(o Options) (*Client, error) {
	d, err := newDialer(o)
	if err != nil {
		return nil, err
	}
	c := &Client{maxConns: o.MaxConns, idle: orDefault(o.KeepAlive), dialer: d, hosts: map[string]*host{}}
	if c.maxConns == 0 {
		c.maxConns = defaultConns
	}
	return c, nil
}

func orDefault(keepAlive time.Duration) time.Duration {
	if keepAlive > 0 {
		return keepAlive
	}
	return idleConn
}

// Close closes the idle connections.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, hc := range c.hosts {
		hc.CloseIdleConnections()
	}
}

// Do sends r. A POST is sent again only where none of it reached the upstream.
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) {
	if r.Timing != nil {
		*r.Timing = timing.Attempt{Begun: time.Now()}
	}
	req := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(req)
	fill(req, r)
	hc := c.host(req)
	for {
		resp, again, err := send(ctx, hc, req, r)
		if err == nil {
			return resp, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if !again {
			return nil, explain(err)
		}
	}
}

func fill(req *fasthttp.Request, r *Request) {
	req.Header.SetMethod(r.Method)
	req.SetRequestURI(r.URL)
	req.URI().DisablePathNormalizing = true
	for _, f := range r.Header {
		req.Header.Set(f.Name, f.Value)
	}
	if r.Body != nil {
		req.SetBodyRaw(r.Body)
	}
}

// host finds or makes the pool for the request's scheme and host.
func (c *Client) host(req *fasthttp.Request) *host {
	uri := req.URI()
	secure := string(uri.Scheme()) == "https"
	var buf [128]byte
	key := append(append(append(buf[:0], uri.Scheme()...), "://"...), uri.Host()...)
	c.mu.RLock()
	hc := c.hosts[string(key)]
	c.mu.RUnlock()
	if hc != nil {
		return hc
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if hc = c.hosts[string(key)]; hc == nil {
		if len(c.hosts) >= maxHosts {
			c.forget()
		}
		scheme := "http"
		if secure {
			scheme = "https"
		}
		hc = &host{HostClient: fasthttp.HostClient{
			Addr:                     fasthttp.AddMissingPort(string(uri.Host()), secure),
			IsTLS:                    secure,
			Dial:                     func(addr string) (net.Conn, error) { return c.dialer.dial(context.Background(), scheme, addr) },
			MaxConns:                 c.maxConns,
			MaxConnWaitTimeout:       dialTimeout,
			MaxIdleConnDuration:      c.idle,
			ReadBufferSize:           headerLimit,
			WriteBufferSize:          writeBuffer,
			MaxResponseBodySize:      bodyLimit,
			NoDefaultUserAgentHeader: true,
			DisablePathNormalizing:   true,
			ConnPoolStrategy:         fasthttp.LIFO,
		}}
		c.hosts[string(key)] = hc
	}
	return hc
}

// forget drops the hosts that no call has a connection to. A call that is about to take one keeps its host.
func (c *Client) forget() {
	for key, hc := range c.hosts {
		if hc.busy.Load() == 0 {
			hc.CloseIdleConnections()
			delete(c.hosts, key)
		}
	}
}

// acquire gets a connection. Where none is idle that takes time, so it leaves when ctx ends; a connection that comes
// later goes to the pool. C is the library's type for one, which has no name outside.
func acquire[C any](ctx context.Context, h *host, timeout time.Duration,
	get func(*fasthttp.HostClient, time.Duration, bool) (C, error), put func(*fasthttp.HostClient, C)) (C, error) {
	if int64(h.ConnsCount()) > h.busy.Load() {
		return get(&h.HostClient, timeout, false)
	}
	type got struct {
		conn C
		err  error
	}
	ready := make(chan got, 1)
	go func() {
		conn, err := get(&h.HostClient, timeout, false)
		ready <- got{conn, err}
	}()
	select {
	case g := <-ready:
		return g.conn, g.err
	case <-ctx.Done():
		go func() {
			if g := <-ready; g.err == nil {
				put(&h.HostClient, g.conn)
			}
		}()
		var none C
		return none, context.Cause(ctx)
	}
}

// send makes one try on one connection. again is true where the try failed before the upstream can have seen the
// request.
func send(ctx context.Context, hc *host, req *fasthttp.Request, r *Request) (_ *Response, again bool, _ error) {
	cc, err := acquire(ctx, hc, r.Timeout, (*fasthttp.HostClient).AcquireConn, (*fasthttp.HostClient).ReleaseConn)
	if err != nil {
		return nil, false, fmt.Errorf("%w: %w", ErrConnect, err)
	}
	hc.busy.Add(1)
	conn := cc.Conn()
	now := time.Now()
	pooled := !cc.LastUseTime().IsZero()
	if pooled && now.Sub(cc.LastUseTime()) > restLimit && stale(conn) {
		hc.busy.Add(-1)
		hc.CloseConn(cc)
		return nil, true, io.EOF
	}
	if r.Timing != nil {
		made(r.Timing, conn, pooled)
	}
	stop := afterFunc(ctx, func() { _ = conn.Close() })

	var deadline time.Time
	if r.Timeout > 0 {
		deadline = now.Add(r.Timeout)
	}
	// A body that fits into the socket's buffer cannot be kept from leaving, so its write needs no deadline.
	bulky := len(r.Body) > writeBuffer
	if bulky {
		err = conn.SetDeadline(deadline)
	} else {
		err = conn.SetReadDeadline(deadline)
	}
	if err != nil {
		stop()
		hc.busy.Add(-1)
		hc.CloseConn(cc)
		return nil, pooled, err
	}
	bw := hc.AcquireWriter(conn)
	unsent := false
	err = req.Write(bw)
	if err == nil {
		held := bw.Buffered()
		err = bw.Flush()
		// More than the body is held where nothing has left before: headers are far smaller than the buffer.
		unsent = err != nil && held > len(r.Body) && bw.Buffered() == held
	}
	if err == nil && bulky {
		err = conn.SetWriteDeadline(time.Time{}) // the connection's next request may be a small one
	}
	hc.ReleaseWriter(bw)
	if err != nil {
		stop()
		hc.busy.Add(-1)
		hc.CloseConn(cc)
		if unsent {
			err = fmt.Errorf("%w: %w", ErrConnect, err)
		}
		return nil, pooled && !isTimeout(err), err
	}

	resp := fasthttp.AcquireResponse()
	resp.StreamBody = r.Stream
	br := hc.AcquireReader(conn)
	if r.Timing != nil {
		answered(r.Timing, br)
	}
	if err := resp.ReadLimitBody(br, bodyLimit); err != nil {
		stop()
		fasthttp.ReleaseResponse(resp)
		hc.ReleaseReader(br)
		hc.busy.Add(-1)
		hc.CloseConn(cc)
		return nil, false, err
	}
	out := &Response{
		Status:      resp.StatusCode(),
		ContentType: contentType(resp.Header.ContentType()),
		Header:      func(name string) string { return string(resp.Header.Peek(name)) },
		Each: func(f func(name, value []byte)) {
			for k, v := range resp.Header.All() {
				f(k, v)
			}
		},
	}
	if r.Stream && resp.BodyStream() != nil {
		giveBack := func(read bool) { finish(hc, cc, hc.CloseConn, hc.ReleaseConn, br, resp, stop, read) }
		out.Stream = &stream{resp: resp, conn: conn, idle: r.Idle, done: giveBack}
		out.Release = func() { _ = out.Stream.Close() }
		return out, false, nil
	}
	finish(hc, cc, hc.CloseConn, hc.ReleaseConn, br, resp, stop, true)
	out.Body = resp.Body()
	out.Release = func() { fasthttp.ReleaseResponse(resp) }
	return out, false, nil
}

// answered waits for the answer and notes when it began. Where none comes, reading it says why.
func answered(t *timing.Attempt, br *bufio.Reader) {
	if _, err := br.Peek(1); err == nil {
		t.First = time.Since(t.Begun)
	}
}

// finish gives back what a call held. The connection can be used again where the response was read to its end and
// nothing that nobody asked for came after it.
func finish[C any](hc *host, cc C, drop, keep func(C), br *bufio.Reader, resp *fasthttp.Response, stop func() bool, read bool) {
	usable := stop() && read && !resp.ConnectionClose() && br.Buffered() == 0
	hc.busy.Add(-1)
	hc.ReleaseReader(br)
	if usable {
		keep(cc)
	} else {
		drop(cc)
	}
}

// contentType spares the usual types a copy.
func contentType(b []byte) string {
	switch string(b) {
	case "application/json":
		return "application/json"
	case "text/event-stream":
		return "text/event-stream"
	}
	return string(b)
}

// afterFunc is context.AfterFunc. A context that brings its own is asked directly, which saves the detour of a context
// made for the occasion.
func afterFunc(ctx context.Context, f func()) (stop func() bool) {
	if own, ok := ctx.(interface {
		AfterFunc(f func()) (stop func() bool)
	}); ok {
		return own.AfterFunc(f)
	}
	return context.AfterFunc(ctx, f)
}

// stream is the body of a streamed response. Reading to its end gives the connection back; closing it before closes
// the connection. Read and Close may be called at the same time: Close makes the Read fail.
type stream struct {
	resp  *fasthttp.Response
	conn  net.Conn
	idle  time.Duration
	armed time.Time
	done  func(reuse bool)

	mu     sync.Mutex // held by Read
	closed bool
	ended  bool
}

func (s *stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, io.ErrClosedPipe
	}
	if s.ended {
		return 0, io.EOF
	}
	if err := s.arm(); err != nil {
		return 0, err
	}
	n, err := s.resp.BodyStream().Read(p)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF):
		s.ended = true
		return n, io.EOF
	default:
		return n, explain(err)
	}
}

// arm moves the read deadline; once a second is enough for a bound of many seconds.
func (s *stream) arm() error {
	now := time.Now()
	if !s.armed.IsZero() && now.Sub(s.armed) < time.Second {
		return nil
	}
	s.armed = now
	if s.idle <= 0 {
		return s.conn.SetReadDeadline(time.Time{})
	}
	return s.conn.SetReadDeadline(now.Add(s.idle))
}

func (s *stream) Close() error {
	if !s.mu.TryLock() {
		_ = s.conn.Close() // wakes the Read that holds the lock
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.done(s.ended)
	fasthttp.ReleaseResponse(s.resp)
	return nil
}

func explain(err error) error {
	if isTimeout(err) {
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return err
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, fasthttp.ErrTimeout) || errors.As(err, &t) && t.Timeout()
}
