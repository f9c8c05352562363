package keychain

import (
	"fmt"
	"sync"
)

// Mem is a Store in memory, for tests. Use NewMem.
type Mem struct {
	mu    sync.Mutex
	items map[string]string
}

// NewMem returns an empty store.
func NewMem() *Mem { return &Mem{items: map[string]string{}} }

func (m *Mem) Get(name string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.items[name]
	if !ok {
		return "", fmt.Errorf("read %s: %w", name, ErrNotFound)
	}
	return value, nil
}

func (m *Mem) Set(name, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items[name] = value
	return nil
}

func (m *Mem) Delete(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.items, name)
	return nil
}
