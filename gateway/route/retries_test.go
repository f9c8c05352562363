package route

import (
	"crypto/tls"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// Every row of the rules: what is called, how long is waited, and what the client gets.
func TestRetryRules(t *testing.T) {
	refused := fmt.Errorf("%w: %w", transport.ErrConnect, io.EOF)
	untrusted := fmt.Errorf("%w: %w", transport.ErrConnect, &tls.CertificateVerificationError{Err: io.EOF})
	cutOff := io.ErrUnexpectedEOF
	late := fmt.Errorf("%w: %w", transport.ErrTimeout, io.EOF)
	first := fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "text/event-stream"}, Body: fake.SSE(`{"error":{"message":"no","type":"server_error"}}`)}
	nothing := fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "text/event-stream"}, Cut: true}
	for _, c := range []struct {
		name   string
		keys   string
		says   map[string]any // by key: the reply, or the error; others answer
		stream bool
		want   string
		gets   string
	}{
		{"429 goes to the next key at once", "a b", map[string]any{"a": fails(429, "slow")}, false, "p:a p:b", "200"},
		{"529 too", "a b", map[string]any{"a": fails(529, "busy")}, false, "p:a p:b", "200"},
		{"so do words", "a b", map[string]any{"a": fails(400, "Request was throttled")}, false, "p:a p:b", "200"},
		{"429 of the only key waits", "a", map[string]any{"a": fails(429, "slow")}, false, "p:a 1s p:a 2s p:a", "429 slow"},
		{"as long as it is asked to", "a", map[string]any{"a": fails(429, "slow", "Retry-After", "3")}, false, "p:a 3s p:a 3s p:a", "429 slow"},
		{"but not for ever", "a", map[string]any{"a": fails(429, "slow", "Retry-After", "60")}, false, "p:a", "429 slow"},
		{"for another key it need not", "a b", map[string]any{"a": fails(429, "slow", "Retry-After", "60")}, false, "p:a p:b", "200"},
		{"429 of all keys", "a b", map[string]any{"a": fails(429, "slow"), "b": fails(429, "slow")}, false, "p:a p:b 2s p:a", "429 slow"},
		{"500 gives the key a second chance", "a b", map[string]any{"a": fails(500, "broken")}, false, "p:a 1s p:a 2s p:b", "200"},
		{"502", "a b", map[string]any{"a": fails(502, "broken")}, false, "p:a 1s p:a 2s p:b", "200"},
		{"503", "a b", map[string]any{"a": fails(503, "broken")}, false, "p:a 1s p:a 2s p:b", "200"},
		{"504", "a b", map[string]any{"a": fails(504, "broken")}, false, "p:a 1s p:a 2s p:b", "200"},
		{"500 of the only key", "a", map[string]any{"a": fails(500, "broken")}, false, "p:a 1s p:a 2s p:a", "500 broken"},
		{"401 is final for a key", "a b", map[string]any{"a": fails(401, "no")}, false, "p:a p:b", "200"},
		{"402", "a b", map[string]any{"a": fails(402, "no")}, false, "p:a p:b", "200"},
		{"403", "a b", map[string]any{"a": fails(403, "no")}, false, "p:a p:b", "200"},
		{"and counts for nothing", "a b c d e", map[string]any{"a": fails(401, "no"), "b": fails(401, "no"), "c": fails(401, "no"), "d": fails(401, "no")}, false, "p:a p:b p:c p:d p:e", "200"},
		{"all keys are dead", "a b", map[string]any{"a": fails(401, "no"), "b": fails(403, "never")}, false, "p:a p:b", "502 p takes none of the keys that may serve this request; it says (status 403): never"},
		{"the only key is dead", "a", map[string]any{"a": fails(401, "no")}, false, "p:a", "401 no"},
		{"one is dead, one is limited", "a b", map[string]any{"a": fails(401, "no"), "b": fails(429, "slow")}, false, "p:a p:b 1s p:b 2s p:b", "429 slow"},
		{"no connection", "a b", map[string]any{"a": refused}, false, "p:a 1s p:a 2s p:a", "502 cannot connect to p: EOF; check its base URL and your network"},
		{"a certificate that is refused", "a b", map[string]any{"a": untrusted}, false, "p:a", "502 cannot connect to p"},
		{"cut after it was sent", "a b", map[string]any{"a": cutOff}, false, "p:a", "502 the connection to p broke before it answered: unexpected EOF"},
		{"timed out after it was sent", "a b", map[string]any{"a": late}, false, "p:a", "504 p did not answer in time"},
		{"400", "a b", map[string]any{"a": fails(400, "bad")}, false, "p:a", "400 bad"},
		{"too long is no rate limit", "a b", map[string]any{"a": fails(400, "context limit exceeded")}, false, "p:a", "400"},
		{"404", "a b", map[string]any{"a": fails(404, "none")}, false, "p:a", "404 none"},
		{"413", "a b", map[string]any{"a": fails(413, "big")}, false, "p:a", "413 big"},
		{"422", "a b", map[string]any{"a": fails(422, "odd")}, false, "p:a", "422 odd"},
		{"a stream that begins with an error", "a b", map[string]any{"a": first}, true, "p:a 1s p:a 2s p:b", "200"},
		{"a stream of which nothing comes", "a b", map[string]any{"a": nothing}, true, "p:a 1s p:a 2s p:b", "200"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := provider("p")
			for i, k := range strings.Fields(c.keys) { // the first ones are as good as always drawn first
				p.Keys = append(p.Keys, provider("p", fmt.Sprint(k, "=", []float64{1e12, 1e9, 1e6, 1e3, 1}[i])).Keys...)
			}
			w := newWorld(t, p)
			w.script = func(_, key string) (fake.Reply, error) {
				switch what := c.says[key].(type) {
				case fake.Reply:
					return what, nil
				case error:
					return fake.Reply{}, what
				}
				return ok(), nil
			}
			more := ""
			if c.stream {
				more = `,"stream":true`
			}
			x := w.ask("p/m", more)
			gets := w.send(x)
			if got := w.happened(); got != c.want {
				t.Errorf("happened: %s\nwant:     %s", got, c.want)
			}
			if !strings.HasPrefix(gets, c.gets) {
				t.Errorf("the client gets %s, want %s", gets, c.gets)
			}
			if calls := strings.Count(c.want, "p:"); len(x.Record.Attempts) != calls || x.Record.Retries != calls-1 {
				t.Errorf("%d retries, attempts %+v", x.Record.Retries, x.Record.Attempts)
			}
			if n := w.open.Open(); n != 0 {
				t.Errorf("%d answers are still open", n)
			}
		})
	}
}

func TestPausesGrowToTheLongest(t *testing.T) {
	s := retries{policy: Retry{Max: 99, Initial: 500 * time.Millisecond, Longest: 5 * time.Second}, draw: func() float64 { return 0.5 }}
	for _, want := range []string{"500ms", "1s", "2s", "4s", "5s", "5s"} {
		if got := s.backoff().String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for draw, want := range map[float64]time.Duration{0: 400 * time.Millisecond, 1: 600 * time.Millisecond} {
		s = retries{policy: s.policy, draw: func() float64 { return draw }}
		if got := s.backoff(); got != want {
			t.Errorf("jitter %v: %s, want %s", draw, got, want)
		}
	}
	s = retries{policy: s.policy, made: 70, draw: func() float64 { return 1 }}
	if got := s.backoff(); got != s.policy.Longest {
		t.Errorf("after many: %s", got)
	}
}
