package otel

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"heimdall/gateway/exchange"
	"heimdall/providers/dialect"
)

// far is a collector whose answers a test decides. It runs on the test's clock.
type far struct {
	answer  func(ctx context.Context, n int) error // n counts from 1
	uploads []time.Duration                        // when they came
	spans   int
	begin   time.Time
}

func (f *far) Start(context.Context) error { return nil }
func (f *far) Stop(context.Context) error  { return nil }

func (f *far) UploadTraces(ctx context.Context, in []*tracepb.ResourceSpans) error {
	f.uploads = append(f.uploads, time.Since(f.begin))
	err := f.answer(ctx, len(f.uploads))
	if err == nil {
		f.spans += len(in[0].ScopeSpans[0].Spans)
	}
	return err
}

func (f *far) exporter(t *testing.T, o Options) *Exporter {
	t.Helper()
	f.begin = time.Now()
	o.Dialect = func(string) (dialect.Dialect, bool) { return dialect.Dialect{}, false }
	e := New(o)
	e.dial = func(*Profile) (*client, error) {
		return &client{traces: f, again: func(err error) bool { return !errors.Is(err, errForGood) }, close: func() {}}, nil
	}
	commit, err := e.Prepare(Config{Profiles: []Profile{{Enabled: true, Collector: "http://far.test", Protocol: ProtocolHTTP, MetricsEvery: time.Second}}})
	if err != nil {
		t.Fatal(err)
	}
	commit()
	return e
}

var (
	errForGood = errors.New("never")
	errForNow  = errors.New("not now")
)

func plain(body string) *exchange.Record {
	return &exchange.Record{ID: "r", Time: time.Now(), Request: exchange.Body{Data: []byte(body), Size: int64(len(body))}}
}

// pass lets time pass until all have done what was due.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestAFailedBatchIsTriedAgain(t *testing.T) {
	for _, test := range []struct {
		name    string
		fails   int
		err     error
		uploads []time.Duration
		lost    int64
	}{
		{"once", 1, errForNow, []time.Duration{time.Second, 2 * time.Second}, 0},
		{"for good", 1, errForGood, []time.Duration{time.Second}, 1},
		{"too often", 100, errForNow, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &far{answer: func(_ context.Context, n int) error {
					if n <= test.fails {
						return test.err
					}
					return nil
				}}
				e := f.exporter(t, Options{Delay: time.Second})
				e.End(plain("x"))
				pass(time.Minute)
				if len(f.uploads) != len(test.uploads) || e.Dropped().Traces != test.lost {
					t.Fatalf("uploads at %v, lost %+v", f.uploads, e.Dropped())
				}
				for i, at := range test.uploads {
					if f.uploads[i] != at {
						t.Errorf("upload %d came at %v, not %v", i+1, f.uploads[i], at)
					}
				}
				_ = e.Close(context.Background())
			})
		})
	}
}

func TestAFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{answer: func(context.Context, int) error { return nil }}
		e := f.exporter(t, Options{MaxTraces: 4, MaxBytes: 25, Delay: time.Second})
		for range 10 {
			e.End(plain("ten bytes."))
		}
		pass(time.Minute)
		if lost := e.Dropped(); lost != (Lost{Traces: 6, Contents: 2}) || f.spans != 4 {
			t.Errorf("%d were sent, lost %+v", f.spans, lost)
		}
		e.End(plain("ten bytes."))
		pass(time.Minute)
		if lost := e.Dropped(); lost != (Lost{Traces: 6, Contents: 2}) || f.spans != 5 {
			t.Errorf("there is room again: %d were sent, lost %+v", f.spans, lost)
		}
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// A collector that never answers holds up neither exchanges nor the end of the program.
func TestACollectorThatHangs(t *testing.T) {
	for _, patience := range []time.Duration{2 * time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			f := &far{answer: func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }}
			e := f.exporter(t, Options{Delay: time.Second})
			for range 3 {
				e.End(plain("x"))
				pass(3 * time.Second)
			}
			if time.Since(f.begin) != 9*time.Second {
				t.Errorf("End waited: %v", time.Since(f.begin))
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			from := time.Now()
			err := e.Close(ctx)
			if took := time.Since(from); took != min(patience, endGrace) || err == nil || e.Dropped().Traces != 3 {
				t.Errorf("it took %v, said %v, lost %+v", took, err, e.Dropped())
			}
		})
	}
}

func TestBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{answer: func(context.Context, int) error { return nil }}
		e := f.exporter(t, Options{Delay: time.Second})
		for range 3 * batchTraces {
			e.End(plain(""))
		}
		pass(time.Minute)
		if len(f.uploads) != 3 || f.spans != 3*batchTraces {
			t.Errorf("%d spans in %d uploads", f.spans, len(f.uploads))
		}
		_ = e.Close(context.Background())
	})
}

func BenchmarkEnd(b *testing.B) {
	f := &far{answer: func(context.Context, int) error { return nil }}
	e := New(Options{Dialect: func(string) (dialect.Dialect, bool) { return dialect.Dialect{}, false }, Delay: time.Hour})
	e.dial = func(*Profile) (*client, error) { return &client{traces: f, close: func() {}}, nil }
	commit, err := e.Prepare(Config{Profiles: []Profile{{Enabled: true, Collector: "http://far.test", Protocol: ProtocolHTTP, MetricsEvery: time.Second}}})
	if err != nil {
		b.Fatal(err)
	}
	commit()
	r := plain(string(make([]byte, 4<<10)))
	b.ReportAllocs()
	q := (*e.sinks.Load())[0].queue
	for b.Loop() {
		e.End(r)
		if it, ok := q.take(); ok {
			q.free(it.weight)
		}
	}
}
