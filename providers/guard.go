package providers

import (
	"time"
	"unicode/utf8"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// Guard turns streams away that begin too slowly: with fewer than Minimum characters of output in a second, counted
// from the first of them for at most Window. Until that is known the client gets nothing, so that somebody else can
// answer. The zero Guard lets all pass.
type Guard struct {
	Minimum int
	Window  time.Duration
}

const (
	// So many characters tell how fast a stream is.
	probeText = 256
	// More than that is not held back.
	probeChunks = 512
	probeBytes  = 1 << 20
)

// probe measures how fast a stream begins, and holds what came until that is known.
type probe struct {
	guard   Guard
	name    string // of the provider
	decoder dialect.Decoder
	events  []llm.Event
	count   int        // characters of output
	first   time.Time  // when the first of them came
	whole   bool       // the answer has its end
	failed  *llm.Error // what the stream says of itself
	held    []byte
	chunks  int
}

// saw counts what comes: text, thoughts and the arguments of calls.
func (p *probe) saw(b []byte) {
	p.events = p.decoder.Feed(p.events[:0], b)
	for _, e := range p.events {
		if e.Err != nil && p.failed == nil {
			p.failed = e.Err
		}
		p.whole = p.whole || e.Type == llm.EventFinish
		if e.Type != llm.EventDelta {
			continue
		}
		p.count += utf8.RuneCountInString(e.Part.Text)
		if e.Part.Call != nil {
			p.count += utf8.RuneCountInString(e.Part.Call.Arguments)
		}
	}
	if p.count > 0 && p.first.IsZero() {
		p.first = time.Now()
	}
}

// hold takes what is to be given out later.
func (p *probe) hold(out []byte) {
	if len(out) > 0 {
		p.chunks++
		p.held = append(p.held, out...)
	}
}

// give puts what was held into b.
func (p *probe) give(b []byte) int {
	n := copy(b, p.held)
	p.held = p.held[n:]
	return n
}

// verdict is what is known of the stream after that much time since its first text. decided is false where it takes
// more to know.
func (p *probe) verdict(after time.Duration) (e *llm.Error, decided bool) {
	switch {
	case p.whole:
		return nil, true
	case p.count >= probeText, p.count > 0 && after >= p.guard.Window:
		return p.slow(p.count, after), true
	case p.chunks > probeChunks, len(p.held) > probeBytes:
		return refusal("stream_throughput_probe_buffer_exceeded", "%s sent too much before enough of its text was there to measure its speed; take network_config.stream_throughput_guard away to let such answers pass", p.name), true
	}
	return nil, false
}

// slow is the error of a stream that gave so many characters in that time, where these are too few.
func (p *probe) slow(count int, in time.Duration) *llm.Error {
	if float64(count) >= float64(p.guard.Minimum)*in.Seconds() {
		return nil
	}
	return refusal("stream_throughput_below_minimum", "%s sends %.1f characters per second, and the minimum is %d; lower network_config.stream_throughput_guard.minimum_output_characters_per_second to take slower answers",
		p.name, float64(count)/in.Seconds(), p.guard.Minimum)
}

// refusal is what a guarded provider is called that does not answer as it should.
func refusal(code, format string, args ...any) *llm.Error {
	e := llm.Errorf(llm.KindOverloaded, format, args...)
	e.Type, e.Code = code, code
	return e
}

// prove reads ahead until it is known whether the stream is fast enough. Nothing is given out before, so an error is
// this one's wherever it stands in what is held.
func (f *flow) prove(upstream dialect.Dialect) *llm.Error {
	o := f.begins
	p := o.probe
	for {
		count, first := p.count, p.first
		o.start()
		if first.IsZero() {
			o.join()
		} else if !o.within(p.guard.Window - time.Since(first)) {
			return p.slow(count, p.guard.Window) // the reading goes on
		}
		p.hold(f.out)
		f.out = nil
		switch {
		case f.ended:
			return f.refused(upstream)
		case p.failed != nil:
			f.hide(p.failed)
			p.failed.Dialect = upstream.Name
			return p.failed
		}
		if e, decided := p.verdict(time.Since(p.first)); decided {
			return e
		}
	}
}
