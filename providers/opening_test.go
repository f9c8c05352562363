package providers_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"heimdall/providers"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

const (
	chatError     = `data: {"error":{"message":"no more, sk-1-secret","type":"server_error"}}` + "\n\n"
	messagesError = "event: error\ndata: " + `{"type":"error","error":{"type":"overloaded_error","message":"no more"}}` + "\n\n"
)

// source is a stream that waits until it is let go.
type source struct {
	io.Reader
	free chan struct{}
	gone chan struct{}
}

func newSource(r io.Reader) *source {
	return &source{r, make(chan struct{}), make(chan struct{})}
}

func (s *source) Read(p []byte) (int, error) {
	select {
	case <-s.free:
		return s.Reader.Read(p)
	case <-s.gone:
		return 0, io.ErrClosedPipe
	}
}

func (s *source) Close() error {
	select {
	case <-s.gone:
	default:
		close(s.gone)
	}
	return nil
}

// opened makes a streamed call that waits for the beginning.
func opened(t *testing.T, upstream, client string, r io.Reader, patience time.Duration) (*providers.Call, *source) {
	t.Helper()
	src := newSource(r)
	call := newCall(t, table(upstream), client, ask, streamed(src))
	call.Credential.Value = "sk-1-secret"
	call.Patience = patience
	return call, src
}

func TestStreamsThatBeginWithAnError(t *testing.T) {
	begun := strings.SplitAfterN(chatStream(), "\n\n", 2)[0]
	for _, c := range []struct {
		name             string
		upstream, client string
		body             string
		err              error
		kind             llm.ErrorKind // "" = it is a stream
		status           int
	}{
		{"its own dialect", "chat", "chat", chatError, io.EOF, llm.KindServerError, 502},
		{"translated", "messages", "chat", messagesError, io.EOF, llm.KindOverloaded, 503},
		{"with its end", "chat", "chat", chatError, io.EOF, llm.KindServerError, 502},
		{"in pieces", "messages", "messages", messagesError, io.EOF, llm.KindOverloaded, 503},
		{"nothing at all", "chat", "chat", "", io.ErrUnexpectedEOF, llm.KindTruncated, 502},
		{"a piece of a frame", "chat", "messages", begun[:9], io.ErrUnexpectedEOF, llm.KindTruncated, 502},
		{"after something else", "chat", "chat", begun + chatError, io.EOF, "", 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r io.Reader = io.MultiReader(strings.NewReader(c.body), iotest.ErrReader(c.err))
			switch c.name {
			case "in pieces":
				r = iotest.OneByteReader(r)
			case "with its end":
				r = iotest.DataErrReader(r)
			}
			call, src := opened(t, c.upstream, c.client, r, time.Minute)
			close(src.free)
			a, err := call.Do(t.Context())
			if c.kind == "" {
				if err != nil || a.Status != c.status {
					t.Fatalf("%v %+v", err, a)
				}
				_ = a.Stream.Close()
				return
			}
			e := llm.AsError(err)
			if err == nil || e.Kind != c.kind || e.Status != c.status || (e.Dialect == "") != (c.kind == llm.KindTruncated) || strings.Contains(e.Message+string(e.Raw), "secret") {
				t.Errorf("%v, %+v", err, e)
			}
			select {
			case <-src.gone:
			default:
				t.Error("the upstream's stream is still open")
			}
		})
	}
}

// What is read ahead comes first, however small the pieces are that it is asked for in; and nothing waits longer than
// the patience lasts.
func TestStreamsComeWhole(t *testing.T) {
	want := chatStream()
	for name, late := range map[string]bool{"at once": false, "late": true} {
		for _, size := range []int{1, 7, 4096, 1 << 16} {
			patience := time.Minute
			if late {
				patience = time.Nanosecond
			}
			call, src := opened(t, "chat", "chat", strings.NewReader(want), patience)
			call.Peek.IncludeUsage = true
			if !late {
				close(src.free)
			}
			a, err := call.Do(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if late {
				close(src.free)
			}
			var got strings.Builder
			if _, err := io.CopyBuffer(struct{ io.Writer }{&got}, struct{ io.Reader }{a.Stream}, make([]byte, size)); err != nil {
				t.Error(err)
			}
			if err := a.Stream.Close(); err != nil || got.String() != want {
				t.Errorf("%s, by %d: %v\n%s", name, size, err, got.String())
			}
		}
	}
}

func TestClosingAStreamThatHasNotBegun(t *testing.T) {
	call, _ := opened(t, "chat", "messages", strings.NewReader(""), time.Nanosecond)
	a, err := call.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Stream.Close(); err != nil {
		t.Error(err)
	}
}

// A panic while it is read ahead is that of who asked, who can catch it.
func TestPanicInTheBeginning(t *testing.T) {
	call, src := opened(t, "chat", "chat", panics{}, time.Minute)
	close(src.free)
	defer func() {
		if p := recover(); p != "inside" {
			t.Errorf("recovered %v", p)
		}
	}()
	_, err := call.Do(t.Context())
	t.Error(errors.New("it went on"), err)
}

type panics struct{}

func (panics) Read([]byte) (int, error) { panic("inside") }

func BenchmarkStream(b *testing.B) {
	text := chatStream()
	for name, patience := range map[string]time.Duration{"straight": 0, "ahead": time.Minute} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 4096)
			call := newCall(b, table("chat"), "chat", ask, nil)
			call.Peek.IncludeUsage = true
			call.Patience = patience
			for b.Loop() {
				src := newSource(strings.NewReader(text))
				close(src.free)
				call.Target.Doer = streamed(src)
				a, err := call.Do(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					_, err = a.Stream.Read(buf)
				}
				_ = a.Stream.Close()
			}
		})
	}
}

// Reading ahead costs no memory of its own.
func TestStreamAllocs(t *testing.T) {
	text, buf := chatStream(), make([]byte, 4096)
	allocs := map[time.Duration]float64{}
	for _, patience := range []time.Duration{0, time.Minute} {
		call := newCall(t, table("chat"), "chat", ask, nil)
		call.Peek.IncludeUsage = true
		call.Patience = patience
		allocs[patience] = testing.AllocsPerRun(500, func() {
			src := newSource(strings.NewReader(text))
			close(src.free)
			call.Target.Doer = streamed(src)
			a, err := call.Do(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for err == nil {
				_, err = a.Stream.Read(buf)
			}
			_ = a.Stream.Close()
		})
	}
	// None was measured; the race detector takes things out of pools now and then.
	if straight, ahead := allocs[0], allocs[time.Minute]; straight > 18 || ahead > straight+2 {
		t.Errorf("a stream allocates %v times, one that is read ahead %v", straight, ahead)
	}
}

// A stream that is through with its beginning leaves the room of it to others, also when it breaks.
func TestABrokenStreamLeavesOthersAlone(t *testing.T) {
	want := chatStream()
	begun := strings.SplitAfterN(want, "\n\n", 2)[0]
	first := newSource(io.MultiReader(strings.NewReader(begun), iotest.ErrReader(io.ErrUnexpectedEOF)))
	second := newSource(strings.NewReader(want))
	close(first.free)
	close(second.free)
	call := newCall(t, table("chat"), "chat", ask, streamed(first))
	call.Peek.IncludeUsage, call.Patience = true, time.Minute
	a, err := call.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n, err := a.Stream.Read(make([]byte, 4096)); n != len(begun) || err != nil {
		t.Fatal(n, err)
	}
	call.Target.Doer = streamed(second)
	b, err := call.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(a.Stream); err != nil || !strings.Contains(string(rest), "before it was complete") {
		t.Errorf("%q %v", rest, err)
	}
	if got, err := io.ReadAll(b.Stream); err != nil || string(got) != want {
		t.Errorf("%v: %s", err, got)
	}
	_, _ = a.Stream.Close(), b.Stream.Close()
}

// What one stream began with says nothing of the next.
func TestStreamsOneAfterTheOther(t *testing.T) {
	well := chatStream()
	call := newCall(t, table("chat"), "chat", ask, nil)
	call.Peek.IncludeUsage, call.Patience = true, time.Nanosecond
	late := newSource(strings.NewReader(chatError))
	call.Target.Doer = streamed(late)
	a, err := call.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	close(late.free)
	if got, err := io.ReadAll(a.Stream); !strings.Contains(string(got), "no more") || err != nil {
		t.Errorf("%s %v", got, err)
	}
	_ = a.Stream.Close()
	call.Patience = time.Minute
	for i, body := range []string{well, chatError, chatError, well, chatError, well} {
		src := newSource(strings.NewReader(body))
		close(src.free)
		call.Target.Doer = streamed(src)
		a, err := call.Do(t.Context())
		if (err != nil) != (body == chatError) {
			t.Fatalf("stream %d: %v", i, err)
		}
		if err != nil {
			continue
		}
		if got, err := io.ReadAll(a.Stream); string(got) != well || err != nil {
			t.Errorf("stream %d: %s %v", i, got, err)
		}
		_ = a.Stream.Close()
	}
}

// What is known of an answer at once is complete for one that came whole, and safe to read while a stream is read ahead.
func TestWhatIsKnownAtOnce(t *testing.T) {
	for _, c := range []struct {
		name     string
		op       llm.Op
		more     string
		patience time.Duration
		lost     string
		first    time.Duration // after the call began; -1 = not yet
	}{
		{"whole", llm.OpChat, "", 0, "top_k", 0},
		{"a stream that came in time", llm.OpChat, `,"stream":true`, 2 * time.Second, "top_k", time.Second},
		{"a late one", llm.OpChat, `,"stream":true`, time.Millisecond, "top_k", -1},
		{"an estimate", llm.OpCountTokens, "", 0, "input_tokens", -1},
	} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			p := table("chat")
			p.Limits.NoTopK = true
			reply := fake.Reply{Status: 200, Body: chatAnswer}
			if c.patience > 0 {
				reply.Body, reply.Pieces = "", paced(time.Second, chatStream())
			}
			call := newCall(t, p, "messages", `{"model":"m","max_tokens":9,"top_k":3,"messages":[{"role":"user","content":"hi"}]`+c.more+`}`,
				&fake.Doer{Script: func(*transport.Request) fake.Reply { return reply }})
			call.Op, call.Patience = c.op, c.patience
			a, err := call.Do(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !named(a.Warnings, c.lost) {
				t.Errorf("%s: %v", c.name, a.Warnings)
			}
			if c.first < 0 && !a.First.IsZero() || c.first >= 0 && a.First.Sub(begun) != c.first {
				t.Errorf("%s: it began at %s", c.name, a.First.Sub(begun))
			}
			if a.Stream != nil {
				_ = a.Stream.Close()
			}
		})
	}
}
