package route

import (
	"context"
	"sync/atomic"

	"heimdall/providers/llm"
)

// Gate limits the calls in flight at a provider. A call beyond the limit waits for a place; when the places to wait
// are taken too it is refused.
type Gate struct {
	places  chan struct{}
	queue   int64
	waiting atomic.Int64
}

// NewGate lets limit calls in and queue more wait; a queue of 0 has no limit.
func NewGate(limit, queue int) *Gate {
	return &Gate{places: make(chan struct{}, limit), queue: int64(queue)}
}

// Enter takes a place; leave gives it back.
func (g *Gate) Enter(ctx context.Context, name string) error {
	if g == nil {
		return nil
	}
	select {
	case g.places <- struct{}{}:
		return nil
	default:
	}
	if g.waiting.Add(1) > g.queue && g.queue > 0 {
		g.waiting.Add(-1)
		return &llm.Error{Kind: llm.KindDropped, Status: 503, Type: "queue_full",
			Message: "request dropped: queue is full (" + name + "); raise concurrency_and_buffer_size or send less at once"}
	}
	defer g.waiting.Add(-1)
	select {
	case g.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Leave gives the place back.
func (g *Gate) Leave() {
	if g != nil {
		<-g.places
	}
}
