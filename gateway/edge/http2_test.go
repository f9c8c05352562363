package edge

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"heimdall/gateway/exchange"
)

// clients speak each version.
func clients(t *testing.T) map[string]*http.Client {
	all := map[string]*http.Client{}
	for name, set := range map[string]func(*http.Protocols, bool){"HTTP/1.1": (*http.Protocols).SetHTTP1, "HTTP/2": (*http.Protocols).SetUnencryptedHTTP2} {
		p := &http.Protocols{}
		set(p, true)
		transport := &http.Transport{Protocols: p}
		t.Cleanup(transport.CloseIdleConnections)
		all[name] = &http.Client{Transport: transport}
	}
	return all
}

func do(t *testing.T, c *http.Client, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(got)
}

// echo says what it was asked.
func echo(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	fields := map[string]string{}
	x.Header.Each("x-TEST-", func(name, value string) { fields[http.CanonicalHeaderKey(name)] += value + ";" })
	loopback := x.Peer.(*net.TCPAddr).IP.IsLoopback() && x.Peer.(*net.TCPAddr).Port > 0
	body := fmt.Sprintf("%s %v %v %q %v %v %s", x.Method, x.Params, x.Query, x.Header.Get("User-Agent"), fields, loopback, x.Raw)
	return &exchange.Reply{
		Status: 201, ContentType: "text/plain", Body: []byte(body),
		Header: []exchange.Field{{Name: "X-Two", Value: "1"}, {Name: "X-Two", Value: "2"}, {Name: "Connection", Value: "keep-alive"}},
	}, nil
}

func TestBothVersionsServeAlike(t *testing.T) {
	t.Parallel()
	post := row("/model/{model}/say", echo)
	post.Method = "POST"
	manage := row("/manage", echo)
	manage.Guard = exchange.GuardManage
	plain := row("/plain", func(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
		return &exchange.Reply{Status: 200, Body: []byte("<html>")}, nil
	})
	head := row("/plain", plain.Handler)
	head.Method = "HEAD"
	headStream := row("/stream", func(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
		return &exchange.Reply{Status: 200, ContentType: "text/event-stream", Stream: io.NopCloser(strings.NewReader("data: 1\n\n"))}, nil
	})
	headStream.Method = "HEAD"
	s, url := serveRows(t, post, manage, plain, head, headStream)
	defer s.Shutdown(time.Second)
	said := `POST map[model:a/b:0] map[q:[1 2]] "me" map[X-Test-One:1;1b; X-Test-Two:;] true hello`
	for name, c := range clients(t) {
		t.Run(name, func(t *testing.T) {
			defer c.CloseIdleConnections()
			for _, ask := range []struct {
				method, path, body string
				header             []string
				status             int
				want               string
				fields             http.Header
			}{
				{
					method: "POST", path: "/model/a%2Fb%3A0/say?q=1&q=2", body: "hello",
					header: []string{"User-Agent", "me", "X-Test-One", "1", "X-Test-One", "1b", "X-Test-Two", "", "X-Tes", "no"},
					status: 201, want: said, fields: http.Header{"X-Two": {"1", "2"}, "Content-Type": {"text/plain"}},
				},
				{method: "GET", path: "/plain", status: 200, want: "<html>", fields: http.Header{"Content-Type": nil, "Content-Length": {"6"}}},
				{method: "HEAD", path: "/plain", status: 200, fields: http.Header{"Content-Length": {"6"}}},
				{method: "HEAD", path: "/stream", status: 200, fields: http.Header{"Content-Type": {"text/event-stream"}}},
				{method: "POST", path: "/model/m/say", body: strings.Repeat("x", 1<<20+1), status: 413, want: "request_too_large"},
				{method: "POST", path: "/model/m/say", header: []string{"Host", "evil.test"}, status: 403, want: "host_not_allowed"},
				{method: "GET", path: "/manage", header: []string{"Origin", "http://evil.test"}, status: 403, want: "origin_not_allowed"},
				{method: "GET", path: "/manage", header: []string{"Sec-Fetch-Site", "cross-site"}, status: 403, want: "origin_not_allowed"},
				{method: "GET", path: "/nowhere", status: 404, want: "not_found"},
				{method: "GET", path: "/nowhere", header: []string{"Host", "evil.test"}, status: 403, want: "host_not_allowed"},
				{method: "PUT", path: "/model/m/say", status: 405, want: "method_not_allowed", fields: http.Header{"Allow": {"POST"}}},
			} {
				resp, body := do(t, c, ask.method, url+ask.path, ask.body, ask.header...)
				if resp.StatusCode != ask.status || body != ask.want || resp.Proto[:len(name)] != name {
					t.Errorf("%s %s: %s %d %q, want %d %q", ask.method, ask.path, resp.Proto, resp.StatusCode, body, ask.status, ask.want)
				}
				for field := range maps.Keys(ask.fields) {
					if !slices.Equal(resp.Header[field], ask.fields[field]) {
						t.Errorf("%s %s: %s is %q", ask.method, ask.path, field, resp.Header[field])
					}
				}
			}
		})
	}
}

// The body is refused by what comes, where its length is not said, too.
func TestBodyOfUnknownLengthIsLimited(t *testing.T) {
	t.Parallel()
	post := row("/", echo)
	post.Method = "POST"
	s, url := serveRows(t, post)
	defer s.Shutdown(time.Second)
	for name, c := range clients(t) {
		r, _ := http.NewRequestWithContext(t.Context(), "POST", url+"/", struct{ io.Reader }{strings.NewReader(strings.Repeat("x", 1<<20+1))})
		resp, err := c.Do(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		resp.Body.Close()
		c.CloseIdleConnections()
		if resp.StatusCode != 413 {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}

// told is a stream of what it is told.
type told struct {
	ctx    context.Context
	asked  chan struct{} // gets one for every Read
	words  chan string
	closed chan error // gets why the context ended, if it has when the stream is closed
}

func newTold() *told {
	return &told{asked: make(chan struct{}, 100), words: make(chan string), closed: make(chan error, 1)}
}

func (s *told) serve(ctx context.Context, _ *exchange.Exchange) (*exchange.Reply, error) {
	s.ctx = ctx
	return &exchange.Reply{Status: 200, ContentType: "text/event-stream", Stream: s}, nil
}

func (s *told) Read(p []byte) (int, error) {
	s.asked <- struct{}{}
	select {
	case w, more := <-s.words:
		if !more {
			return 0, io.EOF
		}
		return copy(p, w), nil
	case <-s.ctx.Done():
		return 0, context.Cause(s.ctx)
	}
}

func (s *told) Close() error {
	s.closed <- context.Cause(s.ctx)
	return nil
}

// expect reads exactly text.
func expect(t *testing.T, from io.Reader, text string) {
	t.Helper()
	got := make([]byte, len(text))
	if n, err := io.ReadFull(from, got); err != nil || string(got) != text {
		t.Fatalf("%q, %v; want %q", got[:n], err, text)
	}
}

func TestStreamsArriveAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range clients(t) {
		t.Run(name, func(t *testing.T) {
			source := newTold()
			s, url := serveRows(t, row("/", source.serve))
			defer s.Shutdown(time.Second)
			defer c.CloseIdleConnections()
			resp, err := c.Get(url + "/") // the header is here before the first word
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			for i := range 5 {
				word := fmt.Sprintf("data: %d\n\n", i)
				source.words <- word
				expect(t, resp.Body, word)
			}
			close(source.words)
			if rest, err := io.ReadAll(resp.Body); len(rest) > 0 || err != nil {
				t.Errorf("%q, %v", rest, err)
			}
			if err := <-source.closed; err != nil {
				t.Errorf("the context ended before the stream: %v", err)
			}
		})
	}
}

func TestHangupEndsTheExchange(t *testing.T) {
	t.Parallel()
	for name, c := range clients(t) {
		t.Run(name, func(t *testing.T) {
			source := newTold()
			begun, ended := make(chan bool, 1), make(chan error, 1)
			s, url := serveRows(t, row("/stream", source.serve), row("/unary", func(ctx context.Context, _ *exchange.Exchange) (*exchange.Reply, error) {
				begun <- true
				<-ctx.Done()
				ended <- context.Cause(ctx)
				return nil, context.Cause(ctx)
			}))
			defer s.Shutdown(time.Second)
			defer c.CloseIdleConnections()
			ctx, hangUp := context.WithCancel(t.Context())
			for _, path := range []string{"/stream", "/unary"} {
				r, _ := http.NewRequestWithContext(ctx, "GET", url+path, nil)
				go func() {
					if resp, err := c.Do(r); err == nil {
						_, _ = io.Copy(io.Discard, resp.Body)
					}
				}()
			}
			<-source.asked
			<-begun
			hangUp()
			for _, cause := range []error{<-source.closed, <-ended} {
				if !errors.Is(cause, errGone) {
					t.Errorf("it ended because of %v", cause)
				}
			}
		})
	}
}

func TestHTTP2Shutdown(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	running := make(chan struct{}, 2)
	s, url := serveRows(t, row("/held", func(ctx context.Context, _ *exchange.Exchange) (*exchange.Reply, error) {
		return &exchange.Reply{Status: 200, ContentType: "text/plain", Stream: &held{ctx: ctx}}, nil
	}), row("/unary", func(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
		running <- struct{}{}
		<-release
		return &exchange.Reply{Status: 200, Body: []byte("whole")}, nil
	}), row("/hangs", func(ctx context.Context, _ *exchange.Exchange) (*exchange.Reply, error) {
		running <- struct{}{}
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}))
	c := clients(t)["HTTP/2"]
	resp, err := c.Get(url + "/held")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answers := make(chan string, 2)
	for _, path := range []string{"/unary", "/hangs"} {
		go func() {
			if resp, err := c.Get(url + path); err != nil {
				answers <- err.Error()
			} else {
				body, _ := io.ReadAll(resp.Body)
				answers <- fmt.Sprint(resp.StatusCode, " ", string(body))
			}
		}()
		<-running
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(200 * time.Millisecond) }()
	close(release)
	if got := <-answers; got != "200 whole" {
		t.Errorf("what ended within the grace: %s", got)
	}
	if body, err := io.ReadAll(resp.Body); string(body) != "begun gateway_stopping" || err != nil {
		t.Errorf("the stream: %q, %v", body, err)
	}
	if got := <-answers; got != "503 gateway_stopping" {
		t.Errorf("what did not: %s", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("shutdown: %v", err)
	}
	if _, err := c.Get(url + "/held"); err == nil {
		t.Error("a new request is served after the end")
	}
}

// A client that reads nothing can't hold the end up.
func TestHTTP2ShutdownOfWhoDoesNotRead(t *testing.T) {
	t.Parallel()
	s, url := serveRows(t, row("/flood", func(ctx context.Context, _ *exchange.Exchange) (*exchange.Reply, error) {
		return &exchange.Reply{Status: 200, ContentType: "text/plain", Stream: flood{}}, nil
	}))
	resp, err := clients(t)["HTTP/2"].Get(url + "/flood")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := s.Shutdown(0); err == nil {
		t.Error("a client that held on is not told of")
	}
	if _, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Error("a stream that was cut looks whole")
	}
}

type flood struct{}

func (flood) Read(p []byte) (int, error) { return len(p), nil }
func (flood) Close() error               { return nil }

func TestHTTP2StreamThatFails(t *testing.T) {
	t.Parallel()
	s, url := serveRows(t, row("/stream", func(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
		return &exchange.Reply{Status: 200, ContentType: "text/plain", Stream: bug{}}, nil
	}), row("/plain", echo))
	defer s.Shutdown(time.Second)
	c := clients(t)["HTTP/2"]
	defer c.CloseIdleConnections()
	if resp, err := c.Get(url + "/stream"); err == nil {
		if _, err = io.ReadAll(resp.Body); err == nil {
			t.Error("a stream that failed looks whole")
		}
		resp.Body.Close()
	}
	if resp, _ := do(t, c, "GET", url+"/plain", ""); resp.StatusCode != 201 {
		t.Errorf("the connection does not go on: %d", resp.StatusCode)
	}
}

// However the first bytes are cut, who speaks HTTP/2 gets all of them, and so does who speaks HTTP/1.1.
func TestFirstBytesInPieces(t *testing.T) {
	for _, c := range []struct {
		pieces []string
		http2  bool
	}{
		{[]string{"P", "RI * HT", "TP/2.0\r", "\n\r\nSM\r\n", "\r\n"}, true},
		{[]string{http2.ClientPreface + "frames"}, true},
		{[]string{"P", "OST / HTTP/1.1\r\n\r\n"}, false},
		{[]string{"PRI * HTTP/", "1.1\r\n\r\n"}, false},
		{[]string{"PRI"}, false},
	} {
		near, far := net.Pipe()
		go func() {
			for _, p := range c.pieces {
				_, _ = io.WriteString(far, p)
			}
			far.Close()
		}()
		as2 := ""
		conn := &conn{Conn: near, unused: new(unused), http2: func(l *lent) {
			all, _ := io.ReadAll(l)
			as2 = string(all)
		}}
		as1, err := io.ReadAll(bufio.NewReader(conn))
		got, other := string(as1), as2
		if c.http2 {
			got, other = other, got
		}
		if got != strings.Join(c.pieces, "") || other != "" || err != nil {
			t.Errorf("%q: HTTP/1.1 got %q, HTTP/2 %q, %v", c.pieces, as1, as2, err)
		}
	}
}

// What only resembles the preface is a bad request.
func TestPreface(t *testing.T) {
	post := row("/", echo)
	post.Method = "POST"
	s, url := serveRows(t, post)
	defer s.Shutdown(time.Second)
	for _, c := range []struct {
		sent string
		want string
	}{
		{http2.ClientPreface, ""},
		{"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 201 Created\r\n"},
		{"PRI * HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
		{"PRI", "HTTP/1.1 400 Bad Request\r\n"},
	} {
		conn := dial(t, url)
		if _, err := io.WriteString(conn, c.sent); err != nil {
			t.Fatal(err)
		}
		if c.want == "" {
			framer := http2.NewFramer(conn, conn)
			_ = framer.WriteSettings()
			if f, err := framer.ReadFrame(); err != nil || f.Header().Type != http2.FrameSettings {
				t.Errorf("%q: %v %v", c.sent, f, err)
			}
		} else {
			_ = conn.(*net.TCPConn).CloseWrite()
			if line, err := bufio.NewReader(conn).ReadString('\n'); line != c.want {
				t.Errorf("%q: %q %v", c.sent, line, err)
			}
		}
	}
}
