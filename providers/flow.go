package providers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
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
	binary bool                    // nothing in it can be replaced
	drop   func(frame []byte) bool // without steps: the frames that only answer a question of ours; nil = none
	seen   *Seen
	keep   int
	start  time.Time // zero = no marks are wanted
	name   string

	secrets []string // of the call

	in    []byte // what is read into when there are steps
	out   []byte // what is to be given out
	made  []byte // where steps write what is to be given out
	tail  []byte // without steps: the beginning of a frame that has not ended
	mid   bool   // without steps: what was given out ends inside a frame
	ended bool

	begins *opening // nil = what was read ahead is given out
}

// steps change a stream. Both append to dst and return it; end comes once, after the last feed, with what broke the
// stream, or nil.
type steps interface {
	feed(dst, p []byte) []byte
	end(dst []byte, broken *llm.Error) []byte
}

func (f *flow) Read(p []byte) (int, error) {
	if o := f.begins; o != nil {
		if o.probe != nil && len(o.probe.held) > 0 {
			return o.probe.give(p), nil
		}
		if o.join(); len(f.out) == 0 {
			f.giveBack()
		}
	}
	for len(f.out) == 0 {
		if f.ended {
			return 0, io.EOF
		}
		if n := f.more(p); n > 0 {
			return n, nil
		}
	}
	n := copy(p, f.out)
	if f.out = f.out[n:]; len(f.out) == 0 && f.begins != nil {
		f.giveBack()
	}
	return n, nil
}

// more reads one piece. What is to be given out is put into p, or stands in out.
func (f *flow) more(p []byte) int {
	switch {
	case f.steps != nil:
		f.step()
	case f.drop != nil && len(p) < roomy: // whole frames must fit, to be looked at
		f.in = grown(f.in)
		if n := f.relay(f.in); n > 0 {
			f.out = f.in[:n]
		}
	default:
		return f.relay(p)
	}
	return 0
}

// tells reports whether p may hold an error, whose text may repeat a secret. Answers are not searched for any, and in
// binary frames nothing can be replaced.
func (f *flow) tells(p []byte) bool { return !f.binary && bytes.Contains(p, []byte(`"error"`)) }

// relay reads one piece into p and says how much of it to give out: whole frames only, so that an error can follow at
// any point. A frame that p has no room for goes out in pieces.
func (f *flow) relay(p []byte) int {
	n := copy(p, f.tail)
	f.tail = f.tail[:copy(f.tail, f.tail[n:])]
	if n == len(p) {
		f.mid = true
		return n
	}
	m, err := f.src.Read(p[n:])
	return f.came(p, n, m, err)
}

// came says how much of p to give out: n bytes of it stood there before the m that were read.
func (f *flow) came(p []byte, n, m int, err error) int {
	f.saw(p[n : n+m])
	n += m
	if err != nil {
		return f.last(f.strip(p[:n], n), err)
	}
	whole := wholeFrames(p[:n])
	if whole == 0 && (f.mid || n == len(p)) {
		f.mid = true
		return n
	}
	f.tail = append(f.tail, p[whole:n]...)
	whole = len(f.strip(p[:whole], whole))
	f.mid = false
	if f.tells(p[:whole]) {
		f.out = redact(bytes.Clone(p[:whole]), f.secrets...)
		return 0
	}
	return whole
}

// strip takes the frames that are to be dropped out of p, in place. Only frames that end before whole are looked at,
// and not the rest of one whose beginning is out already.
func (f *flow) strip(p []byte, whole int) []byte {
	if f.drop == nil {
		return p
	}
	begun := f.mid
	for from := 0; from < whole; {
		n := firstFrame(p[from:whole])
		if n == 0 {
			break
		}
		if !begun && f.drop(p[from:from+n]) {
			p = append(p[:from], p[from+n:]...)
			whole -= n
			continue
		}
		begun = false
		from += n
	}
	return p
}

// firstFrame is the length of the first whole frame of p, 0 where there is none.
func firstFrame(p []byte) int {
	end := 0
	for _, blank := range [...]string{"\n\n", "\n\r\n"} {
		if i := bytes.Index(p, []byte(blank)); i >= 0 && (end == 0 || i+len(blank) < end) {
			end = i + len(blank)
		}
	}
	return end
}

// last ends the relay with p, what came before err: all of it where the answer was whole, else its whole frames.
func (f *flow) last(p []byte, err error) int {
	f.finish(err)
	broken := len(f.out) > 0
	if !broken && !f.tells(p) {
		return len(p)
	}
	rest := bytes.Clone(p)
	if whole := wholeFrames(p); broken && whole == 0 && f.mid {
		rest = append(rest, "\n\n"...) // its beginning is out already
	} else if broken {
		rest = rest[:whole]
	}
	f.out = append(redact(rest, f.secrets...), f.out...)
	return 0
}

// wholeFrames is the length of the whole frames at the beginning of p: all up to its last blank line.
func wholeFrames(p []byte) int {
	if bytes.HasSuffix(p, []byte("\n\n")) {
		return len(p)
	}
	end := 0
	for _, blank := range [...]string{"\n\n", "\n\r\n"} {
		if i := bytes.LastIndex(p, []byte(blank)); i >= 0 {
			end = max(end, i+len(blank))
		}
	}
	return end
}

// roomy is the size of what is read into; what servers read into is as large.
const roomy = 4 << 10

func grown(in []byte) []byte {
	if in == nil {
		return make([]byte, roomy)
	}
	return in
}

// step reads one piece and changes it.
func (f *flow) step() {
	f.in = grown(f.in)
	n, err := f.src.Read(f.in)
	f.saw(f.in[:n])
	f.out = f.steps.feed(f.made[:0], f.in[:n])
	if err != nil {
		f.finish(err)
	}
	f.made = f.out
	if f.tells(f.out) {
		f.out = redact(f.out, f.secrets...)
	}
}

func (f *flow) saw(p []byte) {
	if len(p) == 0 {
		return
	}
	if f.seen.First.IsZero() {
		f.seen.First = time.Now()
	}
	if !f.start.IsZero() {
		f.seen.Marks.Add(len(p), time.Since(f.start))
	}
	if f.begins != nil {
		f.begins.saw(p, f.binary)
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
	if f.seen.Err = f.seen.Scan.Err; f.seen.Err != nil {
		f.hide(f.seen.Err)
	}
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

// leaks reports whether p is an error that repeats a secret.
func (f *flow) leaks(p []byte) bool {
	return bytes.Contains(p, []byte("xception")) && !bytes.Equal(redact(p, f.secrets...), p)
}

// hide keeps the call's secrets out of the log where the upstream's error repeats one.
func (f *flow) hide(e *llm.Error) {
	for _, text := range []*string{&e.Message, &e.Type, &e.Code, &e.Param} {
		*text = string(redact([]byte(*text), f.secrets...))
	}
	e.Raw = redact(e.Raw, f.secrets...)
	f.seen.Kept = redact(f.seen.Kept, f.secrets...)
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
	if o := f.begins; o != nil {
		if o.reads {
			_ = f.src.Close() // wakes who waits for its beginning
			<-o.done
			o.reads = false
		}
		f.giveBack()
	}
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

// framed is a relay for binary frames: it gives out whole ones only, so that an error can follow.
type framed struct {
	relay
	length func(p []byte) int
	tells  func(p []byte) bool // whether a secret is in it: nothing can be replaced in a binary frame
	rest   []byte
}

func (f *framed) feed(dst, p []byte) []byte {
	f.rest = append(f.rest, p...)
	n := f.length(f.rest)
	if frames := f.rest[:n]; f.tells(frames) {
		dst = append(dst, f.client.ErrorFrame(&llm.Error{Kind: llm.KindServerError, Status: 502, Type: "provider_error",
			Message: "the provider failed, and its message repeats a secret"})...)
	} else {
		dst = append(dst, frames...)
	}
	f.rest = f.rest[:copy(f.rest, f.rest[n:])]
	return dst
}

// translation decodes a stream and encodes it in another dialect.
type translation struct {
	decoder dialect.Decoder
	encoder dialect.Encoder
	events  []llm.Event
	seen    *Seen
	named   func(id, model string, created int64) (string, string, int64)
	hide    func(*llm.Error) // takes the call's secrets out of an error
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
		if e.Err != nil {
			t.hide(e.Err)
		}
		if m := e.Meta; m != nil {
			m.ID, m.Model, m.Created = t.named(m.ID, m.Model, m.Created)
		}
		dst = t.encoder.Encode(dst, e)
	}
	return dst
}
