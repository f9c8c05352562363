package sqlstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/klauspost/compress/s2"
)

// How the data of a block is stored. The numbers are in the files.
const (
	codecNone = int64(0)
	codecS2   = int64(1)
)

// The memory that an encoder keeps between blocks.
const keepBuffer = 5 << 18

// encoder makes the stored form of blocks.
//
// What a record costs to append, in µs of CPU all in, and takes of the file in KB (BenchmarkAppend on a busy machine;
// "agents" are twenty sessions that send their history of up to 60 KB each time):
//
//	              as it is     only repeats   all that s2 finds
//	4 KB words    25    5.8    28    5.8      36    3.9
//	4 KB noise    27    5.9    28    5.9      27    5.9
//	64 KB words   202   66     208   66       392   43
//	agents        95    27     64    15       96    11
//
// zstd at its fastest needs two to three times as long as s2, for two thirds of the bytes. CPU comes first: repeats
// are all that is cheaper to find than to write. Where there is little to do, bytes come first.
type encoder struct {
	out  []byte
	seen [1 << anchorBits]uint32 // where an anchor with that hash was last, plus one
}

// encode returns the stored form of a block, which is valid until the next one's. One form can be read whichever way
// it was made: thorough finds all that s2 finds, the other way only what repeats at length.
func (e *encoder) encode(src []byte, thorough bool) (codec int64, data []byte) {
	if cap(e.out) > keepBuffer {
		e.out = nil
	}
	if thorough {
		e.out = s2.Encode(e.out[:cap(e.out)], src)
	} else {
		e.repeats(src)
	}
	if len(e.out) > len(src)-len(src)/16 {
		return codecNone, src
	}
	return codecS2, e.out
}

func decode(codec int64, data []byte) ([]byte, error) {
	switch codec {
	case codecNone:
		return data, nil
	case codecS2:
		return s2.Decode(nil, data)
	default:
		return nil, fmt.Errorf("bodies are stored in the unknown form %d", codec)
	}
}

const (
	anchorBits  = 12
	anchorBytes = 48 // what of an anchor is compared at first
	leastRepeat = 64
)

// repeats writes src as an S2 block whose copies are long ones alone. Of JSON, what repeats (a history that is sent
// again, a list of tools) begins with a brace: only there does it look.
func (e *encoder) repeats(src []byte) {
	clear(e.seen[:])
	e.out = binary.AppendUvarint(e.out[:0], uint64(len(src)))
	written, at := 0, 0
	for {
		skip := bytes.IndexByte(src[at:], '{')
		if skip < 0 || at+skip+anchorBytes > len(src) {
			break
		}
		at += skip
		slot := &e.seen[anchorHash(src[at:])]
		earlier := int(*slot) - 1
		*slot = uint32(at + 1)
		if earlier < 0 {
			at++
			continue
		}
		before := commonEnd(src[:earlier], src[written:at])
		after := commonStart(src[earlier:], src[at:])
		if before+after < leastRepeat {
			at++
			continue
		}
		e.literal(src[written : at-before])
		e.copy(at-earlier, before+after)
		at += after
		written = at
	}
	e.literal(src[written:])
}

func anchorHash(b []byte) uint64 {
	b = b[:anchorBytes]
	var h uint64
	for i := 0; i < anchorBytes; i += 8 {
		h = (bits.RotateLeft64(h, 23) ^ binary.LittleEndian.Uint64(b[i:])) * 0x9e3779b97f4a7c15
	}
	return h >> (64 - anchorBits)
}

// commonStart is how many bytes a and b have in common from their beginning on.
func commonStart(a, b []byte) (n int) {
	limit := min(len(a), len(b))
	const step = 256
	for n+step <= limit && bytes.Equal(a[n:n+step], b[n:n+step]) {
		n += step
	}
	for n < limit && a[n] == b[n] {
		n++
	}
	return n
}

// commonEnd is how many bytes a and b have in common up to their end.
func commonEnd(a, b []byte) (n int) {
	limit := min(len(a), len(b))
	for n < limit && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// The elements of an S2 block begin with one of these.
const (
	tagLiteral = 0
	tagRepeat  = 1
	tagCopy    = 3
)

func (e *encoder) literal(b []byte) {
	if len(b) == 0 {
		return
	}
	n := uint32(len(b) - 1)
	size := (bits.Len32(n) + 7) / 8 // of the length
	if n < 60 {
		e.out = append(e.out, byte(n)<<2|tagLiteral)
	} else {
		from := len(e.out) + 1
		e.out = append(e.out, byte(59+size)<<2|tagLiteral)
		e.out = binary.LittleEndian.AppendUint32(e.out, n)[:from+size]
	}
	e.out = append(e.out, b...)
}

// copy repeats n bytes, at least leastRepeat, from so far back.
func (e *encoder) copy(back, n int) {
	const first = leastRepeat / 2
	e.out = append(e.out, (first-1)<<2|tagCopy)
	e.out = binary.LittleEndian.AppendUint32(e.out, uint32(back))
	// A repeat is a copy from as far back. The longest form counts from 65540 and has three bytes for the length.
	const short, middle, long, longest = 8, 1<<8 + 4, 1<<16 + 4, 1 << 23
	for n -= first; n > 0; {
		switch {
		case n >= long:
			// What remains is long enough for a repeat of its own.
			part := min(n, longest)
			if rest := n - part; rest > 0 && rest < leastRepeat {
				part -= leastRepeat
			}
			m := part - long
			e.out = append(e.out, 7<<2|tagRepeat, 0, byte(m), byte(m>>8), byte(m>>16))
			n -= part
		case n >= middle:
			m := n - middle
			e.out = append(e.out, 6<<2|tagRepeat, 0, byte(m), byte(m>>8))
			n = 0
		default:
			e.out = append(e.out, 5<<2|tagRepeat, 0, byte(n-short))
			n = 0
		}
	}
}
