package gateway

import (
	"crypto/rand"
	"encoding/hex"
	"sync"
)

// rememberIDs is how many ids of callers are remembered. Those who repeat an id do so soon: they retry.
const rememberIDs = 4096

// callerIDs keeps apart requests to which their callers gave the same id, so that each has its own place in the log.
type callerIDs struct {
	mu   sync.Mutex
	seen map[string]struct{}
	ring []string // the same, in the order in which they came
	next int
}

// place is the id under which a request is logged: the caller's own, with a tail from the second time on.
func (c *callerIDs) place(id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, again := c.seen[id]; again {
		b := make([]byte, 4)
		_, _ = rand.Read(b) // never fails
		return id + "." + hex.EncodeToString(b)
	}
	if c.seen == nil {
		c.seen = make(map[string]struct{})
	}
	if len(c.ring) < rememberIDs {
		c.ring = append(c.ring, id)
	} else {
		delete(c.seen, c.ring[c.next])
		c.ring[c.next] = id
		c.next = (c.next + 1) % rememberIDs
	}
	c.seen[id] = struct{}{}
	return id
}
