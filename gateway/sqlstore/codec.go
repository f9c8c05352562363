package sqlstore

import (
	"fmt"

	"github.com/klauspost/compress/s2"
)

// How a body is stored. The numbers are in the files.
const (
	codecNone = int64(0)
	codecS2   = int64(1)
)

// Bodies shorter than this are stored as they are: for the database it is as cheap to write 4 KB of chat JSON as for
// s2 to save a third of it (29 against 31 µs per record), while at 64 KB s2 makes a record cheaper (143 against
// 188 µs) and less than half as big. zstd at its fastest is smaller still but dearer than no compression at every
// size (62 and 242 µs).
const compressFrom = 8 << 10

// Buffers bigger than this are not kept.
const keepBuffer = 256 << 10

// codec compresses bodies into buffers that it uses again.
type codec struct {
	buffers [][]byte
	used    int
}

// encode returns the stored form of b, which is valid until reset.
func (c *codec) encode(b []byte) (as int64, data []byte) {
	if len(b) < compressFrom {
		return codecNone, b
	}
	if c.used == len(c.buffers) {
		c.buffers = append(c.buffers, nil)
	}
	data = s2.Encode(c.buffers[c.used][:cap(c.buffers[c.used])], b)
	c.buffers[c.used] = data
	c.used++
	if len(data) > len(b)-len(b)/8 {
		return codecNone, b
	}
	return codecS2, data
}

func (c *codec) reset() {
	for i, b := range c.buffers {
		if cap(b) > keepBuffer {
			c.buffers[i] = nil
		}
	}
	c.used = 0
}

func decode(as int64, data []byte) ([]byte, error) {
	switch as {
	case codecNone:
		return data, nil
	case codecS2:
		return s2.Decode(nil, data)
	default:
		return nil, fmt.Errorf("a body is stored in the unknown form %d", as)
	}
}
