package window

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	startLimit  = 30 * time.Second // from the start to the first acknowledgement
	showLimit   = 5 * time.Second  // from a show to its acknowledgement
	firstStream = 30 * time.Second // from then to the page's first event stream
	blankLimit  = 8 * time.Second  // without an event stream, after the first
	streamCheck = time.Second
	healthyTime = time.Minute // after it, an earlier crash is forgotten
)

// Process is a running window.
type Process interface {
	Show() error // asks it to come to the front
	Close()      // asks it to end
	Kill()
}

// Events is what a window tells its supervisor.
type Events struct {
	Shown  func()
	Hidden func()
	Exited func(error) // once, and last
}

// Options is what a supervisor must be told.
type Options struct {
	Launch  func(Hello, Events) (Process, error)
	Hello   func() Hello // a fresh code each time
	Streams func() int   // event streams that the page has open; nil = a page without any
	Browser func()       // shows the page where no window can
	Closed  func()       // the user closed the window
	Log     *slog.Logger
}

// Supervisor keeps at most one window. It has one method for each thing that can happen; all are safe for concurrent
// use and none waits for a window, except Shutdown.
type Supervisor struct {
	Options

	mu      sync.Mutex
	proc    Process // nil = no window
	run     int     // number of the running window; what older ones say is ignored
	asked   int     // how often this one was asked to show
	acked   int     // how often it did
	visible bool
	crashes int // since the last healthy minute or the user's last wish
	down    bool

	started time.Time
	blank   time.Time // since when the page has no stream; zero = it has
	seen    bool      // the page had a stream
	late    *time.Timer
	check   *time.Timer
	exits   sync.WaitGroup
}

// NewSupervisor makes a supervisor without a window.
func NewSupervisor(o Options) *Supervisor { return &Supervisor{Options: o} }

// Open shows the window; it is the user's wish.
func (s *Supervisor) Open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return
	}
	s.crashes = 0
	switch {
	case s.proc == nil:
		s.start()
	default:
		s.asked++
		s.expect(showLimit)
		if err := s.proc.Show(); err != nil {
			s.Log.Debug("the window is ending; it opens again", "error", err) // exited sees what was asked
		}
	}
}

// Visible reports whether the window is shown, as far as is known.
func (s *Supervisor) Visible() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.visible
}

// Shutdown ends the window and waits for it, at most until ctx is done.
func (s *Supervisor) Shutdown(ctx context.Context) {
	s.mu.Lock()
	s.down = true
	s.rest()
	proc := s.proc
	s.mu.Unlock()
	if proc != nil {
		proc.Close()
	}
	gone := make(chan struct{})
	go func() { s.exits.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-ctx.Done():
		if proc != nil {
			proc.Kill()
		}
	}
}

// start launches a window; the caller holds the lock.
func (s *Supervisor) start() {
	s.run++
	run := s.run
	s.exits.Add(1)
	proc, err := s.Launch(s.Hello(), Events{
		Shown:  func() { s.shown(run) },
		Hidden: func() { s.hidden(run) },
		Exited: func(err error) { s.exited(run, err); s.exits.Done() },
	})
	if err != nil {
		s.exits.Done()
		s.Log.Warn("no window can be opened; the page opens in the browser", "error", err)
		go s.Browser()
		return
	}
	s.proc, s.asked, s.acked, s.visible, s.seen = proc, 1, 0, true, false
	s.started, s.blank = time.Now(), time.Time{}
	s.expect(startLimit)
}

func (s *Supervisor) shown(run int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if run != s.run || s.proc == nil {
		return
	}
	s.acked++
	s.visible = true
	if s.acked >= s.asked {
		s.late.Stop()
	}
	s.watch()
}

func (s *Supervisor) hidden(run int) {
	s.mu.Lock()
	known := run == s.run && s.proc != nil && !s.down
	if known {
		s.visible = false
	}
	s.mu.Unlock()
	if known {
		s.Closed()
	}
}

// exited sorts the three ways in which a window ends: it fell asleep, it fell asleep while it was asked to show, or it
// crashed.
func (s *Supervisor) exited(run int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if run != s.run || s.proc == nil {
		return
	}
	wanted, missed := s.visible, s.asked > s.acked
	s.forget()
	switch {
	case s.down:
	case err == nil && missed:
		s.start()
	case err != nil && (wanted || missed):
		s.crashed("the window ended", "error", err)
	}
}

// overdue is an acknowledgement that did not come.
func (s *Supervisor) overdue(run int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if run != s.run || s.proc == nil || s.down {
		return
	}
	s.abandon("the window does not answer")
}

// look compares the page's event streams with what a page that works has.
func (s *Supervisor) look(run int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if run != s.run || s.proc == nil || s.down {
		return
	}
	limit := firstStream
	if s.seen {
		limit = blankLimit
	}
	switch now := time.Now(); {
	case s.Streams() > 0:
		s.seen, s.blank = true, time.Time{}
		if now.Sub(s.started) > healthyTime {
			s.crashes = 0
		}
	case s.blank.IsZero() || !s.visible:
		s.blank = now
	case now.Sub(s.blank) >= limit:
		s.abandon("the window's page is dead")
		return
	}
	s.watch()
}

// abandon kills the window and opens another one.
func (s *Supervisor) abandon(why string) {
	s.proc.Kill()
	s.forget()
	s.crashed(why)
}

// crashed opens the window again, once; then the page goes to the browser.
func (s *Supervisor) crashed(why string, args ...any) {
	s.crashes++
	if s.crashes > 1 {
		s.Log.Warn(why+" again; the page opens in the browser", args...)
		go s.Browser()
		return
	}
	s.Log.Warn(why+"; it is opened again", args...)
	s.start()
}

// forget leaves the supervisor without a window.
func (s *Supervisor) forget() {
	s.rest()
	s.proc, s.visible = nil, false
}

func (s *Supervisor) rest() {
	if s.late != nil {
		s.late.Stop()
	}
	if s.check != nil {
		s.check.Stop()
	}
}

func (s *Supervisor) expect(limit time.Duration) {
	if s.late != nil {
		s.late.Stop()
	}
	if s.acked == 0 {
		limit = startLimit
	}
	run := s.run
	s.late = time.AfterFunc(limit, func() { s.overdue(run) })
}

func (s *Supervisor) watch() {
	if s.Streams == nil {
		return
	}
	if s.check != nil {
		s.check.Stop()
	}
	run := s.run
	s.check = time.AfterFunc(streamCheck, func() { s.look(run) })
}
