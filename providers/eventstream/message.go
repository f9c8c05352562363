package eventstream

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

const (
	preludeLen = 12             // length, length of the headers, checksum of the two
	overhead   = preludeLen + 4 // what a message without headers and payload has
	MaxMessage = 16 << 20       // the longest message that is read
	maxValue   = 1<<15 - 1      // the longest text of a header
	maxName    = 1<<8 - 1       // the longest name of a header
)

// Types of header values, and the lengths of those that have a fixed one.
const (
	typeBytes  = 6
	typeString = 7
)

var fixed = [...]int{0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}

var (
	// ErrTooLong ends a stream whose next message is longer than MaxMessage.
	ErrTooLong = errors.New("a stream message is too long")
	// ErrLength ends a stream whose next message cannot be as long as it says.
	ErrLength = errors.New("a stream message has a broken length")
	// ErrChecksum ends a stream whose bytes changed on the way.
	ErrChecksum = errors.New("a stream message has a wrong checksum")
)

// Message is one message. Its slices point into the frame that was parsed.
type Message struct {
	Headers []byte // as they stand on the wire
	Payload []byte
}

// Parse reads a frame, which must be one whole message.
func Parse(frame []byte) (m Message, err error) {
	total, headers, err := prelude(frame)
	if err != nil {
		return m, err
	}
	if total != len(frame) {
		return m, ErrLength
	}
	if sum := crc32.ChecksumIEEE(frame[:total-4]); sum != binary.BigEndian.Uint32(frame[total-4:]) {
		return m, ErrChecksum
	}
	end := preludeLen + headers
	return Message{Headers: frame[preludeLen:end:end], Payload: frame[end : total-4 : total-4]}, nil
}

// prelude reads the lengths of a message, of which only the beginning need be there.
func prelude(b []byte) (total, headers int, err error) {
	if len(b) < preludeLen {
		return 0, 0, ErrLength
	}
	n, h := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if crc32.ChecksumIEEE(b[:8]) != binary.BigEndian.Uint32(b[8:]) {
		return 0, 0, ErrChecksum
	}
	if n > MaxMessage {
		return 0, 0, ErrTooLong
	}
	if n < overhead || h > n-overhead {
		return 0, 0, ErrLength
	}
	return int(n), int(h), nil
}

// Header is the text of a header; nil where there is none of that name, or where it is no text.
func (m Message) Header(name string) []byte {
	for b := m.Headers; len(b) > 0; {
		n := int(b[0])
		if len(b) < n+2 {
			return nil
		}
		key, kind := b[1:1+n], b[1+n]
		value, rest, ok := cutValue(kind, b[2+n:])
		if !ok {
			return nil
		}
		if kind == typeString && string(key) == name {
			return value
		}
		b = rest
	}
	return nil
}

func cutValue(kind byte, b []byte) (value, rest []byte, ok bool) {
	n := 0
	switch {
	case kind == typeBytes || kind == typeString:
		if len(b) < 2 {
			return nil, nil, false
		}
		n = int(binary.BigEndian.Uint16(b))
		b = b[2:]
	case int(kind) < len(fixed):
		n = fixed[kind]
	default:
		return nil, nil, false
	}
	if len(b) < n {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// Header is a header to write. Name and Value are cut where the format has no room for them.
type Header struct{ Name, Value string }

// Append appends a message to dst.
func Append(dst, payload []byte, headers ...Header) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, preludeLen)...)
	for _, h := range headers {
		name, value := h.Name[:min(len(h.Name), maxName)], h.Value[:min(len(h.Value), maxValue)]
		dst = append(append(append(dst, byte(len(name))), name...), typeString)
		dst = append(binary.BigEndian.AppendUint16(dst, uint16(len(value))), value...)
	}
	head := dst[start:]
	binary.BigEndian.PutUint32(head[4:], uint32(len(head)-preludeLen))
	binary.BigEndian.PutUint32(head, uint32(len(head)+len(payload)+4))
	binary.BigEndian.PutUint32(head[8:], crc32.ChecksumIEEE(head[:8]))
	dst = append(dst, payload...)
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[start:]))
}
