package window

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errCrash = errors.New("signal: killed")

// fakeWindow is one start of a window, played by the test.
type fakeWindow struct {
	on      Events
	shows   int
	closed  bool
	killed  bool
	showErr error
}

func (f *fakeWindow) Show() error { f.shows++; return f.showErr }
func (f *fakeWindow) Close()      { f.closed = true; go f.on.Exited(nil) }
func (f *fakeWindow) Kill()       { f.killed = true; go f.on.Exited(errCrash) }

// desk is a supervisor in a world of fakes.
type desk struct {
	*Supervisor
	streams   atomic.Int32
	closed    int
	launchErr error

	mu      sync.Mutex // the supervisor's timers come in too
	windows []*fakeWindow
	browsed int
}

func newDesk() *desk {
	d := &desk{}
	d.Supervisor = NewSupervisor(Options{
		Launch: func(_ Hello, on Events) (Process, error) {
			if d.launchErr != nil {
				return nil, d.launchErr
			}
			w := &fakeWindow{on: on}
			d.mu.Lock()
			defer d.mu.Unlock()
			d.windows = append(d.windows, w)
			return w, nil
		},
		Hello:   func() Hello { return Hello{} },
		Streams: func() int { return int(d.streams.Load()) },
		Browser: func() { d.mu.Lock(); d.browsed++; d.mu.Unlock() },
		Closed:  func() { d.closed++ },
		Log:     slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	return d
}

func (d *desk) last() *fakeWindow {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.windows[len(d.windows)-1]
}

// expect compares what came of it.
func (d *desk) expect(t *testing.T, windows, browsed int) {
	t.Helper()
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.windows) != windows || d.browsed != browsed {
		t.Fatalf("%d windows started and the browser opened %d times, want %d and %d", len(d.windows), d.browsed, windows, browsed)
	}
}

// pass lets time go by, and all that happens in it happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestSupervisor(t *testing.T) {
	tests := []struct {
		name string
		play func(t *testing.T, d *desk)
	}{
		{"open starts one window, and more wishes only show it", func(t *testing.T, d *desk) {
			d.Open()
			d.last().on.Shown()
			d.Open()
			d.Open()
			d.expect(t, 1, 0)
			if d.last().shows != 2 {
				t.Errorf("shown %d times", d.last().shows)
			}
		}},
		{"closing tells, and a window that falls asleep stays away", func(t *testing.T, d *desk) {
			d.Open()
			d.last().on.Shown()
			d.last().on.Hidden()
			d.last().on.Exited(nil)
			pass(time.Hour)
			d.expect(t, 1, 0)
			if d.closed != 1 || d.Visible() {
				t.Errorf("closed %d times, visible %v", d.closed, d.Visible())
			}
			d.Open()
			d.expect(t, 2, 0)
		}},
		{"a wish that falls into a window falling asleep is not lost", func(t *testing.T, d *desk) {
			d.Open()
			d.last().on.Shown()
			d.last().on.Hidden()
			d.last().showErr = io.ErrClosedPipe
			d.Open()
			d.last().on.Exited(nil)
			d.expect(t, 2, 0)
		}},
		{"a crash opens it once more, a second one the browser", func(t *testing.T, d *desk) {
			d.Open()
			d.last().on.Shown()
			d.last().on.Exited(errCrash)
			d.expect(t, 2, 0)
			d.last().on.Exited(errCrash)
			d.expect(t, 2, 1)
			d.Open()
			d.expect(t, 3, 1)
		}},
		{"a wish that falls into a crash is not lost", func(t *testing.T, d *desk) {
			d.Open()
			d.last().on.Shown()
			d.last().on.Exited(errCrash)
			d.last().on.Shown()
			d.last().showErr = io.ErrClosedPipe
			d.Open()
			d.last().on.Exited(errCrash)
			d.expect(t, 3, 0)
		}},
		{"a crash after a healthy minute counts as the first", func(t *testing.T, d *desk) {
			d.streams.Store(1)
			for n := range 4 {
				if n == 0 {
					d.Open()
				}
				d.last().on.Shown()
				pass(2 * time.Minute)
				d.last().on.Exited(errCrash)
			}
			d.expect(t, 5, 0)
		}},
		{"a hidden window that crashes stays away", func(t *testing.T, d *desk) {
			d.Open()
			d.last().on.Shown()
			d.last().on.Hidden()
			d.last().on.Exited(errCrash)
			d.expect(t, 1, 0)
		}},
		{"a window that never answers is replaced once", func(t *testing.T, d *desk) {
			d.Open()
			pass(startLimit + time.Second)
			d.expect(t, 2, 0)
			if !d.windows[0].killed {
				t.Error("the silent one still runs")
			}
			pass(startLimit + time.Second)
			d.expect(t, 2, 1)
		}},
		{"a window that does not answer a show is replaced", func(t *testing.T, d *desk) {
			d.streams.Store(1)
			d.Open()
			d.last().on.Shown()
			d.Open()
			pass(showLimit + time.Second)
			d.expect(t, 2, 0)
		}},
		{"a page that loses its stream is replaced", func(t *testing.T, d *desk) {
			d.Open()
			d.last().on.Shown()
			d.streams.Store(1)
			pass(10 * time.Second)
			d.streams.Store(0)
			pass(blankLimit - 2*time.Second)
			d.expect(t, 1, 0)
			pass(5 * time.Second)
			d.expect(t, 2, 0)
		}},
		{"a page that never has a stream is replaced, later", func(t *testing.T, d *desk) {
			d.Open()
			d.last().on.Shown()
			pass(firstStream - 2*time.Second)
			d.expect(t, 1, 0)
			pass(5 * time.Second)
			d.expect(t, 2, 0)
		}},
		{"a hidden page may be without a stream", func(t *testing.T, d *desk) {
			d.Open()
			d.last().on.Shown()
			d.last().on.Hidden()
			pass(time.Hour)
			d.expect(t, 1, 0)
		}},
		{"where no window can be started the browser opens", func(t *testing.T, d *desk) {
			d.launchErr = errors.New("not installed")
			d.Open()
			d.expect(t, 0, 1)
		}},
		{"after the shutdown nothing opens", func(t *testing.T, d *desk) {
			d.Open()
			d.last().on.Shown()
			d.Shutdown(t.Context())
			if !d.last().closed {
				t.Error("the window was not told")
			}
			d.Open()
			d.expect(t, 1, 0)
		}},
		{"what a replaced window says is ignored", func(t *testing.T, d *desk) {
			d.Open()
			d.last().on.Shown()
			old := d.last()
			old.on.Exited(errCrash)
			d.last().on.Shown()
			old.on.Hidden()
			d.expect(t, 2, 0)
			if d.closed != 0 || !d.Visible() {
				t.Error("the old window's word was taken for the new one's")
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk()
				tt.play(t, d)
				d.Shutdown(t.Context())
			})
		})
	}
}

func TestShutdownKillsWhatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stubborn := &stubbornWindow{}
		s := NewSupervisor(Options{
			Launch: func(_ Hello, on Events) (Process, error) { stubborn.on = on; return stubborn, nil },
			Hello:  func() Hello { return Hello{} },
			Log:    slog.New(slog.NewTextHandler(io.Discard, nil)),
		})
		s.Open()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		s.Shutdown(ctx)
		if !stubborn.killed {
			t.Error("it was not killed")
		}
	})
}

type stubbornWindow struct{ fakeWindow }

func (*stubbornWindow) Close() {}
