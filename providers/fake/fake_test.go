package fake_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// clock hands out the moments that the test lets pass.
type clock struct {
	asked chan time.Duration
	now   chan time.Time
}

func newClock() *clock {
	return &clock{asked: make(chan time.Duration), now: make(chan time.Time)}
}

func (c *clock) after(d time.Duration) <-chan time.Time {
	c.asked <- d
	return c.now
}

// answers is a Doer that always gives the same reply.
func answers(r fake.Reply) *fake.Doer {
	return &fake.Doer{Remember: true, Script: func(*transport.Request) fake.Reply { return r }}
}

func do(t *testing.T, ctx context.Context, d *fake.Doer, stream bool) *transport.Response {
	t.Helper()
	resp, err := d.Do(ctx, &transport.Request{Method: "POST", URL: "http://x/y", Body: []byte("b"), Stream: stream,
		Header: []transport.Field{{Name: "x-one", Value: "1"}}})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestWhole(t *testing.T) {
	d := answers(fake.Reply{Status: 201, Header: map[string]string{"x-id": "7"}, Body: "one ", Pieces: []fake.Piece{{Data: "two"}}})
	resp := do(t, t.Context(), d, false)
	if resp.Status != 201 || string(resp.Body) != "one two" || resp.Stream != nil || resp.Header("X-ID") != "7" {
		t.Errorf("%+v", resp)
	}
	each := map[string]string{}
	resp.Each(func(k, v []byte) { each[string(k)] = string(v) })
	if each["X-Id"] != "7" {
		t.Errorf("header %v", each)
	}
	resp.Release()
	if d.Open() != 0 {
		t.Error("it counts a whole answer as open")
	}
	seen := d.Seen()
	if len(seen) != 1 || seen[0].Method != "POST" || seen[0].URL != "http://x/y" || seen[0].Body != "b" || seen[0].Header["X-One"] != "1" {
		t.Errorf("seen %+v", seen)
	}
}

// TestTrickle gives out each piece when its time has come, and not before.
func TestTrickle(t *testing.T) {
	c := newClock()
	d := answers(fake.Reply{Status: 200, Pieces: []fake.Piece{{Data: "now "}, {After: time.Second, Data: "later "}, {After: time.Minute, Data: "last"}}})
	d.After = c.after
	resp := do(t, t.Context(), d, true)
	defer resp.Release()
	pieces := make(chan string)
	go func() {
		defer close(pieces)
		buf := make([]byte, 64)
		for {
			n, err := resp.Stream.Read(buf)
			if err != nil {
				return
			}
			pieces <- string(buf[:n])
		}
	}()
	if got := <-pieces; got != "now " {
		t.Errorf("first came %q", got)
	}
	for _, want := range []struct {
		after time.Duration
		data  string
	}{{time.Second, "later "}, {time.Minute, "last"}} {
		if got := <-c.asked; got != want.after {
			t.Errorf("it waits for %v, want %v", got, want.after)
		}
		select {
		case got := <-pieces:
			t.Errorf("%q came before its time", got)
		default:
		}
		c.now <- time.Time{}
		if got := <-pieces; got != want.data {
			t.Errorf("%q came, want %q", got, want.data)
		}
	}
	if _, more := <-pieces; more {
		t.Error("the stream goes on")
	}
}

func TestCut(t *testing.T) {
	r := fake.Reply{Status: 200, Body: "half", Cut: true}
	resp := do(t, t.Context(), answers(r), true)
	got, err := io.ReadAll(resp.Stream)
	if string(got) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := answers(r).Do(t.Context(), &transport.Request{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a whole answer that is cut: %v", err)
	}
}

// TestStall waits for good: only leaving ends it, by cancelling or by closing.
func TestStall(t *testing.T) {
	gone := errors.New("gone")
	for _, leave := range []string{"cancel", "close"} {
		ctx, cancel := context.WithCancelCause(t.Context())
		d := answers(fake.Reply{Status: 200, Body: "begun", Stall: true})
		resp := do(t, ctx, d, true)
		buf := make([]byte, 64)
		if n, err := resp.Stream.Read(buf); string(buf[:n]) != "begun" || err != nil {
			t.Fatalf("%q, %v", buf[:n], err)
		}
		if d.Open() != 1 {
			t.Errorf("%s: %d streams are open", leave, d.Open())
		}
		failed := make(chan error)
		go func() {
			_, err := resp.Stream.Read(buf)
			failed <- err
		}()
		want := io.ErrClosedPipe
		if leave == "cancel" {
			want = gone
			cancel(gone)
		} else if err := resp.Stream.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-failed; !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", leave, err, want)
		}
		resp.Release()
		resp.Release()
		if d.Open() != 0 {
			t.Errorf("%s: %d streams are open at the end", leave, d.Open())
		}
		cancel(nil)
	}
}

func TestCancelledWhole(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := answers(fake.Reply{Status: 200, Stall: true})
	if _, err := d.Do(ctx, &transport.Request{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if d.Open() != 0 {
		t.Error("it is still open")
	}
}

func TestSSE(t *testing.T) {
	if got := fake.SSE("{}", "[DONE]"); got != "data: {}\n\ndata: [DONE]\n\n" {
		t.Errorf("%q", got)
	}
}
