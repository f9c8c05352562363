package edge

import (
	"context"
	"sync"
	"time"

	"heimdall/gateway/exchange"
)

// flight is the context of one exchange. It ends when the client leaves, when the server's grace is over, or with the
// exchange. It carries no deadline and no values, and costs one allocation: the standard library's chain of contexts
// costs several of the microseconds that a whole exchange may add.
type flight struct {
	exchange exchange.Exchange // in one piece with what else an exchange needs here
	header   header
	begun    time.Time
	client   watcher

	before, next *flight   // in the server's list, under its lock
	out          *outgoing // the stream that is kept alive, under the server's lock

	mu    sync.Mutex
	done  chan struct{} // made when somebody asks
	cause error         // why it ended; nil = it has not; what Err says
	one   afterwards
	more  []afterwards
	last  int
}

// afterwards is what AfterFunc was given.
type afterwards struct {
	id  int
	run func()
}

// end ends the flight; the first cause counts.
func (f *flight) end(cause error) {
	f.mu.Lock()
	if f.cause != nil {
		f.mu.Unlock()
		return
	}
	f.cause = cause
	if f.done != nil {
		close(f.done)
	}
	one, more := f.one.run, f.more
	f.one.run, f.more = nil, nil
	f.mu.Unlock()
	if one != nil {
		go one()
	}
	for _, a := range more {
		go a.run()
	}
}

func (f *flight) Deadline() (time.Time, bool) { return time.Time{}, false }

func (f *flight) Value(any) any { return nil }

func (f *flight) Done() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done == nil {
		f.done = make(chan struct{})
		if f.cause != nil {
			close(f.done)
		}
	}
	return f.done
}

// Err is why the flight ended; nil while it has not. context.Cause gives the same, and errors.Is finds
// context.Canceled in it.
func (f *flight) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cause
}

// AfterFunc runs run in a goroutine of its own once the flight ends, unless stop is called before. The context package
// uses it where it finds it.
func (f *flight) AfterFunc(run func()) (stop func() bool) {
	f.mu.Lock()
	if f.cause != nil {
		f.mu.Unlock()
		go run()
		return func() bool { return false }
	}
	f.last++
	id := f.last
	if f.one.run == nil {
		f.one = afterwards{id, run} // there is mostly one at a time
	} else {
		f.more = append(f.more, afterwards{id, run})
	}
	f.mu.Unlock()
	return func() bool { return f.forget(id) }
}

// forget takes back what AfterFunc was given under that id; false where it has run or was taken back.
func (f *flight) forget(id int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.one.id == id && f.one.run != nil {
		f.one.run = nil
		return true
	}
	for i, a := range f.more {
		if a.id == id {
			f.more = append(f.more[:i], f.more[i+1:]...)
			return true
		}
	}
	return false
}

var _ context.Context = (*flight)(nil)
