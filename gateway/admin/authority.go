package admin

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"math"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

const (
	cookieName    = "token"
	rememberRight = time.Minute
	rememberWrong = 10 * time.Second
)

// Check reports whether a request proves to come from the administrator: by the control token, a session's token
// (Bearer or cookie), or name and password (Basic).
func (a *Admin) Check(h exchange.Header) bool {
	for _, t := range tokens(h) {
		if a.ControlToken != "" && subtle.ConstantTimeCompare([]byte(t), []byte(a.ControlToken)) == 1 {
			return true
		}
		if a.session(hash(t)) {
			return true
		}
	}
	encoded, ok := strings.CutPrefix(h.Get("Authorization"), "Basic ")
	if !ok {
		return false
	}
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	name, password, found := strings.Cut(string(plain), ":")
	auth := a.Config.Snapshot().Auth
	return err == nil && found && auth.Enabled && a.sessions.basic(auth, name, password)
}

// inferenceClosed reports whether clients need the administrator's proof too. Off loopback they always do.
func inferenceClosed(s *config.Snapshot) bool {
	ip := net.ParseIP(strings.Trim(s.Settings.Host, "[]"))
	local := s.Settings.Host == "localhost" || (ip != nil && ip.IsLoopback())
	return !local || (s.Auth.Enabled && !s.Auth.DisableOnInference)
}

func (a *Admin) session(hash string) bool {
	s, ok := a.Config.Snapshot().Sessions[hash]
	return (ok && time.Now().Before(s.Expires)) || a.sessions.window(hash)
}

// sessionHash is the hash of the token that a request proves itself by; "" where it does so otherwise.
func (a *Admin) sessionHash(h exchange.Header) string {
	for _, t := range tokens(h) {
		if a.session(hash(t)) {
			return hash(t)
		}
	}
	return ""
}

// tokens are what a request offers as a token: its bearer token and its cookie.
func tokens(h exchange.Header) []string {
	var out []string
	if t, ok := strings.CutPrefix(h.Get("Authorization"), "Bearer "); ok && t != "" {
		out = append(out, strings.TrimSpace(t))
	}
	cookies, err := http.ParseCookie(h.Get("Cookie"))
	if err != nil {
		return out
	}
	for _, c := range cookies {
		if c.Name == cookieName && c.Value != "" {
			out = append(out, c.Value)
		}
	}
	return out
}

// right checks a name and a password; a wrong name takes as long as a wrong password.
func (s *sessions) right(auth config.Auth, name, password string) bool {
	s.checking.Lock()
	defer s.checking.Unlock()
	match := bcrypt.CompareHashAndPassword([]byte(auth.PasswordHash), []byte(password)) == nil
	return subtle.ConstantTimeCompare([]byte(name), []byte(auth.Username)) == 1 && match
}

// basic is right with a memory, since Basic credentials come with every request and a check is slow on purpose.
func (s *sessions) basic(auth config.Auth, name, password string) bool {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(name + "\x00" + password + "\x00" + auth.Username + "\x00" + auth.PasswordHash))
	id, now := string(mac.Sum(nil)), time.Now()

	s.mu.Lock()
	known, ok := s.checked[id]
	s.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.right
	}
	const from = "basic"
	if s.throttle.wait(from, now) > 0 {
		return false
	}
	v := verdict{s.right(auth, name, password), now.Add(rememberWrong)}
	if v.right {
		v.until = now.Add(rememberRight)
		s.throttle.success(from)
	} else {
		s.throttle.failure(from, now)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, old := range s.checked {
		if !now.Before(old.until) {
			delete(s.checked, id)
		}
	}
	s.checked[id] = v
	return v.right
}

// throttle slows down whoever guesses passwords: after freeFailures each further failure doubles the wait.
type throttle struct {
	mu     sync.Mutex
	failed map[string]failures
}

type failures struct {
	count int
	last  time.Time
}

const (
	freeFailures = 5
	longestWait  = time.Minute
	forgetAfter  = 10 * time.Minute
)

// wait says how long a caller has to wait before its next try.
func (t *throttle) wait(from string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.failed[from]
	if f.count < freeFailures {
		return 0
	}
	pause := min(time.Second<<min(f.count-freeFailures, 10), longestWait)
	return f.last.Add(pause).Sub(now)
}

func (t *throttle) failure(from string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for who, f := range t.failed {
		if now.Sub(f.last) > forgetAfter {
			delete(t.failed, who)
		}
	}
	t.failed[from] = failures{t.failed[from].count + 1, now}
}

func (t *throttle) success(from string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.failed, from)
}

func tooMany(wait time.Duration) error {
	e := llm.Errorf(llm.KindRateLimited, "too many failed logins; try again in %.0f seconds", math.Ceil(wait.Seconds()))
	e.RetryAfter = wait
	return e
}
