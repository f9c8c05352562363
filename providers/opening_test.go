package providers_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"heimdall/providers"
	"heimdall/providers/llm"
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
		{"in pieces", "messages", "messages", messagesError, io.EOF, llm.KindOverloaded, 503},
		{"nothing at all", "chat", "chat", "", io.ErrUnexpectedEOF, llm.KindTruncated, 502},
		{"a piece of a frame", "chat", "messages", begun[:9], io.ErrUnexpectedEOF, llm.KindTruncated, 502},
		{"after something else", "chat", "chat", begun + chatError, io.EOF, "", 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r io.Reader = io.MultiReader(strings.NewReader(c.body), iotest.ErrReader(c.err))
			if c.name == "in pieces" {
				r = iotest.OneByteReader(r)
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
			if err == nil || e.Kind != c.kind || e.Status != c.status || strings.Contains(e.Message+string(e.Raw), "secret") {
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
