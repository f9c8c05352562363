package edge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"heimdall/gateway/exchange"
)

// listener makes connections whose peer's hang-up can be seen while a handler runs.
type listener struct {
	net.Listener
	http2   func(*lent) // serves a connection until it is over
	process func(local, remote net.Addr) *atomic.Pointer[exchange.Process]
	unused  *unused
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	own := &conn{Conn: c, http2: l.http2, unused: l.unused}
	l.unused.add(own)
	if l.process != nil {
		own.process = l.process(c.LocalAddr(), c.RemoteAddr())
	}
	return own, nil
}

// unused are the connections on which nothing has come yet. A browser keeps some for its next requests, and the server,
// when it stops, would wait for them.
type unused struct {
	mu     sync.Mutex
	conns  map[*conn]struct{}
	closed bool
}

// add has c closed when the rest is, which may be at once.
func (u *unused) add(c *conn) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		_ = c.Conn.Close()
		return
	}
	if u.conns == nil {
		u.conns = make(map[*conn]struct{})
	}
	u.conns[c] = struct{}{}
}

func (u *unused) remove(c *conn) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.conns, c)
}

// close hangs up on all of them, and on those that are still to come.
func (u *unused) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	for c := range u.conns {
		_ = c.Conn.Close()
	}
}

// conn is a client's connection. The server reads nothing from it while a handler runs, so watch may read one byte in
// the background: none means that the peer has left, and one that arrives is the next request's first and is handed
// back to the next Read.
type conn struct {
	net.Conn
	deadline time.Time   // for reading; of the server's, zero while the watch has its own
	http2    func(*lent) // nil once it is known what the peer speaks
	process  *atomic.Pointer[exchange.Process]
	unused   *unused // it is among them until the peer sends something

	mu   sync.Mutex
	held []byte
	err  error
	lent bool // it speaks HTTP/2, and who serves that closes it

	linger bool // the peer is still sending what nobody will read
}

// A connection that lingers takes at most so much more, for so long.
const (
	lingerBytes = 64 << 20
	lingerTime  = 2 * time.Second
)

// Close ends the connection. Closing while bytes come in would reset it, and the peer could lose the answer that says
// why; so where it lingers the rest is read and thrown away.
func (c *conn) Close() error {
	c.unused.remove(c)
	c.mu.Lock()
	lent := c.lent
	c.mu.Unlock()
	if lent {
		return nil
	}
	if t, ok := c.Conn.(*net.TCPConn); ok && c.linger {
		_ = t.CloseWrite()
		_ = t.SetReadDeadline(time.Now().Add(lingerTime))
		_, _ = io.CopyN(io.Discard, t, lingerBytes)
	}
	return c.Conn.Close()
}

func (c *conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	if len(c.held) > 0 {
		n := copy(p, c.held)
		c.held = c.held[n:]
		c.mu.Unlock()
		return n, nil
	}
	err := c.err
	c.mu.Unlock()
	if err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	if c.http2 != nil && n > 0 {
		return c.first(p, n, err)
	}
	return n, err
}

// preface is how a connection begins that speaks HTTP/2 without having asked.
const preface = "PRI * HTTP/2.0\r\n"

// first looks at what the peer sent first, the n bytes in p. Where that is HTTP/2 it is served here, and for the
// server that reads HTTP/1.1 the connection has ended.
func (c *conn) first(p []byte, n int, err error) (int, error) {
	c.unused.remove(c)
	serve := c.http2
	c.http2 = nil
	for err == nil && n < min(len(preface), len(p)) && strings.HasPrefix(preface, string(p[:n])) {
		var more int
		more, err = c.Conn.Read(p[n:])
		n += more
	}
	if !bytes.HasPrefix(p[:n], []byte(preface)) {
		return n, err
	}
	c.lend(true)
	serve(&lent{Conn: c.Conn, process: c.process, begin: bytes.Clone(p[:n]), over: make(chan struct{})})
	c.lend(false)
	return 0, io.EOF
}

func (c *conn) lend(lent bool) {
	c.mu.Lock()
	c.lent = lent
	c.mu.Unlock()
}

// slack is how much earlier than asked a read deadline may come. Deadlines of minutes need not be moved at every request.
const slack = 5 * time.Second

// SetReadDeadline moves the deadline where that makes a difference.
func (c *conn) SetReadDeadline(t time.Time) error {
	if d := t.Sub(c.deadline); !c.deadline.IsZero() && d >= 0 && d < slack {
		return nil
	}
	c.deadline = t
	return c.Conn.SetReadDeadline(t)
}

// watch calls gone once the peer hangs up. stop ends the watch and returns after the background read has ended; it
// must be called before the server reads the next request.
func (c *conn) watch(gone func()) (stop func()) {
	done := make(chan struct{})
	c.deadline = time.Time{}
	_ = c.Conn.SetReadDeadline(time.Time{})
	go func() {
		defer close(done)
		var b [1]byte
		n, err := c.Conn.Read(b[:])
		c.mu.Lock()
		if n > 0 {
			c.held = append(c.held, b[0])
		}
		left := err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
		if left {
			c.err = err
		}
		c.mu.Unlock()
		if left {
			gone()
		}
	}()
	return func() {
		_ = c.Conn.SetReadDeadline(time.Unix(1, 0))
		<-done
		_ = c.Conn.SetReadDeadline(time.Time{})
	}
}

// tell writes a chunk of the answer's body between those of the server, which must have none under way.
func (c *conn) tell(text string) { _, _ = fmt.Fprintf(c.Conn, "%x\r\n%s\r\n", len(text), text) }

func (c *conn) caller() *atomic.Pointer[exchange.Process] { return c.process }

// client is who gets an answer.
type client interface {
	// caller is where the program stands that calls, once it is found; nil = nobody looks for it.
	caller() *atomic.Pointer[exchange.Process]
	// watch calls gone once the client leaves, until stop is called.
	watch(gone func()) (stop func())
	// tell adds to a streamed answer from the side.
	tell(text string)
}

// patience is how long an exchange may take before its client is watched: most are over by then and cost nothing.
const patience = 50 * time.Millisecond

// watcher watches the client of one exchange from the time that it is told to until the exchange is over.
type watcher struct {
	of   client
	mu   sync.Mutex
	over bool
	stop func()
}

func (w *watcher) start(gone func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.over && w.stop == nil {
		w.stop = w.of.watch(gone)
	}
}

// end stops watching. It may be called more than once.
func (w *watcher) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
}
