package transport_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"heimdall/providers/timing"
	"heimdall/providers/transport"
)

// timed makes a call and says what its time was spent on. What was in the Attempt before must not show.
func timed(t *testing.T, d transport.Doer, url string) timing.Attempt {
	t.Helper()
	took := timing.Attempt{Reused: true, DNS: time.Hour, Connect: time.Hour, TLS: time.Hour, First: time.Hour}
	before := time.Now()
	resp, err := d.Do(t.Context(), &transport.Request{Method: "GET", URL: url, Timeout: patience, Timing: &took})
	if err != nil {
		t.Fatal(err)
	}
	resp.Release()
	if all := time.Since(before); took.Begun.Before(before) || took.First <= took.DNS+took.Connect+took.TLS || took.First > all {
		t.Errorf("%+v of a call from %v that took %s", took, before, all)
	}
	return took
}

func TestTiming(t *testing.T) {
	plain, secure := upstreams(t)
	h2c := httptest.NewUnstartedServer(plain.Config.Handler)
	h2c.Config.Protocols = new(http.Protocols)
	h2c.Config.Protocols.SetUnencryptedHTTP2(true)
	h2c.Start()
	t.Cleanup(h2c.Close)
	by := doers(t, transport.Options{CA: ca(secure)})
	named := func(url string) string { return strings.Replace(url, "127.0.0.1", "localhost", 1) }
	for _, c := range []struct {
		name, by, url string
		dns, tls      bool
	}{
		{"HTTP/1.1", "http/1.1", plain.URL, false, false},
		{"HTTP/1.1 by name", "http/1.1", named(plain.URL), true, false},
		{"HTTP/1.1 over TLS", "http/1.1", secure.URL, false, true},
		{"HTTP/2", "http/2", h2c.URL, false, false},
		{"HTTP/2 by name", "http/2", named(h2c.URL), true, false},
		{"HTTP/2 over TLS", "http/2", secure.URL, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			first := timed(t, by[c.by], c.url)
			if first.Reused || first.DNS > 0 != c.dns || first.Connect <= 0 || first.TLS > 0 != c.tls {
				t.Errorf("on a new connection: %+v", first)
			}
			again := timed(t, by[c.by], c.url)
			if !again.Reused || again.DNS+again.Connect+again.TLS != 0 {
				t.Errorf("on the same connection: %+v", again)
			}
		})
	}
}

// The first byte is that of the header: a stream goes on after it.
func TestTimingOfAStream(t *testing.T) {
	for name, start := range map[string]func(t *testing.T, h http.HandlerFunc) (transport.Doer, string){
		"HTTP/1.1": func(t *testing.T, h http.HandlerFunc) (transport.Doer, string) {
			s := httptest.NewServer(h)
			t.Cleanup(s.Close)
			return newClient(t, 0), s.URL
		},
		"HTTP/2": func(t *testing.T, h http.HandlerFunc) (transport.Doer, string) {
			return multiplexed(t, transport.Options{}, h)
		},
	} {
		t.Run(name, func(t *testing.T) {
			waits, end := make(chan time.Duration, 1), make(chan struct{})
			d, url := start(t, func(w http.ResponseWriter, _ *http.Request) {
				asked, busy := time.Now(), time.NewTimer(5*time.Millisecond)
				<-busy.C
				waits <- time.Since(asked)
				w.WriteHeader(200)
				_ = http.NewResponseController(w).Flush()
				<-end
				fmt.Fprint(w, "end")
			})
			var took timing.Attempt
			resp, err := d.Do(t.Context(), &transport.Request{Method: "GET", URL: url, Stream: true, Timing: &took})
			if err != nil {
				t.Fatal(err)
			}
			over := time.Since(took.Begun)
			close(end)
			waited := <-waits
			rest, err := io.ReadAll(resp.Stream)
			_ = resp.Stream.Close()
			if took.First < waited || took.First > over || string(rest) != "end" || err != nil {
				t.Errorf("the first byte after %s of a wait of %s, Do after %s; %q, %v", took.First, waited, over, rest, err)
			}
		})
	}
}

func TestTimingOfWhatFails(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mute.Close() })
	go func() {
		for {
			c, err := mute.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1))
			c.Close()
		}
	}()
	closed := httptest.NewServer(nil)
	closed.Close()
	for by, d := range doers(t, transport.Options{}) {
		took := timing.Attempt{Reused: true, Connect: time.Hour, First: time.Hour}
		_, err := d.Do(t.Context(), &transport.Request{Method: "GET", URL: closed.URL, Timing: &took})
		if !errors.Is(err, transport.ErrConnect) || took.Begun.IsZero() || took != (timing.Attempt{Begun: took.Begun}) {
			t.Errorf("%s, nobody there: %v, %+v", by, err, took)
		}
		took = timing.Attempt{First: time.Hour}
		_, err = d.Do(t.Context(), &transport.Request{Method: "POST", URL: "http://" + mute.Addr().String(), Timing: &took})
		if err == nil || errors.Is(err, transport.ErrConnect) || took.Connect <= 0 || took.First != 0 {
			t.Errorf("%s, nobody answers: %v, %+v", by, err, took)
		}
	}
}
