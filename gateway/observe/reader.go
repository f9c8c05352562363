package observe

import (
	"context"

	"heimdall/gateway/exchange"
)

// Reader reads the log, records that ended a moment ago included.
type Reader struct {
	writer *Writer
	store  Store
}

// NewReader makes a reader of what the writer writes to the store.
func NewReader(w *Writer, s Store) *Reader { return &Reader{writer: w, store: s} }

// Search reads records without bodies.
func (r *Reader) Search(ctx context.Context, q Query) (Page, error) {
	if err := r.flush(ctx); err != nil {
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

// Delete removes records and their bodies for good.
func (r *Reader) Delete(ctx context.Context, ids []string) error {
	if err := r.flush(ctx); err != nil {
		return err
	}
	return r.store.Delete(ctx, ids)
}

// flush fails only when ctx is done: what is in a store that can't be written can still be read.
func (r *Reader) flush(ctx context.Context) error {
	if err := r.writer.Flush(ctx); err != nil {
		return ctx.Err()
	}
	return nil
}
