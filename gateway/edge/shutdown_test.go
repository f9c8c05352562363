package edge

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// open lets everybody in.
type open struct{}

func (open) AllowedHosts() []string         { return nil }
func (open) AllowedOrigins() []string       { return nil }
func (open) Admin(exchange.Header) bool     { return false }
func (open) Ticket(string) bool             { return false }
func (open) NeedsAdmin(exchange.Guard) bool { return false }
func (open) Refused(origin, path string)    {}

// held is a stream that says one word and then waits for its context, whose cause it says at the end.
type held struct {
	ctx   context.Context
	begun bool
	over  bool
}

func (h *held) Read(p []byte) (int, error) {
	switch {
	case !h.begun:
		h.begun = true
		return copy(p, "begun "), nil
	case h.over:
		return 0, io.EOF
	}
	<-h.ctx.Done()
	h.over = true
	return copy(p, llm.AsError(context.Cause(h.ctx)).Type), nil
}

func (h *held) Close() error { return nil }

func serveRows(t *testing.T, rows ...exchange.Row) (*Server, string) {
	t.Helper()
	return serveOptions(t, options(rows...))
}

func options(rows ...exchange.Row) Options {
	return Options{
		Rows: rows, Policy: open{}, MaxBody: func() int { return 1 << 20 }, Log: slog.New(slog.DiscardHandler),
		Inference: func() exchange.Handler { return nil },
		Dialect:   func(string) (dialect.Dialect, bool) { return dialect.Dialect{}, false },
		RenderError: func(_ *exchange.Row, _ string, err error) *exchange.Reply {
			e := llm.AsError(err)
			return &exchange.Reply{Status: e.Status, ContentType: "text/plain", Body: []byte(e.Type)}
		},
	}
}

func serveOptions(t *testing.T, o Options) (*Server, string) {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(ln) }()
	return s, "http://" + ln.Addr().String()
}

func row(path string, h exchange.Handler) exchange.Row {
	return exchange.Row{Method: "GET", Path: path, Guard: exchange.GuardPublic, Handler: h}
}

func TestShutdownEndsWhatIsInFlight(t *testing.T) {
	s, url := serveRows(t, row("/held", func(ctx context.Context, _ *exchange.Exchange) (*exchange.Reply, error) {
		return &exchange.Reply{Status: 200, ContentType: "text/plain", Stream: &held{ctx: ctx}}, nil
	}))
	resp, err := http.Get(url + "/held")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(20 * time.Millisecond) }()
	body, err := io.ReadAll(resp.Body)
	if string(body) != "begun gateway_stopping" || err != nil {
		t.Errorf("the stream: %q, %v", body, err)
	}
	if err := <-ended; err != nil {
		t.Errorf("shutdown: %v", err)
	}
	if _, err := http.Get(url + "/held"); err == nil {
		t.Error("a new request is served after the end")
	}
}

// A browser opens connections ahead of what it will ask.
func TestShutdownDoesNotWaitForWhoAsksNothing(t *testing.T) {
	came := make(chan struct{}, 1)
	o := options()
	o.Process = func(net.Addr, net.Addr) *atomic.Pointer[exchange.Process] { came <- struct{}{}; return nil }
	s, url := serveOptions(t, o)
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	<-came
	if err := s.Shutdown(time.Minute); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("the connection is still open: %d, %v", n, err)
	}
}

func TestPanickingHandlers(t *testing.T) {
	s, url := serveRows(t,
		row("/panic", func(context.Context, *exchange.Exchange) (*exchange.Reply, error) { panic("a bug") }),
		row("/stream", func(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
			return &exchange.Reply{Status: 200, ContentType: "text/plain", Stream: bug{}}, nil
		}))
	resp, err := http.Get(url + "/panic")
	if err != nil || resp.StatusCode != 500 {
		t.Fatalf("%v %v", resp, err)
	}
	resp.Body.Close()
	if resp, err = http.Get(url + "/stream"); err == nil {
		if _, err = io.ReadAll(resp.Body); err == nil {
			t.Error("a stream that failed looks whole")
		}
		resp.Body.Close()
	}
	if err := s.Shutdown(time.Second); err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

type bug struct{}

func (bug) Read([]byte) (int, error) { panic("a bug") }
func (bug) Close() error             { return nil }
