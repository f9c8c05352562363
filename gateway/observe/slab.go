package observe

import (
	"heimdall/gateway/exchange"
)

const (
	// A chunk is what a slab asks memory for. Bodies of up to a quarter of it share one.
	chunkSize = 512 << 10
	// Chunks kept for the next batches while there is traffic, and when it has ended.
	keepBusy, keepIdle = 8, 1
	// Rows that a slab keeps room for when the traffic has ended.
	keepRows = 1024
)

// slab holds copies of records and their bodies.
type slab struct {
	records []exchange.Record
	batch   []*exchange.Record // to the records; made when the slab is full
	chunks  [][]byte           // the last one is being filled
	bytes   int64              // memory taken for bodies
	used    int64              // of it, by bodies
}

// chunks are the free chunks of a writer's slabs.
type chunks struct{ free [][]byte }

func (c *chunks) take() []byte {
	if n := len(c.free); n > 0 {
		chunk := c.free[n-1]
		c.free = c.free[:n-1]
		return chunk
	}
	return make([]byte, 0, chunkSize)
}

// trim keeps n free chunks.
func (c *chunks) trim(n int) {
	if len(c.free) > n {
		clear(c.free[n:])
		c.free = c.free[:n]
	}
}

// needs is how much more memory the slab has to take for n more bytes.
func (s *slab) needs(n int) int64 {
	switch {
	case n == 0:
		return 0
	case n > chunkSize/4:
		return int64(n)
	case len(s.chunks) == 0 || cap(s.chunks[len(s.chunks)-1])-len(s.chunks[len(s.chunks)-1]) < n:
		return chunkSize
	default:
		return 0
	}
}

// copy keeps a copy of b.
func (s *slab) copy(b []byte, free *chunks) []byte {
	if len(b) == 0 {
		return nil
	}
	s.used += int64(len(b))
	need := s.needs(len(b))
	s.bytes += need
	if len(b) > chunkSize/4 {
		return append([]byte(nil), b...)
	}
	if need > 0 {
		s.chunks = append(s.chunks, free.take())
	}
	last := &s.chunks[len(s.chunks)-1]
	from := len(*last)
	*last = append(*last, b...)
	return (*last)[from:len(*last):len(*last)]
}

// pointers makes the batch.
func (s *slab) pointers() []*exchange.Record {
	s.batch = s.batch[:0]
	for i := range s.records {
		s.batch = append(s.batch, &s.records[i])
	}
	return s.batch
}

// reset empties the slab, forgets what its records referred to and gives its chunks back.
func (s *slab) reset(free *chunks) {
	for _, chunk := range s.chunks {
		free.free = append(free.free, chunk[:0])
	}
	clear(s.chunks)
	clear(s.records)
	clear(s.batch)
	s.records, s.batch, s.chunks = s.records[:0], s.batch[:0], s.chunks[:0]
	s.bytes, s.used = 0, 0
}
