package transport

import (
	"context"
	"net"
	"net/http/httptrace"
	"time"

	"heimdall/providers/timing"
)

// measured is a socket that knows what it took to make its connection. It stands below TLS.
type measured struct {
	*net.TCPConn
	took timing.Attempt // DNS, Connect and TLS; not changed once the connection is used
}

// measuredOf finds the socket of a connection; nil where it was not made by connect.
func measuredOf(c net.Conn) *measured {
	for {
		if m, ok := c.(*measured); ok {
			return m
		}
		above, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return nil
		}
		c = above.NetConn()
	}
}

// connect makes a TCP connection and notes how long its name took to resolve.
func connect(ctx context.Context, addr string) (net.Conn, error) {
	var asked time.Time
	var dns time.Duration
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { asked = time.Now() },
		DNSDone:  func(httptrace.DNSDoneInfo) { dns = time.Since(asked) },
	})
	d := net.Dialer{KeepAlive: 30 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &measured{conn.(*net.TCPConn), timing.Attempt{DNS: dns}}, nil
}

// made notes what the call has spent on its connection: nothing where it is a reused one.
func made(t *timing.Attempt, c net.Conn, reused bool) {
	var took timing.Attempt
	if !reused {
		if m := measuredOf(c); m != nil {
			took = m.took
		}
	}
	t.Reused, t.DNS, t.Connect, t.TLS = reused, took.DNS, took.Connect, took.TLS
}
