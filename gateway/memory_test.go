package gateway

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
)

// A gateway that keeps more than the limit, for thousands of streams, must not do nothing but collect; afterwards the limit
// is what it was.
func TestTheLimitFollowsWhatIsKept(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tuneMemory(ctx, func(string) string { return "" })
	becomes := func(ok func(limit int64) bool) bool {
		for range 100 {
			runtime.GC()
			if ok(debug.SetMemoryLimit(-1)) {
				return true
			}
		}
		return false
	}
	kept := make([]byte, 2*memoryLimit)
	if !becomes(func(limit int64) bool { return limit > int64(len(kept)) }) {
		t.Errorf("with %d bytes kept the limit is %d", len(kept), debug.SetMemoryLimit(-1))
	}
	runtime.KeepAlive(kept)
	kept = nil
	if !becomes(func(limit int64) bool { return limit == memoryLimit }) {
		t.Errorf("with nothing kept the limit is %d", debug.SetMemoryLimit(-1))
	}
}

// Who sets the limit in the environment has set it.
func TestTheEnvironmentsLimitStays(t *testing.T) {
	limit := debug.SetMemoryLimit(123 << 20)
	defer debug.SetMemoryLimit(limit)
	tuneMemory(t.Context(), func(name string) string { return map[string]string{"GOMEMLIMIT": "123MiB", "GOGC": "100"}[name] })
	for range 3 {
		runtime.GC()
	}
	if got := debug.SetMemoryLimit(-1); got != 123<<20 {
		t.Errorf("the limit is %d", got)
	}
}
