package eventstream

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func message(payload string) []byte {
	return Append(nil, []byte(payload), Header{":event-type", "chunk"}, Header{":message-type", "event"})
}

func TestParse(t *testing.T) {
	m, err := Parse(message("hello"))
	if err != nil || string(m.Payload) != "hello" || string(m.Header(":event-type")) != "chunk" || string(m.Header(":message-type")) != "event" {
		t.Errorf("%+v, %v", m, err)
	}
	if m.Header("event-type") != nil {
		t.Error("a header that is not there has a value")
	}
	if m, err = Parse(Append(nil, nil)); err != nil || len(m.Payload) != 0 || m.Header("x") != nil {
		t.Errorf("an empty message: %+v, %v", m, err)
	}
}

// TestVector holds the format against the example bytes of its specification: an empty message, and one with a payload.
func TestVector(t *testing.T) {
	empty := []byte{0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff}
	if diff := cmp.Diff(empty, Append(nil, nil)); diff != "" {
		t.Error(diff)
	}
	payload := append([]byte{0, 0, 0, 0x1d, 0, 0, 0, 0, 0xfd, 0x52, 0x8c, 0x5a}, `{'foo':'bar'}`...)
	payload = append(payload, 0xc3, 0x65, 0x39, 0x36)
	if diff := cmp.Diff(payload, Append(nil, []byte(`{'foo':'bar'}`))); diff != "" {
		t.Error(diff)
	}
}

// TestHeaderTypes: a text is found behind values of every other type.
func TestHeaderTypes(t *testing.T) {
	var headers []byte
	add := func(name string, kind byte, value ...byte) {
		headers = append(append(append(append(headers, byte(len(name))), name...), kind), value...)
	}
	add("t", 0)
	add("f", 1)
	add("b", 2, 1)
	add("s", 3, 1, 2)
	add("i", 4, 1, 2, 3, 4)
	add("l", 5, 1, 2, 3, 4, 5, 6, 7, 8)
	add("x", 6, 0, 2, 9, 9)
	add("d", 8, 1, 2, 3, 4, 5, 6, 7, 8)
	add("u", 9, make([]byte, 16)...)
	add("want", 7, 0, 1, '!')
	m := Message{Headers: headers}
	if got := string(m.Header("want")); got != "!" {
		t.Errorf("%q", got)
	}
	for n := range headers {
		if got := (Message{Headers: headers[:n]}).Header("want"); got != nil {
			t.Errorf("cut at %d: %q", n, got)
		}
	}
	if got := (Message{Headers: []byte{1, 'a', 77, 0, 0}}).Header("a"); got != nil {
		t.Errorf("of an unknown type: %q", got)
	}
}

func TestSplitter(t *testing.T) {
	stream := bytes.Join([][]byte{message("one"), message(""), message(strings.Repeat("x", 3000)), message("last")}, nil)
	for size := 1; size < len(stream); size += 1 + size/3 {
		var s Splitter
		var got []byte
		n := 0
		for p := stream; len(p) > 0; {
			piece := bytes.Clone(p[:min(size, len(p))])
			p = p[len(piece):]
			if err := s.Feed(piece, func(frame []byte) {
				n++
				got = append(got, frame...)
				if _, err := Parse(frame); err != nil {
					t.Fatal(err)
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
		if n != 4 || !bytes.Equal(got, stream) || len(s.Rest()) != 0 {
			t.Fatalf("in pieces of %d: %d messages, %d left", size, n, len(s.Rest()))
		}
	}
}

func TestBroken(t *testing.T) {
	long := binary.BigEndian.AppendUint32(nil, MaxMessage+1)
	long = append(long, 0, 0, 0, 0)
	long = binary.BigEndian.AppendUint32(long, crc32.ChecksumIEEE(long))
	short := append([]byte{0, 0, 0, 15}, 0, 0, 0, 0)
	short = binary.BigEndian.AppendUint32(short, crc32.ChecksumIEEE(short))
	wide := append([]byte{0, 0, 0, 16}, 0, 0, 0, 1)
	wide = binary.BigEndian.AppendUint32(wide, crc32.ChecksumIEEE(wide))
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"too long": {long, ErrTooLong}, "too short": {short, ErrLength}, "headers too long": {wide, ErrLength},
		"no message": {[]byte("event: x\ndata: {}\n\n"), ErrChecksum},
	} {
		var s Splitter
		if err := s.Feed(c.in, func([]byte) { t.Errorf("%s: a message came out", name) }); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Feed(message("x"), func([]byte) { t.Errorf("%s: it went on", name) }); !errors.Is(err, c.want) {
			t.Errorf("%s: then %v", name, err)
		}
	}
	for i := range message("hello") {
		bad := message("hello")
		bad[i] ^= 1
		if _, err := Parse(bad); err == nil {
			t.Errorf("byte %d changed and nobody saw it", i)
		}
	}
}

func TestWhole(t *testing.T) {
	one, two := message("one"), message("two")
	both := bytes.Join([][]byte{one, two}, nil)
	for n := range len(both) + 1 {
		want := 0
		if n >= len(one) {
			want = len(one)
		}
		if n == len(both) {
			want = n
		}
		if got := Whole(both[:n]); got != want {
			t.Fatalf("of %d bytes %d are whole, want %d", n, got, want)
		}
	}
	if garbage := bytes.Repeat([]byte{'#'}, 40); Whole(garbage) != len(garbage) {
		t.Error("it waits for the end of what is no message")
	}
}

func TestAllocations(t *testing.T) {
	stream := bytes.Join([][]byte{message("one"), message("two")}, nil)
	var s Splitter
	n := 0
	yield := func(frame []byte) {
		if m, err := Parse(frame); err == nil && string(m.Header(":event-type")) == "chunk" {
			n++
		}
	}
	feed := func() {
		_ = s.Feed(stream[:20], yield)
		_ = s.Feed(stream[20:], yield)
	}
	if feed(); n != 2 || testing.AllocsPerRun(100, feed) != 0 {
		t.Errorf("%d messages; a warm splitter allocates", n)
	}
	dst := make([]byte, 0, 1000)
	payload := []byte("x")
	if a := testing.AllocsPerRun(100, func() { dst = Append(dst[:0], payload, Header{"a", "b"}) }); a != 0 {
		t.Errorf("Append allocates %v times", a)
	}
}

func FuzzSplitter(f *testing.F) {
	f.Add([]byte("event: x\ndata: {}\n\n"), byte(3))
	f.Add(append(message("one"), message("two")...), byte(1))
	f.Fuzz(func(t *testing.T, in []byte, size byte) {
		var s Splitter
		var out []byte
		step := int(size)%17 + 1
		var err error
		for p := in; len(p) > 0 && err == nil; {
			n := min(step, len(p))
			err = s.Feed(p[:n], func(frame []byte) {
				out = append(out, frame...)
				if m, err := Parse(frame); err == nil {
					m.Header(":event-type")
				}
			})
			p = p[n:]
		}
		if err == nil && !bytes.Equal(append(out, s.Rest()...), in) {
			t.Fatal("bytes went missing")
		}
		if n := Whole(in); n < 0 || n > len(in) {
			t.Fatalf("%d of %d bytes are whole", n, len(in))
		}
	})
}
