package gateway

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// A gateway keeps little and makes much that is soon forgotten: with the runtime's default it would collect garbage many
// times a second under load, of a heap of a few megabytes. The limit keeps the larger heap from growing far.
const (
	gcPercent   = 400
	memoryLimit = 256 << 20
)

// tuneMemory sets the process's garbage collection, unless the environment does, and looks after it until ctx ends.
func tuneMemory(ctx context.Context, env func(string) string) {
	if env("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if env("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
		afterCollection(ctx, followHeap)
	}
}

// followHeap moves the limit to what is kept and an eighth more, where that is much: thousands of open streams. Under a limit
// with no room the runtime would do nothing but collect.
func followHeap() {
	kept := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(kept)
	var sum int64
	for _, k := range kept {
		if k.Value.Kind() == metrics.KindUint64 {
			sum += int64(k.Value.Uint64())
		}
	}
	debug.SetMemoryLimit(max(memoryLimit, sum+sum/8))
}

// afterCollection calls f after each garbage collection until ctx ends.
func afterCollection(ctx context.Context, f func()) {
	type mark struct{ _ *byte } // with a pointer: what has none may share its memory, and then it is not known when it ends
	var again func(*mark)
	again = func(m *mark) {
		if ctx.Err() == nil {
			f()
			runtime.SetFinalizer(m, again)
		}
	}
	runtime.SetFinalizer(&mark{}, again)
}
