package rawjson

import "math/bits"

const (
	ones  = 0x0101010101010101 // each byte of a word
	highs = 0x80 * ones        // its highest bit
)

// plain is how many bytes a text begins with that stand in a JSON string as they are: all but quotes, backslashes and
// control characters. It looks at eight at a time.
func plain[T string | []byte](s T) (n int) {
	for ; n+8 <= len(s); n += 8 {
		p := s[n : n+8]
		x := uint64(p[0]) | uint64(p[1])<<8 | uint64(p[2])<<16 | uint64(p[3])<<24 |
			uint64(p[4])<<32 | uint64(p[5])<<40 | uint64(p[6])<<48 | uint64(p[7])<<56
		quote, slash := x^('"'*ones), x^('\\'*ones)
		// The lowest bit is right; those above it may be set by a borrow.
		if hit := ((x-' '*ones)&^x | (quote-ones)&^quote | (slash-ones)&^slash) & highs; hit != 0 {
			return n + bits.TrailingZeros64(hit)/8
		}
	}
	for ; n < len(s); n++ {
		if c := s[n]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return n
}
