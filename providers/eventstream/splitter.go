package eventstream

import "encoding/binary"

// Splitter cuts a stream into messages. The zero value is ready.
type Splitter struct {
	buf []byte // the message that has not ended
	err error
}

// Feed calls yield with every message that ends in p. A frame is valid only during the call. It has the length that it
// says; its last checksum is for Parse. An error is final.
func (s *Splitter) Feed(p []byte, yield func(frame []byte)) error {
	if s.err != nil {
		return s.err
	}
	if len(s.buf) == 0 {
		p = s.cut(p, yield)
		s.buf = append(s.buf[:0], p...)
	} else {
		s.buf = append(s.buf, p...)
		rest := s.cut(s.buf, yield)
		s.buf = s.buf[:copy(s.buf, rest)]
	}
	if s.err != nil {
		s.buf = nil
	}
	return s.err
}

// Rest is what has come after the last whole message.
func (s *Splitter) Rest() []byte { return s.buf }

// cut yields the whole messages of b and returns the rest.
func (s *Splitter) cut(b []byte, yield func([]byte)) []byte {
	for len(b) >= preludeLen {
		n, _, err := prelude(b)
		if err != nil {
			s.err = err
			return nil
		}
		if len(b) < n {
			return b
		}
		yield(b[:n:n])
		b = b[n:]
	}
	return b
}

// Whole is the length of the whole messages at the beginning of p. Bytes that can be no message count as whole: there is
// no end of it to wait for.
func Whole(p []byte) int {
	for at := 0; ; {
		if len(p)-at < preludeLen {
			return at
		}
		n := binary.BigEndian.Uint32(p[at:])
		if n < overhead || n > MaxMessage {
			return len(p)
		}
		if uint32(len(p)-at) < n {
			return at
		}
		at += int(n)
	}
}
