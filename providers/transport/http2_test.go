package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"heimdall/providers/transport"
)

// multiplexed starts a server that speaks HTTP/2 without TLS, and a client for it.
func multiplexed(t *testing.T, o transport.Options, h http.HandlerFunc) (*transport.HTTP2, string) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	c, err := transport.NewHTTP2(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); s.CloseClientConnections(); s.Close() })
	return c, s.URL
}

func TestHTTP2ByPriorKnowledge(t *testing.T) {
	c, url := multiplexed(t, transport.Options{}, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Said", "yes")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(429)
		fmt.Fprintf(w, "%s %s %s %q %q", r.Proto, r.URL.RequestURI(), body, r.Header["User-Agent"], r.Header.Get("X-Mine"))
	})
	r := &transport.Request{Method: "POST", URL: url + "/v1/x?a=1", Body: []byte("hello"), Timeout: patience, Header: []transport.Field{{Name: "X-Mine", Value: "1"}}}
	resp, err := c.Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Release()
	if got := string(resp.Body); got != `HTTP/2.0 /v1/x?a=1 hello [] "1"` {
		t.Error(got)
	}
	names := map[string]string{}
	resp.Each(func(name, value []byte) { names[string(name)] = string(value) })
	if resp.Status != 429 || resp.ContentType != "application/json" || resp.Header("x-said") != "yes" || names["X-Said"] != "yes" {
		t.Errorf("%d %s %v", resp.Status, resp.ContentType, names)
	}
}

func TestHTTP2IsEnforced(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler()) // without HTTP/2
	t.Cleanup(s.Close)
	_, err := get(t, doers(t, transport.Options{CA: ca(s)})["http/2"], s.URL)
	if !errors.Is(err, transport.ErrConnect) || !strings.Contains(err.Error(), "does not speak HTTP/2") {
		t.Error(err)
	}
	_, err = get(t, doers(t, transport.Options{})["http/2"], "http://127.0.0.1:1")
	if !errors.Is(err, transport.ErrConnect) {
		t.Error(err)
	}
}

func TestHTTP2Streams(t *testing.T) {
	next := make(chan struct{})
	c, url := multiplexed(t, transport.Options{}, func(w http.ResponseWriter, r *http.Request) {
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
			<-next
		}
	})
	resp, err := c.Do(t.Context(), &transport.Request{Method: "GET", URL: url, Stream: true, Timeout: patience, Idle: patience})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Release()
	b := make([]byte, 100)
	for i := range 3 { // each piece comes before the next is written
		n, err := resp.Stream.Read(b)
		if want := fmt.Sprintf("data: %d\n\n", i); string(b[:n]) != want || err != nil {
			t.Fatalf("%q, %v", b[:n], err)
		}
		next <- struct{}{}
	}
	if n, err := resp.Stream.Read(b); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %d %v", n, err)
	}
}

func TestHTTP2EndsWithItsCaller(t *testing.T) {
	for _, how := range []string{"before the header", "in a stream", "by closing"} {
		t.Run(how, func(t *testing.T) {
			arrived, gone := make(chan struct{}), make(chan time.Time, 1)
			c, url := multiplexed(t, transport.Options{}, func(w http.ResponseWriter, r *http.Request) {
				if how != "before the header" {
					_ = http.NewResponseController(w).Flush()
				}
				close(arrived)
				<-r.Context().Done()
				gone <- time.Now()
			})
			why := errors.New("the client left")
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			ended := make(chan error, 1)
			streams := make(chan io.Closer, 1)
			go func() {
				resp, err := c.Do(ctx, &transport.Request{Method: "POST", URL: url, Body: []byte("{}"), Stream: true, Timeout: patience, Idle: patience})
				if err == nil {
					streams <- resp.Stream
					_, err = resp.Stream.Read(make([]byte, 10))
				}
				ended <- err
			}()
			<-arrived
			at := time.Now()
			if how == "by closing" {
				_ = (<-streams).Close()
			} else {
				cancel(why)
			}
			if took := (<-gone).Sub(at); took > cancelLimit {
				t.Errorf("the upstream heard of it after %s", took)
			}
			if err := <-ended; err == nil || how != "by closing" && !errors.Is(err, why) {
				t.Errorf("the call ended with %v", err)
			}
		})
	}
}

func TestHTTP2Timeouts(t *testing.T) {
	for _, part := range []string{"header", "body", "stream"} {
		t.Run(part, func(t *testing.T) {
			c, url := multiplexed(t, transport.Options{}, func(w http.ResponseWriter, r *http.Request) {
				if part != "header" {
					fmt.Fprint(w, "x")
					_ = http.NewResponseController(w).Flush()
				}
				<-r.Context().Done()
			})
			r := &transport.Request{Method: "GET", URL: url, Timeout: 30 * time.Millisecond}
			if part == "stream" {
				r.Stream, r.Timeout, r.Idle = true, patience, 30*time.Millisecond
			}
			resp, err := c.Do(t.Context(), r)
			if err == nil {
				defer resp.Release()
				_, err = io.ReadAll(resp.Stream)
			}
			if !errors.Is(err, transport.ErrTimeout) {
				t.Error(err)
			}
		})
	}
}

// Calls share the one connection that a host may have.
func TestHTTP2SharesAConnection(t *testing.T) {
	var all sync.WaitGroup
	all.Add(8)
	c, url := multiplexed(t, transport.Options{MaxConns: 1}, func(w http.ResponseWriter, r *http.Request) {
		all.Done()
		all.Wait() // all are there at once
		fmt.Fprint(w, r.RemoteAddr)
	})
	answers := make(chan string, 8)
	for range 8 {
		go func() {
			resp, err := c.Do(t.Context(), &transport.Request{Method: "GET", URL: url, Timeout: patience})
			if err != nil {
				answers <- err.Error()
				return
			}
			answers <- string(resp.Body)
		}()
	}
	first := <-answers
	for range 7 {
		if next := <-answers; next != first {
			t.Errorf("%s and %s", first, next)
		}
	}
}
