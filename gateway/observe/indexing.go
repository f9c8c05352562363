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
)

// Indexing keeps the index of what was said up to date, when there is nothing else to do or when somebody searches.
type Indexing struct {
	writer *Writer
	store  Indexer
	text   func(*exchange.Record) string
	log    *slog.Logger
	busy   chan struct{} // holds one while the index is written
}

// NewIndexing makes one; Run starts it. text is what was said in a record.
func NewIndexing(w *Writer, s Indexer, text func(*exchange.Record) string, log *slog.Logger) *Indexing {
	return &Indexing{writer: w, store: s, text: text, log: log, busy: make(chan struct{}, 1)}
}

// Run indexes until ctx is done. While nothing is logged, nothing runs. A failure is logged once, however often it
// repeats.
func (i *Indexing) Run(ctx context.Context) {
	timer := time.NewTimer(indexFirst)
	defer timer.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-i.writer.wrote:
			timer.Reset(indexIdle)
			continue
		case <-timer.C:
		}
		err := i.whileIdle(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			i.log.Warn("what was said can't be made searchable; trying again after the next request", "error", err)
		}
		failing = err != nil
	}
}

// whileIdle indexes until all is there, or something is written.
func (i *Indexing) whileIdle(ctx context.Context) error {
	for more := true; more && ctx.Err() == nil && len(i.writer.wrote) == 0; {
		var err error
		if more, err = i.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// catchUp indexes until all is there, or ctx is done. What fails is tried again, and told, by Run.
func (i *Indexing) catchUp(ctx context.Context) {
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = i.step(ctx); err != nil {
			return
		}
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
