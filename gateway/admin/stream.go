package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"heimdall/gateway/exchange"
)

const (
	flushEvery = 100 * time.Millisecond
	heartbeat  = 15 * time.Second
	maxPending = 2000 // rows that one listener may be behind
	maxRefused = 20
)

func (a *Admin) events(ctx context.Context, _ *exchange.Exchange) (*exchange.Reply, error) {
	s := a.Hub.subscribe(a.Gateway.State(), a.spending(), false)
	context.AfterFunc(ctx, func() { s.Close() })
	return &exchange.Reply{
		Status: http.StatusOK, ContentType: "text/event-stream", Stream: s,
		Header: []exchange.Field{{Name: "Cache-Control", Value: "no-cache"}, {Name: "X-Accel-Buffering", Value: "no"}},
	}, nil
}

// subscriber is the stream of one listener. Events wait in it, only the newest of each row and kind unless each says
// otherwise; a Read gives all that waits, at most every flushEvery. A listener that falls too far behind is cut off and
// starts again.
type subscriber struct {
	hub  *Hub
	each bool // every state of a row is told
	wake chan struct{}
	done chan struct{}
	once sync.Once

	mu       sync.Mutex
	gateway  *Gateway
	spending *KillSwitch
	config   *int64
	dropped  *Dropped
	refused  []Refused
	logs     []Frame
	at       map[string]int // row → its place in logs

	rest  []byte // what a Read had no room for
	flush time.Time
}

// log notes a row's newest state.
func (s *subscriber) log(operation string, e *LogEntry) {
	if s.ended() {
		return
	}
	s.mu.Lock()
	if i, ok := s.at[e.ID]; ok && !s.each {
		s.logs[i] = Frame{Type: "log", Operation: operation, Log: e}
	} else {
		s.at[e.ID] = len(s.logs)
		s.logs = append(s.logs, Frame{Type: "log", Operation: operation, Log: e})
	}
	late := len(s.logs) > maxPending
	s.mu.Unlock()
	if late {
		s.end()
	}
	s.wakeUp()
}

func (s *subscriber) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *subscriber) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

func (s *subscriber) end() { s.once.Do(func() { close(s.done) }) }

// Close ends the stream; a waiting Read returns.
func (s *subscriber) Close() error {
	s.end()
	s.hub.leave(s)
	return nil
}

// Read waits for events.
func (s *subscriber) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		select {
		case <-s.done:
			return 0, io.EOF
		case <-s.wake:
			if s.pause(); !s.ended() {
				s.rest = s.take()
			}
		case <-time.After(heartbeat):
			s.rest = []byte(": still here\n\n")
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// pause lets events gather until the next flush is due.
func (s *subscriber) pause() {
	select {
	case <-s.done:
	case <-time.After(time.Until(s.flush.Add(flushEvery))):
		s.flush = time.Now()
	}
}

// drain empties what waits.
func (s *subscriber) drain() (frames []Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gateway != nil {
		frames = append(frames, Frame{Type: "gateway", Gateway: s.gateway})
	}
	if s.spending != nil {
		frames = append(frames, Frame{Type: "spending", Spending: s.spending})
	}
	frames = append(frames, s.logs...)
	if s.config != nil {
		frames = append(frames, Frame{Type: "config", Version: *s.config})
	}
	for i := range s.refused {
		frames = append(frames, Frame{Type: "refused", Refused: &s.refused[i]})
	}
	if s.dropped != nil {
		frames = append(frames, Frame{Type: "dropped", Dropped: s.dropped})
	}
	s.gateway, s.spending, s.config, s.dropped, s.refused, s.logs = nil, nil, nil, nil, nil, nil
	clear(s.at)
	return frames
}

// take empties what waits, as events.
func (s *subscriber) take() []byte {
	var out bytes.Buffer
	for _, f := range s.drain() {
		data, err := json.Marshal(f)
		if err != nil {
			continue
		}
		out.WriteString("event: " + f.Type + "\ndata: ")
		out.Write(data)
		out.WriteString("\n\n")
	}
	return out.Bytes()
}
