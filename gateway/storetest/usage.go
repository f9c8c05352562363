package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"heimdall/gateway/govern"
)

// Usage checks a govern.Store. open opens the store whose place is dir: a new one for a new dir, the same again for
// one that was opened before. It closes the store when the test ends; the suite may close it earlier.
func Usage(t *testing.T, open func(t *testing.T, dir string) govern.Store) {
	for name, test := range map[string]func(t *testing.T, open func() govern.Store){
		"a new store is empty":                      usageEmpty,
		"what was saved is loaded":                  usageSave,
		"a mark replaces and 0 removes":             usageReplace,
		"of one mark saved twice the last counts":   usageTwice,
		"saving nothing is fine":                    usageNothing,
		"savers do not get in each other's way":     usageConcurrent,
		"what was saved is there after a reopening": usageReopen,
		"a cancelled save writes nothing":           usageCancelled,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			test(t, func() govern.Store { return open(t, dir) })
		})
	}
}

func usageEmpty(t *testing.T, open func() govern.Store) { checkUsage(t, open()) }

func usageSave(t *testing.T, open func() govern.Store) {
	s := open()
	want := []govern.Mark{usageMark("budget/a", 1, 1), usageMark("budget/ключ 'x'", 1_700_000_000_123_456, 1<<62), usageMark("tokens/b", -5_000_000, 7)}
	saveUsage(t, s, want...)
	checkUsage(t, s, want...)
}

func usageReplace(t *testing.T, open func() govern.Store) {
	s := open()
	saveUsage(t, s, usageMark("a", 1, 100), usageMark("b", 1, 100), usageMark("c", 1, 100))
	saveUsage(t, s, usageMark("a", 2, 5), usageMark("b", 1, 0), usageMark("d", 1, 0))
	checkUsage(t, s, usageMark("a", 2, 5), usageMark("c", 1, 100))
}

func usageTwice(t *testing.T, open func() govern.Store) {
	s := open()
	saveUsage(t, s, usageMark("a", 1, 5), usageMark("a", 2, 3))
	checkUsage(t, s, usageMark("a", 2, 3))
}

func usageNothing(t *testing.T, open func() govern.Store) {
	s := open()
	saveUsage(t, s)
	checkUsage(t, s)
}

func usageConcurrent(t *testing.T, open func() govern.Store) {
	s := open()
	var wg sync.WaitGroup
	var want []govern.Mark
	for i := range 8 {
		id := fmt.Sprint(i)
		want = append(want, usageMark(id, 1, 20))
		wg.Go(func() {
			for v := range int64(20) {
				if err := s.Save(t.Context(), []govern.Mark{usageMark(id, 1, v+1)}); err != nil {
					t.Errorf("save: %v", err)
				}
			}
		})
	}
	wg.Wait()
	checkUsage(t, s, want...)
}

func usageReopen(t *testing.T, open func() govern.Store) {
	s := open()
	saveUsage(t, s, usageMark("a", 1, 100))
	closeStore(t, s)
	checkUsage(t, open(), usageMark("a", 1, 100))
}

func usageCancelled(t *testing.T, open func() govern.Store) {
	s := open()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Save(ctx, []govern.Mark{usageMark("a", 1, 100)}); !errors.Is(err, context.Canceled) {
		t.Errorf("save: %v, want it cancelled", err)
	}
	checkUsage(t, s)
}

func usageMark(id string, start, value int64) govern.Mark {
	return govern.Mark{ID: id, Start: time.UnixMicro(start).UTC(), Value: value}
}

func saveUsage(t *testing.T, s govern.Store, marks ...govern.Mark) {
	t.Helper()
	if err := s.Save(t.Context(), marks); err != nil {
		t.Fatalf("save: %v", err)
	}
}

func checkUsage(t *testing.T, s govern.Store, want ...govern.Mark) {
	t.Helper()
	got, err := s.Load(t.Context())
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	byID := cmpopts.SortSlices(func(a, b govern.Mark) bool { return a.ID < b.ID })
	if diff := cmp.Diff(want, got, byID, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("loaded (-want +got):\n%s", diff)
	}
}
