package providers_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"heimdall/providers"
	"heimdall/providers/dialect"
	"heimdall/providers/dialect/converse"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

// say is an event that says something more.
func say(part llm.Part) llm.Event { return llm.Event{Type: llm.EventDelta, Part: part} }

// spoken is an answer in the dialect d, one piece for each event: it starts, says each part, and ends.
func spoken(d dialect.Dialect, kind llm.Kind, says ...llm.Part) (pieces []string) {
	first := llm.Part{Kind: kind}
	if kind == llm.PartCall {
		first.Call = &llm.ToolCall{ID: "t1", Name: "f"}
	}
	events := []llm.Event{{Type: llm.EventStart, Meta: &llm.Meta{ID: "i", Model: "m", Created: 1}}, {Type: llm.EventBlockStart, Part: first}}
	for _, p := range says {
		p.Kind = kind
		events = append(events, say(p))
	}
	events = append(events, llm.Event{Type: llm.EventBlockEnd}, llm.Event{Type: llm.EventFinish, Finish: &llm.Finish{Reason: "stop"}})
	encoder := d.Server.Encoder(&llm.Request{Stream: true, Model: "m"})
	for _, e := range events {
		if p := encoder.Encode(nil, e); len(p) > 0 {
			pieces = append(pieces, string(p))
		}
	}
	return append(pieces, string(encoder.Close(nil)))
}

// words are n parts of so many characters, two bytes each.
func words(n, characters int) (parts []llm.Part) {
	for range n {
		parts = append(parts, llm.Part{Text: strings.Repeat("ü", characters)})
	}
	return parts
}

// paced lets that time pass before each piece.
func paced(every time.Duration, pieces ...string) (out []fake.Piece) {
	for _, p := range pieces {
		out = append(out, fake.Piece{After: every, Data: p})
	}
	return out
}

// guarded makes a streamed call of a provider whose streams have to bring 20 characters a second, measured for 4.5.
// Pieces that come each second never come when that is over.
func guarded(t *testing.T, upstream, client string, reply fake.Reply) (*providers.Call, *fake.Doer) {
	t.Helper()
	reply.Status, reply.Header = 200, map[string]string{"Content-Type": "text/event-stream"}
	doer := &fake.Doer{Script: func(*transport.Request) fake.Reply { return reply }}
	call := newCall(t, table(upstream), client, ask, doer)
	call.Peek.IncludeUsage, call.Patience = true, time.Second
	call.Credential.Value = "sk-1-secret"
	call.Target.Guard = providers.Guard{Minimum: 20, Window: 4500 * time.Millisecond}
	return call, doer
}

func TestSlowStreamsAreTurnedAway(t *testing.T) {
	const slow = "stream_throughput_below_minimum"
	chat := dialects["chat"]
	chunk := func(n, characters int) []string { return spoken(chat, llm.PartText, words(n, characters)...) }
	late := func(pieces []fake.Piece) []fake.Piece { // the first word takes a minute
		pieces[1].After = time.Minute
		return pieces
	}
	for _, c := range []struct {
		name  string
		reply fake.Reply
		code  string // of the error; "" = it is given out
		says  string
		after time.Duration // until Do returns
	}{
		{"slow", fake.Reply{Pieces: paced(time.Second, chunk(30, 10)...)}, slow, "acme sends 11.1 characters per second, and the minimum is 20; lower network_config.stream_throughput_guard.minimum_output_characters_per_second", 6500 * time.Millisecond},
		{"slower than others", fake.Reply{Pieces: paced(time.Second, chunk(30, 60)...), Cut: true}, slow, "75.0 characters per second, and the minimum is 100", 6 * time.Second},
		{"known as soon as there is enough", fake.Reply{Pieces: paced(4*time.Second, chunk(9, 128)...)}, "", "", 12 * time.Second},
		{"fast", fake.Reply{Pieces: paced(time.Second, chunk(30, 50)...)}, "", "", 6500 * time.Millisecond},
		{"fast at last, within the window", fake.Reply{Pieces: paced(2400*time.Millisecond, chunk(30, 60)...)}, "", "", 9300 * time.Millisecond},
		{"silence before the first word does not count", fake.Reply{Pieces: late(paced(time.Second, chunk(30, 50)...))}, "", "", 65500 * time.Millisecond},
		{"it stops after a few words", fake.Reply{Pieces: paced(time.Second, chunk(1, 50)[:2]...), Stall: true}, slow, "11.1 characters per second", 6500 * time.Millisecond},
		{"it stops after enough words", fake.Reply{Pieces: paced(time.Second, chunk(1, 200)[:2]...), Stall: true}, "", "", 6500 * time.Millisecond},
		{"short, and at its end", fake.Reply{Pieces: paced(time.Second, chunk(2, 3)...)}, "", "", 4 * time.Second},
		{"at its end, and left open", fake.Reply{Pieces: paced(time.Second, chunk(2, 3)[:4]...), Stall: true}, "", "", 4 * time.Second},
		{"nothing but the end", fake.Reply{Pieces: paced(time.Second, chunk(0, 0)...)}, "", "", 2 * time.Second},
		{"an error in place of an answer", fake.Reply{Body: chatError}, "", "no more", 0},
		{"an error after some words", fake.Reply{Pieces: paced(time.Second, chunk(30, 10)[0], chunk(30, 10)[1], chatError), Stall: true}, "", "no more", 3 * time.Second},
		{"broken after some words", fake.Reply{Pieces: paced(time.Second, chunk(30, 10)[:3]...), Cut: true}, "", "before it was complete", 3 * time.Second},
	} {
		for _, client := range []string{"chat", "messages"} {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				call, doer := guarded(t, "chat", client, c.reply)
				if strings.HasSuffix(c.says, "100") {
					call.Target.Guard.Minimum = 100
				}
				a, err := call.Do(t.Context())
				if got := time.Since(begun); got != c.after {
					t.Errorf("%s for %s: it took %s, want %s", c.name, client, got, c.after)
				}
				if c.says == "" {
					if err != nil {
						t.Fatalf("%s for %s: %v", c.name, client, err)
					}
					_ = a.Stream.Close()
				} else if e := llm.AsError(err); err == nil || !strings.Contains(e.Message, c.says) || strings.Contains(e.Message, "secret") ||
					c.code != "" && (e.Code != c.code || e.Type != c.code || e.Status != 503 || !e.Retry() || !e.Fallback()) ||
					c.code == "" && e.Kind == llm.KindServerError && e.Dialect != "chat" {
					t.Errorf("%s for %s: %v, %+v", c.name, client, err, e)
				}
				if doer.Open() != 0 {
					t.Errorf("%s for %s: the upstream's stream is still open", c.name, client)
				}
			})
		}
	}
}

// No more is held than there is room for. What a translation leaves out takes none.
func TestTooMuchToHold(t *testing.T) {
	many, large := strings.Repeat(": wait\n\n", 513), ": "+strings.Repeat("w", 3996)+"\n\n"
	answer := spoken(dialects["chat"], llm.PartText, words(1, 300)...)
	for _, c := range []struct {
		name, client string
		pieces       []string
		passes       bool
	}{
		{"pieces", "chat", strings.SplitAfter(many, "\n\n")[:512-1], true}, // and the answer's first one
		{"a piece more", "chat", strings.SplitAfter(many, "\n\n")[:512], false},
		{"for another dialect", "messages", strings.SplitAfter(many, "\n\n")[:513], true},
		{"bytes", "chat", strings.SplitAfter(strings.Repeat(large, 262), large)[:262], true},
		{"more bytes", "chat", strings.SplitAfter(strings.Repeat(large, 263), large)[:263], false},
	} {
		call, doer := guarded(t, "chat", c.client, fake.Reply{Pieces: paced(0, append(c.pieces, answer...)...)})
		a, err := call.Do(t.Context())
		if c.passes {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			_ = a.Stream.Close()
		} else if e := llm.AsError(err); e.Code != "stream_throughput_probe_buffer_exceeded" || e.Type != e.Code || e.Status != 503 || !e.Retry() ||
			!strings.Contains(e.Message, "take network_config.stream_throughput_guard away") {
			t.Errorf("%s: %v", c.name, err)
		}
		if doer.Open() != 0 {
			t.Errorf("%s: the upstream's stream is still open", c.name)
		}
	}
}

// What was held comes out whole and in its order, also where the measuring ends while nothing comes.
func TestStreamsThatAreFastEnoughComeWhole(t *testing.T) {
	for _, client := range []string{"chat", "messages"} {
		for _, every := range []time.Duration{0, time.Second, 6 * time.Second} {
			for _, size := range []int{1, 7, 1 << 16} {
				synctest.Test(t, func(t *testing.T) {
					pieces := spoken(dialects["chat"], llm.PartText, words(12, 130)...)
					want := strings.Join(pieces, "")
					if client == "messages" {
						want, _ = play(t, t.Context(), "chat", client, ask, &feed{pieces: []string{want}, err: io.EOF})
					}
					call, _ := guarded(t, "chat", client, fake.Reply{Pieces: paced(every, pieces...)})
					a, err := call.Do(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					var got strings.Builder
					if _, err := io.CopyBuffer(struct{ io.Writer }{&got}, struct{ io.Reader }{a.Stream}, make([]byte, size)); err != nil {
						t.Error(err)
					}
					if out := made.ReplaceAllString(got.String(), `"created":1`); out != want || a.Stream.Close() != nil || !a.Seen.Scan.Done {
						t.Errorf("%s, every %s, by %d:\n%s\nwant\n%s", client, every, size, out, want)
					}
				})
			}
		}
	}
}

// Thoughts and the arguments of calls are output too, in every dialect.
func TestWhatCountsAsOutput(t *testing.T) {
	all := map[string]dialect.Dialect{"chat": dialects["chat"], "messages": dialects["messages"], "converse": converse.New()}
	calls := func(characters int) (parts []llm.Part) {
		for range 9 {
			parts = append(parts, llm.Part{Call: &llm.ToolCall{Arguments: strings.Repeat("1", characters)}})
		}
		return parts
	}
	for name, d := range all {
		for _, c := range []struct {
			kind llm.Kind
			says func(characters int) []llm.Part
		}{
			{llm.PartText, func(n int) []llm.Part { return words(9, n) }},
			{llm.PartReasoning, func(n int) []llm.Part { return words(9, n) }},
			{llm.PartCall, calls},
		} {
			for characters, passes := range map[int]bool{15: false, 25: true} {
				synctest.Test(t, func(t *testing.T) {
					call, _ := guarded(t, name, "chat", fake.Reply{Pieces: paced(time.Second, spoken(d, c.kind, c.says(characters)...)...)})
					call.Dialect = func(name string) (dialect.Dialect, bool) { d, ok := all[name]; return d, ok }
					a, err := call.Do(t.Context())
					if (err == nil) != passes {
						t.Errorf("%s, %v, %d characters a second: %v", name, c.kind, characters, err)
					}
					if err == nil {
						_ = a.Stream.Close()
					}
				})
			}
		}
	}
}

// A client that leaves while its answer is held back is not waited for.
func TestLeavingAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancelCause(t.Context())
		call, doer := guarded(t, "chat", "chat", fake.Reply{Stall: true})
		time.AfterFunc(time.Hour, func() { leave(&llm.Error{Kind: llm.KindCancelled, Status: 499, Message: "left"}) })
		if _, err := call.Do(ctx); fmt.Sprint(err) != "left" || doer.Open() != 0 {
			t.Errorf("%v, %d open", err, doer.Open())
		}
	})
}
