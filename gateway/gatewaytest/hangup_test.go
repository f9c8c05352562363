package gatewaytest

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// held is an upstream that says what it is told, when it is told.
type held struct {
	arrived chan *transport.Request
	release chan fake.Reply
	left    chan time.Time // when a call's context ended while it was held
}

func newHeld() *held {
	return &held{make(chan *transport.Request, 64), make(chan fake.Reply), make(chan time.Time, 64)}
}

func (h *held) Do(ctx context.Context, r *transport.Request) (*transport.Response, error) {
	h.arrived <- r
	select {
	case reply := <-h.release:
		return (&fake.Doer{Script: func(*transport.Request) fake.Reply { return reply }}).Do(ctx, r)
	case <-ctx.Done():
		h.left <- time.Now()
		return nil, context.Cause(ctx)
	}
}

// hangupLimit is how soon after its client an upstream call must end.
const hangupLimit = time.Second

func TestHangupWhileUpstreamIsSilent(t *testing.T) {
	for name, c := range map[string]struct{ path, body string }{
		"unary":            {"/openai/chat/completions", chatRequest},
		"stream":           {"/v1/chat/completions", strings.Replace(chatStream, "gpt", "openai/gpt", 1)},
		"messages":         {"/anthropic/v1/messages", messagesRequest},
		"messages, stream": {"/anthropic/v1/messages", messagesStream},
		"translated":       {"/anthropic/v1/messages", strings.Replace(messagesStream, "claude-haiku-4-5", "openai/gpt-4o-mini", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			upstream := newHeld()
			g := Start(t, Options{Doer: upstream})
			ctx, hangUp := context.WithCancel(t.Context())
			go func() { _, _ = g.Try(ctx, "POST", c.path, c.body) }()
			<-upstream.arrived
			left := time.Now()
			hangUp()
			if took := (<-upstream.left).Sub(left); took > hangupLimit {
				t.Errorf("the upstream call ended %s after the client left", took)
			}
			checkCancelled(t, g)
		})
	}
}

func checkCancelled(t *testing.T, g *Gateway) {
	t.Helper()
	rows := g.Rows()
	if len(rows) != 1 || rows[0].Status != "cancelled" || rows[0].ErrorDetails == nil || rows[0].ErrorDetails.Kind != "caller_cancelled" {
		t.Errorf("rows: %s", encoded(rows))
	}
}

func TestHangupInTheMiddleOfAStream(t *testing.T) {
	for name, c := range map[string]struct{ path, body, begun string }{
		"native":     {"/anthropic/v1/messages", messagesStream, strings.Join(strings.SplitAfter(messagesFrames, "\n\n")[:4], "")},
		"decorated":  {"/v1/chat/completions", strings.Replace(chatStream, "gpt", "openai/gpt", 1), join(chatFrames[:2])},
		"translated": {"/openai/chat/completions", strings.Replace(chatStream, "gpt-4o-mini", "anthropic/claude-haiku-4-5", 1), strings.Join(strings.SplitAfter(messagesFrames, "\n\n")[:4], "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reply := streams(c.begun)
			reply.Stall = true
			g := Start(t, Options{Script: func(*transport.Request) fake.Reply { return reply }})
			resp := open(t, g, c.path, c.body)
			if _, err := resp.Body.Read(make([]byte, 64)); err != nil {
				t.Fatal(err)
			}
			left := time.Now()
			resp.Body.Close()
			Eventually(t, "the upstream is closed", func() bool { return g.Upstream.Open() == 0 })
			if took := time.Since(left); took > hangupLimit {
				t.Errorf("the upstream was closed %s after the client left", took)
			}
			checkCancelled(t, g)
		})
	}
}

// A client that has seen the end mark has everything, whether or not the upstream closes its stream.
func TestHangupAfterTheEndMark(t *testing.T) {
	for name, c := range map[string]struct{ path, body, whole, mark string }{
		"chat":     {"/openai/chat/completions", chatStreamAsked, join(chatFrames, usageChunk, "[DONE]"), "data: [DONE]\n\n"},
		"messages": {"/anthropic/v1/messages", messagesStream, messagesFrames, `"message_stop"}` + "\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reply := streams(c.whole)
			reply.Stall = true
			g := Start(t, Options{Script: func(*transport.Request) fake.Reply { return reply }})
			resp := open(t, g, c.path, c.body)
			got := ""
			for b := make([]byte, 512); !strings.HasSuffix(got, c.mark); {
				n, err := resp.Body.Read(b)
				got += string(b[:n])
				if err != nil {
					t.Fatalf("%v after %s", err, got)
				}
			}
			resp.Body.Close()
			if rows := g.Rows(); len(rows) != 1 || rows[0].Status != "success" || rows[0].TokenUsage == nil {
				t.Errorf("rows: %s", encoded(rows))
			}
		})
	}
}

// open sends a request and returns with its header.
func open(t *testing.T, g *Gateway, path, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", g.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// panics is an upstream that breaks our own code.
type panics struct {
	stream bool
	calls  atomic.Int64
}

func (p *panics) Do(context.Context, *transport.Request) (*transport.Response, error) {
	p.calls.Add(1)
	if !p.stream {
		panic("a provider's bug")
	}
	return &transport.Response{
		Status: 200, Stream: panicking{}, Release: func() {},
		Header: func(string) string { return "text/event-stream" }, Each: func(func(name, value []byte)) {},
	}, nil
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("a stream's bug") }
func (panicking) Close() error             { return nil }

func TestPanicsAreFenced(t *testing.T) {
	config := `{"providers":{"openai":{"concurrency_and_buffer_size":{"concurrency":1,"buffer_size":1},"keys":[{"name":"main","value":"k","models":["*"],"weight":1}]}}}`
	t.Run("call", func(t *testing.T) {
		t.Parallel()
		g := Start(t, Options{Config: config, Doer: &panics{}})
		for range 3 { // more often than there are places
			a := g.Do("POST", "/openai/chat/completions", chatRequest)
			if a.Status != 500 || !strings.Contains(a.Body, `"message":"internal error`) || strings.Contains(a.Body, "bug") {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		}
		checkInternal(t, g, "a provider's bug", 3)
	})
	t.Run("stream", func(t *testing.T) {
		t.Parallel()
		g := Start(t, Options{Config: config, Doer: &panics{stream: true}})
		for range 3 {
			resp := open(t, g, "/openai/chat/completions", chatStream)
			body, err := io.ReadAll(resp.Body)
			if err == nil && !strings.Contains(string(body), "error") || strings.Contains(string(body), "bug") {
				t.Errorf("the client takes %q for a whole answer", body)
			}
		}
		checkInternal(t, g, "a stream's bug", 3)
	})
}

func checkInternal(t *testing.T, g *Gateway, cause string, n int) {
	t.Helper()
	rows := g.Rows()
	if len(rows) != n {
		t.Errorf("%d rows, want %d", len(rows), n)
	}
	for _, e := range rows {
		if e.Status != "error" || e.ErrorDetails == nil || e.ErrorDetails.Kind != "bifrost_internal" {
			t.Errorf("row: %s", encoded(e))
		}
	}
	if !strings.Contains(g.Log.String(), cause) {
		t.Error("the program's log does not say what happened")
	}
	if a := g.Do("GET", "/health", ""); a.Status != 200 {
		t.Errorf("health: %d", a.Status)
	}
}
