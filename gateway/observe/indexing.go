package observe

import (
	"context"
	"log/slog"
	"time"

	"heimdall/gateway/exchange"
)

const (
	// The index of words is brought up to date when nothing was written for so long, and after the start.
	indexIdle  = 3 * time.Second
	indexFirst = 20 * time.Second
	// Records that the index takes in before it is asked whether it should go on.
	indexStep = 50
	// While nobody searches the index rests so many times as long as it worked: it costs more than the rows themselves, and
	// most of what is logged is never searched.
	indexRest = 50
)

// Indexing keeps the index of what was said up to date: at leisure when there is nothing else to do, and at once when
// somebody searches.
type Indexing struct {
	writer *Writer
	store  Indexer
	text   func(*exchange.Record) string
	log    *slog.Logger
	busy   chan struct{} // holds one while the index is written
	hurry  chan struct{} // somebody searched for what is not there yet; holds one
}

// NewIndexing makes one; Run starts it. text is what was said in a record.
func NewIndexing(w *Writer, s Indexer, text func(*exchange.Record) string, log *slog.Logger) *Indexing {
	return &Indexing{writer: w, store: s, text: text, log: log, busy: make(chan struct{}, 1), hurry: make(chan struct{}, 1)}
}

// Run indexes until ctx is done. While nothing is logged, nothing runs. A failure is logged once, however often it
// repeats.
func (i *Indexing) Run(ctx context.Context) {
	timer := time.NewTimer(indexFirst)
	defer timer.Stop()
	failing := false
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-i.writer.wrote:
			timer.Reset(indexIdle)
			continue
		case <-timer.C:
			err = i.whileIdle(ctx)
		case <-i.hurry:
			_, err = i.all(ctx)
		}
		if err != nil && !failing && ctx.Err() == nil {
			i.log.Warn("what was said can't be made searchable; trying again after the next request", "error", err)
		}
		failing = err != nil
	}
}

// whileIdle indexes until all is there, something is written, or somebody searches.
func (i *Indexing) whileIdle(ctx context.Context) error {
	for len(i.writer.wrote)+len(i.hurry) == 0 {
		begun := time.Now()
		more, err := i.step(ctx)
		if err != nil || !more {
			return err
		}
		if !i.rest(ctx, indexRest*time.Since(begun)) {
			return nil
		}
	}
	return nil
}

// rest waits unless ctx is done or somebody searches.
func (i *Indexing) rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-i.hurry:
		i.hurried()
	case <-ctx.Done():
	}
	return false
}

// hurried has Run index what is missing at once.
func (i *Indexing) hurried() {
	select {
	case i.hurry <- struct{}{}:
	default:
	}
}

// all indexes until all is there, which done says, or ctx is done.
func (i *Indexing) all(ctx context.Context) (done bool, err error) {
	for ctx.Err() == nil {
		more, err := i.step(ctx)
		if err != nil || !more {
			return err == nil, err
		}
	}
	return false, nil
}

// catchUp indexes until all is there, or ctx is done; then Run goes on. What fails is tried again, and told, by Run.
func (i *Indexing) catchUp(ctx context.Context) {
	if done, err := i.all(ctx); !done && (err == nil || ctx.Err() != nil) {
		i.hurried()
	}
}

// step indexes some records; others wait for it.
func (i *Indexing) step(ctx context.Context) (more bool, err error) {
	select {
	case i.busy <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-i.busy }()
	return i.store.IndexText(ctx, indexStep, i.text)
}
