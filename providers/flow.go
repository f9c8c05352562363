package providers

import (
	"context"
	"errors"
	"io"
	"time"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/sse"
	"heimdall/providers/transport"
)

// flow is a streamed answer on its way through: it reads the upstream, lets the tee see everything, keeps what the
// record wants, and gives out the bytes, changed by steps where there are any. A stream that breaks ends with an error
// frame in the client's dialect instead of silence.
type flow struct {
	ctx    context.Context
	src    io.ReadCloser
	steps  steps // nil = relay the bytes as they are
	tee    dialect.Tee
	client dialect.Server
	seen   *Seen
	keep   int
	name   string

	in    []byte // what is read into when there are steps
	out   []byte // what is to be given out
	ended bool
}

// steps change a stream. Both append to dst and return it; end comes once, after the last feed, with what broke the
// stream, or nil.
type steps interface {
	feed(dst, p []byte) []byte
	end(dst []byte, broken *llm.Error) []byte
}

func (f *flow) Read(p []byte) (int, error) {
	for len(f.out) == 0 {
		if f.ended {
			return 0, io.EOF
		}
		if f.steps == nil {
			n, err := f.src.Read(p)
			f.saw(p[:n])
			if err != nil {
				f.finish(err)
			}
			if n > 0 {
				return n, nil
			}
			continue
		}
		f.step()
	}
	n := copy(p, f.out)
	f.out = f.out[n:]
	return n, nil
}

// step reads one piece and changes it.
func (f *flow) step() {
	if f.in == nil {
		f.in = make([]byte, 4<<10)
	}
	n, err := f.src.Read(f.in)
	f.saw(f.in[:n])
	f.out = f.steps.feed(f.out[:0], f.in[:n])
	if err != nil {
		f.finish(err)
	}
}

func (f *flow) saw(p []byte) {
	if len(p) == 0 {
		return
	}
	if f.seen.First.IsZero() {
		f.seen.First = time.Now()
	}
	f.tee.Feed(p)
	f.seen.Size += int64(len(p))
	if room := f.keep - len(f.seen.Kept); room > 0 {
		f.seen.Kept = append(f.seen.Kept, p[:min(room, len(p))]...)
	}
}

// finish ends the stream: cleanly where the upstream's answer was whole, with an error frame where it was not.
func (f *flow) finish(err error) {
	f.ended = true
	f.seen.Scan = f.tee.Result()
	f.seen.Err = f.seen.Scan.Err
	var broken *llm.Error
	if !f.seen.Scan.Done && f.seen.Err == nil {
		broken = f.broken(err)
		f.seen.Err = broken
	}
	if f.steps == nil {
		f.steps = relay{f.client}
	}
	f.out = f.steps.end(f.out, broken)
}

// broken says why a stream ended before its end. A cancelled exchange names its own cause: the gateway was stopped, or
// the client left.
func (f *flow) broken(err error) *llm.Error {
	var known *llm.Error
	switch {
	case errors.As(context.Cause(f.ctx), &known), errors.As(err, &known):
		return known
	case errors.Is(err, transport.ErrTimeout):
		return &llm.Error{Kind: llm.KindTimeout, Status: 504, Type: "stream_idle_timeout", Cause: err,
			Message: f.name + " went silent in the middle of its answer; raise network_config.stream_idle_timeout_in_seconds if it needs longer"}
	default:
		return &llm.Error{Kind: llm.KindTruncated, Status: 502, Type: "stream_truncated", Cause: err,
			Message: f.name + " ended its answer before it was complete"}
	}
}

// Close ends the stream early or after its end; the upstream's connection is closed where it has more to say.
func (f *flow) Close() error {
	if !f.ended {
		f.ended = true
		f.seen.Scan = f.tee.Result()
	}
	return f.src.Close()
}

// relay adds nothing to a stream but the error that broke it.
type relay struct{ client dialect.Server }

func (r relay) feed(dst, p []byte) []byte { return append(dst, p...) }

func (r relay) end(dst []byte, broken *llm.Error) []byte {
	if broken != nil {
		dst = append(dst, r.client.ErrorFrame(broken)...)
	}
	return dst
}

// swallow is a relay that leaves out the frames that only answer a question of ours.
type swallow struct {
	relay
	split sse.Splitter
	drop  func(frame []byte) bool
}

func (s *swallow) feed(dst, p []byte) []byte {
	err := s.split.Feed(p, func(frame []byte) {
		if !s.drop(frame) {
			dst = append(dst, frame...)
		}
	})
	if err != nil {
		return append(dst, p...)
	}
	return dst
}

func (s *swallow) end(dst []byte, broken *llm.Error) []byte {
	return s.relay.end(append(dst, s.split.Rest()...), broken)
}

// translation decodes a stream and encodes it in another dialect.
type translation struct {
	decoder dialect.Decoder
	encoder dialect.Encoder
	events  []llm.Event
	seen    *Seen
}

func (t *translation) feed(dst, p []byte) []byte {
	t.events = t.decoder.Feed(t.events[:0], p)
	return t.encode(dst)
}

func (t *translation) end(dst []byte, broken *llm.Error) []byte {
	if broken != nil {
		t.events = append(t.events[:0], llm.Event{Type: llm.EventError, Err: broken})
	} else {
		t.events = t.decoder.Close(t.events[:0])
	}
	dst = t.encoder.Close(t.encode(dst))
	t.seen.Warnings = append(t.seen.Warnings, t.encoder.Warnings()...)
	return dst
}

func (t *translation) encode(dst []byte) []byte {
	for _, e := range t.events {
		dst = t.encoder.Encode(dst, e)
	}
	return dst
}
