package admin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
)

const (
	sessionLife = 30 * 24 * time.Hour
	codeLife    = 2 * time.Minute
)

// sessions are the proofs that live only in memory: one-time codes, the window's sessions, and passwords that were
// just checked.
type sessions struct {
	mu       sync.Mutex
	codes    map[string]time.Time // hash of a code → when it ends
	tickets  map[string]time.Time // the same of tickets for websockets
	windows  map[string]time.Time // hash of a token → when it ends
	checked  map[string]verdict   // keyed hash of a Basic credential → what it is
	key      []byte               // keys those hashes
	throttle throttle
	checking sync.Mutex // one password is hashed at a time
}

type verdict struct {
	right bool
	until time.Time
}

func newSessions() *sessions {
	return &sessions{
		codes: map[string]time.Time{}, tickets: map[string]time.Time{}, windows: map[string]time.Time{}, checked: map[string]verdict{},
		key: []byte(rand.Text()), throttle: throttle{failed: map[string]failures{}},
	}
}

// token is a secret of 32 random bytes.
func token() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// NewCode makes a code that can be exchanged for a token once, within two minutes.
func (a *Admin) NewCode() string {
	code := token()
	s := a.sessions
	s.mu.Lock()
	defer s.mu.Unlock()
	sweep(s.codes, time.Now())
	s.codes[hash(code)] = time.Now().Add(codeLife)
	return code
}

func sweep(m map[string]time.Time, now time.Time) {
	for name, until := range m {
		if !now.Before(until) {
			delete(m, name)
		}
	}
}

// redeem trades a code for a token that lives as long as this process, at most sessionLife.
func (s *sessions) redeem(code string) (string, bool) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.codes[hash(code)]
	delete(s.codes, hash(code))
	if !ok || !now.Before(until) {
		return "", false
	}
	t := token()
	sweep(s.windows, now)
	s.windows[hash(t)] = now.Add(sessionLife)
	return t, true
}

func (s *sessions) window(hash string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.windows[hash])
}

func (a *Admin) exchangeCode(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	var req CodeRequest
	if err := decode(x.Raw, &req); err != nil {
		return nil, err
	}
	t, ok := a.sessions.redeem(req.Code)
	if !ok {
		return nil, refuseWith(http.StatusUnauthorized, "the code is used up or too old; open the window again")
	}
	return withCookie(x, Session{"Login successful", t}, t)
}

func (a *Admin) login(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	var req LoginRequest
	if err := decode(x.Raw, &req); err != nil {
		return nil, err
	}
	auth := a.Config.Snapshot().Auth
	if !auth.Enabled {
		return nil, refuseWith(http.StatusForbidden, "Authentication is not enabled")
	}
	from, _, err := net.SplitHostPort(x.Peer.String())
	if err != nil {
		from = x.Peer.String()
	}
	if wait := a.sessions.throttle.wait(from, time.Now()); wait > 0 {
		return nil, tooMany(wait)
	}
	if !a.sessions.right(auth, req.Username, req.Password) {
		a.sessions.throttle.failure(from, time.Now())
		return nil, refuseWith(http.StatusUnauthorized, "Invalid username or password")
	}
	a.sessions.throttle.success(from)
	t, now := token(), time.Now().UTC()
	err = a.Config.Update(ctx, func(d *config.Draft) error {
		d.AddSession(hash(t), config.Session{Created: now, Expires: now.Add(sessionLife)}, now)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return withCookie(x, Session{"Login successful", t}, t)
}

func (a *Admin) logout(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	for _, t := range tokens(x.Header) {
		h := hash(t)
		a.sessions.mu.Lock()
		delete(a.sessions.windows, h)
		a.sessions.mu.Unlock()
		err := a.Config.Update(ctx, func(d *config.Draft) error {
			delete(d.Sessions, h)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return withCookie(x, Saved{Message: "Logout successful"}, "")
}

func (a *Admin) authState(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	now := a.Config.Snapshot()
	state := AuthState{
		IsAuthEnabled: now.Auth.Enabled, HasValidToken: a.Check(x.Header), AuthType: "none",
		InferenceAuthEnforced: inferenceClosed(now),
	}
	if now.Auth.Enabled {
		state.AuthType = "password"
	}
	return answer(state)
}

// withCookie answers and sets the session's cookie; "" removes it.
func withCookie(x *exchange.Exchange, v any, token string) (*exchange.Reply, error) {
	r, err := answer(v)
	if err != nil {
		return nil, err
	}
	c := http.Cookie{
		Name: cookieName, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int(sessionLife / time.Second), Secure: strings.EqualFold(x.Header.Get("X-Forwarded-Proto"), "https"),
	}
	if token == "" {
		c.MaxAge = -1
	}
	r.Header = append(r.Header, exchange.Field{Name: "Set-Cookie", Value: c.String()}, exchange.Field{Name: "Cache-Control", Value: "no-store"})
	return r, nil
}
