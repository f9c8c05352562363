package gateway

import "runtime/debug"

// A gateway keeps little and makes much that is soon forgotten: with the runtime's default it would collect garbage many
// times a second under load, of a heap of a few megabytes. The limit keeps the larger heap from growing far.
const (
	gcPercent   = 400
	memoryLimit = 256 << 20
)

// tuneMemory sets the process's garbage collection, unless the environment does.
func tuneMemory(env func(string) string) {
	if env("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if env("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
