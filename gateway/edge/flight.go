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

	mu    sync.Mutex
	done  chan struct{} // made when somebody asks
	cause error         // why it ended; nil = it has not; what Err says
	after []*afterwards
}

type afterwards struct{ f func() }

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
	after := f.after
	f.after = nil
	f.mu.Unlock()
	for _, a := range after {
		go a.f()
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
	a := &afterwards{run}
	f.mu.Lock()
	if f.cause != nil {
		f.mu.Unlock()
		go run()
		return func() bool { return false }
	}
	f.after = append(f.after, a)
	f.mu.Unlock()
	return func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		for i, one := range f.after {
			if one == a {
				f.after = append(f.after[:i], f.after[i+1:]...)
				return true
			}
		}
		return false
	}
}

var _ context.Context = (*flight)(nil)
