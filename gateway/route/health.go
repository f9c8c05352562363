package route

import (
	"hash/maphash"
	"math/rand/v2"
	"sync"
	"time"
)

// Health knows how providers and their keys do. It outlives configurations: what is known of a key is forgotten when its
// value changes, and of a provider when its address does.
type Health struct {
	now  func() time.Time
	draw func() float64
	seed maphash.Seed

	mu      sync.Mutex
	entries map[patient]*breaker
}

// patient is a provider, or one of its keys.
type patient struct{ provider, key string }

// NewHealth makes one in which all is well. draw gives random numbers from 0 up to 1; nil = those of math/rand.
func NewHealth(now func() time.Time, draw func() float64) *Health {
	if draw == nil {
		draw = rand.Float64
	}
	return &Health{now: now, draw: draw, seed: maphash.MakeSeed(), entries: map[patient]*breaker{}}
}

// entry finds the breaker of a provider or a key. It is a new one where secret is not what it was.
func (h *Health) entry(provider, key, secret string) *breaker {
	mark := maphash.String(h.seed, secret)
	h.mu.Lock()
	defer h.mu.Unlock()
	at := patient{provider, key}
	b := h.entries[at]
	if b == nil || b.mark != mark {
		b = &breaker{mark: mark, now: h.now, draw: h.draw}
		h.entries[at] = b
	}
	return b
}

// State is how a provider does, or one of its keys. Name is closed (all is well), open (left out), half_open (one call
// is tried) or ramping (its share grows again). Share is the part of its usual traffic that it gets, 0 to 1; Failures
// count those in a row; RetryAt is when an open one is tried again.
type State struct {
	Name      string
	Share     float64
	Failures  int
	LastError string
	ErrorAt   time.Time
	RetryAt   time.Time
}

// State tells how a provider does, or the key with that id. Who was never called is well.
func (h *Health) State(provider, keyID string) State {
	h.mu.Lock()
	b := h.entries[patient{provider, keyID}]
	h.mu.Unlock()
	if b == nil {
		return State{Name: closed.String(), Share: 1}
	}
	return b.show()
}
