package metrics

import "sync"

// table finds the series of a set of labels, which is its key, without making them anew. It holds a bounded number of
// sets, if fold leaves a bounded number of keys.
type table[K comparable, V any] struct {
	limit int
	clean func(*K)                          // makes a key fit to be kept
	fold  func(k *K, time int, failed bool) // makes a key less special, the first and the second time
	bind  func(*K) *V                       // makes the series
	count func()                            // hears of a key that was folded

	mu   sync.RWMutex
	sets map[K]*V
}

// find gives the series of a key. Beyond the limit it is a folded key's; beyond twice the limit, of one that is folded
// once more. failed says that the call did, so that its names may be made up.
func (t *table[K, V]) find(k *K, failed bool) *V {
	t.mu.RLock()
	v := t.sets[*k]
	t.mu.RUnlock()
	if v == nil {
		v = t.add(*k, failed)
	}
	return v
}

func (t *table[K, V]) add(k K, failed bool) *V {
	t.clean(&k)
	t.mu.Lock()
	defer t.mu.Unlock()
	for time := range 3 {
		if v := t.sets[k]; v != nil {
			return v
		}
		if time == 2 || len(t.sets) < t.limit*(time+1) {
			break
		}
		if time == 0 {
			t.count()
		}
		t.fold(&k, time, failed)
	}
	v := t.bind(&k)
	if t.sets == nil {
		t.sets = map[K]*V{}
	}
	t.sets[k] = v
	return v
}
