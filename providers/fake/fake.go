package fake

import (
	"context"
	"io"
	"net/textproto"
	"strings"
	"sync"
	"time"

	"heimdall/providers/transport"
)

// Reply is what the script answers. Body comes whole; Pieces come one by one, each after its delay. Cut ends the
// stream with an unexpected EOF, Stall never ends it.
type Reply struct {
	Status int
	Header map[string]string
	Body   string
	Pieces []Piece
	Cut    bool
	Stall  bool
}

// Piece is a part of a stream and the time that passes before it.
type Piece struct {
	After time.Duration
	Data  string
}

// Doer answers every request with what Script says. After is the clock, time.After where it is nil. Remember keeps the
// requests for Seen.
type Doer struct {
	Script   func(r *transport.Request) Reply
	After    func(time.Duration) <-chan time.Time
	Remember bool

	mu   sync.Mutex
	seen []Seen
	open int
}

// Seen is a request that arrived.
type Seen struct {
	Method, URL string
	Header      map[string]string
	Body        string
}

// Seen lists the requests so far.
func (d *Doer) Seen() []Seen {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Seen(nil), d.seen...)
}

// Forget drops what was seen.
func (d *Doer) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = nil
}

// Open counts the streams that have neither ended nor been closed.
func (d *Doer) Open() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open
}

// Do answers r.
func (d *Doer) Do(ctx context.Context, r *transport.Request) (*transport.Response, error) {
	d.remember(r)
	reply := d.Script(r)
	header := map[string]string{}
	for k, v := range reply.Header {
		header[textproto.CanonicalMIMEHeaderKey(k)] = v
	}
	resp := &transport.Response{
		Status:      reply.Status,
		ContentType: header["Content-Type"],
		Header:      func(name string) string { return header[textproto.CanonicalMIMEHeaderKey(name)] },
		Each: func(f func(name, value []byte)) {
			for k, v := range header {
				f([]byte(k), []byte(v))
			}
		},
		Release: func() {},
	}
	s := &stream{ctx: ctx, doer: d, reply: reply, gone: make(chan struct{})}
	d.count(+1)
	if r.Stream {
		resp.Stream = s
		resp.Release = func() { _ = s.Close() }
		return resp, nil
	}
	body, err := io.ReadAll(s)
	_ = s.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = body
	return resp, nil
}

func (d *Doer) remember(r *transport.Request) {
	if !d.Remember {
		return
	}
	h := map[string]string{}
	for _, f := range r.Header {
		h[textproto.CanonicalMIMEHeaderKey(f.Name)] = f.Value
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = append(d.seen, Seen{Method: r.Method, URL: r.URL, Header: h, Body: string(r.Body)})
}

func (d *Doer) count(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open += n
}

func (d *Doer) after(t time.Duration) <-chan time.Time {
	if d.After != nil {
		return d.After(t)
	}
	return time.After(t)
}

// stream plays a reply.
type stream struct {
	ctx   context.Context
	doer  *Doer
	reply Reply
	left  string
	begun bool
	once  sync.Once
	gone  chan struct{}
}

func (s *stream) Read(p []byte) (int, error) {
	if !s.begun {
		s.begun, s.left = true, s.reply.Body
	}
	for s.left == "" {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

// next waits for the next piece.
func (s *stream) next() error {
	if len(s.reply.Pieces) == 0 {
		switch {
		case s.reply.Stall:
			return s.wait(nil)
		case s.reply.Cut:
			return io.ErrUnexpectedEOF
		default:
			return io.EOF
		}
	}
	piece := s.reply.Pieces[0]
	s.reply.Pieces = s.reply.Pieces[1:]
	s.left = piece.Data
	if piece.After > 0 {
		return s.wait(s.doer.after(piece.After))
	}
	return nil
}

func (s *stream) wait(clock <-chan time.Time) error {
	select {
	case <-clock:
		return nil
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	case <-s.gone:
		return io.ErrClosedPipe
	}
}

func (s *stream) Close() error {
	s.once.Do(func() {
		close(s.gone)
		s.doer.count(-1)
	})
	return nil
}

// SSE joins payloads into server-sent events.
func SSE(payloads ...string) string {
	var b strings.Builder
	for _, p := range payloads {
		b.WriteString("data: " + p + "\n\n")
	}
	return b.String()
}

var _ transport.Doer = (*Doer)(nil)
