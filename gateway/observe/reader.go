package observe

import (
	"context"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
)

// Reader reads the log, records that ended a moment ago included.
type Reader struct {
	writer   *Writer
	store    Store
	indexing *Indexing
}

// maxCatchUp is how long a search waits for the index of words.
const maxCatchUp = 2 * time.Second

// NewReader makes a reader of what the writer writes to the store.
func NewReader(w *Writer, s Store) *Reader { return &Reader{writer: w, store: s} }

// IndexBy has searches for words wait, for a moment, until the index has what was said last.
func (r *Reader) IndexBy(i *Indexing) { r.indexing = i }

// Search reads records without bodies.
func (r *Reader) Search(ctx context.Context, q Query) (Page, error) {
	if err := r.flush(ctx); err != nil {
		return Page{}, err
	}
	if err := r.catchUp(ctx, q); err != nil {
		return Page{}, err
	}
	return r.store.Search(ctx, q)
}

// Get reads one record with its bodies; ErrNotFound where there is none.
func (r *Reader) Get(ctx context.Context, id string) (*exchange.Record, error) {
	if err := r.flush(ctx); err != nil {
		return nil, err
	}
	return r.store.Get(ctx, id)
}

// Stats adds records up.
func (r *Reader) Stats(ctx context.Context, q Query, b Breakdown) ([]Group, error) {
	if err := r.flush(ctx); err != nil {
		return nil, err
	}
	if err := r.catchUp(ctx, q); err != nil {
		return nil, err
	}
	return r.store.Stats(ctx, q, b)
}

// Size says what the log takes.
func (r *Reader) Size(ctx context.Context) (Size, error) { return r.store.Size(ctx) }

// Delete removes records and their bodies for good.
func (r *Reader) Delete(ctx context.Context, ids []string) error {
	if err := r.flush(ctx); err != nil {
		return err
	}
	return r.store.Delete(ctx, ids)
}

// catchUp fails only when ctx is done: what the index does not have yet is not found.
func (r *Reader) catchUp(ctx context.Context, q Query) error {
	if r.indexing == nil || !filter.Uses(q.Where, filter.Text) {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, maxCatchUp)
	defer cancel()
	r.indexing.catchUp(limited)
	return ctx.Err()
}

// flush fails only when ctx is done: what is in a store that can't be written can still be read.
func (r *Reader) flush(ctx context.Context) error {
	if err := r.writer.Flush(ctx); err != nil {
		return ctx.Err()
	}
	return nil
}
