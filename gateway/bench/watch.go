package main

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// watchListener makes connections whose peer's hang-up can be seen while a handler runs. fasthttp reads nothing from
// a connection meanwhile, so a byte may be read in the background and given back to the next Read.
type watchListener struct{ net.Listener }

func (l watchListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &watchConn{Conn: c}, nil
}

type watchConn struct {
	net.Conn
	mu   sync.Mutex
	held []byte
	err  error
}

func (c *watchConn) Read(p []byte) (int, error) {
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

// watch returns a channel that is closed when the peer hangs up. stop must be called before the next request is read.
func (c *watchConn) watch() (gone <-chan struct{}, stop func()) {
	left, done := make(chan struct{}), make(chan struct{})
	c.Conn.SetReadDeadline(time.Time{})
	go func() {
		defer close(done)
		var b [1]byte
		n, err := c.Conn.Read(b[:])
		c.mu.Lock()
		defer c.mu.Unlock()
		c.held = append(c.held, b[:n]...)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			c.err = err
			close(left)
		}
	}()
	return left, sync.OnceFunc(func() {
		c.Conn.SetReadDeadline(time.Unix(1, 0))
		<-done
		c.Conn.SetReadDeadline(time.Time{})
	})
}
