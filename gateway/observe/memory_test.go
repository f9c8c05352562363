package observe

import (
	"context"
	"errors"
	"slices"
	"sync"

	"heimdall/gateway/exchange"
	"heimdall/providers/catalog"
)

// memory is a store that can be made to fail and to hang.
type memory struct {
	mu      sync.Mutex
	records []*exchange.Record
	batches int
	tries   int
	err     error
	limits  []Limits

	said      []string
	indexed   int // records
	indexings int // calls
	closed    bool
	broken    error // of Search

	hang chan struct{} // Append waits until it is closed; nil = does not wait
}

func (m *memory) Append(ctx context.Context, batch []*exchange.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tries++
	if hang := m.hang; hang != nil {
		m.mu.Unlock()
		<-hang
		m.mu.Lock()
	}
	if m.err != nil {
		return m.err
	}
	m.batches++
	for _, r := range batch {
		kept := *r // the writer uses its memory again
		kept.Request.Data = slices.Clone(r.Request.Data)
		kept.Response.Data = slices.Clone(r.Response.Data)
		kept.Sent.Data = slices.Clone(r.Sent.Data)
		kept.Answer.Data = slices.Clone(r.Answer.Data)
		kept.Usage.Raw = slices.Clone(r.Usage.Raw)
		kept.ResponseMarks, kept.AnswerMarks = slices.Clone(r.ResponseMarks), slices.Clone(r.AnswerMarks)
		kept.Header, kept.ResponseHeader = slices.Clone(r.Header), slices.Clone(r.ResponseHeader)
		m.records = append(m.records, &kept)
	}
	return nil
}

func (m *memory) Get(_ context.Context, id string) (*exchange.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.records {
		if r.ID == id {
			return r, nil
		}
	}
	return nil, ErrNotFound
}

func (m *memory) Search(context.Context, Query) (Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return Page{}, m.broken
	}
	return Page{Records: slices.Clone(m.records), Total: int64(len(m.records))}, nil
}

func (m *memory) Stats(context.Context, Query, Breakdown) ([]Group, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return []Group{{Sums: Sums{Requests: int64(len(m.records))}}}, m.err
}

func (m *memory) Size(context.Context) (Size, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Size{Rows: int64(len(m.records))}, m.err
}

func (m *memory) Reprice(context.Context, Query, func(*exchange.Record) (catalog.Cost, bool)) (Repriced, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Repriced{Matched: len(m.records)}, m.err
}

// IndexText calls text once for each record.
func (m *memory) IndexText(ctx context.Context, n int, text func(*exchange.Record) string) (bool, error) {
	m.mu.Lock()
	m.indexings++
	next := m.records[m.indexed:min(len(m.records), m.indexed+n)]
	err := errors.Join(m.err, ctx.Err())
	m.mu.Unlock()
	if err != nil {
		return false, err
	}
	var said []string
	for _, r := range next {
		said = append(said, text(r))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.said = append(m.said, said...)
	m.indexed += len(next)
	return m.indexed < len(m.records), nil
}

// heard is how many texts were indexed, and in how many calls.
func (m *memory) heard() (texts, calls int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.said), m.indexings
}

func (m *memory) Close() error {
	m.closed = true
	return nil
}

func (m *memory) Delete(_ context.Context, ids []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.records = slices.DeleteFunc(m.records, func(r *exchange.Record) bool { return slices.Contains(ids, r.ID) })
	return nil
}

func (m *memory) Prune(_ context.Context, l Limits) (Pruned, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limits = append(m.limits, l)
	return Pruned{}, m.err
}

// set changes the store while it is used.
func (m *memory) set(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

func (m *memory) stored() []*exchange.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.records)
}
