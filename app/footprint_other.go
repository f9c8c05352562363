//go:build !linux

package app

import "runtime/debug"

// shrink gives back what the process does not need at rest.
func shrink() { debug.FreeOSMemory() }
