package sse

import (
	"bytes"
	"errors"
)

// MaxFrame is the longest frame that a Splitter takes unless it is told otherwise.
const MaxFrame = 16 << 20

// ErrTooLong ends a stream whose frame does not end in time.
var ErrTooLong = errors.New("a stream frame is too long")

// Splitter cuts a stream into frames. The zero value is ready. Lines end in CRLF, LF or CR.
type Splitter struct {
	Max  int    // longest frame in bytes; 0 means MaxFrame
	buf  []byte // the frame that has not ended
	scan int    // of buf: how far line ends have been looked for
	line int    // of buf: where the line at scan starts
	err  error
}

// Feed calls yield with every frame that ends in p, its blank line included. A frame is valid only during the call.
// An error is final.
func (s *Splitter) Feed(p []byte, yield func(frame []byte)) error {
	if s.err != nil {
		return s.err
	}
	if len(s.buf) == 0 {
		p = s.cut(p, yield)
		s.buf = append(s.buf[:0], p...)
		return s.check()
	}
	s.buf = append(s.buf, p...)
	rest := s.cut(s.buf, yield)
	s.buf = s.buf[:copy(s.buf, rest)]
	return s.check()
}

// Rest is what has come after the last whole frame. A stream that just ends leaves its last frame here.
func (s *Splitter) Rest() []byte { return s.buf }

func (s *Splitter) check() error {
	limit := s.Max
	if limit == 0 {
		limit = MaxFrame
	}
	if len(s.buf) > limit {
		s.err, s.buf = ErrTooLong, nil
	}
	return s.err
}

// cut yields the whole frames of b and returns the rest, with scan and line set for it.
func (s *Splitter) cut(b []byte, yield func([]byte)) []byte {
	for {
		end, next := lineEnd(b, s.scan)
		if end < 0 {
			s.scan = next
			return b
		}
		if end > s.line {
			s.scan, s.line = next, next
			continue
		}
		s.scan, s.line = 0, 0
		yield(b[:next:next])
		if b = b[next:]; len(b) == 0 {
			return b
		}
	}
}

// lineEnd finds the end of the line that i is in and the start of the next. Without one yet, end is negative and next
// is where to go on looking: a CR at the very end may be half of a CRLF.
func lineEnd(b []byte, i int) (end, next int) {
	lf := bytes.IndexByte(b[i:], '\n')
	line := b[i:]
	if lf >= 0 {
		line = b[i : i+lf]
	}
	if cr := bytes.IndexByte(line, '\r'); cr >= 0 {
		end = i + cr
		if end+1 == len(b) {
			return -1, end
		}
		if b[end+1] == '\n' {
			return end, end + 2
		}
		return end, end + 1
	}
	if lf < 0 {
		return -1, len(b)
	}
	return i + lf, i + lf + 1
}
