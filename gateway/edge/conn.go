package edge

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// listener makes connections whose peer's hang-up can be seen while a handler runs.
type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

// conn is a client's connection. The server reads nothing from it while a handler runs, so watch may read one byte in
// the background: none means that the peer has left, and one that arrives is the next request's first and is handed
// back to the next Read.
type conn struct {
	net.Conn
	deadline time.Time // for reading; of the server's, zero while the watch has its own

	mu   sync.Mutex
	held []byte
	err  error

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
	return c.Conn.Read(p)
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

// patience is how long an exchange may take before its client is watched: most are over by then and cost nothing.
const patience = 50 * time.Millisecond

// watcher watches the connection of one exchange from the time that it is told to until the exchange is over.
type watcher struct {
	conn *conn // nil = it can't be watched
	mu   sync.Mutex
	over bool
	stop func()
}

func (w *watcher) start(gone func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.over && w.stop == nil && w.conn != nil {
		w.stop = w.conn.watch(gone)
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
