package edge

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"heimdall/gateway/exchange"
)

// patrolled serves source with comments after an hour of silence, and leaves it to the test to look.
func patrolled(t *testing.T, contentType string, source exchange.Handler) (*Server, string) {
	o := options(row("/", func(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
		reply, err := source(ctx, x)
		reply.ContentType = contentType
		return reply, err
	}))
	o.KeepAlive = func() time.Duration { return time.Hour }
	s, url := serveOptions(t, o)
	s.mu.Lock()
	s.patrol.Stop()
	s.patrol = time.AfterFunc(time.Hour, func() {}) // whatever still arms it, it does not look
	s.mu.Unlock()
	return s, url
}

// written waits until who wrote the comment that the client has read is through with it: until then nobody else would
// write one.
func written(s *Server) {
	s.mu.Lock()
	out := s.first.out
	s.mu.Unlock()
	out.mu.Lock()
	_ = out.waits
	out.mu.Unlock()
}

func TestKeepAliveComments(t *testing.T) {
	t.Parallel()
	for name, c := range clients(t) {
		t.Run(name, func(t *testing.T) {
			source := newTold()
			s, url := patrolled(t, "text/event-stream; charset=utf-8", source.serve)
			defer s.Shutdown(time.Second)
			defer c.CloseIdleConnections()
			resp, err := c.Get(url + "/")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			now := time.Now()
			look := func(hours ...float64) {
				<-source.asked // the server waits for the next word
				for _, h := range hours {
					s.look(now.Add(time.Duration(h * float64(time.Hour))))
				}
			}
			say := func(word string) {
				source.words <- word
				expect(t, resp.Body, word)
			}
			look(0, 0.9, 1)
			expect(t, resp.Body, keepAlive) // and no other one before
			written(s)
			s.look(now.Add(2 * time.Hour))
			expect(t, resp.Body, keepAlive)
			say("data: 1\n")
			look(3, 4, 5) // inside a frame
			say("\n")
			look(6, 6.9, 7)
			expect(t, resp.Body, keepAlive)
			say("data: 2\r\n\r")
			look(8, 9)
			say("\n")
			look(10, 10.5, 11)
			expect(t, resp.Body, keepAlive)
			close(source.words)
			if rest, err := io.ReadAll(resp.Body); len(rest) > 0 || err != nil {
				t.Errorf("%q, %v", rest, err)
			}
		})
	}
}

func TestNoCommentsInOtherStreams(t *testing.T) {
	t.Parallel()
	for name, c := range clients(t) {
		for _, contentType := range []string{"application/vnd.amazon.eventstream", "application/x-ndjson", ""} {
			t.Run(name+" "+contentType, func(t *testing.T) {
				t.Parallel()
				source := newTold()
				s, url := patrolled(t, contentType, source.serve)
				defer s.Shutdown(time.Second)
				defer c.CloseIdleConnections()
				resp, err := c.Get(url + "/")
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				<-source.asked
				s.look(time.Now())
				s.look(time.Now().Add(2 * time.Hour))
				source.words <- "word"
				close(source.words)
				if all, err := io.ReadAll(resp.Body); string(all) != "word" || err != nil {
					t.Errorf("%q %v", all, err)
				}
			})
		}
	}
}

// Comments never fall into what the server writes.
func TestCommentsWhileTheStreamGoesOn(t *testing.T) {
	t.Parallel()
	for name, c := range clients(t) {
		t.Run(name, func(t *testing.T) {
			want := ""
			for i := range 2000 {
				want += fmt.Sprintf("data: %d\n\n", i)
			}
			source := newTold()
			source.asked = make(chan struct{}, 1)
			s, url := patrolled(t, "text/event-stream", source.serve)
			defer s.Shutdown(time.Second)
			defer c.CloseIdleConnections()
			go func() {
				defer close(source.words)
				now := time.Now()
				for frame := range strings.SplitAfterSeq(want, "\n\n") {
					<-source.asked
					for range 3 {
						now = now.Add(2 * time.Hour)
						s.look(now)
					}
					if len(frame)%2 == 0 {
						runtime.Gosched() // the comments may be first or last
					}
					if frame != "" {
						source.words <- frame
					}
				}
			}()
			resp, err := c.Get(url + "/")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			all, err := io.ReadAll(resp.Body)
			if got := strings.ReplaceAll(string(all), keepAlive, ""); err != nil || got != want || len(got) == len(all) {
				t.Errorf("%d bytes of frames, want %d, in %d: %v", len(got), len(want), len(all), err)
			}
		})
	}
}
