package transport

import (
	"strconv"
	"testing"

	"github.com/valyala/fasthttp"
)

// TestHostsAreForgotten: whoever names ever new hosts fills no memory, and a host in use stays.
func TestHostsAreForgotten(t *testing.T) {
	c, err := NewClient(Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := func(i int) *host {
		req := fasthttp.AcquireRequest()
		defer fasthttp.ReleaseRequest(req)
		req.SetRequestURI("https://h" + strconv.Itoa(i) + ".test/")
		return c.host(req)
	}
	busy := at(0)
	busy.busy.Add(1)
	for i := range 3 * maxHosts {
		at(i)
	}
	if n := len(c.hosts); n > maxHosts || at(0) != busy {
		t.Errorf("%d hosts are kept; the busy one: %v", n, at(0) == busy)
	}
}
