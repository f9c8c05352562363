//go:build unix

package transport_test

import (
	"testing"
	"time"
)

// A pooled connection that the upstream has closed meanwhile, or that has bytes nobody asked for, does not get a POST.
func TestStaleConnectionIsNotUsed(t *testing.T) {
	for name, spoil := range map[string]string{"closed": "", "unasked bytes": "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := serve(t, func(c *turn) bool {
				c.ok("{}")
				if c.conn == 1 {
					c.say("%s", spoil)
					return spoil != ""
				}
				return true
			})
			client := newClient(t, 0)
			do(t, client, post(u, false)).Release()
			rest := time.NewTimer(1100 * time.Millisecond) // a connection is looked at after a second at rest
			<-rest.C
			resp := do(t, client, post(u, false))
			defer resp.Release()
			if resp.Status != 200 || u.conns.Load() != 2 || u.reqs.Load() != 2 {
				t.Errorf("status %d, %d connections, %d requests", resp.Status, u.conns.Load(), u.reqs.Load())
			}
		})
	}
}
