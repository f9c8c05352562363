package observe

import (
	"context"
	"slices"
	"sync"

	"heimdall/gateway/exchange"
)

// memory is a store that can be made to fail and to hang.
type memory struct {
	mu      sync.Mutex
	records []*exchange.Record
	batches int
	tries   int
	err     error
	limits  []Limits

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
		kept.Usage.Raw = slices.Clone(r.Usage.Raw)
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
	return Page{Records: slices.Clone(m.records), Total: int64(len(m.records))}, nil
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
