package route

import (
	"crypto/tls"
	"errors"
	"strings"
	"time"

	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

// longestWait bounds how long a call waits because a provider asks for it; who asks for more is left alone.
const longestWait = 10 * time.Second

// retries decides what follows a failed call of a provider. There is one method for each kind of failure; it returns how
// long to wait before the next call, and whether there is one.
type retries struct {
	policy Retry
	keys   *pool
	key    int  // the place of the present one; -1 = it is not one of the pool
	once   bool // nothing that is well is left: no try is made again
	draw   func() float64

	made   int           // tries again that count
	second bool          // the present key has had its second try
	move   bool          // the next call is to choose a key
	lost   int           // keys that are dead
	gone   bool          // several keys, and all are dead
	rest   time.Duration // the shortest that a limited key asks for
	limit  *llm.Error    // what the last of them said
}

// after is what follows e.
func (s *retries) after(e *llm.Error) (pause time.Duration, again bool) {
	s.move = false
	switch {
	case e.Kind == llm.KindCancelled:
		return 0, false
	case errors.Is(e, transport.ErrConnect) && !untrusted(e):
		return s.unsent()
	case s.key >= 0 && rejected(e):
		return s.dead()
	case limited(e):
		if s.limit == nil || e.RetryAfter < s.rest {
			s.rest = e.RetryAfter
		}
		s.limit = e
		return s.limited()
	case broken(e):
		return s.broken()
	}
	return 0, false
}

// unsent is a call that did not get on its way.
func (s *retries) unsent() (time.Duration, bool) {
	if s.spent() {
		return 0, false
	}
	return s.backoff(), true
}

// broken is a provider that fails: the same key gets a second chance, then the next has its turn.
func (s *retries) broken() (time.Duration, bool) {
	if s.spent() {
		return 0, false
	}
	pause := s.backoff()
	if s.second {
		s.next()
	}
	s.second = !s.second
	return pause, true
}

// limited is a key that is used too much. Others need not wait.
func (s *retries) limited() (time.Duration, bool) {
	if s.spent() {
		return 0, false
	}
	s.second = false
	if s.next() {
		s.made++
		return 0, true
	}
	return s.rested()
}

// dead is a key that the provider does not take: it counts for nothing.
func (s *retries) dead() (time.Duration, bool) {
	s.keys.mark(s.key, dead)
	s.lost++
	s.second, s.move = false, true
	alive, unused := s.keys.left()
	switch {
	case alive == 0:
		s.gone = s.lost > 1 // what the provider says of an only key is the whole story
		return 0, false
	case unused > 0:
		return 0, true
	case s.spent():
		return 0, false
	}
	s.keys.again(-1)
	return s.rested()
}

// rested is the pause before a key that was limited.
func (s *retries) rested() (time.Duration, bool) {
	if s.rest > longestWait {
		return 0, false
	}
	return max(s.backoff(), s.rest), true
}

func (s *retries) spent() bool { return s.once || s.made >= s.policy.Max }

// next passes on to another key and reports whether there is one that was not tried.
func (s *retries) next() bool {
	if s.key < 0 {
		return false
	}
	s.keys.mark(s.key, tried)
	s.move = true
	_, unused := s.keys.left()
	if unused == 0 {
		s.keys.again(s.key)
	}
	return unused > 0
}

// backoff is the pause before the next try that counts.
func (s *retries) backoff() time.Duration {
	pause := s.policy.Longest
	if s.made < 20 && s.policy.Initial < pause>>s.made {
		pause = s.policy.Initial << s.made
	}
	s.made++
	return min(time.Duration(float64(pause)*(0.8+0.4*s.draw())), s.policy.Longest)
}

// untrusted reports whether the provider's certificate was refused, which trying again does not change.
func untrusted(e *llm.Error) bool {
	var refused *tls.CertificateVerificationError
	return errors.As(e, &refused)
}

// rejected reports whether the provider does not take the key.
func rejected(e *llm.Error) bool {
	return e.Dialect != "" && (e.Kind == llm.KindAuthFailed || e.Kind == llm.KindBilling)
}

// limited reports whether the key, or the provider as a whole, is used too much.
func limited(e *llm.Error) bool {
	if e.Dialect == "" {
		return false
	}
	return e.Kind == llm.KindProviderLimited || e.Status == 429 || e.Status == 529 || e.Status == 400 && saysLimited(e.Message)
}

// limitWords tell of a rate limit even where the status says that the request is wrong. Those that requests which are
// too long are refused with are not among them.
var limitWords = []string{"rate limit", "rate_limit", "ratelimit", "too many requests", "quota exceeded", "quota_exceeded", "throttled", "throttling",
	"rate exceeded", "rpm exceeded", "tpm exceeded", "tokens per minute", "requests per minute", "requests per second", "usage limit"}

func saysLimited(message string) bool {
	message = strings.ToLower(message)
	for _, w := range limitWords {
		if strings.Contains(message, w) {
			return true
		}
	}
	return false
}

// broken reports whether the provider failed in a way that may pass, and without having done the work: it says so, or
// its answer ended before it began or is too slow.
func broken(e *llm.Error) bool {
	if e.Kind == llm.KindTruncated || e.Kind == llm.KindOverloaded {
		return true
	}
	if e.Dialect == "" {
		return false
	}
	switch e.Status {
	case 500, 502, 503, 504:
		return true
	}
	return false
}
