package observe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
)

func indexed(t *testing.T, test func(t *testing.T, m *memory, w *Writer, i *Indexing)) {
	m := &memory{}
	started(t, WriterOptions{Store: m}, func(t *testing.T, w *Writer) {
		i := NewIndexing(w, m, func(r *exchange.Record) string { return r.ID }, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { i.Run(ctx); close(done) }()
		test(t, m, w, i)
		cancel()
		<-done
	})
}

func heard(m *memory) int {
	n, _ := m.heard()
	return n
}

func TestIndexingWaitsForQuiet(t *testing.T) {
	indexed(t, func(t *testing.T, m *memory, w *Writer, _ *Indexing) {
		for n := range 3 * indexStep {
			w.End(record(fmt.Sprint(n), "", ""))
			time.Sleep(indexIdle / 2)
		}
		if n := heard(m); n > 0 {
			t.Errorf("%d records were indexed while others came", n)
		}
		time.Sleep(indexIdle + batchDelay)
		synctest.Wait()
		n, before := m.heard()
		if n != 3*indexStep {
			t.Errorf("%d records are indexed, want all", n)
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if _, after := m.heard(); after != before {
			t.Error("something runs while nothing is logged")
		}
	})
}

func TestIndexingTakesInWhatWasThere(t *testing.T) {
	m := &memory{}
	_ = m.Append(t.Context(), []*exchange.Record{record("old", "", "")})
	started(t, WriterOptions{Store: m}, func(t *testing.T, w *Writer) {
		i := NewIndexing(w, m, func(r *exchange.Record) string { return r.ID }, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go i.Run(ctx)
		time.Sleep(indexFirst)
		synctest.Wait()
		if n := heard(m); n != 1 {
			t.Errorf("%d records are indexed", n)
		}
	})
}

func TestSearchForWordsCatchesUp(t *testing.T) {
	indexed(t, func(t *testing.T, m *memory, w *Writer, i *Indexing) {
		r := NewReader(w, m)
		r.IndexBy(i)
		for n := range 2*indexStep + 1 {
			w.End(record(fmt.Sprint(n), "", ""))
		}
		if _, err := r.Search(t.Context(), Query{Where: filter.OneOf(filter.Model, "m")}); err != nil || heard(m) != 0 {
			t.Errorf("a search for no words indexed %d records: %v", heard(m), err)
		}
		if _, err := r.Search(t.Context(), Query{Where: filter.Like(filter.Text, "word")}); err != nil || heard(m) != 2*indexStep+1 {
			t.Errorf("a search for words indexed %d records: %v", heard(m), err)
		}
		m.set(func() { m.err = errors.New("the disk is full") })
		w.End(record("last", "", ""))
		if _, err := r.Search(t.Context(), Query{Where: filter.Like(filter.Text, "word")}); err != nil {
			t.Errorf("an index that can't be written keeps from searching: %v", err)
		}
		m.set(func() { m.err = nil })
	})
}

// At leisure the index takes a small part of the time, however much there is to do.
func TestIndexingRests(t *testing.T) {
	m := &memory{}
	started(t, WriterOptions{Store: m}, func(t *testing.T, w *Writer) {
		var worked atomic.Int64
		i := NewIndexing(w, m, func(*exchange.Record) string { worked.Add(1); time.Sleep(time.Millisecond); return "" }, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go i.Run(ctx)
		for n := range 100 * indexStep {
			w.End(record(fmt.Sprint(n), "", ""))
		}
		if err := w.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(indexIdle + 100*time.Second)
		if part := time.Duration(worked.Load()) * time.Millisecond; part < time.Second || part > 100*time.Second/indexRest+indexStep*time.Millisecond {
			t.Errorf("it worked for %v of 100 s", part)
		}
	})
}

// What a search did not wait for is there soon after.
func TestIndexingHurriesAfterASearch(t *testing.T) {
	m := &memory{}
	started(t, WriterOptions{Store: m}, func(t *testing.T, w *Writer) {
		i := NewIndexing(w, m, func(*exchange.Record) string { time.Sleep(time.Second / 10); return "" }, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go i.Run(ctx)
		r := NewReader(w, m)
		r.IndexBy(i)
		const all = 20 * indexStep
		for n := range all {
			w.End(record(fmt.Sprint(n), "", ""))
		}
		if _, err := r.Search(t.Context(), Query{Where: filter.Like(filter.Text, "word")}); err != nil {
			t.Fatal(err)
		}
		if n := heard(m); n >= all {
			t.Fatalf("the search waited for all %d", n)
		}
		time.Sleep(all*time.Second/10 + time.Second)
		synctest.Wait()
		if n := heard(m); n != all {
			t.Errorf("%d of %d are indexed", n, all)
		}
	})
}

// A search does not wait for long.
func TestCatchingUpIsBounded(t *testing.T) {
	m := &memory{}
	started(t, WriterOptions{Store: m}, func(t *testing.T, w *Writer) {
		slow := NewIndexing(w, m, func(*exchange.Record) string { time.Sleep(time.Second / 10); return "" }, slog.New(slog.DiscardHandler))
		r := NewReader(w, m)
		r.IndexBy(slow)
		for n := range 500 {
			w.End(record(fmt.Sprint(n), "", ""))
		}
		if err := w.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := r.Search(t.Context(), Query{Where: filter.Like(filter.Text, "word")}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < maxCatchUp || took > maxCatchUp+indexStep*time.Second/10 {
			t.Errorf("the search took %v", took)
		}
	})
}
