package sse

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type read struct{ Name, ID, Data string }

func readAll(stream string, chunk int) (events []read, raw string) {
	var s Splitter
	var e Event
	take := func(frame []byte) {
		raw += string(frame)
		if e.Parse(frame); e.Data != nil {
			events = append(events, read{string(e.Name), string(e.ID), string(e.Data)})
		}
	}
	for p := []byte(stream); len(p) > 0; {
		n := min(chunk, len(p))
		if err := s.Feed(p[:n], take); err != nil {
			panic(err)
		}
		p = p[n:]
	}
	take(bytes.Clone(s.Rest()))
	return events, raw
}

func TestSplitter(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []read
	}{
		{"lf", "data: a\n\ndata: b\n\n", []read{{Data: "a"}, {Data: "b"}}},
		{"crlf", "event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n", []read{{Name: "x", Data: "a"}, {Data: "b"}}},
		{"cr", "id: 7\rdata: a\r\rdata: b\r\r", []read{{ID: "7", Data: "a"}, {Data: "b"}}},
		{"mixed", "data: a\n\r\ndata: b\r\n\ndata: c\r\n\r\n", []read{{Data: "a"}, {Data: "b"}, {Data: "c"}}},
		{"bom", "\xEF\xBB\xBFdata: a\n\n", []read{{Data: "a"}}},
		{"comments", ": hello\n\ndata: a\n: b\n\n:\n\n", []read{{Data: "a"}}},
		{"several lines", "data: a\ndata:\ndata: b\n\ndata: c\ndata: d\n\n", []read{{Data: "a\n\nb"}, {Data: "c\nd"}}},
		{"no space", "data:a\ndata:  b\n\n", []read{{Data: "a\n b"}}},
		{"empty lines", "\n\n\ndata: a\n\n\n\n", []read{{Data: "a"}}},
		{"field alone", "data\n\n", []read{{Data: ""}}},
		{"open end", "data: a\n\ndata: b", []read{{Data: "a"}, {Data: "b"}}},
	} {
		for chunk := 1; chunk <= len(c.in); chunk++ {
			got, raw := readAll(c.in, chunk)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Fatalf("%s, in pieces of %d: %s", c.name, chunk, diff)
			}
			if raw != c.in {
				t.Fatalf("%s: the frames together are %q", c.name, raw)
			}
		}
	}
}

func TestSplitterBound(t *testing.T) {
	s := Splitter{Max: 10}
	yield := func([]byte) {}
	if err := s.Feed([]byte("data: 1\n\ndata: 2"), yield); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Feed([]byte("3456"), yield); !errors.Is(err, ErrTooLong) {
			t.Fatalf("an endless frame gave %v", err)
		}
	}
}

func TestAppend(t *testing.T) {
	got := AppendEvent(AppendData(nil, []byte("a\r\nb")), "x", []byte("c"))
	if want := "data: a\ndata: b\n\nevent: x\ndata: c\n\n"; string(got) != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAllocations(t *testing.T) {
	frame := []byte("event: x\ndata: " + strings.Repeat("y", 500) + "\n\n")
	var s Splitter
	var e Event
	n := 0
	take := func(f []byte) { e.Parse(f); n += len(e.Data) }
	feed := func() {
		_ = s.Feed(frame, take)
		_ = s.Feed(frame[:100], take)
		_ = s.Feed(frame[100:], take)
	}
	if feed(); testing.AllocsPerRun(100, feed) != 0 {
		t.Error("a warm splitter allocates")
	}
	if n == 0 {
		t.Error("nothing was read")
	}
}

func FuzzSplitter(f *testing.F) {
	f.Add([]byte("data: a\r\n\r\nevent: x\rdata: b\r\rdata:c\n\n"), byte(3))
	f.Add([]byte("\xEF\xBB\xBFdata: a\n: c\ndata\n\n\n"), byte(1))
	f.Fuzz(func(t *testing.T, in []byte, chunk byte) {
		whole, raw := readAll(string(in), len(in)+1)
		if raw != string(in) {
			t.Fatalf("%q came out as %q", in, raw)
		}
		pieces, raw := readAll(string(in), int(chunk)%7+1)
		if raw != string(in) {
			t.Fatalf("%q came out as %q", in, raw)
		}
		if diff := cmp.Diff(whole, pieces); diff != "" {
			t.Fatal(diff)
		}
	})
}
