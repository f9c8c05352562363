package sqlstore

import (
	"fmt"

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
//	              as it is     s2
//	4 KB words    25    5.8    36    3.9
//	4 KB noise    27    5.9    27    5.9
//	64 KB words   202   66     392   43
//	agents        95    27     96    11
//
// zstd at its fastest needs two to three times as long as s2, for two thirds of the bytes.
type encoder struct{ out []byte }

// encode returns the stored form of a block, which is valid until the next one's.
func (e *encoder) encode(src []byte) (codec int64, data []byte) {
	if cap(e.out) > keepBuffer {
		e.out = nil
	}
	e.out = s2.Encode(e.out[:cap(e.out)], src)
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
