package main

import (
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// serve runs a server until the test ends and returns its address.
func serve(t *testing.T, s server) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go s.serve(ln)
	return ln.Addr().String()
}

func TestRequestsAndAnswersAreJSON(t *testing.T) {
	for _, dialect := range []string{chatPath, messagesPath} {
		for _, size := range []int{4 << 10, 64 << 10} {
			body := requestBody(dialect, model, true, size)
			if !json.Valid(body) {
				t.Errorf("%s: the request is no JSON: %.300s", dialect, body)
			}
			if len(body) < size*9/10 || len(body) > size*11/10 {
				t.Errorf("%s: %d bytes; want about %d", dialect, len(body), size)
			}
		}
		if body := plainAnswer(dialect, 1024); !json.Valid(body) {
			t.Errorf("%s: the answer is no JSON: %s", dialect, body)
		}
		f := framesOf(dialect, true)
		stream := string(f.head) + string(f.before) + "#0 1;" + string(f.after) + string(f.tail)
		for line := range strings.Lines(stream) {
			data, found := strings.CutPrefix(line, "data: ")
			if found && data != "[DONE]\n" && !json.Valid([]byte(data)) {
				t.Errorf("%s: a frame is no JSON: %s", dialect, data)
			}
		}
	}
}

// jobs are one of each kind that ends by itself.
func jobs() map[string]job {
	closed, open, stream := usual(closedLoop, 3), usual(openLoop, 3), usual(streaming, 3)
	closed.Duration, open.Duration, stream.Duration = 20*time.Millisecond, 20*time.Millisecond, time.Millisecond
	open.Rate = 1000
	stream.Chunks = 10
	return map[string]job{closedLoop: closed, openLoop: open, streaming: stream}
}

func newTestMock() *mock {
	m := newMock()
	m.behave(behaviour{Answer: 1024, Chunks: 10, Interval: time.Microsecond})
	return m
}

func TestLoadAgainstTheMock(t *testing.T) {
	m := newTestMock()
	addr := serve(t, m)
	for name, places := range map[string]string{"direct": addr, "through the floor": serve(t, newFloor(addr))} {
		for kind, j := range jobs() {
			for _, dialect := range []string{chatPath, messagesPath} {
				t.Run(name+"/"+kind+dialect, func(t *testing.T) {
					before := m.served.Load()
					j.Addr, j.Path, j.Dialect = places, dialect, dialect
					r := j.run()
					if r.Errors != 0 || r.Requests == 0 {
						t.Errorf("result = %+v", r)
					}
					if served := m.served.Load() - before; int64(r.Requests) != served {
						t.Errorf("%d requests counted, the mock served %d", r.Requests, served)
					}
					if kind == streaming && r.Chunks != r.Requests*10 {
						t.Errorf("%d chunks of %d streams", r.Chunks, r.Requests)
					}
				})
			}
		}
	}
	if open := m.open.Load(); open != 0 {
		t.Errorf("%d streams are still open", open)
	}
}

// spoiler is a proxy that damages the mock's answers.
type spoiler struct {
	spoil func(string) string
	code  int
}

func (s spoiler) serve(ln net.Listener) error { return fasthttp.Serve(ln, s.handle) }

func (s spoiler) handle(ctx *fasthttp.RequestCtx) {
	f := framesOf(chatPath, false)
	body := string(plainAnswer(chatPath, 1024))
	if strings.Contains(string(ctx.PostBody()), `"stream":true`) {
		body = string(f.head)
		for i := range 10 {
			body += string(f.before) + "#" + string(rune('0'+i)) + " 1;" + string(f.after)
		}
		body += string(f.tail)
	}
	ctx.SetStatusCode(s.code)
	ctx.SetBodyStream(strings.NewReader(s.spoil(body)), -1)
}

func TestWrongAnswersAreErrors(t *testing.T) {
	replace := func(old, by string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, by, 1) }
	}
	cut := func(s string) string { return s[:len(s)/2] }
	for name, tc := range map[string]struct {
		spoil func(string) string
		code  int
		kinds []string
		words string
	}{
		"refused":             {replace("", ""), 503, []string{closedLoop, openLoop, streaming}, "status 503"},
		"cut off":             {cut, 200, []string{closedLoop, openLoop, streaming}, ""},
		"another text":        {replace("fox", "cat"), 200, []string{closedLoop, openLoop}, "without its text"},
		"a chunk is lost":     {replace("#4 1;", ""), 200, []string{streaming}, "chunk 5 came where 4 was due"},
		"a chunk comes twice": {replace("#4 1;", "#3 1;"), 200, []string{streaming}, "chunk 3 came where 4 was due"},
		"no end":              {replace("[DONE]", "{}"), 200, []string{streaming}, "its end frame seen: false"},
	} {
		for _, kind := range tc.kinds {
			t.Run(name+"/"+kind, func(t *testing.T) {
				j := jobs()[kind]
				j.Addr, j.Path = serve(t, spoiler{spoil: tc.spoil, code: tc.code}), chatPath
				if r := j.run(); r.Errors == 0 || !strings.Contains(r.First, tc.words) {
					t.Errorf("result = %+v; want an error with %q", r, tc.words)
				}
			})
		}
	}
}

func TestHeldStreamsAreCountedUntilTheyHangUp(t *testing.T) {
	for name, tc := range map[string]struct {
		b     behaviour
		await bool
	}{
		"chunks":  {behaviour{Chunks: 1 << 20, Interval: time.Hour}, true},
		"headers": {behaviour{Chunks: 1, Silent: silentHeaders}, true},
		"silent":  {behaviour{Silent: silentAll}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMock()
			m.behave(tc.b)
			j := usual(hold, 20)
			j.Addr, j.Path, j.Await = serve(t, m), chatPath, tc.await
			held, r := j.hold(nil)
			if r.Errors != 0 || len(held) != 20 {
				t.Fatalf("%d held, result = %+v", len(held), r)
			}
			awaitCount(t, m, 20)
			for _, c := range held[:15] {
				c.close()
			}
			awaitCount(t, m, 5)
			for _, c := range held[15:] {
				c.close()
			}
			awaitCount(t, m, 0)
		})
	}
}

// awaitCount waits for the kernel to tell the mock.
func awaitCount(t *testing.T, m *mock, want int64) {
	t.Helper()
	var got int64
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if got = m.open.Load(); got == want {
			return
		}
	}
	t.Fatalf("%d streams open; want %d", got, want)
}
