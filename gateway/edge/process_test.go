package edge

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"heimdall/gateway/exchange"
)

// Every connection is asked for once, and what is found of it stands in all of its exchanges, also those that come to no
// handler.
func TestProcessOfAConnection(t *testing.T) {
	t.Parallel()
	type asked struct{ local, remote string }
	var mu sync.Mutex
	var calls []asked
	var places []*atomic.Pointer[exchange.Process]
	var got []*exchange.Exchange
	note := func(x *exchange.Exchange) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, x)
	}
	o := options(row("/", func(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
		note(x)
		return &exchange.Reply{Status: 200, Body: []byte("yes")}, nil
	}))
	o.Refused = func(x *exchange.Exchange, _ error) { note(x) }
	o.Process = func(local, remote net.Addr) *atomic.Pointer[exchange.Process] {
		mu.Lock()
		defer mu.Unlock()
		calls, places = append(calls, asked{local.String(), remote.String()}), append(places, new(atomic.Pointer[exchange.Process]))
		return places[len(places)-1]
	}
	s, url := serveOptions(t, o)
	defer s.Shutdown(time.Second)
	for name, c := range clients(t) {
		mu.Lock()
		calls, places, got = nil, nil, nil
		mu.Unlock()
		for _, path := range []string{"/", "/nowhere", "/"} {
			do(t, c, "GET", url+path, "")
		}
		mu.Lock()
		if len(calls) != 1 || len(got) != 3 {
			t.Fatalf("%s: asked for %v, %d exchanges", name, calls, len(got))
		}
		for i, x := range got {
			if x.Process != places[0] || x.Peer.String() != calls[0].remote || "http://"+calls[0].local != url {
				t.Errorf("%s, exchange %d: %p instead of %p; from %s, asked for %v", name, i, x.Process, places[0], x.Peer, calls[0])
			}
		}
		mu.Unlock()
		c.CloseIdleConnections()
	}
}

func TestNobodyLooksForProcesses(t *testing.T) {
	t.Parallel()
	s, url := serveRows(t, row("/", func(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
		if x.Process != nil {
			return &exchange.Reply{Status: 200, Body: []byte("somebody")}, nil
		}
		return &exchange.Reply{Status: 200, Body: []byte("nobody")}, nil
	}))
	defer s.Shutdown(time.Second)
	for name, c := range clients(t) {
		if _, body := do(t, c, "GET", url+"/", ""); !strings.Contains(body, "nobody") {
			t.Errorf("%s: %s", name, body)
		}
		c.CloseIdleConnections()
	}
}
