package admin

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"heimdall/gateway/exchange"
)

// Hub is the live view: it knows what is in flight and tells the pages that listen. It is an exchange.Observer.
type Hub struct {
	mu     sync.Mutex
	live   map[*exchange.Record]struct{} // in flight: only what is known at their beginning may be read
	subs   map[*subscriber]struct{}
	closed bool
}

// NewHub makes a hub that nobody listens to yet.
func NewHub() *Hub {
	return &Hub{live: map[*exchange.Record]struct{}{}, subs: map[*subscriber]struct{}{}}
}

// Begin shows an exchange that has begun.
func (h *Hub) Begin(r *exchange.Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.live[r] = struct{}{}
	if len(h.subs) == 0 {
		return
	}
	e := begun(r)
	for s := range h.subs {
		s.log("create", &e)
	}
}

// End shows how an exchange ended.
func (h *Hub) End(r *exchange.Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.live, r)
	if len(h.subs) == 0 {
		return
	}
	e := entry(r)
	for s := range h.subs {
		s.log("update", &e)
	}
}

// Completed shows what was found out of an exchange after it had ended.
func (h *Hub) Completed(r *exchange.Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.subs) == 0 {
		return
	}
	e := entry(r)
	for s := range h.subs {
		s.log("update", &e)
	}
}

// Live are the exchanges in flight, the newest first.
func (h *Hub) Live() []LogEntry {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]LogEntry, 0, len(h.live))
	for r := range h.live {
		list = append(list, begun(r))
	}
	slices.SortFunc(list, func(a, b LogEntry) int {
		return cmp.Or(b.Timestamp.Compare(a.Timestamp), cmp.Compare(b.ID, a.ID))
	})
	return list
}

// Gateway tells of a new state of the gateway.
func (h *Hub) Gateway(g Gateway) { h.each(func(s *subscriber) { s.gateway = &g }) }

// Spending tells what is being spent now, and whether the kill switch is on.
func (h *Hub) Spending(k KillSwitch) { h.each(func(s *subscriber) { s.spending = &k }) }

// Config tells of a new version of the configuration.
func (h *Hub) Config(version int64) { h.each(func(s *subscriber) { s.config = &version }) }

// Dropped tells how much the log has lost since the start.
func (h *Hub) Dropped(d Dropped) { h.each(func(s *subscriber) { s.dropped = &d }) }

// Refused tells of a web page that was turned away.
func (h *Hub) Refused(origin, path string, at time.Time) {
	h.each(func(s *subscriber) {
		if len(s.refused) < maxRefused {
			s.refused = append(s.refused, Refused{origin, path, at})
		}
	})
}

// Refused shows a web page that was turned away, so that the user can allow it.
func (a *Admin) Refused(origin, path string) { a.Hub.Refused(origin, path, time.Now().UTC()) }

func (h *Hub) each(tell func(*subscriber)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.subs {
		s.mu.Lock()
		tell(s)
		s.mu.Unlock()
		s.wakeUp()
	}
}

// Close ends every stream and takes no more.
func (h *Hub) Close() {
	h.mu.Lock()
	subs := h.subs
	h.subs, h.closed = map[*subscriber]struct{}{}, true
	h.mu.Unlock()
	for s := range subs {
		s.end()
	}
}

// subscribe makes a stream that begins with the gateway's state, what is being spent (nil = nobody knows) and everything
// in flight. each says whether every state of a row is told, or only the newest.
func (h *Hub) subscribe(g Gateway, k *KillSwitch, each bool) *subscriber {
	s := &subscriber{hub: h, each: each, wake: make(chan struct{}, 1), done: make(chan struct{}), at: map[string]int{}, gateway: &g, spending: k}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		s.end()
		return s
	}
	live := make([]*LogEntry, 0, len(h.live))
	for r := range h.live {
		e := begun(r)
		live = append(live, &e)
	}
	slices.SortFunc(live, func(a, b *LogEntry) int { return a.Timestamp.Compare(b.Timestamp) })
	if len(live) > maxPending {
		live = live[len(live)-maxPending:]
	}
	for _, e := range live {
		s.log("create", e)
	}
	h.subs[s] = struct{}{}
	s.wakeUp()
	return s
}

func (h *Hub) leave(s *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.subs, s)
}

var _ exchange.Observer = (*Hub)(nil)
