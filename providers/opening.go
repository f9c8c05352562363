package providers

import (
	"bytes"
	"sync"
	"time"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// opening is the beginning of a stream, which is read ahead: an error in place of an answer must be known before the
// client is told that there is one.
type opening struct {
	waits  chan any     // gives what panicked, or nil, once something is there; nil = nobody reads ahead
	lent   *[roomy]byte // where it was read to, until it is given out
	told   []byte       // the first frame, where it may be an error
	framed bool         // nothing more is of interest
}

var pieces = sync.Pool{New: func() any { return new([roomy]byte) }}

// saw looks at what comes until the first frame is whole. Only one that may be an error is kept.
func (o *opening) saw(p []byte, binary bool) {
	if o.framed {
		return
	}
	all := p
	if o.told != nil {
		o.told = append(o.told, p...)
		all = o.told
	}
	o.framed = binary || wholeFrames(all) > 0 || len(all) >= roomy
	switch {
	case o.framed && !bytes.Contains(all, []byte("rror")) && !bytes.Contains(all, []byte("xception")):
		o.told = nil
	case o.told == nil:
		o.told = bytes.Clone(p)
	}
}

// join waits until nobody reads ahead any more. A panic goes on where somebody catches it.
func (o *opening) join() {
	if o.waits == nil {
		return
	}
	crash := <-o.waits
	o.waits = nil
	if crash != nil {
		panic(crash)
	}
}

func (o *opening) giveBack() {
	if o.lent != nil {
		pieces.Put(o.lent)
		o.lent = nil
	}
}

// begin reads ahead until there is something to give out. It returns the error that came in its place, or that the
// stream broke before; nil also where nothing has come when patience is over, and the reading goes on then.
func (f *flow) begin(patience time.Duration, upstream dialect.Dialect) *llm.Error {
	if patience <= 0 {
		return nil
	}
	o := &f.begins
	o.waits = make(chan any, 1)
	go f.ahead(o.waits)
	over := time.NewTimer(patience)
	defer over.Stop()
	select {
	case crash := <-o.waits:
		o.waits = nil
		if crash != nil {
			panic(crash)
		}
	case <-over.C:
		return nil
	}
	e := f.refused(upstream)
	o.told, o.framed = nil, true
	return e
}

func (f *flow) ahead(done chan<- any) {
	defer func() { done <- recover() }()
	var p []byte
	if f.steps == nil {
		f.begins.lent = pieces.Get().(*[roomy]byte)
		p = f.begins.lent[:]
	}
	for len(f.out) == 0 && !f.ended {
		if n := f.more(p); n > 0 {
			f.out = p[:n]
		}
	}
}

// refused is the error that the stream began with, or that ended it while there was nothing to give out. An error that
// comes after something else is the stream's own affair.
func (f *flow) refused(upstream dialect.Dialect) *llm.Error {
	if f.ended && f.seen.Err != nil {
		return f.seen.Err
	}
	told := f.begins.told
	if told == nil {
		return nil
	}
	if n := firstFrame(told); n > 0 && !f.binary {
		told = told[:n]
	}
	tee := upstream.Client.Tee()
	tee.Feed(told)
	e := tee.Result().Err
	if e != nil {
		f.hide(e)
		e.Dialect = upstream.Name
	}
	return e
}
