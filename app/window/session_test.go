package window

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// fakeFrame is the toolkit.
type fakeFrame struct{ did []string }

func (f *fakeFrame) Raise() { f.did = append(f.did, "raise") }
func (f *fakeFrame) Hide()  { f.did = append(f.did, "hide") }
func (f *fakeFrame) Quit()  { f.did = append(f.did, "quit") }

func TestSession(t *testing.T) {
	tests := []struct {
		name string
		play func(s *session, f *fakeFrame)
		did  []string
		told []string
	}{
		{"the page is acknowledged once, however often it loads", func(s *session, f *fakeFrame) {
			s.ready(f)
			s.ready(f)
		}, nil, []string{cueShown}},
		{"wishes from before the page are acknowledged with it", func(s *session, f *fakeFrame) {
			s.follow(strings.NewReader("show\nshow\n"))
			s.ready(f)
		}, nil, []string{cueShown, cueShown, cueShown}},
		{"closing hides, and the window falls asleep", func(s *session, f *fakeFrame) {
			s.ready(f)
			s.closed()
			time.Sleep(time.Minute + time.Second)
			synctest.Wait()
		}, []string{"hide", "quit"}, []string{cueShown, cueHidden}},
		{"a wish in time keeps it awake", func(s *session, f *fakeFrame) {
			s.ready(f)
			s.closed()
			time.Sleep(59 * time.Second)
			s.show()
			time.Sleep(time.Hour)
		}, []string{"hide", "raise"}, []string{cueShown, cueHidden, cueShown}},
		{"a wish after it fell asleep is left unanswered", func(s *session, f *fakeFrame) {
			s.ready(f)
			s.closed()
			time.Sleep(time.Minute + time.Second)
			synctest.Wait()
			s.show()
		}, []string{"hide", "quit"}, []string{cueShown, cueHidden}},
		{"the end of the input ends it, and closing is then no hiding", func(s *session, f *fakeFrame) {
			s.ready(f)
			if !s.ended() || s.closed() {
				panic("it must end in good order")
			}
		}, []string{"quit"}, []string{cueShown}},
		{"before the page there is nothing to end in good order", func(s *session, f *fakeFrame) {
			if s.ended() {
				panic("there was no window yet")
			}
		}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told []string
				f := &fakeFrame{}
				tt.play(&session{idle: time.Minute, tell: func(cue string) { told = append(told, cue) }}, f)
				if !slices.Equal(f.did, tt.did) || !slices.Equal(told, tt.told) {
					t.Errorf("did %v and told %v, want %v and %v", f.did, told, tt.did, tt.told)
				}
			})
		})
	}
}
