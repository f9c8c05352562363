package route

import (
	"strconv"
	"sync"
	"time"

	"heimdall/gateway/exchange"
)

const (
	// So many sessions are remembered.
	maxSessions = 10_000
	// How long a session is, counted from its last call, unless the client says otherwise.
	sessionAge = time.Hour
)

// Sessions remembers which key serves a session. It outlives configurations.
type Sessions struct {
	now func() time.Time

	mu    sync.Mutex
	bound map[session]binding
}

type session struct{ provider, model, id string }

type binding struct {
	key   string
	until time.Time
}

// NewSessions makes an empty one.
func NewSessions(now func() time.Time) *Sessions {
	return &Sessions{now: now, bound: map[session]binding{}}
}

// key is the id of the session's key; "" = it has none.
func (s *Sessions) key(of session) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.bound[of]; ok && s.now().Before(b.until) {
		return b.key
	}
	return ""
}

// bind gives the session a key for that long from now.
func (s *Sessions) bind(of session, key string, age time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if _, known := s.bound[of]; !known && len(s.bound) >= maxSessions {
		s.makeRoom(now)
	}
	s.bound[of] = binding{key, now.Add(age)}
}

// makeRoom forgets the sessions that are over. Where too few are, it forgets any, so that this is done seldom.
func (s *Sessions) makeRoom(now time.Time) {
	for of, b := range s.bound {
		if !now.Before(b.until) {
			delete(s.bound, of)
		}
	}
	for of := range s.bound {
		if len(s.bound) <= maxSessions*7/8 {
			break
		}
		delete(s.bound, of)
	}
}

// sessionOf is the session that the client names; "" = none.
func sessionOf(h exchange.Header) string {
	if id := h.Get("X-Bf-Session-Id"); id != "" {
		return id
	}
	return h.Get("X-Claude-Code-Session-Id")
}

// ageOf is how long a session is; a length that nobody understands is none.
func ageOf(h exchange.Header) time.Duration {
	text := h.Get("X-Bf-Session-Ttl")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 && seconds < 1e9 {
		return time.Duration(seconds) * time.Second
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d
	}
	return sessionAge
}
