package delta

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func check(t *testing.T, base, target []byte) []byte {
	t.Helper()
	d := Append([]byte("before"), base, target)
	if !bytes.HasPrefix(d, []byte("before")) {
		t.Fatal("what was there is gone")
	}
	d = d[len("before"):]
	got, err := Apply(base, d)
	if err != nil || !bytes.Equal(got, target) {
		t.Fatalf("%d bytes (%v) come back of %d from a base of %d", len(got), err, len(target), len(base))
	}
	return d
}

// stream is a streamed answer; each event ends with what splice gives.
func stream(splice string) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for i := range 400 {
		fmt.Fprintf(&b, `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[{"index":0,"delta":{"content":" w%x"}}]%s}`+"\n\n",
			r.Uint64(), strings.ReplaceAll(splice, "N", fmt.Sprint(i)))
	}
	return b.Bytes()
}

func TestSizes(t *testing.T) {
	long := stream("")
	renamed := bytes.Replace(long, []byte(`"model":"m"`), []byte(`"model":"another"`), 1)
	for name, c := range map[string]struct {
		base, target []byte
		most         int
	}{
		"equal":             {long, long, 6},
		"nothing":           {long, nil, 0},
		"of nothing":        {nil, long, len(long) + 4},
		"cut":               {long, long[:1000], 4},
		"cut in front":      {long, long[1000:], 8},
		"one place":         {long, renamed, 30},
		"a splice an event": {long, stream(`,"extra_fields":{"provider":"demo","chunk_index":N}`), 400 * 60},
		"a splice less":     {stream(`,"extra_fields":{"provider":"demo","chunk_index":N}`), long, 400 * 24},
		"twice":             {long, bytes.Repeat(long, 2), 16},
		"turned":            {long, append(bytes.Clone(long[20_000:]), long[:20_000]...), 100},
	} {
		t.Run(name, func(t *testing.T) {
			if d := check(t, c.base, c.target); len(d) > c.most {
				t.Errorf("the delta has %d bytes, want at most %d", len(d), c.most)
			}
		})
	}
}

func TestBigBodies(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	base := make([]byte, 4<<20)
	for i := range base {
		base[i] = byte(r.Uint32())
	}
	target := append(append(bytes.Clone(base[3<<20:]), "something else"...), base[:3<<20]...)
	if d := check(t, base, target); len(d) > 2000 {
		t.Errorf("the delta has %d bytes", len(d))
	}
}

// TestRandomEdits makes targets of bases by cutting, repeating and inserting.
func TestRandomEdits(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		base := make([]byte, r.IntN(600))
		letters := 1 + r.IntN(20)
		for i := range base {
			base[i] = byte('a' + r.IntN(letters))
		}
		var target []byte
		for range r.IntN(6) {
			from := r.IntN(len(base) + 1)
			target = append(target, base[from:from+r.IntN(len(base)-from+1)]...)
			for range r.IntN(20) {
				target = append(target, byte(r.Uint32()))
			}
		}
		check(t, base, target)
	}
}

func TestBroken(t *testing.T) {
	base := []byte("a base of some length that is worth to be taken")
	d := Append(nil, base, append(bytes.Clone(base[10:40]), "and more"...))
	for i := 1; i < len(d); i++ {
		if got, err := Apply(base, d[:i]); err == nil && len(got) > 38 {
			t.Errorf("%d of %d bytes give %q", i, len(d), got)
		}
	}
	if _, err := Apply(base[:5], d); err == nil {
		t.Error("another base does")
	}
}

func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("the same again"), []byte("the same once more"))
	f.Add(stream("")[:3000], stream(`,"x":N`)[:3000])
	f.Fuzz(func(t *testing.T, base, target []byte) {
		check(t, base, target)
		check(t, append(base, target...), append(target, base...))
	})
}

func FuzzApply(f *testing.F) {
	f.Add([]byte("base"), Append(nil, []byte("base"), []byte("bases")))
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		if len(base) > 1000 || len(delta) > 1000 {
			return
		}
		_, _ = Apply(base, delta)
	})
}

func TestNoGarbage(t *testing.T) {
	base, target := stream(""), stream(`,"x":N`)
	dst := make([]byte, 0, 1<<20)
	if n := testing.AllocsPerRun(100, func() { Append(dst, base, target) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { Append(dst, base, base) }); n > 0 {
		t.Errorf("%v allocations where the bodies are equal", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	long := stream("")
	for name, target := range map[string][]byte{"equal": long, "spliced": stream(`,"extra_fields":{"provider":"demo","chunk_index":N}`),
		"other": bytes.ToUpper(bytes.ReplaceAll(long, []byte("data"), []byte("event: x")))} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(target)))
			dst := make([]byte, 0, 1<<20)
			for b.Loop() {
				Append(dst, long, target)
			}
		})
	}
}
