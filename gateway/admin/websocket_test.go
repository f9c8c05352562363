package admin

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"heimdall/gateway/config"
)

// wire is a client's websocket. Its Send waits while it is held.
type wire struct {
	got  chan string
	done chan struct{}
	fail bool
}

func (s *wire) Send(text []byte) error {
	if s.fail {
		return errors.New("the client takes nothing")
	}
	select {
	case s.got <- string(text):
	case <-s.done:
	}
	return nil
}

func (s *wire) Ping() error {
	if s.fail {
		return errors.New("the client takes nothing")
	}
	s.got <- "ping"
	return nil
}

func (s *wire) Done() <-chan struct{} { return s.done }

// talk has a hub talk to a wire; the function returned waits until it has ended.
func talk(h *Hub, s *wire) (pings chan time.Time, ended func()) {
	pings = make(chan time.Time)
	var over sync.WaitGroup
	over.Go(func() { h.tell(s, pings) })
	return pings, over.Wait
}

func TestSocket(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	early := record("early")
	w.Hub.Begin(early)
	s := &wire{got: make(chan string, 10), done: make(chan struct{})}
	pings, ended := talk(w.Hub, s)
	next := func() (operation, id, status string) {
		var f struct {
			Type, Operation string
			Payload         LogEntry
		}
		text := <-s.got
		if err := json.Unmarshal([]byte(text), &f); err != nil || f.Type != "log" {
			t.Fatalf("%s: %v", text, err)
		}
		return f.Operation, f.Payload.ID, f.Payload.Status
	}
	expect := func(operation, id, status string) {
		t.Helper()
		if o, i, st := next(); o != operation || i != id || st != status {
			t.Errorf("%s %s %s, want %s %s %s", o, i, st, operation, id, status)
		}
	}
	expect("create", "early", "processing")

	// Each state of a row comes, however fast they follow one another. What is no row of the log does not.
	w.Hub.Config(7)
	w.Hub.Gateway(Gateway{})
	one := finished("one")
	w.Hub.Begin(one)
	w.Hub.End(one)
	expect("create", "one", "processing")
	expect("update", "one", "success")

	pings <- time.Time{}
	if text := <-s.got; text != "ping" {
		t.Errorf("%s in place of a ping", text)
	}
	close(s.done)
	ended()
	if n := len(w.Hub.subs); n != 0 {
		t.Errorf("%d listeners are left", n)
	}
}

func TestSocketsEnd(t *testing.T) {
	t.Run("slow", func(t *testing.T) {
		w := newWorld(t, config.Fixed{})
		s := &wire{got: make(chan string), done: make(chan struct{})}
		w.Hub.Begin(record("first"))
		_, ended := talk(w.Hub, s)
		<-s.got
		for range 2*maxPending + 3 {
			w.Hub.End(finished("x")) // nobody takes anything
		}
		go func() {
			for range s.got {
			}
		}()
		ended()
		close(s.got)
	})
	t.Run("failing", func(t *testing.T) {
		w := newWorld(t, config.Fixed{})
		s := &wire{fail: true}
		pings, ended := talk(w.Hub, s)
		pings <- time.Time{}
		ended()
	})
	t.Run("failing at a row", func(t *testing.T) {
		w := newWorld(t, config.Fixed{})
		w.Hub.Begin(record("a"))
		_, ended := talk(w.Hub, &wire{fail: true})
		ended()
	})
	t.Run("closing", func(t *testing.T) {
		w := newWorld(t, config.Fixed{})
		_, ended := talk(w.Hub, &wire{got: make(chan string), done: make(chan struct{})})
		w.Hub.Close()
		ended()
	})
}

func TestTickets(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	w.Now = func() time.Time { return now }
	ticket := do[Ticket](w, "POST", "/api/session/ws-ticket", "").Ticket
	late := do[Ticket](w, "POST", "/api/session/ws-ticket", "").Ticket
	if w.Ticket("") || w.Ticket("nonsense") || ticket == late {
		t.Error("a ticket that nobody gave is good")
	}
	if !w.Ticket(ticket) || w.Ticket(ticket) {
		t.Error("a ticket must be good once")
	}
	now = now.Add(ticketLife)
	if w.Ticket(late) {
		t.Error("an old ticket is good")
	}
	if r, err := w.send(context.Background(), "GET", "/ws", "", fields{}); err != nil || r.Socket == nil {
		t.Errorf("%+v, %v", r, err)
	}
}
