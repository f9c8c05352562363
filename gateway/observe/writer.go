package observe

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"heimdall/gateway/exchange"
)

// WriterOptions is what a writer must be told. Zero values of the numbers mean their defaults.
type WriterOptions struct {
	Store      Store
	MaxBytes   int64        // memory for bodies that wait; default 32 MB
	MaxEntries int          // records that wait; default 10 000
	Log        *slog.Logger // nil = nowhere

	// Prepare completes a record before it is stored, and may change it; it runs on the writer's goroutine, once for each
	// record, in their order. nil = there is nothing to do.
	Prepare func(*exchange.Record)

	// OnDrop is told the counts of Dropped after they have changed, OnState the error with which the store began to
	// fail, and nil when it works again. Both run on the writer's goroutine; nil = nobody listens.
	OnDrop  func(rows, bodies int64)
	OnState func(error)
}

const (
	defaultMaxBytes   = 32 << 20
	defaultMaxEntries = 10_000

	// A batch is written when it is this old, or when it has as many bytes or records.
	batchDelay   = 200 * time.Millisecond
	batchBytes   = 1 << 20
	batchEntries = 1000

	// Waiting between tries while the store fails.
	firstBackoff = 250 * time.Millisecond
	maxBackoff   = 30 * time.Second
)

// Writer is the observer that logs. End copies the record into memory; one goroutine writes what has gathered there
// to the store, in batches. While nothing happens, nothing runs.
//
// While the store fails or can't keep up, what waits is kept within the limits: first new records lose their bodies,
// then they are lost whole.
type Writer struct {
	o       WriterOptions
	wake    chan struct{}      // a batch is due; holds one
	wrote   chan struct{}      // something was stored; holds one
	closing chan struct{}      // closed by Close
	stopped chan struct{}      // closed when the goroutine has ended
	giveUp  context.CancelFunc // ends the tries to write

	mu      sync.Mutex
	timer   *time.Timer // runs while the filling slab waits for its time
	filling *slab
	spare   *slab // the other one, while the goroutine does not have it
	free    chunks
	writing struct { // what the goroutine has
		records int
		bytes   int64
	}
	dropped  counts
	accepted uint64        // records taken, ever
	settled  uint64        // of those, stored or given up
	failing  error         // of the last try; nil = it worked
	tried    chan struct{} // closed and made anew after each try
	closed   bool
}

type counts struct{ rows, bodies int64 }

// NewWriter starts a writer; Close ends it.
func NewWriter(o WriterOptions) *Writer {
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.MaxEntries == 0 {
		o.MaxEntries = defaultMaxEntries
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	ctx, giveUp := context.WithCancel(context.Background())
	w := &Writer{
		o: o, wake: make(chan struct{}, 1), wrote: make(chan struct{}, 1), closing: make(chan struct{}), stopped: make(chan struct{}), giveUp: giveUp,
		filling: &slab{}, spare: &slab{}, tried: make(chan struct{}),
	}
	w.timer = time.AfterFunc(batchDelay, w.due)
	w.timer.Stop()
	go w.run(ctx)
	return w
}

// Begin does nothing: the log has finished records only.
func (w *Writer) Begin(*exchange.Record) {}

// End takes a copy of the record.
func (w *Writer) End(r *exchange.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.filling
	if w.closed || len(s.records)+w.writing.records >= w.o.MaxEntries {
		w.dropped.rows++
		return
	}
	s.records = append(s.records, *r)
	w.own(&s.records[len(s.records)-1])
	w.accepted++
	switch {
	case s.used >= batchBytes || len(s.records) >= batchEntries:
		w.due()
	case len(s.records) == 1:
		w.timer.Reset(batchDelay)
	}
}

// own copies the bytes of the record that belong to the exchange.
func (w *Writer) own(r *exchange.Record) {
	w.ownPair(&r.Request, &r.Sent)
	w.ownPair(&r.Response, &r.Answer)
	for _, b := range [...]*[]byte{(*[]byte)(&r.Usage.Raw), &r.ResponseMarks, &r.AnswerMarks, &r.Header, &r.ResponseHeader} {
		if !w.fits(len(*b)) {
			*b = nil
		}
		*b = w.filling.copy(*b, &w.free)
	}
}

// ownPair copies two bodies; where the second one is the beginning of the first, its copy is, too.
func (w *Writer) ownPair(first, second *exchange.Body) {
	n := len(second.Data)
	shared := n > 0 && n <= len(first.Data) && &second.Data[0] == &first.Data[0]
	w.ownBody(first)
	if shared && first.Data != nil {
		second.Data = first.Data[:n:n]
		return
	}
	w.ownBody(second)
}

func (w *Writer) ownBody(b *exchange.Body) {
	if !w.fits(len(b.Data)) {
		b.Data = nil
		w.dropped.bodies++
		return
	}
	b.Data = w.filling.copy(b.Data, &w.free)
}

func (w *Writer) fits(n int) bool {
	return w.filling.bytes+w.filling.needs(n)+w.writing.bytes <= w.o.MaxBytes
}

// due wakes the goroutine.
func (w *Writer) due() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Dropped counts what was lost since the start: records, and bodies of records that were kept.
func (w *Writer) Dropped() (rows, bodies int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dropped.rows, w.dropped.bodies
}

// Flush waits until all records that have ended are stored. It does not wait for a store that fails, whose error it
// returns.
func (w *Writer) Flush(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for wanted := w.accepted; w.settled < wanted; {
		if w.failing != nil {
			return w.failing
		}
		w.due()
		if err := w.awaitTry(ctx); err != nil {
			return err
		}
	}
	return nil
}

// awaitTry waits for the end of the next try to write. The lock is free meanwhile.
func (w *Writer) awaitTry(ctx context.Context) error {
	tried := w.tried
	w.mu.Unlock()
	defer w.mu.Lock()
	select {
	case <-tried:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close writes what waits and ends the writer. While the store fails it tries until ctx is done, and then returns an
// error that says how much is lost.
func (w *Writer) Close(ctx context.Context) error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		w.timer.Stop()
		close(w.closing)
		w.due()
	}
	before := w.dropped.rows
	w.mu.Unlock()
	select {
	case <-w.stopped:
	case <-ctx.Done():
		w.giveUp()
		<-w.stopped
	}
	w.giveUp()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing != nil {
		return fmt.Errorf("%d log entries are lost: %w", w.dropped.rows-before, w.failing)
	}
	return nil
}

var _ exchange.Observer = (*Writer)(nil)
