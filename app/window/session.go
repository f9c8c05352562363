package window

import (
	"bufio"
	"io"
	"sync"
	"time"
)

// frame is the window as the toolkit knows it.
type frame interface {
	Raise()
	Hide()
	Quit() // ends the program
}

// session is the window's side of the protocol: one method for each thing that can happen.
type session struct {
	idle time.Duration
	tell func(cue string)

	mu      sync.Mutex
	frame   frame // nil until the page is there
	pending int   // shows that came before
	hidden  bool
	ending  bool
	sleep   *time.Timer
}

// ready is the page on the screen. It may be called for every page; the first counts.
func (s *session) ready(f frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frame != nil {
		return
	}
	s.frame = f
	for range s.pending + 1 {
		s.tell(cueShown)
	}
}

// show is the main program's wish.
func (s *session) show() {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ending: // unanswered, it makes the main program start another window
	case s.frame == nil:
		s.pending++
	default:
		if s.sleep != nil {
			s.sleep.Stop()
		}
		s.hidden = false
		s.frame.Raise()
		s.tell(cueShown)
	}
}

// closed is the close button. It reports whether the window stays, hidden.
func (s *session) closed() (stays bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending || s.frame == nil {
		return false
	}
	s.hidden = true
	s.frame.Hide()
	s.tell(cueHidden)
	s.sleep = time.AfterFunc(s.idle, s.asleep)
	return true
}

func (s *session) asleep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.hidden { // shown again just now
		return
	}
	s.ending = true
	s.frame.Quit()
}

// ended is the end of the input. It reports whether there is a window that can be closed in good order; before that
// the toolkit would lose the wish.
func (s *session) ended() (orderly bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ending = true
	if s.frame == nil {
		return false
	}
	s.frame.Quit()
	return true
}

// follow serves the main program's cues to their end.
func (s *session) follow(in io.Reader) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if lines.Text() == cueShow {
			s.show()
		}
	}
}
