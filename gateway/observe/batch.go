package observe

import (
	"context"
	"time"
)

// run is the writer's goroutine.
func (w *Writer) run(ctx context.Context) {
	defer close(w.stopped)
	var told counts
	for range w.wake {
		if s := w.swap(); s != nil {
			w.write(ctx, s, &told)
			w.recycle(s)
		}
		if w.ended() {
			return
		}
	}
}

// swap takes the slab that was filled, nil if nothing was, and leaves the other one to be filled.
func (w *Writer) swap() *slab {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.filling
	if len(s.records) == 0 {
		return nil
	}
	w.timer.Stop()
	w.filling, w.spare = w.spare, nil
	w.writing.records, w.writing.bytes = len(s.records), s.bytes
	return s
}

// write stores the slab's records, however long it takes, unless ctx ends.
func (w *Writer) write(ctx context.Context, s *slab, told *counts) {
	batch := s.pointers()
	if w.o.Prepare != nil {
		for _, r := range batch {
			w.o.Prepare(r)
		}
	}
	for backoff := firstBackoff; ; backoff = min(2*backoff, maxBackoff) {
		err := w.o.Store.Append(ctx, batch)
		if err == nil {
			w.settle(nil, len(batch), 0)
			w.tell(told)
			select {
			case w.wrote <- struct{}{}:
			default:
			}
			return
		}
		w.settle(err, 0, 0)
		w.tell(told)
		if !w.pause(ctx, backoff) {
			w.settle(err, len(batch), len(batch))
			w.tell(told)
			return
		}
	}
}

// settle notes the outcome of a try: how many records it settled, and how many of those are lost.
func (w *Writer) settle(err error, settled, lost int) {
	w.mu.Lock()
	was := w.failing
	w.failing = err
	w.settled += uint64(settled)
	w.dropped.rows += int64(lost)
	close(w.tried)
	w.tried = make(chan struct{})
	w.mu.Unlock()

	if (was == nil) == (err == nil) {
		return
	}
	if err != nil {
		w.o.Log.Warn("the request log can't be written; trying again", "error", err)
	} else {
		w.o.Log.Info("the request log is written again")
	}
	if w.o.OnState != nil {
		w.o.OnState(err)
	}
}

// tell calls OnDrop if something was dropped since it was told last.
func (w *Writer) tell(told *counts) {
	w.mu.Lock()
	now := w.dropped
	w.mu.Unlock()
	if now == *told {
		return
	}
	*told = now
	if w.o.OnDrop != nil {
		w.o.OnDrop(now.rows, now.bodies)
	}
}

// pause waits before the next try; false means that there is to be none. Closing makes the pauses short.
func (w *Writer) pause(ctx context.Context, d time.Duration) bool {
	closing := w.closing
	select {
	case <-closing:
		closing, d = nil, firstBackoff
	default:
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-closing:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// recycle takes the slab back after it was written.
func (w *Writer) recycle(s *slab) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.reset(&w.free)
	w.spare = s
	w.writing.records, w.writing.bytes = 0, 0
	if len(w.filling.records) > 0 {
		w.free.trim(keepBusy)
		return
	}
	w.free.trim(keepIdle)
	if cap(s.records) > keepRows {
		s.records, s.batch = nil, nil
	}
}

// ended reports whether the writer is closed and has nothing left to write.
func (w *Writer) ended() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed && len(w.filling.records) == 0
}
