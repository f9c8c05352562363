package providers

import (
	"bytes"
	"sync"
	"time"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// opening is the beginning of a stream, which is read ahead: an error in place of an answer must be known before the
// client is told that there is one. It is lent to one stream after the other.
type opening struct {
	home   *sync.Pool
	of     *flow
	read   func()        // ahead, bound once
	done   chan struct{} // says that a reading is over
	limit  *time.Timer
	reads  bool        // somebody reads ahead
	crash  any         // what the reading panicked with
	told   []byte      // the first frame, where it may be an error
	framed bool        // nothing more is of interest
	probe  *probe      // nil = the first thing to give out is enough
	room   [roomy]byte // where it is read to, until it is given out
}

func borrow(home *sync.Pool) *opening {
	if o, ok := home.Get().(*opening); ok {
		return o
	}
	o := &opening{home: home, done: make(chan struct{}, 1), limit: time.NewTimer(time.Hour)}
	o.limit.Stop()
	o.read = o.ahead
	return o
}

// saw looks at what comes until the first frame is whole. Only one that may be an error is kept.
func (o *opening) saw(p []byte, binary bool) {
	if o.probe != nil {
		o.probe.saw(p)
		return
	}
	if o.framed {
		return
	}
	all := p
	if len(o.told) > 0 {
		o.told = append(o.told, p...)
		all = o.told
	}
	o.framed = binary || wholeFrames(all) > 0 || len(all) >= roomy
	switch {
	case o.framed && !bytes.Contains(all, []byte("rror")) && !bytes.Contains(all, []byte("xception")):
		o.told = o.told[:0]
	case len(o.told) == 0:
		o.told = append(o.told, p...)
	}
}

func (o *opening) start() {
	o.reads = true
	go o.read()
}

// ahead reads until there is something to give out; for a probe one piece.
func (o *opening) ahead() {
	defer o.over()
	f := o.of
	var p []byte
	if f.steps == nil {
		p = o.room[:]
	}
	for len(f.out) == 0 && !f.ended {
		if n := f.more(p); n > 0 {
			f.out = p[:n]
		}
		if o.probe != nil {
			return
		}
	}
}

func (o *opening) over() {
	o.crash = recover()
	o.done <- struct{}{}
}

// within waits until nobody reads ahead any more, but no longer than that.
func (o *opening) within(patience time.Duration) bool {
	o.limit.Reset(patience)
	select {
	case <-o.done:
		o.limit.Stop()
		o.joined()
		return true
	case <-o.limit.C:
		return false
	}
}

// join waits until nobody reads ahead any more.
func (o *opening) join() {
	if o.reads {
		<-o.done
		o.joined()
	}
}

// joined lets a panic go on where somebody catches it.
func (o *opening) joined() {
	o.reads = false
	if crash := o.crash; crash != nil {
		panic(crash)
	}
}

// giveBack ends the beginning. What is to be given out must have been.
func (f *flow) giveBack() {
	o := f.begins
	f.begins, f.out = nil, nil // out may be in its room, which is somebody else's from now on
	o.of, o.crash, o.told, o.framed, o.probe = nil, nil, o.told[:0], false, nil
	o.home.Put(o)
}

// begin reads ahead until there is something to give out, or until the guard lets it pass where there is one. It returns
// the error that came in its place, or that the stream broke before; nil also where nothing has come when patience is
// over, and the reading goes on then.
func (f *flow) begin(t *Target, patience time.Duration, upstream dialect.Dialect) *llm.Error {
	guarded := t.Guard.Minimum > 0
	if patience <= 0 && !guarded {
		return nil
	}
	o := borrow(&t.openings)
	o.of, f.begins = f, o
	if guarded {
		o.probe = &probe{guard: t.Guard, name: t.Name, decoder: upstream.Client.Decoder()}
		return f.prove(upstream)
	}
	if o.start(); !o.within(patience) {
		return nil
	}
	e := f.refused(upstream)
	o.told, o.framed = o.told[:0], true
	return e
}

// refused is the error that the stream began with, or that ended it while there was nothing to give out. An error that
// comes after something else is the stream's own affair.
func (f *flow) refused(upstream dialect.Dialect) *llm.Error {
	if e := f.seen.Err; f.ended && e != nil {
		if f.seen.Scan.Err != nil {
			e.Dialect = upstream.Name
		}
		return e
	}
	told := f.begins.told
	if len(told) == 0 {
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
