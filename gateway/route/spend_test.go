package route

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/exchange"
	"heimdall/providers/catalog"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
)

// However a call ends, what it held is settled once, with what it used.
func TestEveryCallIsSettledOnce(t *testing.T) {
	frames := fake.SSE(`{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"` + strings.Repeat("word ", 60) + `"}}]}`)
	whole := frames + fake.SSE(`{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`,
		`{"id":"c","object":"chat.completion.chunk","model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}`, "[DONE]")
	stream := func(body string, cut bool) fake.Reply {
		return fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "text/event-stream"}, Body: body, Cut: cut}
	}
	failed := stream(fake.SSE(`{"error":{"message":"no","type":"server_error"},"usage":{"prompt_tokens":3,"completion_tokens":0,"total_tokens":3}}`), false)
	told := "3+2=0.005"
	for _, c := range []struct {
		name    string
		replies []any
		stream  bool
		leaves  bool // the client closes the stream at once
		want    string
	}{
		{"an answer", []any{ok()}, false, false, told},
		{"an error", []any{fails(400, "bad")}, false, false, "0+0"},
		{"no connection at all", []any{io.ErrUnexpectedEOF}, false, false, "0+0"},
		{"a retry", []any{fails(429, "slow"), ok()}, false, false, "0+0 " + told},
		{"a stream", []any{stream(whole, false)}, true, false, told},
		{"a stream that breaks", []any{stream(frames, true)}, true, false, "22+2=0.024"},
		{"a stream that the client leaves", []any{stream(whole, false)}, true, true, told},
		{"before it told", []any{fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "text/event-stream"}, Body: frames, Stall: true}}, true, true, "22+2=0.024"},
		{"a stream that begins with an error", []any{failed, ok()}, true, false, "3+0=0.003 " + told},
		{"a panic", []any{"panic"}, false, false, "0+0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := provider("p", "k")
			p.Gate = NewGate(1, 0)
			w := newWorld(t, p)
			w.Price = func(_ *Provider, _ string, _ *exchange.Exchange, u llm.Usage) catalog.Cost {
				return catalog.Cost{Known: true, Total: float64(u.Input+u.Output) / 1000}
			}
			w.script = func(string, string) (fake.Reply, error) {
				next := c.replies[0]
				c.replies = c.replies[1:]
				switch next := next.(type) {
				case fake.Reply:
					return next, nil
				case error:
					return fake.Reply{}, next
				}
				panic("inside")
			}
			more := `,"max_tokens":50`
			if c.stream {
				more += `,"stream":true`
			}
			x := w.ask("p/m", more)
			x.Caller = &caller{w: w}
			func() {
				defer func() { _ = recover() }()
				if !c.leaves {
					w.send(x)
					return
				}
				reply, err := w.Handle(t.Context(), x)
				if err != nil {
					t.Fatal(err)
				}
				_ = reply.Stream.Close()
				_ = reply.Stream.Close()
			}()
			var spent []string
			for _, s := range w.spent {
				one := fmt.Sprint(s.Usage.Input, "+", s.Usage.Output)
				if s.Priced {
					one += fmt.Sprint("=", s.Cost)
				}
				spent = append(spent, one)
			}
			if got := strings.Join(spent, " "); got != c.want || w.held != 0 {
				t.Errorf("settled %s, want %s; %d are held", got, c.want, w.held)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := p.Gate.Enter(ctx, "p"); err != nil {
				t.Errorf("the place at the gate was not given back: %v", err)
			}
			if strings.HasSuffix(c.want, told) && !x.Record.Cost.Known {
				t.Errorf("the record has no cost: %+v", x.Record)
			}
		})
	}
}

func TestNeeds(t *testing.T) {
	image, long := strings.Repeat("A", 100_000), strings.Repeat("word", 10_000)
	for _, c := range []struct {
		name string
		body string
		want int64
	}{
		{"nothing", `{}`, 0},
		{"a text", `{"messages":[{"role":"user","content":"` + long + `"}]}`, 10_010},
		{"an image in an address", `{"url":"data:image/png;base64,` + image + `"}`, 8 + mediaTokens},
		{"an image as data", `{"type":"base64","data":"` + image + `"}`, 6 + mediaTokens},
		{"an image as data, spread out", `{"type": "base64", "data": "` + image + `"}`, 7 + mediaTokens},
		{"a small image", `{"url":"data:image/png;base64,` + image[:4000] + `"}`, 1008},
	} {
		if got := input([]byte(c.body)); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	w := newWorld(t, provider("p", "k"))
	x := w.ask("p/m", "")
	x.Peek.MaxOutput = 50
	var asked []exchange.Need
	x.Caller = &caller{w: w, refuse: func(n exchange.Need) error {
		asked = append(asked, n)
		return nil
	}}
	w.script = func(string, string) (fake.Reply, error) { return fake.Reply{}, errors.New("no") }
	w.send(x)
	if diff := cmp.Diff([]exchange.Need{{Provider: "p", Model: "m", Input: int64(len(x.Raw) / 4), MaxOutput: 50}}, asked); diff != "" {
		t.Error(diff)
	}
}

// The usual call costs little memory: one provider that is well, one key, no rules.
func TestAllocations(t *testing.T) {
	w := newWorld(t, provider("p", "k"))
	w.providers["p"].Doer = instant{}
	x := w.ask("p/m", "")
	if n := testing.AllocsPerRun(200, func() {
		x.Record.Attempts = nil
		if _, err := w.Handle(context.Background(), x); err != nil {
			t.Fatal(err)
		}
	}); n > 19 {
		t.Errorf("%v allocations", n)
	}
}
