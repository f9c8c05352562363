package otel

import "sync"

// Lost counts what was dropped: traces, and what was said in traces that were sent.
type Lost struct{ Traces, Contents int64 }

// item is an entry in the queue of one profile. Where full is not set, only its row is to be sent.
type item struct {
	*entry
	full   bool
	weight int64
}

// queue is what waits for one profile's worker. Nobody waits for room in it.
type queue struct {
	maxItems int
	maxBytes int64

	mu     sync.Mutex
	wake   chan struct{} // something is there, or it is closed; holds one
	items  []item
	coming int // records for which there is room, and that are being copied
	bytes  int64
	lost   Lost
	closed bool
}

func newQueue(items int, bytes int64) *queue {
	return &queue{maxItems: items, maxBytes: bytes, wake: make(chan struct{}, 1)}
}

// reserve makes room for a record with so many bytes of what was said: row is false where there is none, full where there
// is none for the bytes. put uses the room.
func (q *queue) reserve(weight int64) (row, full bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.items)+q.coming >= q.maxItems {
		q.lost.Traces++
		return false, false
	}
	q.coming++
	if q.bytes+weight > q.maxBytes {
		q.lost.Contents++
		return true, false
	}
	q.bytes += weight
	return true, true
}

// put adds an entry for which there is room.
func (q *queue) put(e *entry, full bool, weight int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.coming--
	if !full {
		weight = 0
	}
	if q.closed {
		q.lost.Traces++
		q.bytes -= weight
		return
	}
	q.items = append(q.items, item{e, full, weight})
	q.ring()
}

func (q *queue) ring() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// wait waits until something is there; false = it is closed and empty.
func (q *queue) wait() bool {
	for {
		q.mu.Lock()
		n, closed := len(q.items), q.closed
		q.mu.Unlock()
		if n > 0 || closed {
			return n > 0
		}
		<-q.wake
	}
}

// take removes the first item. What it holds counts until it is given back by free.
func (q *queue) take() (item, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		q.items = nil
		return item{}, false
	}
	first := q.items[0]
	q.items[0] = item{}
	q.items = q.items[1:]
	return first, true
}

// free says that a taken item is not needed any more.
func (q *queue) free(weight int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bytes -= weight
}

func (q *queue) count(lost Lost) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lost.Traces += lost.Traces
	q.lost.Contents += lost.Contents
}

func (q *queue) dropped() Lost {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.lost
}

func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items)
}

// close ends the queue: what is in it can be taken, nothing comes any more.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.ring()
}
