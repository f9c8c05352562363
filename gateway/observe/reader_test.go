package observe

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReaderSeesWhatHasJustEnded(t *testing.T) {
	m := &memory{}
	started(t, WriterOptions{Store: m}, func(t *testing.T, w *Writer) {
		r := NewReader(w, m)
		w.End(record("a", "", ""))
		if _, err := r.Get(t.Context(), "a"); err != nil {
			t.Errorf("get: %v", err)
		}
		w.End(record("b", "", ""))
		if p, err := r.Search(t.Context(), Query{Limit: 10}); err != nil || len(p.Records) != 2 {
			t.Errorf("search: %d records, %v; want 2", len(p.Records), err)
		}
		w.End(record("c", "", ""))
		if err := r.Delete(t.Context(), []string{"a", "c"}); err != nil {
			t.Errorf("delete: %v", err)
		}
		if n := len(m.stored()); n != 1 {
			t.Errorf("%d records are left, want only b", n)
		}
	})
}

func TestReaderReadsWhileTheStoreCannotBeWritten(t *testing.T) {
	m := &memory{}
	started(t, WriterOptions{Store: m}, func(t *testing.T, w *Writer) {
		r := NewReader(w, m)
		w.End(record("a", "", ""))
		if err := w.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.set(func() { m.err = errors.New("disk full") })
		w.End(record("b", "", ""))
		if p, err := r.Search(t.Context(), Query{Limit: 10}); err != nil || len(p.Records) != 1 {
			t.Errorf("search: %d records, %v; want what is stored", len(p.Records), err)
		}
		m.set(func() { m.err = nil })
	})
}

func TestReaderHeedsItsContext(t *testing.T) {
	m := &memory{}
	started(t, WriterOptions{Store: m}, func(t *testing.T, w *Writer) {
		m.hang = make(chan struct{})
		w.End(record("a", "", ""))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := NewReader(w, m).Get(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("get while the store hangs: %v, want the context's error", err)
		}
		close(m.hang)
	})
}

func TestPruner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		var keep atomic.Value
		keep.Store(Retention{Age: 24 * time.Hour, MaxBytes: 1000})
		p := &Pruner{Store: m, Retention: func() Retention { return keep.Load().(Retention) }, Log: slog.New(slog.DiscardHandler)}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { p.Run(ctx); close(done) }()

		start := time.Now()
		time.Sleep(pruneFirst)
		synctest.Wait()
		m.set(func() { m.err = errors.New("busy") })
		keep.Store(Retention{ErrorAge: 48 * time.Hour, ContentAge: time.Hour, MaxBytes: 2000})
		time.Sleep(pruneEvery)
		synctest.Wait()
		keep.Store(Retention{})
		time.Sleep(pruneEvery)
		synctest.Wait()
		cancel()
		<-done

		want := []Limits{{Before: start.Add(pruneFirst - 24*time.Hour), MaxBytes: 1000}, {
			ErrorsBefore: start.Add(pruneFirst + pruneEvery - 48*time.Hour), BodiesBefore: start.Add(pruneFirst + pruneEvery - time.Hour), MaxBytes: 2000,
		}}
		if diff := cmp.Diff(want, m.limits); diff != "" {
			t.Errorf("pruned to (-want +got):\n%s", diff)
		}
	})
}
