package route

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"heimdall/providers/llm"
)

func TestGate(t *testing.T) {
	g := NewGate(1, 1)
	if err := g.Enter(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancelCause(t.Context())
	why := errors.New("left")
	waits := make(chan error, 1)
	go func() { waits <- g.Enter(ctx, "p") }()
	for g.waiting.Load() == 0 {
		runtime.Gosched()
	}
	if err := g.Enter(t.Context(), "p"); llm.AsError(err).Type != "queue_full" {
		t.Errorf("beyond the queue: %v", err)
	}
	leave(why)
	if err := <-waits; !errors.Is(err, why) {
		t.Errorf("who leaves the queue: %v", err)
	}
	g.Leave()
	if err := g.Enter(t.Context(), "p"); err != nil {
		t.Errorf("after a place is free: %v", err)
	}
	var none *Gate
	if err := none.Enter(t.Context(), "p"); err != nil {
		t.Errorf("no gate: %v", err)
	}
	none.Leave()
}
