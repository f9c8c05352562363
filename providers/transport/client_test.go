package transport_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"heimdall/providers/transport"
)

const (
	patience = 10 * time.Second
	// How soon after its context a call's socket must be closed.
	cancelLimit = 100 * time.Millisecond
)

// upstream is a raw TCP server. serve runs for every request, with its connection and the count of the requests on it.
type upstream struct {
	url   string
	conns atomic.Int64
	reqs  atomic.Int64
}

type turn struct {
	net.Conn
	in     *bufio.Reader
	n      int // of this connection, from 1
	conn   int // from 1
	method string
	body   string
}

// say writes a response.
func (c *turn) say(format string, args ...any) { fmt.Fprintf(c, format, args...) }

func (c *turn) ok(body string) {
	c.say("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// gone waits until the client closes and says when it did.
func (c *turn) gone() time.Time {
	_ = c.SetReadDeadline(time.Now().Add(patience))
	_, _ = c.in.ReadByte()
	return time.Now()
}

// serve starts an upstream; each returns false to close the connection.
func serve(t *testing.T, each func(*turn) bool) *upstream {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	u := &upstream{url: "http://" + ln.Addr().String()}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			number := int(u.conns.Add(1))
			go u.converse(&turn{Conn: c, in: bufio.NewReader(c), conn: number}, each)
		}
	}()
	return u
}

func (u *upstream) converse(c *turn, each func(*turn) bool) {
	defer c.Close()
	for {
		req, err := http.ReadRequest(c.in)
		if err != nil {
			return
		}
		body, _ := io.ReadAll(req.Body)
		c.n++
		c.method, c.body = req.Method, string(body)
		u.reqs.Add(1)
		if !each(c) {
			return
		}
	}
}

func newClient(t *testing.T, maxConns int) *transport.Client {
	c, err := transport.NewClient(transport.Options{MaxConns: maxConns})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func post(u *upstream, stream bool) *transport.Request {
	return &transport.Request{Method: "POST", URL: u.url + "/v1/x", Body: []byte(`{"a":1}`), Stream: stream, Timeout: patience, Idle: patience,
		Header: []transport.Field{{Name: "Content-Type", Value: "application/json"}}}
}

func do(t *testing.T, c *transport.Client, r *transport.Request) *transport.Response {
	t.Helper()
	resp, err := c.Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestCancelBeforeTheHeader(t *testing.T) {
	for _, stream := range []bool{false, true} {
		t.Run(fmt.Sprint("stream ", stream), func(t *testing.T) {
			arrived, gone := make(chan struct{}), make(chan time.Time, 1)
			u := serve(t, func(c *turn) bool {
				close(arrived)
				gone <- c.gone()
				return false
			})
			ctx, cancel := context.WithCancelCause(t.Context())
			failed := make(chan error, 1)
			go func() {
				_, err := newClient(t, 0).Do(ctx, post(u, stream))
				failed <- err
			}()
			<-arrived
			why := errors.New("the client left")
			at := time.Now()
			cancel(why)
			if took := (<-gone).Sub(at); took > cancelLimit {
				t.Errorf("the socket was closed after %s", took)
			}
			if err := <-failed; !errors.Is(err, why) {
				t.Errorf("the call failed with %v", err)
			}
			if n := u.reqs.Load(); n != 1 {
				t.Errorf("%d requests were sent", n)
			}
		})
	}
}

func TestCancelInTheMiddleOfABody(t *testing.T) {
	for _, stream := range []bool{false, true} {
		t.Run(fmt.Sprint("stream ", stream), func(t *testing.T) {
			begun, gone := make(chan struct{}), make(chan time.Time, 1)
			u := serve(t, func(c *turn) bool {
				c.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
				close(begun)
				gone <- c.gone()
				return false
			})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				resp, err := newClient(t, 0).Do(ctx, post(u, stream))
				if err == nil {
					_, err = io.ReadAll(resp.Stream)
					resp.Release()
				}
				ended <- err
			}()
			<-begun
			at := time.Now()
			cancel()
			if took := (<-gone).Sub(at); took > cancelLimit {
				t.Errorf("the socket was closed after %s", took)
			}
			if err := <-ended; err == nil {
				t.Error("a cancelled body was taken for a whole one")
			}
		})
	}
}

// A call that waits for a connection leaves when its context ends.
func TestCancelWhileWaitingForAConnection(t *testing.T) {
	release, arrived := make(chan struct{}), make(chan struct{}, 2)
	u := serve(t, func(c *turn) bool {
		arrived <- struct{}{}
		<-release
		c.ok("{}")
		return true
	})
	client := newClient(t, 1)
	first := make(chan error, 1)
	go func() {
		_, err := client.Do(t.Context(), post(u, false))
		first <- err
	}()
	<-arrived
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error, 1)
	go func() {
		_, err := client.Do(ctx, post(u, false))
		second <- err
	}()
	cancel()
	select {
	case err := <-second:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the waiting call failed with %v", err)
		}
	case <-time.After(patience / 5):
		t.Error("the waiting call stayed")
	}
	close(release)
	if err := <-first; err != nil {
		t.Errorf("the first call: %v", err)
	}
	if n := u.reqs.Load(); n != 1 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestKeepAlive(t *testing.T) {
	u := serve(t, func(c *turn) bool {
		if c.n%2 == 0 {
			c.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
		} else {
			c.ok("abc")
		}
		return true
	})
	client := newClient(t, 0)
	for i := range 6 {
		resp := do(t, client, post(u, i%3 == 0))
		got := resp.Body
		if resp.Stream != nil {
			got, _ = io.ReadAll(resp.Stream)
		}
		if string(got) != "abc" {
			t.Errorf("call %d: %q", i, got)
		}
		resp.Release()
	}
	if n := u.conns.Load(); n != 1 {
		t.Errorf("%d connections for calls one after the other", n)
	}
}

// A stream that is closed early must not leave its rest to the next call.
func TestNoReuseAfterAnEarlyClose(t *testing.T) {
	u := serve(t, func(c *turn) bool {
		c.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
		return true
	})
	client := newClient(t, 0)
	for range 3 {
		resp := do(t, client, post(u, true))
		if _, err := io.ReadFull(resp.Stream, make([]byte, 3)); err != nil {
			t.Fatal(err)
		}
		resp.Release()
	}
	if n := u.conns.Load(); n != 3 {
		t.Errorf("%d connections for 3 streams that were closed early", n)
	}
}

func TestConnectionCloseIsObeyed(t *testing.T) {
	u := serve(t, func(c *turn) bool {
		c.say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
		return false
	})
	client := newClient(t, 0)
	for range 3 {
		resp := do(t, client, post(u, false))
		resp.Release()
	}
	if n := u.conns.Load(); n != 3 {
		t.Errorf("%d connections", n)
	}
}

// Once any of a POST may have been read it is not sent again: it may cost money, or be done twice.
func TestNoResend(t *testing.T) {
	for name, each := range map[string]func(*turn) bool{
		"closed without an answer": func(*turn) bool { return false },
		"closed inside the header": func(c *turn) bool { c.say("HTTP/1.1 200 OK\r\nContent-"); return false },
		"closed inside the body":   func(c *turn) bool { c.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"); return false },
		"garbage":                  func(c *turn) bool { c.say("SSH-2.0-x\r\n\r\n"); return false },
	} {
		t.Run(name, func(t *testing.T) {
			u := serve(t, each)
			_, err := newClient(t, 0).Do(t.Context(), post(u, false))
			if err == nil {
				t.Fatal("no error")
			}
			if errors.Is(err, transport.ErrConnect) || errors.Is(err, transport.ErrTimeout) {
				t.Errorf("misleading error: %v", err)
			}
			if n := u.reqs.Load(); n != 1 {
				t.Errorf("the request was sent %d times", n)
			}
		})
	}
	t.Run("on a connection that was used before", func(t *testing.T) {
		u := serve(t, func(c *turn) bool {
			if c.n == 2 {
				return false
			}
			c.ok("{}")
			return true
		})
		client := newClient(t, 0)
		do(t, client, post(u, false)).Release()
		if _, err := client.Do(t.Context(), post(u, false)); err == nil {
			t.Error("the second call has no error")
		}
		if n := u.reqs.Load(); n != 2 {
			t.Errorf("%d requests for 2 calls", n)
		}
	})
}

func TestTimeouts(t *testing.T) {
	const short = 50 * time.Millisecond
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	silent := serve(t, func(c *turn) bool { <-hold; return false })
	for _, stream := range []bool{false, true} {
		r := post(silent, stream)
		r.Timeout = short
		if _, err := newClient(t, 0).Do(t.Context(), r); !errors.Is(err, transport.ErrTimeout) {
			t.Errorf("no header, stream %v: %v", stream, err)
		}
	}
	half := serve(t, func(c *turn) bool {
		c.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
		<-hold
		return false
	})
	r := post(half, false)
	r.Timeout = short
	if _, err := newClient(t, 0).Do(t.Context(), r); !errors.Is(err, transport.ErrTimeout) {
		t.Errorf("half a body: %v", err)
	}
	r = post(half, true)
	r.Idle = short
	resp := do(t, newClient(t, 0), r)
	got, err := io.ReadAll(resp.Stream)
	if string(got) != "abc" || !errors.Is(err, transport.ErrTimeout) {
		t.Errorf("a silent stream: %q, %v", got, err)
	}
	resp.Release()
}

// The time for the header is no bound for the stream after it.
func TestTimeoutDoesNotBoundAStream(t *testing.T) {
	next := make(chan struct{})
	u := serve(t, func(c *turn) bool {
		c.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
		<-next
		c.say("1\r\nb\r\n0\r\n\r\n")
		return true
	})
	r := post(u, true)
	r.Timeout = 50 * time.Millisecond
	resp := do(t, newClient(t, 0), r)
	defer resp.Release()
	if _, err := io.ReadFull(resp.Stream, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(2*r.Timeout, func() { close(next) })
	if rest, err := io.ReadAll(resp.Stream); string(rest) != "b" || err != nil {
		t.Errorf("the rest: %q, %v", rest, err)
	}
}

func TestNobodyListens(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	r := post(&upstream{url: "http://" + ln.Addr().String()}, false)
	if _, err := newClient(t, 0).Do(t.Context(), r); !errors.Is(err, transport.ErrConnect) {
		t.Errorf("%v", err)
	}
}

// Headers of several KB are taken, and informational answers are no answers.
func TestHeader(t *testing.T) {
	long := strings.Repeat("x", 7<<10)
	u := serve(t, func(c *turn) bool {
		c.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nX-Long: %s\r\nContent-Length: 2\r\n\r\n{}", long)
		return true
	})
	resp := do(t, newClient(t, 0), post(u, false))
	defer resp.Release()
	if resp.Status != 429 || resp.Header("retry-after") != "3" || resp.Header("X-Long") != long || string(resp.Body) != "{}" {
		t.Errorf("%d %q %q", resp.Status, resp.Header("Retry-After"), resp.Body)
	}
	seen := map[string]string{}
	resp.Each(func(name, value []byte) { seen[string(name)] = string(value) })
	if seen["Retry-After"] != "3" {
		t.Errorf("header: %v", seen)
	}
}

// Whoever closes a stream wakes whoever reads it, and neither harms the other.
func TestReadAndCloseAtOnce(t *testing.T) {
	u := serve(t, func(c *turn) bool {
		c.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		for i := range 20 {
			c.say("1\r\n%d\r\n", i%10)
		}
		if c.conn%2 == 0 {
			c.say("0\r\n\r\n")
		}
		return true
	})
	client := newClient(t, 0)
	for range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		resp, err := client.Do(ctx, post(u, true))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = io.Copy(io.Discard, resp.Stream) })
		wg.Go(func() { resp.Stream.Close() })
		wg.Go(cancel)
		wg.Go(func() { resp.Stream.Close() })
		wg.Wait()
		if n, err := resp.Stream.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Fatalf("read after close: %d, %v", n, err)
		}
	}
}

// A body that says that it is too long is refused before it is read.
func TestBodyLimit(t *testing.T) {
	u := serve(t, func(c *turn) bool {
		c.say("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nabc", 1<<40)
		c.gone()
		return false
	})
	if _, err := newClient(t, 0).Do(t.Context(), post(u, false)); err == nil || errors.Is(err, transport.ErrTimeout) {
		t.Errorf("%v", err)
	}
}
