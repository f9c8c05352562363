package gateway

import (
	"strings"
	"sync"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// refusals logs requests that were turned away at the door: pages that may not call, hosts that are not ours, wrong
// addresses, requests that can't be read. None of their bodies is kept, and so many a second at most are logged: whoever is
// turned away must not be able to fill the log.
type refusals struct {
	now func() time.Time

	mu     sync.Mutex
	second int64
	logged int
}

const refusalsPerSecond = 20

// may reports whether one more is logged.
func (r *refusals) may() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now().Unix(); now != r.second {
		r.second, r.logged = now, 0
	}
	r.logged++
	return r.logged <= refusalsPerSecond
}

// nowhere is the row of what no row matches.
var nowhere = exchange.Row{}

// refused logs a request that was turned away. What a browser or a person asks of the page and of the management API is no
// matter for the log.
func (g *Gateway) refused(x *exchange.Exchange, err error) {
	if x.Row == nil {
		if x.Method != "POST" || strings.HasPrefix(x.Path, "/api/") {
			return
		}
		x.Row = &nowhere
	}
	if t := g.tracer.Load(); t != nil && g.refusals.may() {
		t.refuse(x, err)
	}
}

// refuse is the record of an exchange that never began.
func (t *tracer) refuse(x *exchange.Exchange, err error) {
	rec := t.begin(x)
	e := llm.AsError(err)
	rec.Error, rec.HTTPStatus, rec.Status, rec.NoBodies = e, e.Status, exchange.StatusError, true
	x.Record = rec
	x.OnAnnounce(func() { t.observers.Begin(rec) })
	t.end(x)
}
