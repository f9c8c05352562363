package admin

import (
	"context"
	"encoding/json"
	"time"

	"heimdall/gateway/exchange"
)

const (
	pingEvery  = 30 * time.Second
	ticketLife = 30 * time.Second
)

// socketRows are the live view as websockets, in the frames of the contract, and the tickets for it.
func (a *Admin) socketRows() []exchange.Row {
	return []exchange.Row{
		{Method: "GET", Path: "/ws", Guard: exchange.GuardSocket, Handler: a.socket},
		{Method: "GET", Path: "/ws/logs", Guard: exchange.GuardSocket, Handler: a.socket},
		{Method: "POST", Path: "/api/session/ws-ticket", Guard: exchange.GuardManage, Handler: a.ticket},
	}
}

// ticket gives the proof that a page opens its websocket with, once and soon.
func (a *Admin) ticket(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	t, s, now := token(), a.sessions, a.now()
	s.mu.Lock()
	sweep(s.tickets, now)
	s.tickets[hash(t)] = now.Add(ticketLife)
	s.mu.Unlock()
	r, err := answer(Ticket{t})
	if err == nil {
		r.Header = append(r.Header, exchange.Field{Name: "Cache-Control", Value: "no-store"})
	}
	return r, err
}

// Ticket reports whether a ticket is good, which it is once.
func (a *Admin) Ticket(ticket string) bool {
	s := a.sessions
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.tickets[hash(ticket)]
	delete(s.tickets, hash(ticket))
	return ok && a.now().Before(until)
}

func (a *Admin) socket(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	return &exchange.Reply{Socket: func(s exchange.Socket) {
		pings := time.NewTicker(pingEvery)
		defer pings.Stop()
		a.Hub.tell(s, pings.C)
	}}, nil
}

// tell gives a client what happens in the log until it leaves or falls too far behind. It begins with what is in flight.
func (h *Hub) tell(to exchange.Socket, pings <-chan time.Time) {
	s := h.subscribe(Gateway{}, nil, true)
	defer s.Close()
	for {
		select {
		case <-to.Done():
			return
		case <-s.done:
			return
		case <-pings:
			if to.Ping() != nil {
				return
			}
		case <-s.wake:
			if s.send(to) != nil {
				return
			}
		}
	}
}

// send sends the rows that wait, each in a frame.
func (s *subscriber) send(to exchange.Socket) error {
	for _, f := range s.drain() {
		if f.Type != "log" {
			continue
		}
		text, err := json.Marshal(f)
		if err != nil {
			return err
		}
		if err := to.Send(text); err != nil {
			return err
		}
	}
	return nil
}
