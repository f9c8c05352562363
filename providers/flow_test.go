package providers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"heimdall/providers"
	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/converse"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

// feed is the body of a stream: pieces, one for each Read, then an error.
type feed struct {
	pieces []string
	err    error
	block  <-chan struct{} // what the Read after the last piece waits for
	closed bool
}

func (f *feed) Read(p []byte) (int, error) {
	if len(f.pieces) == 0 {
		if f.block != nil {
			<-f.block
		}
		return 0, f.err
	}
	n := copy(p, f.pieces[0])
	if f.pieces[0] = f.pieces[0][n:]; f.pieces[0] == "" {
		f.pieces = f.pieces[1:]
	}
	return n, nil
}

func (f *feed) Close() error {
	f.closed = true
	return nil
}

// streams answers with f.
func streams(f *feed) doer { return streamed(f) }

func streamed(f io.ReadCloser) doer {
	return func(context.Context, *transport.Request) (*transport.Response, error) {
		return &transport.Response{Status: 200, Header: func(string) string { return "text/event-stream" },
			Each: func(func(name, value []byte)) {}, Stream: f, Release: func() { _ = f.Close() }}, nil
	}
}

// ask is a streamed request that both dialects read.
const ask = `{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}`

const usageFrame = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}` + "\n\n"

// chatStream is an answer in words and a call, with a comment and lines of both endings in it.
func chatStream() string {
	chunk := func(choice string) string {
		return `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[` + choice + `]}` + "\n\n"
	}
	return chunk(`{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}`) +
		": still here\r\n\r\n" +
		chunk(`{"index":0,"delta":{"content":"grüezi "},"finish_reason":null}`) +
		chunk(`{"index":0,"delta":{"content":"☀"},"finish_reason":null}`) +
		chunk(`{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"f","arguments":"{\"a\""}}]},"finish_reason":null}`) +
		chunk(`{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":null}`) +
		chunk(`{"index":0,"delta":{},"finish_reason":"tool_calls"}`) + usageFrame + "data: [DONE]\n\n"
}

func streamOf(d string) string {
	if d == "chat" {
		return chatStream()
	}
	events := dialecttest.Decode(dialects["chat"], []byte(chatStream()))
	out, _ := dialecttest.Encode(dialects[d], nil, events)
	return string(out)
}

// play makes a streamed call and reads what the client gets.
func play(t *testing.T, ctx context.Context, upstream, client, body string, f *feed) (string, *providers.Seen) {
	t.Helper()
	a, err := newCall(t, table(upstream), client, body, streams(f)).Do(ctx)
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(a.Stream)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Stream.Close(); err != nil || !f.closed {
		t.Fatalf("the upstream was not closed: %v", err)
	}
	return made.ReplaceAllString(string(out), `"created":1`), a.Seen
}

// made is the time that a translation gives an answer whose upstream does not say when it was made.
var made = regexp.MustCompile(`"created":\d{10}`)

// ways are the pairs of upstream and client, and what the client asked.
var ways = []struct{ name, upstream, client, body string }{
	{"relay", "chat", "chat", strings.Replace(ask, `"stream":true`, `"stream":true,"stream_options":{"include_usage":true}`, 1)},
	{"swallow", "chat", "chat", ask},
	{"relay of messages", "messages", "messages", ask},
	{"chat to messages", "chat", "messages", ask},
	{"messages to chat", "messages", "chat", ask},
}

// TestFlowChop cuts a stream at every byte: the client gets the same, and so does the record.
func TestFlowChop(t *testing.T) {
	for _, w := range ways {
		stream := streamOf(w.upstream)
		want, seen := play(t, t.Context(), w.upstream, w.client, w.body, &feed{pieces: []string{stream}, err: io.EOF})
		switch w.name {
		case "swallow":
			if want != strings.Replace(stream, usageFrame, "", 1) {
				t.Errorf("%s: the client got %s", w.name, want)
			}
		case "relay", "relay of messages":
			if want != stream {
				t.Errorf("%s: the client got %s", w.name, want)
			}
		}
		if !seen.Scan.Done || seen.Err != nil || seen.Scan.Usage.Input != 3 || seen.Scan.Usage.Output != 4 ||
			string(seen.Kept) != stream || seen.Size != int64(len(stream)) || seen.First.IsZero() {
			t.Errorf("%s: seen %+v", w.name, seen)
		}
		for cut := 0; cut <= len(stream); cut++ {
			pieces := []string{stream[:cut], stream[cut:]}
			if cut == 0 {
				pieces = strings.Split(stream, "")
			}
			got, again := play(t, t.Context(), w.upstream, w.client, w.body, &feed{pieces: pieces, err: io.EOF})
			if got != want {
				t.Fatalf("%s cut at %d: the client got\n%s\nwant\n%s", w.name, cut, got, want)
			}
			if again.Scan.Usage.Output != 4 || !again.Scan.Done {
				t.Fatalf("%s cut at %d: seen %+v", w.name, cut, again.Scan)
			}
		}
	}
}

// TestFlowCut breaks a stream off at every byte: until its finish is there, the client gets an error frame in its own
// dialect after what came before.
func TestFlowCut(t *testing.T) {
	for _, w := range ways {
		stream := streamOf(w.upstream)
		for cut := range len(stream) {
			out, seen := play(t, t.Context(), w.upstream, w.client, w.body, &feed{pieces: []string{stream[:cut]}, err: io.ErrUnexpectedEOF})
			if seen.Scan.Done {
				if seen.Err != nil {
					t.Fatalf("%s cut at %d: done, and yet %v", w.name, cut, seen.Err)
				}
				continue
			}
			if seen.Err == nil || seen.Err.Kind != llm.KindTruncated || seen.Err.Status != 502 || seen.Err.Type != "stream_truncated" {
				t.Fatalf("%s cut at %d: %+v", w.name, cut, seen.Err)
			}
			frame := string(dialects[w.client].Server.ErrorFrame(seen.Err))
			if !strings.HasSuffix(out, frame) || strings.Count(out, seen.Err.Message) != 1 {
				t.Fatalf("%s cut at %d: the client got %s", w.name, cut, out)
			}
		}
	}
}

// A stream that stops in the middle of a line must not swallow the error behind it.
func TestFlowCutInAFrame(t *testing.T) {
	for _, w := range ways {
		stream := streamOf(w.upstream)
		half := stream[:strings.Index(stream, "data:")+20]
		out, seen := play(t, t.Context(), w.upstream, w.client, w.body, &feed{pieces: []string{half}, err: io.EOF})
		events := dialecttest.Decode(dialects[w.client], []byte(out))
		if len(events) == 0 || events[len(events)-1].Type != llm.EventError || seen.Err == nil {
			t.Errorf("%s: the client reads %v", w.name, events)
			continue
		}
		if got := events[len(events)-1].Err.Message; got != seen.Err.Message {
			t.Errorf("%s: the client reads %q, want %q in %s", w.name, got, seen.Err.Message, out)
		}
	}
}

func TestFlowBreaks(t *testing.T) {
	stopped := &llm.Error{Kind: llm.KindDropped, Status: 503, Message: "the gateway was stopped"}
	for _, c := range []struct {
		name  string
		cause error
		err   error
		kind  llm.ErrorKind
		says  string
	}{
		{"silence", nil, fmt.Errorf("%w: %w", transport.ErrTimeout, errors.New("i/o timeout")), llm.KindTimeout, "stream_idle_timeout_in_seconds"},
		{"an end too early", nil, io.EOF, llm.KindTruncated, "acme ended its answer before it was complete"},
		{"a broken connection", nil, errors.New("connection reset"), llm.KindTruncated, "acme ended its answer before it was complete"},
		{"the gateway stops", stopped, context.Canceled, llm.KindDropped, "the gateway was stopped"},
		{"a known reason", nil, &llm.Error{Kind: llm.KindOverloaded, Message: "too busy"}, llm.KindOverloaded, "too busy"},
	} {
		for _, w := range ways {
			ctx, cancel := context.WithCancelCause(t.Context())
			if c.cause != nil {
				cancel(c.cause)
			}
			stream := streamOf(w.upstream)
			begun := stream[:strings.Index(stream, "☀")]
			out, seen := play(t, ctx, w.upstream, w.client, w.body, &feed{pieces: []string{begun}, err: c.err})
			cancel(nil)
			if seen.Err == nil || seen.Err.Kind != c.kind || !strings.Contains(seen.Err.Message, c.says) {
				t.Errorf("%s, %s: %+v", c.name, w.name, seen.Err)
				continue
			}
			if !strings.Contains(out, "grüezi") || !strings.HasSuffix(out, string(dialects[w.client].Server.ErrorFrame(seen.Err))) {
				t.Errorf("%s, %s: the client got %s", c.name, w.name, out)
			}
		}
	}
}

// TestFlowError hands an error in the middle of a stream on once, and does not call the stream broken on top of it.
func TestFlowError(t *testing.T) {
	e := &llm.Error{Kind: llm.KindOverloaded, Status: 529, Message: "too busy just now"}
	for _, w := range ways {
		stream := streamOf(w.upstream)
		end := strings.Index(stream, "☀")
		begun := stream[:strings.LastIndex(stream[:end], "\n\n")+2]
		out, seen := play(t, t.Context(), w.upstream, w.client, w.body,
			&feed{pieces: []string{begun, string(dialects[w.upstream].Server.ErrorFrame(e))}, err: io.EOF})
		if strings.Count(out, e.Message) != 1 || strings.Contains(out, "before it was complete") {
			t.Errorf("%s: the client got %s", w.name, out)
		}
		if seen.Err == nil || seen.Err.Message != e.Message || seen.Scan.Done {
			t.Errorf("%s: seen %+v", w.name, seen.Err)
		}
	}
}

// TestFlowLeaves closes a stream in its middle: the upstream is closed, and what was seen until then stays.
func TestFlowLeaves(t *testing.T) {
	for _, w := range ways {
		stream := streamOf(w.upstream)
		end := strings.Index(stream, "☀")
		begun := stream[:strings.LastIndex(stream[:end], "\n\n")+2]
		never := make(chan struct{})
		f := &feed{pieces: []string{begun}, block: never}
		a, err := newCall(t, table(w.upstream), w.client, w.body, streams(f)).Do(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n, err := a.Stream.Read(make([]byte, 4096)); n == 0 || err != nil {
			t.Fatalf("%s: %d, %v", w.name, n, err)
		}
		if err := a.Stream.Close(); err != nil || !f.closed {
			t.Errorf("%s: %v, closed %v", w.name, err, f.closed)
		}
		if a.Seen.Scan.Done || a.Seen.Err != nil || a.Seen.Size != int64(len(begun)) {
			t.Errorf("%s: seen %+v", w.name, a.Seen)
		}
		if n, err := a.Stream.Read(make([]byte, 16)); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("%s: after Close it gives %d bytes and %v", w.name, n, err)
		}
	}
}

// TestFlowKeeps keeps no more of a stream than the record wants, and gives out all of it.
func TestFlowKeeps(t *testing.T) {
	stream := streamOf("chat")
	for _, keep := range []int{0, 1, 100, len(stream), 1 << 20} {
		call := newCall(t, table("chat"), "chat", ways[0].body, streams(&feed{pieces: strings.SplitAfter(stream, "\n"), err: io.EOF}))
		call.Keep = keep
		a, err := call.Do(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out, err := io.ReadAll(oneByte{a.Stream})
		if err != nil || string(out) != stream {
			t.Errorf("keep %d: %v, %s", keep, err, out)
		}
		if want := stream[:min(keep, len(stream))]; string(a.Seen.Kept) != want || a.Seen.Size != int64(len(stream)) {
			t.Errorf("keep %d: kept %d bytes of %d", keep, len(a.Seen.Kept), a.Seen.Size)
		}
	}
}

// oneByte reads with the smallest of buffers.
type oneByte struct{ io.Reader }

func (r oneByte) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(1, len(p))]) }

// TestFlowLoses warns at the end of a stream of what the client's dialect could not carry.
func TestFlowLoses(t *testing.T) {
	stream := strings.Replace(chatStream(), `"model":"m",`, `"model":"m","system_fingerprint":"fp",`, 1)
	_, seen := play(t, t.Context(), "chat", "messages", ask, &feed{pieces: []string{stream}, err: io.EOF})
	found := false
	for _, w := range seen.Warnings {
		found = found || w.Field == "system_fingerprint"
	}
	if !found {
		t.Errorf("warnings %v", seen.Warnings)
	}
}

// TestFlowEndsWithoutBlankLine takes a last frame without its end for what it is.
func TestFlowEndsWithoutBlankLine(t *testing.T) {
	for _, w := range ways {
		stream := strings.TrimRight(streamOf(w.upstream), "\n")
		want, _ := play(t, t.Context(), w.upstream, w.client, w.body, &feed{pieces: []string{streamOf(w.upstream)}, err: io.EOF})
		got, seen := play(t, t.Context(), w.upstream, w.client, w.body, &feed{pieces: []string{stream}, err: io.EOF})
		if strings.TrimRight(got, "\n") != strings.TrimRight(want, "\n") || seen.Err != nil {
			t.Errorf("%s: the client got %s, %v", w.name, got, seen.Err)
		}
	}
}

// TestSecretsInBinaryFrames: an error in the middle of a stream that repeats the key must not reach a client whose frames
// cannot be changed, whether they are passed on or made here.
func TestSecretsInBinaryFrames(t *testing.T) {
	const key = "sk-secret-0123456789"
	all := map[string]dialect.Dialect{"chat": chat.New(), "converse": converse.New()}
	for _, from := range []string{"converse", "chat"} {
		own := all[from]
		frame := own.Server.ErrorFrame(&llm.Error{Kind: llm.KindServerError, Status: 500, Message: "cannot use " + key})
		begun, _ := dialecttest.Encode(own, &llm.Request{Stream: true}, []llm.Event{{Type: llm.EventStart, Meta: &llm.Meta{ID: "i", Model: "m", Created: 1}},
			{Type: llm.EventBlockStart, Part: llm.Part{Kind: llm.PartText}}, {Type: llm.EventDelta, Part: llm.Part{Kind: llm.PartText, Text: "hi"}}})
		call := &providers.Call{
			Target: &providers.Target{Name: "acme", Provider: table(from), Doer: streams(&feed{pieces: []string{string(begun), string(frame)}, err: io.EOF})},
			Op:     llm.OpChat, Credential: providers.Credential{Value: key}, Model: "m", Client: all["converse"], Raw: []byte(`{"messages":[{"role":"user","content":[{"text":"hi"}]}]}`),
			Peek:    dialect.Peek{Model: "m", Stream: true, IncludeUsage: true},
			Dialect: func(name string) (dialect.Dialect, bool) { d, ok := all[name]; return d, ok },
			Header:  func(string) string { return "" }, Keep: 1 << 20,
		}
		call.Request = func(string) (*llm.Request, error) {
			return call.Client.Server.DecodeRequest(dialect.Path{Model: "m", Stream: true}, call.Raw)
		}
		a, err := call.Do(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out, err := io.ReadAll(a.Stream)
		if err != nil || strings.Contains(string(out), key) || strings.Contains(string(a.Seen.Kept), key) {
			t.Errorf("from %s: the key is told: %q, %v", from, out, err)
		}
		if !strings.Contains(string(out), "xception") {
			t.Errorf("from %s: the client is not told of the error: %q", from, out)
		}
	}
}
