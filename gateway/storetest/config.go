package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"heimdall/gateway/config"
)

// Config checks a config.Store. open opens the store whose place is dir: a new one for a new dir, the same again for
// one that was opened before. It closes the store when the test ends; the suite may close it earlier.
func Config(t *testing.T, open func(t *testing.T, dir string) config.Store) {
	for name, test := range map[string]func(t *testing.T, open func() config.Store){
		"a new store is empty":                        configEmpty,
		"what was applied is loaded":                  configApply,
		"a change replaces and deletes":               configChange,
		"an old version is refused":                   configConflict,
		"a refused change leaves nothing":             configAllOrNothing,
		"of two writers with one version one wins":    configRace,
		"what was applied is there after a reopening": configReopen,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			test(t, func() config.Store { return open(t, dir) })
		})
	}
}

func configEmpty(t *testing.T, open func() config.Store) {
	checkConfig(t, open(), 0)
}

func configApply(t *testing.T, open func() config.Store) {
	s := open()
	want := []config.Entity{
		entity("client", "", `{"a":1}`),
		entity("key", "k1", `{"name":"ключ 🔑","note":"a 'quote' and \"another\"\n"}`),
		entity("provider", "ünï", `{ "kept" :  "as written" }`),
	}
	version := apply(t, s, 0, want...)
	checkConfig(t, s, version, want...)
}

func configChange(t *testing.T, open func() config.Store) {
	s := open()
	v1 := apply(t, s, 0, entity("key", "a", `1`), entity("key", "b", `1`), entity("provider", "a", `1`))
	v2 := apply(t, s, v1, entity("key", "a", `2`), config.Entity{Kind: "key", ID: "b"}, config.Entity{Kind: "key", ID: "none"})
	if v2 <= v1 {
		t.Errorf("the version went from %d to %d; want it to grow", v1, v2)
	}
	checkConfig(t, s, v2, entity("key", "a", `2`), entity("provider", "a", `1`))
}

func configConflict(t *testing.T, open func() config.Store) {
	s := open()
	v1 := apply(t, s, 0, entity("key", "a", `1`))
	v2 := apply(t, s, v1, entity("key", "a", `2`))
	for _, base := range []int64{0, v1, v2 + 1} {
		if _, err := s.Apply(t.Context(), base, []config.Entity{entity("key", "a", `3`)}); !errors.Is(err, config.ErrConflict) {
			t.Errorf("apply on version %d, stored is %d: error %v, want ErrConflict", base, v2, err)
		}
	}
	checkConfig(t, s, v2, entity("key", "a", `2`))
}

func configAllOrNothing(t *testing.T, open func() config.Store) {
	s := open()
	v1 := apply(t, s, 0, entity("key", "a", `1`))
	_, err := s.Apply(t.Context(), v1-1, []config.Entity{entity("key", "a", `2`), entity("key", "new", `2`)})
	if err == nil {
		t.Fatal("apply on an old version succeeded")
	}
	checkConfig(t, s, v1, entity("key", "a", `1`))
}

func configRace(t *testing.T, open func() config.Store) {
	s := open()
	const writers = 8
	var wg sync.WaitGroup
	errs := make([]error, writers)
	for i := range writers {
		wg.Go(func() {
			_, errs[i] = s.Apply(t.Context(), 0, []config.Entity{entity("key", fmt.Sprint(i), `1`)})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, config.ErrConflict) {
			t.Errorf("apply: %v, want ErrConflict", err)
		}
	}
	entities, _, err := s.Load(t.Context())
	if err != nil || won != 1 || len(entities) != 1 {
		t.Errorf("%d writers won and %d entities are stored (error %v); want one of each", won, len(entities), err)
	}
}

func configReopen(t *testing.T, open func() config.Store) {
	s := open()
	version := apply(t, s, 0, entity("key", "a", `1`))
	closeStore(t, s)
	checkConfig(t, open(), version, entity("key", "a", `1`))
}

func entity(kind, id, data string) config.Entity {
	return config.Entity{Kind: kind, ID: id, Data: json.RawMessage(data)}
}

func apply(t *testing.T, s config.Store, base int64, changes ...config.Entity) int64 {
	t.Helper()
	version, err := s.Apply(t.Context(), base, changes)
	if err != nil {
		t.Fatalf("apply: %v", err)
	}
	return version
}

func checkConfig(t *testing.T, s config.Store, version int64, want ...config.Entity) {
	t.Helper()
	got, v, err := s.Load(t.Context())
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	if v != version {
		t.Errorf("the version is %d, want %d", v, version)
	}
	byKey := cmpopts.SortSlices(func(a, b config.Entity) bool { return a.Kind+"\n"+a.ID < b.Kind+"\n"+b.ID })
	if diff := cmp.Diff(want, got, byKey, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("loaded (-want +got):\n%s", diff)
	}
}

func closeStore(t *testing.T, s any) {
	t.Helper()
	if c, ok := s.(io.Closer); ok {
		if err := c.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
}
