package rawjson

import (
	"math/rand/v2"
	"testing"
)

// Every byte, at every place of texts of all short lengths, among bytes that are near those that count.
func TestPlain(t *testing.T) {
	near := []byte{' ', '!', '#', '[', ']', 0x7f, 0x80, 0x9f, 0xa2, 0xdc, 0xff}
	random := rand.New(rand.NewPCG(1, 2))
	for length := range 28 {
		text := make([]byte, length)
		for i := range text {
			text[i] = near[random.IntN(len(near))]
		}
		if n := plain(text); n != length {
			t.Fatalf("%q: %d", text, n)
		}
		for at := range text {
			for c := range 256 {
				old := text[at]
				text[at] = byte(c)
				want := length
				if c < ' ' || c == '"' || c == '\\' {
					want = at
				}
				if n, m := plain(text), plain(string(text)); n != want || m != want {
					t.Fatalf("%q: %d and %d, want %d", text, n, m, want)
				}
				text[at] = old
			}
		}
	}
}
