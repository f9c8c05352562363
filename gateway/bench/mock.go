package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// behaviour is how the mock answers. The runner sets it between two measures, by a POST to /behaviour, so that
// nothing in a request has to pass the gateway for it.
type behaviour struct {
	Answer   int           // bytes of text of a plain answer
	Chunks   int           // of a stream
	Interval time.Duration // between two chunks; the first comes at once
	Silent   string        // silentHeaders or silentAll: streams say no more than that, and plain requests nothing
}

const (
	silentHeaders = "headers"
	silentAll     = "all"
)

// stats is what GET /stats answers.
type stats struct {
	Open   int64 // streams and silent requests that neither ended nor were hung up
	Served int64 // requests since the start
}

// prepared is a behaviour with its plain answers made.
type prepared struct {
	behaviour
	chat, messages []byte
}

// mock is the upstream of all targets.
type mock struct {
	now          atomic.Pointer[prepared]
	open, served atomic.Int64
}

func newMock() *mock {
	m := &mock{}
	m.behave(behaviour{Answer: 1024, Chunks: 100, Interval: 5 * time.Millisecond})
	return m
}

func (m *mock) behave(b behaviour) {
	m.now.Store(&prepared{b, plainAnswer(chatPath, b.Answer), plainAnswer(messagesPath, b.Answer)})
}

func (m *mock) serve(ln net.Listener) error {
	s := fasthttp.Server{
		Handler: m.handle, NoDefaultServerHeader: true, Concurrency: 1 << 16, MaxRequestBodySize: 64 << 20,
		ReadBufferSize: 8 << 10, Logger: quiet,
	}
	return s.Serve(watchListener{ln})
}

// quiet drops what fasthttp says of each connection that a client closed: the bench does that on purpose.
var quiet = log.New(io.Discard, "", 0)

func (m *mock) handle(ctx *fasthttp.RequestCtx) {
	path := string(ctx.Path())
	for _, dialect := range []string{chatPath, messagesPath} {
		if strings.HasSuffix(path, dialect) {
			m.served.Add(1)
			m.answer(ctx, dialect)
			return
		}
	}
	switch path {
	case "/stats":
		json.NewEncoder(ctx).Encode(stats{Open: m.open.Load(), Served: m.served.Load()})
	case "/behaviour":
		var b behaviour
		if err := json.Unmarshal(ctx.PostBody(), &b); err != nil {
			ctx.Error(err.Error(), fasthttp.StatusBadRequest)
			return
		}
		m.behave(b)
	case "/health":
		ctx.SetStatusCode(fasthttp.StatusOK)
	default:
		ctx.Error("no such path: "+path, fasthttp.StatusNotFound)
	}
}

func (m *mock) answer(ctx *fasthttp.RequestCtx, path string) {
	b, body := m.now.Load(), ctx.PostBody()
	stream := bytes.Contains(body, []byte(`"stream":true`))
	if b.Silent == silentAll {
		m.sayNothing(ctx)
		return
	}
	if stream {
		m.stream(ctx, b.behaviour, framesOf(path, bytes.Contains(body, []byte(`"include_usage":true`))))
		return
	}
	ctx.SetContentType("application/json")
	if path == messagesPath {
		ctx.Response.SetBodyRaw(b.messages)
	} else {
		ctx.Response.SetBodyRaw(b.chat)
	}
}

// sayNothing holds a request until its client hangs up.
func (m *mock) sayNothing(ctx *fasthttp.RequestCtx) {
	gone, stop := ctx.Conn().(*watchConn).watch()
	defer stop()
	m.open.Add(1)
	defer m.open.Add(-1)
	select {
	case <-gone:
	case <-ctx.Done():
	}
	ctx.SetConnectionClose()
}

func (m *mock) stream(ctx *fasthttp.RequestCtx, b behaviour, f frames) {
	s := &chunkStream{mock: m, behaviour: b, frames: f, start: time.Now(), quit: ctx.Done()}
	s.gone, s.stop = ctx.Conn().(*watchConn).watch()
	m.open.Add(1)
	ctx.SetContentType("text/event-stream")
	ctx.Response.ImmediateHeaderFlush = true
	ctx.SetBodyStream(s, -1)
}

// chunkStream is the body of a stream: each Read waits until the next chunk is due and returns it alone, so that
// each is written and flushed by itself.
type chunkStream struct {
	mock *mock
	behaviour
	frames
	start time.Time
	next  int
	rest  []byte // of a chunk that was longer than the reader's buffer
	gone  <-chan struct{}
	quit  <-chan struct{}
	stop  func()
}

func (s *chunkStream) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		if s.next > s.Chunks {
			return 0, io.EOF
		}
		if err := s.wait(); err != nil {
			return 0, err
		}
		s.rest = s.chunk()
		s.next++
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// wait lasts until the next chunk is due; a silent stream waits for its client to hang up.
func (s *chunkStream) wait() error {
	var due <-chan time.Time
	if s.Silent == "" {
		// The tail follows the last chunk at once.
		pause := time.Until(s.start.Add(time.Duration(min(s.next, s.Chunks-1)) * s.Interval))
		if pause <= 0 {
			return nil
		}
		timer := time.NewTimer(pause)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-due:
		return nil
	case <-s.gone:
		return net.ErrClosed
	case <-s.quit:
		return net.ErrClosed
	}
}

func (s *chunkStream) chunk() []byte {
	if s.next == s.Chunks {
		return s.tail
	}
	var b []byte
	if s.next == 0 {
		b = append(b, s.head...)
	}
	b = append(b, s.before...)
	b = fmt.Appendf(b, "#%d %d;", s.next, time.Now().UnixNano())
	return append(b, s.after...)
}

// Close is called when the stream ended, or when a write to its client failed.
func (s *chunkStream) Close() error {
	s.stop()
	s.mock.open.Add(-1)
	return nil
}
