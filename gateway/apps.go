package gateway

import (
	"sync"

	"heimdall/gateway/compat"
)

// Names of User-Agents that are remembered.
const maxApps = 256

// apps knows the programs by their User-Agents. There are few of them, which call again and again.
type apps struct {
	given func(userAgent string) (name string, ok bool) // by the user
	mu    sync.RWMutex
	names map[string]string
}

// name is the short name of the program.
func (a *apps) name(userAgent string) string {
	a.mu.RLock()
	name, ok := a.names[userAgent]
	a.mu.RUnlock()
	if ok {
		return name
	}
	if name, ok = a.given(userAgent); !ok {
		name = compat.App(userAgent)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.names == nil || len(a.names) >= maxApps {
		a.names = map[string]string{}
	}
	a.names[userAgent] = name
	return name
}
