package providertest

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

// failures say what an upstream's status means, and whether the same call, or one elsewhere, may succeed.
var failures = []struct {
	status          int
	kind            llm.ErrorKind
	retry, fallback bool
}{
	{400, llm.KindInvalidRequest, false, false},
	{401, llm.KindAuthFailed, false, true},
	{402, llm.KindBilling, false, true},
	{403, llm.KindAuthFailed, false, true},
	{408, llm.KindTimeout, true, true},
	{413, llm.KindInvalidRequest, false, false},
	{422, llm.KindInvalidRequest, false, false},
	{429, llm.KindProviderLimited, true, true},
	{500, llm.KindServerError, true, true},
	{502, llm.KindServerError, true, true},
	{503, llm.KindOverloaded, true, true},
	{504, llm.KindTimeout, true, true},
	{529, llm.KindOverloaded, true, true},
}

// errors answers with every status, in the dialect's own words and in none.
func (s *suite) errors(t *testing.T) {
	for _, d := range s.upstreams(t) {
		for _, f := range failures {
			_, own := d.Server.EncodeError(&llm.Error{Kind: f.kind, Status: f.status, Message: "it did not work"})
			for what, body := range map[string][]byte{"own words": own, "plain text": []byte("it did not work"), "nothing": nil} {
				for _, stream := range []bool{false, true} {
					upstream := answering(f.status, map[string]string{"Content-Type": "application/json", "Retry-After": "3"}, body)
					_, err := s.call(t, d, s.request(t, d, stream), stream, upstream).Do(t.Context())
					if err == nil {
						t.Fatalf("%s %d: no error", d.Name, f.status)
					}
					e := llm.AsError(err)
					if e.Kind != f.kind || e.Status != f.status || e.Retry() != f.retry || e.Fallback() != f.fallback || e.RetryAfter != 3*time.Second {
						t.Errorf("%s %d, %s: kind %s, status %d, retry %v, fallback %v after %v", d.Name, f.status, what, e.Kind, e.Status, e.Retry(), e.Fallback(), e.RetryAfter)
					}
					if body != nil && e.Message != "it did not work" || e.Message == "" {
						t.Errorf("%s %d, %s: message %q", d.Name, f.status, what, e.Message)
					}
					if upstream.Open() != 0 {
						t.Errorf("%s %d: the answer was not closed", d.Name, f.status)
					}
				}
			}
		}
	}
	s.page(t)
}

// page is what a wrong address answers: a web page, whatever its status.
func (s *suite) page(t *testing.T) {
	own := s.upstreams(t)[0]
	for _, status := range []int{200, 404, 503} {
		upstream := answering(status, map[string]string{"Content-Type": "text/html; charset=utf-8"}, []byte("<!DOCTYPE html><html><title>Nothing here</title></html>"))
		_, err := s.call(t, own, s.request(t, own, true), true, upstream).Do(t.Context())
		if err == nil {
			t.Errorf("a web page with status %d was taken for an answer", status)
			continue
		}
		if e := llm.AsError(err); !strings.Contains(e.Message, "Nothing here") || strings.Contains(e.Message, "<") || e.Status < 500 {
			t.Errorf("a web page with status %d: %d %s", status, e.Status, e.Message)
		}
	}
}

// prompt is how soon the upstream must learn that nobody listens any more.
const prompt = 100 * time.Millisecond

// cancel leaves in the middle of a stream, by closing it and by cancelling, over a real connection. A busy machine may
// be slow once, but not every time.
func (s *suite) cancel(t *testing.T) {
	if s.Info().Doer != nil {
		t.Skip("it is not reached over the network")
	}
	for _, d := range s.upstreams(t) {
		for _, by := range []string{"close", "cancel"} {
			t.Run(d.Name+"/"+by, func(t *testing.T) {
				var took time.Duration
				for range 5 {
					if took = s.leave(t, d, by); took <= prompt {
						return
					}
				}
				t.Errorf("the upstream learned after %v that nobody listens, want at most %v", took, prompt)
			})
		}
	}
}

// firstFrame is the beginning of a stream.
func firstFrame(d dialect.Dialect, stream []byte) []byte {
	if d.Frames == nil {
		return bytes.SplitAfter(stream, []byte("\n\n"))[0]
	}
	n := 1
	for d.Frames(stream[:n]) == 0 {
		n++
	}
	return stream[:n]
}

// leave begins a stream, leaves it, and measures how long the upstream goes on.
func (s *suite) leave(t *testing.T, d dialect.Dialect, by string) time.Duration {
	t.Helper()
	begin := firstFrame(d, answer(d, true))
	gone := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", d.Server.ContentType())
		_, _ = w.Write(begin)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	}))
	defer server.Close()
	client, err := transport.NewClient(transport.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	call := s.call(t, d, s.request(t, d, true), true, client)
	call.Target.BaseURL = server.URL
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a, err := call.Do(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Stream.Close() }()
	if n, err := a.Stream.Read(make([]byte, 4096)); n == 0 || err != nil {
		t.Fatalf("read %d, %v", n, err)
	}
	left := time.Now()
	if by == "cancel" {
		cancel()
	} else if err := a.Stream.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-gone:
	case <-time.After(50 * prompt):
		t.Error("the upstream never learned that nobody listens")
		server.CloseClientConnections()
	}
	return time.Since(left)
}
