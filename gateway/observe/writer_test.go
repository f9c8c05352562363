package observe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

func record(id, request, response string) *exchange.Record {
	body := func(s string) exchange.Body { return exchange.Body{Data: []byte(s), Size: int64(len(s))} }
	return &exchange.Record{ID: id, Request: body(request), Response: body(response)}
}

// started runs a writer in a bubble with a fake clock; test may close it.
func started(t *testing.T, o WriterOptions, test func(t *testing.T, w *Writer)) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWriter(o)
		defer w.Close(t.Context())
		test(t, w)
	})
}

func TestWriterWritesBatchesOnTime(t *testing.T) {
	m := &memory{}
	started(t, WriterOptions{Store: m}, func(t *testing.T, w *Writer) {
		for round := range 3 {
			for i := range 20 {
				w.End(record(fmt.Sprint(round, i), "request", "response"))
			}
			synctest.Wait()
			if n := len(m.stored()); n != 20*round {
				t.Fatalf("%d records are stored at once, want %d: they wait for a batch", n, 20*round)
			}
			time.Sleep(batchDelay)
			synctest.Wait()
			if n := len(m.stored()); n != 20*round+20 || m.batches != round+1 {
				t.Fatalf("%d records in %d batches after %v, want %d in %d", n, m.batches, batchDelay, 20*round+20, round+1)
			}
			time.Sleep(time.Hour)
		}
	})
}

func TestWriterWritesAtOnceWhatIsALot(t *testing.T) {
	for name, test := range map[string]struct {
		records int
		body    string
	}{
		"many records": {batchEntries, ""},
		"big bodies":   {16, strings.Repeat("x", batchBytes/16)},
	} {
		t.Run(name, func(t *testing.T) {
			m := &memory{}
			started(t, WriterOptions{Store: m}, func(t *testing.T, w *Writer) {
				for i := range test.records {
					w.End(record(fmt.Sprint(i), test.body, ""))
				}
				synctest.Wait()
				if n := len(m.stored()); n != test.records {
					t.Errorf("%d of %d records are stored without waiting", n, test.records)
				}
			})
		})
	}
}

func TestWriterCopies(t *testing.T) {
	m := &memory{}
	started(t, WriterOptions{Store: m}, func(t *testing.T, w *Writer) {
		sizes := []int{0, 1, 1000, 5000, chunkSize / 4, chunkSize/4 + 1, chunkSize, 3 << 20}
		for round := range 3 { // the second and third use the memory of the first again
			var want []*exchange.Record
			for i, size := range slices.Concat(sizes, sizes) {
				text := strings.Repeat(string(rune('a'+(i+round)%26)), size)
				r := record(fmt.Sprint(round, ".", i), text, text)
				r.Request.Size++ // it was cut
				r.Usage.Raw = []byte(`{"n":` + fmt.Sprint(i) + `}`)
				want = append(want, r)
				lent := *r
				lent.Request.Data, lent.Response.Data = bytes.Clone(r.Request.Data), bytes.Clone(r.Response.Data)
				lent.Usage.Raw = bytes.Clone(r.Usage.Raw)
				w.End(&lent)
				clear(lent.Request.Data)
				clear(lent.Response.Data)
				clear(lent.Usage.Raw)
			}
			if err := w.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, r := range want {
				checkStored(t, m, r)
			}
		}
	})
}

func checkStored(t *testing.T, m *memory, want *exchange.Record) {
	t.Helper()
	got, err := m.Get(t.Context(), want.ID)
	if err != nil {
		t.Fatalf("record %s: %v", want.ID, err)
	}
	if !bytes.Equal(got.Request.Data, want.Request.Data) || !bytes.Equal(got.Response.Data, want.Response.Data) ||
		!bytes.Equal(got.Usage.Raw, want.Usage.Raw) || got.Request.Size != want.Request.Size {
		t.Errorf("record %s is stored as %.60q, %.60q, %s; want %.60q, %.60q, %s", want.ID, got.Request.Data,
			got.Response.Data, got.Usage.Raw, want.Request.Data, want.Response.Data, want.Usage.Raw)
	}
}

func TestWriterKeepsContentOffOff(t *testing.T) {
	m := &memory{}
	started(t, WriterOptions{Store: m}, func(t *testing.T, w *Writer) {
		w.End(&exchange.Record{ID: "a", Request: exchange.Body{Size: 100}})
		if err := w.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r := m.stored()[0]; r.Request.Data != nil || r.Request.Size != 100 {
			t.Errorf("the request is stored as %q of %d bytes, want none of 100", r.Request.Data, r.Request.Size)
		}
		if rows, bodies := w.Dropped(); rows != 0 || bodies != 0 {
			t.Errorf("dropped %d rows and %d bodies; what was never to be kept is not dropped", rows, bodies)
		}
	})
}

func TestWriterDropsBodiesThenRows(t *testing.T) {
	m := &memory{}
	var told []counts
	o := WriterOptions{
		Store: m, MaxBytes: 3 * chunkSize, MaxEntries: 100,
		OnDrop: func(rows, bodies int64) { told = append(told, counts{rows, bodies}) },
	}
	started(t, o, func(t *testing.T, w *Writer) {
		m.hang = make(chan struct{})
		body := strings.Repeat("x", chunkSize/8)
		for i := range 150 {
			w.End(record(fmt.Sprint(i), body, ""))
			if i == 10 {
				time.Sleep(time.Minute) // the store has the first eleven, which are two chunks, and hangs
			}
		}
		rows, bodies := w.Dropped()
		if rows != 50 || bodies != 100-11-8 {
			t.Errorf("dropped %d rows and %d bodies, want 50 and 81", rows, bodies)
		}
		close(m.hang)
		if err := w.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		with := 0
		for _, r := range m.stored() {
			if r.Request.Size != int64(len(body)) {
				t.Fatalf("record %s has lost the size of its body: %d", r.ID, r.Request.Size)
			}
			if len(r.Request.Data) > 0 {
				with++
			}
		}
		if n := len(m.stored()); n != 100 || with != 19 {
			t.Errorf("%d records are stored, %d with body; want 100 and 19", n, with)
		}
		w.End(record("later", body, body))
		if err := w.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, err := m.Get(t.Context(), "later"); err != nil || len(got.Request.Data) == 0 {
			t.Errorf("a record after the store has caught up: %v, want it whole", err)
		}
		if want := []counts{{50, 81}}; !slices.Equal(told, want) {
			t.Errorf("OnDrop was told %v, want %v", told, want)
		}
	})
}

func TestWriterSurvivesAFailingStore(t *testing.T) {
	broken := errors.New("disk full")
	m := &memory{err: broken}
	var states []error
	var log bytes.Buffer
	o := WriterOptions{
		Store: m, OnState: func(err error) { states = append(states, err) }, Log: slog.New(slog.NewTextHandler(&log, nil)),
	}
	started(t, o, func(t *testing.T, w *Writer) {
		w.End(record("first", "a", "b"))
		time.Sleep(time.Hour)
		w.End(record("second", "c", "d"))
		time.Sleep(time.Hour)
		synctest.Wait()
		if m.tries < 100 || m.tries > 300 {
			t.Errorf("%d tries in two hours; want about one in %v", m.tries, maxBackoff)
		}
		if err := w.Flush(t.Context()); !errors.Is(err, broken) {
			t.Errorf("flush: %v, want the store's error at once", err)
		}
		m.set(func() { m.err = nil })
		time.Sleep(maxBackoff + batchDelay)
		synctest.Wait()
		if n := len(m.stored()); n != 2 {
			t.Errorf("%d records are stored after the store works again, want both", n)
		}
		if !slices.Equal(states, []error{broken, nil}) {
			t.Errorf("OnState was told %v, want the error once and then nil", states)
		}
		if n := strings.Count(log.String(), "\n"); n != 2 {
			t.Errorf("%d lines are logged, want two:\n%s", n, &log)
		}
		if rows, bodies := w.Dropped(); rows != 0 || bodies != 0 {
			t.Errorf("dropped %d rows and %d bodies, want none", rows, bodies)
		}
	})
}

func TestWriterCloseWritesAll(t *testing.T) {
	for name, prepare := range map[string]func(m *memory){
		"a working store": func(*memory) {},
		"a store that works again": func(m *memory) {
			m.err = errors.New("busy")
			time.AfterFunc(7*time.Second, func() { m.set(func() { m.err = nil }) })
		},
		"a store in a long pause": func(m *memory) {
			m.err = errors.New("busy")
			time.AfterFunc(time.Hour+1, func() { m.set(func() { m.err = nil }) })
		},
		"a store that hangs a while": func(m *memory) { m.hang = make(chan struct{}); time.AfterFunc(7*time.Second, func() { close(m.hang) }) },
	} {
		t.Run(name, func(t *testing.T) {
			m := &memory{}
			synctest.Test(t, func(t *testing.T) {
				w := NewWriter(WriterOptions{Store: m})
				prepare(m)
				w.End(record("a", "", ""))
				if strings.Contains(name, "pause") {
					time.Sleep(time.Hour)
				}
				w.End(record("b", "", ""))
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if err := w.Close(ctx); err != nil {
					t.Error(err)
				}
				if n := len(m.stored()); n != 2 {
					t.Errorf("%d records are stored, want both", n)
				}
				w.End(record("too late", "", ""))
				if rows, _ := w.Dropped(); rows != 1 {
					t.Errorf("dropped %d rows, want the one that came too late", rows)
				}
				if err := w.Close(ctx); err != nil {
					t.Errorf("second close: %v", err)
				}
			})
		})
	}
}

func TestWriterCloseGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{err: errors.New("disk full")}
		w := NewWriter(WriterOptions{Store: m})
		w.End(record("a", "", ""))
		time.Sleep(time.Minute)
		w.End(record("b", "", ""))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		err := w.Close(ctx)
		if err == nil || !strings.Contains(err.Error(), "2 log entries are lost: disk full") {
			t.Errorf("close: %v; want it to say what is lost and why", err)
		}
		if rows, _ := w.Dropped(); rows != 2 {
			t.Errorf("dropped %d rows, want 2", rows)
		}
	})
}

// An idle writer has no timer running: in a bubble whose goroutines all wait for ever, the clock stands still.
func TestWriterIdle(t *testing.T) {
	m := &memory{}
	started(t, WriterOptions{Store: m}, func(t *testing.T, w *Writer) {
		w.End(record("a", "", ""))
		time.Sleep(time.Second)
		synctest.Wait()
		w.mu.Lock()
		running := w.timer.Stop()
		w.mu.Unlock()
		if running || m.tries != 1 {
			t.Errorf("the timer runs: %v, tries: %d; want none after the first", running, m.tries)
		}
	})
}

func TestWriterConcurrently(t *testing.T) {
	m := &memory{}
	w := NewWriter(WriterOptions{Store: m, MaxEntries: 1 << 20})
	const goroutines, each = 8, 500
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				w.Begin(nil)
				w.End(record(fmt.Sprint(g, ".", i), strings.Repeat(fmt.Sprint(g), 3000), fmt.Sprint(i)))
				if i%100 == 0 {
					if err := w.Flush(t.Context()); err != nil {
						t.Error(err)
					}
					if _, err := m.Get(t.Context(), fmt.Sprint(g, ".", i)); err != nil {
						t.Errorf("after a flush: %v", err)
					}
				}
			}
		})
	}
	wg.Wait()
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(m.stored()); n != goroutines*each {
		t.Errorf("%d records are stored, want %d", n, goroutines*each)
	}
	for _, r := range m.stored() {
		g, i, _ := strings.Cut(r.ID, ".")
		if string(r.Request.Data) != strings.Repeat(g, 3000) || string(r.Response.Data) != i {
			t.Fatalf("record %s has another's bodies", r.ID)
		}
	}
}

func TestEndDoesNotAllocate(t *testing.T) {
	w := NewWriter(WriterOptions{Store: discard{&memory{}}})
	defer w.Close(t.Context())
	r := record("a", strings.Repeat("x", 4096), strings.Repeat("y", 1024))
	r.HasUsage, r.Usage.Raw = true, []byte(`{"prompt_tokens":1}`)
	r.Error = llm.Errorf(llm.KindOther, "x")
	fill := func() {
		for range 500 {
			w.End(r)
		}
		if err := w.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	fill()
	fill()
	// A flush costs a few.
	if n := testing.AllocsPerRun(10, fill) / 500; n > 0.1 {
		t.Errorf("%v allocations per record, want none", n)
	}
}

// discard is a store that keeps nothing.
type discard struct{ *memory }

func (discard) Append(context.Context, []*exchange.Record) error { return nil }

func BenchmarkEnd(b *testing.B) {
	w := NewWriter(WriterOptions{Store: discard{&memory{}}, MaxEntries: 1 << 30, MaxBytes: 1 << 40})
	defer w.Close(b.Context())
	r := record("a", strings.Repeat("x", 4096), strings.Repeat("y", 1024))
	b.ReportAllocs()
	for b.Loop() {
		w.End(r)
	}
}

func TestWriterCopiesOnceWhatIsTheSame(t *testing.T) {
	m := &memory{}
	started(t, WriterOptions{Store: m}, func(t *testing.T, w *Writer) {
		r := record("a", strings.Repeat("request ", 1000), strings.Repeat("response ", 1000))
		r.Sent = r.Request
		r.Answer = exchange.Body{Data: r.Response.Data[:100], Size: 100}
		r.ResponseMarks, r.AnswerMarks, r.Header, r.ResponseHeader = []byte{1}, []byte{2}, []byte("A: b\r\n"), []byte("C: d\r\n")
		want := *r
		want.Sent.Data, want.Answer.Data = slices.Clone(r.Sent.Data), slices.Clone(r.Answer.Data)
		want.Request.Data, want.Response.Data = slices.Clone(r.Request.Data), slices.Clone(r.Response.Data)
		w.End(r)
		if used, most := w.filling.used, int64(len(r.Request.Data)+len(r.Response.Data)+100); used > most {
			t.Errorf("%d bytes are copied, want at most %d", used, most)
		}
		for _, b := range [...][]byte{r.Request.Data, r.Response.Data} {
			clear(b)
		}
		for _, b := range [...][]byte{r.ResponseMarks, r.AnswerMarks, r.Header, r.ResponseHeader} {
			b[0] = 'x'
		}
		want.ResponseMarks, want.AnswerMarks, want.Header, want.ResponseHeader = []byte{1}, []byte{2}, []byte("A: b\r\n"), []byte("C: d\r\n")
		if err := w.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&want, m.stored()[0]); diff != "" {
			t.Errorf("stored (-want +got):\n%.2000s", diff)
		}
	})
}

func TestWriterPreparesOnce(t *testing.T) {
	m := &memory{}
	prepared := 0
	prepare := func(r *exchange.Record) { prepared++; r.SessionID = "of " + r.ID }
	started(t, WriterOptions{Store: m, Prepare: prepare}, func(t *testing.T, w *Writer) {
		m.set(func() { m.err = errors.New("busy") })
		w.End(record("a", "", ""))
		w.End(record("b", "", ""))
		time.Sleep(time.Minute)
		m.set(func() { m.err = nil })
		time.Sleep(time.Minute)
		if got := m.stored(); prepared != 2 || len(got) != 2 || got[1].SessionID != "of b" {
			t.Errorf("prepared %d times: %+v", prepared, got)
		}
	})
}
