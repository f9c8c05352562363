package generate

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/sse"
)

// NewArray gives the dialect of streamGenerateContent for clients that do not ask for events: the stream is one JSON
// array whose elements are the partial answers, which come one by one.
func NewArray() dialect.Dialect {
	return dialect.Dialect{Name: name + ".array", Server: arrayServer{}, Client: arrayClient{}, ModelInPath: true, Foreign: foreign,
		Frames: wholeElements}
}

const (
	arrayComma = "\n,"
	arrayEnd   = "\n]"
)

type arrayServer struct{ server }

func (arrayServer) Encoder(*llm.Request) dialect.Encoder {
	e := newEncoder()
	e.array = true
	return e
}

// ErrorFrame is the last element of an array that has begun.
func (arrayServer) ErrorFrame(e *llm.Error) []byte {
	_, body := encodeError(e)
	return append(append([]byte(arrayComma), body...), arrayEnd...)
}

func (arrayServer) ContentType() string { return mimeJSON }

type arrayClient struct{ client }

func (arrayClient) Decoder() dialect.Decoder { return &arrayDecoder{} }

func (arrayClient) Tee() dialect.Tee { return &arrayTee{} }

// arraySplitter cuts an array of objects, or an object that stands alone, into them. The zero value is ready.
type arraySplitter struct {
	buf     []byte // the element that has not ended
	depth   int
	quoted  bool
	escaped bool
	closed  bool // the array has ended
	err     error
}

// feed calls yield with every element that ends in p. An element is valid only during the call. An error is final.
func (s *arraySplitter) feed(p []byte, yield func(element []byte)) error {
	from := 0
	for i, c := range p {
		inside := s.depth > 0
		ended := s.step(c)
		switch {
		case s.err != nil:
			return s.err
		case !inside && s.depth > 0:
			from = i
		case !inside || !ended:
		case len(s.buf) > 0:
			s.buf = append(s.buf, p[from:i+1]...)
			yield(s.buf)
			s.buf = s.buf[:0]
		default:
			yield(p[from : i+1 : i+1])
		}
	}
	if s.depth > 0 {
		s.buf = append(s.buf, p[from:]...)
	}
	if len(s.buf) > sse.MaxFrame {
		s.err, s.buf = sse.ErrTooLong, nil
	}
	return s.err
}

// step takes a byte; ended is true where an element or the array ends with it.
func (s *arraySplitter) step(c byte) (ended bool) {
	switch {
	case s.err != nil:
	case s.depth == 0:
		return s.between(c)
	case s.escaped:
		s.escaped = false
	case s.quoted:
		s.escaped, s.quoted = c == '\\', c != '"'
	case c == '"':
		s.quoted = true
	case c == '{', c == '[':
		s.depth++
	case c == '}', c == ']':
		s.depth--
		return s.depth == 0
	}
	return false
}

// between takes a byte outside of the elements.
func (s *arraySplitter) between(c byte) (ended bool) {
	switch c {
	case '{':
		s.depth = 1
	case ']':
		s.closed = true
		return true
	case ' ', '\t', '\r', '\n':
		return s.closed
	case '[', ',':
	default:
		s.err = dialect.Bad("must be a list of answers")
	}
	return false
}

// wholeElements is the length of the whole elements at the beginning of p. What can be no element counts as whole: there
// is no end of it to wait for.
func wholeElements(p []byte) (n int) {
	var s arraySplitter
	for i, c := range p {
		if s.step(c) {
			n = i + 1
		}
		if s.err != nil {
			return len(p)
		}
	}
	return n
}

// arrayDecoder is the decoder for a stream that is an array.
type arrayDecoder struct {
	decoder
	split arraySplitter
}

func (d *arrayDecoder) Feed(dst []llm.Event, p []byte) []llm.Event {
	err := d.split.feed(p, func(element []byte) { dst = d.answer(dst, element) })
	if err != nil {
		return d.fail(dst, dialect.Unreadable(err))
	}
	return dst
}

// arrayTee is the tee for a stream that is an array.
type arrayTee struct {
	tee
	split arraySplitter
}

func (t *arrayTee) Feed(p []byte) {
	if t.err == nil {
		t.err = t.split.feed(p, t.read)
	}
}

var (
	_ dialect.Server  = arrayServer{}
	_ dialect.Client  = arrayClient{}
	_ dialect.Decoder = (*arrayDecoder)(nil)
	_ dialect.Tee     = (*arrayTee)(nil)
)
