package gateway

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"slices"
	"sync/atomic"

	"heimdall/gateway/edge"
	"heimdall/gateway/exchange"
)

// control is the private listener of the desktop: the window and the tray use it for as long as the app lives. It is
// on loopback, on a port of its own, and always wants the token.
type control struct {
	server  *edge.Server
	address string
	streams atomic.Int64
}

// controlToken makes the token that proves the window and the tray; headless there is none.
func controlToken(desktop bool) string {
	if !desktop {
		return ""
	}
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func (g *Gateway) startControl() error {
	server, err := g.server(g.controlRows(), true)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("open the control listener: %w", err)
	}
	g.control.server, g.control.address = server, ln.Addr().String()
	go func() {
		if err := server.Serve(ln); err != nil {
			select {
			case g.failed <- fmt.Errorf("the control listener was lost: %w", err):
			default:
			}
		}
	}()
	return nil
}

func (g *Gateway) controlRows() []exchange.Row {
	rows := g.admin.Rows()
	i := slices.IndexFunc(rows, func(r exchange.Row) bool { return r.Path == "/api/events" })
	rows[i].Handler = g.control.counted(rows[i].Handler)
	rows = append(rows, g.opts.Shell...)
	rows = append(rows, health(g.logging))
	rows = append(rows, debugRows()...)
	return append(rows, page{g.opts.UI}.rows()...)
}

// counted counts the event streams that a handler has open.
func (c *control) counted(next exchange.Handler) exchange.Handler {
	return func(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
		reply, err := next(ctx, x)
		if err == nil && reply.Stream != nil && x.Header.Get("Sec-Fetch-Mode") != "" {
			c.streams.Add(1)
			reply.Stream = &leaving{ReadCloser: reply.Stream, leave: func() { c.streams.Add(-1) }}
		}
		return reply, err
	}
}

type leaving struct {
	io.ReadCloser
	leave func()
}

func (l *leaving) Close() error {
	err := l.ReadCloser.Close()
	if l.leave != nil {
		l.leave()
		l.leave = nil
	}
	return err
}

// Control is the control listener's address and token.
func (g *Gateway) Control() (address, token string) {
	return g.control.address, g.admin.ControlToken
}

// NewCode makes a code with which a page at the control listener gets its session, once.
func (g *Gateway) NewCode() string { return g.admin.NewCode() }

// WindowStreams counts the event streams that pages have open at the control listener: a window that shows none has
// lost its page. A browser sends Sec-Fetch-Mode with them, the tray does not.
func (g *Gateway) WindowStreams() int { return int(g.control.streams.Load()) }
