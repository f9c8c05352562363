package sqlstore

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
	"heimdall/providers/llm"
)

func benchRecord(i int, at time.Time, request, response []byte) *exchange.Record {
	return &exchange.Record{
		ID: fmt.Sprintf("%016x-%019x", at.UnixNano(), i), Time: at, Op: llm.OpChat, Dialect: "chat", Method: "POST",
		Path: "/v1/chat/completions", Provider: []string{"openai", "anthropic", "demo"}[i%3], Model: fmt.Sprint("model-", i%20),
		RequestedModel: fmt.Sprint("openai/model-", i%20), KeyID: fmt.Sprint("key-", i%4), KeyName: "my key",
		UserAgent: "OpenAI/JS 6.1.0", Status: exchange.StatusSuccess, HTTPStatus: 200, Latency: time.Duration(i) * time.Microsecond,
		TTFT: time.Millisecond, Upstream: time.Second, HasUsage: true,
		Usage:  llm.Usage{Input: 1000, Output: int64(i % 1000), Raw: []byte(`{"prompt_tokens":1000,"completion_tokens":10,"total_tokens":1010}`)},
		Finish: llm.Finish{Reason: "stop", Raw: "stop"}, UpstreamDialect: "chat", ConfigVersion: 3,
		Attempts: []exchange.Attempt{{Provider: "openai", Model: "model", KeyID: "key", KeyName: "my key", Status: 200, Duration: time.Second}},
		Request:  exchange.Body{Data: request, Size: int64(len(request))}, Response: exchange.Body{Data: response, Size: int64(len(response))},
	}
}

// BenchmarkAppend writes batches of up to 200 records or 1 MB, as the log's writer does; the times are per record, and so
// are the bytes that the file has at the end.
func BenchmarkAppend(b *testing.B) {
	for _, kind := range []struct {
		name string
		next func(*traffic) exchanged
	}{
		{"none", func(*traffic) exchanged { return exchanged{} }},
		{"words 4KB+1KB", func(t *traffic) exchanged { return t.single(4000, 800) }},
		{"noise 4KB+1KB", func(t *traffic) exchanged { return t.noise(4096, 1024) }},
		{"words 64KB+1KB", func(t *traffic) exchanged { return t.single(64000, 800) }},
		{"agents", (*traffic).agents},
	} {
		b.Run(kind.name, func(b *testing.B) {
			l := openLogs(b, filepath.Join(b.TempDir(), "logs.db"))
			batches := benchBatches(b.N, newTraffic(), kind.next)
			b.ReportAllocs()
			b.ResetTimer()
			cpu := cpuTime()
			for _, batch := range batches {
				if err := l.Append(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N), "cpu-µs/op")
			size, err := l.flavour.contentBytes(b.Context(), l.write)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(size)/float64(b.N), "file-B/op")
		})
	}
}

func benchBatches(n int, t *traffic, next func(*traffic) exchanged) (batches [][]*exchange.Record) {
	start := time.Now()
	for done := 0; done < n; {
		var batch []*exchange.Record
		for bytes := 0; len(batch) < 200 && bytes < 1<<20 && done < n; done++ {
			e := next(t)
			bytes += len(e.request) + len(e.response)
			batch = append(batch, benchRecord(done, start.Add(time.Duration(done)*time.Millisecond), e.request, e.response))
		}
		batches = append(batches, batch)
	}
	return batches
}

// BenchmarkLarge opens and searches a log of 300 000 records over a month.
func BenchmarkLarge(b *testing.B) {
	const records = 300_000
	path := filepath.Join(b.TempDir(), "logs.db")
	l := openLogs(b, path)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	body := newTraffic().single(500, 0).request
	for i := 0; i < records; {
		var batch []*exchange.Record
		for ; len(batch) < 1000; i++ {
			r := benchRecord(i, start.Add(time.Duration(i)*8640*time.Millisecond), body, nil)
			if i%50_000 == 0 {
				r.Model = "rare"
			}
			batch = append(batch, r)
		}
		if err := l.Append(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			l, err := OpenLogs(b.Context(), path)
			if err != nil {
				b.Fatal(err)
			}
			l.Close()
		}
	})
	end := start.Add(records * 8640 * time.Millisecond)
	for _, search := range []struct {
		name  string
		query observe.Query
	}{
		{"all", observe.Query{}},
		{"deep", observe.Query{Offset: records / 2}},
		{"provider", observe.Query{Providers: []string{"demo"}}},
		{"rare", observe.Query{Models: []string{"rare"}}},
		{"none", observe.Query{Models: []string{"none"}}},
		{"day", observe.Query{Since: end.Add(-24*time.Hour - time.Minute)}},
		{"slowest", observe.Query{SortBy: "latency"}},
		{"tokens", observe.Query{SortBy: "tokens"}},
	} {
		search.query.Limit = 50
		b.Run("search "+search.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := l.Search(b.Context(), search.query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMillion asks a log of a million records over a month what the pages ask. HEIMDALL_BENCH_LOG names a file that
// is kept from one run to the next; without it, each run builds its own, which takes a minute.
func BenchmarkMillion(b *testing.B) {
	const records = 1_000_000
	path := os.Getenv("HEIMDALL_BENCH_LOG")
	if path == "" {
		path = filepath.Join(b.TempDir(), "logs.db")
	}
	l := openLogs(b, path)
	end := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	if size, err := l.Size(b.Context()); err != nil || size.Rows < records {
		b.Logf("building a log of %d records (%v)", records, err)
		planned(b, path, records)
	}
	search := func(text string, q observe.Query) func() error {
		e, err := filter.Parse(text, end)
		if err != nil {
			b.Fatal(err)
		}
		q.Where, q.Limit = e, 50
		return func() error {
			p, err := l.Search(b.Context(), q)
			if err == nil && len(p.Records) == 0 {
				err = fmt.Errorf("%s selects nothing", text)
			}
			return err
		}
	}
	stats := func(text string, d observe.Breakdown) func() error {
		e, err := filter.Parse(text, end)
		if err != nil {
			b.Fatal(err)
		}
		return func() error {
			g, err := l.Stats(b.Context(), observe.Query{Where: e}, d)
			if err == nil && len(g) == 0 {
				err = fmt.Errorf("%s has no groups", text)
			}
			return err
		}
	}
	by := func(f ...filter.Field) observe.Breakdown { return observe.Breakdown{By: f, Limit: 50} }
	for _, c := range []struct {
		name string
		ask  func() error
	}{
		{"open", func() error {
			l, err := OpenLogs(b.Context(), path)
			if err == nil {
				err = l.Close()
			}
			return err
		}},
		{"first page", search("", observe.Query{})},
		{"page far behind", search("", observe.Query{Offset: records / 2})},
		{"last day", search("since:25h", observe.Query{})},
		{"label", search("provider:demo status:error", observe.Query{})},
		{"rare label", search("model:rare", observe.Query{})},
		{"number", search("latency>89s cost>0.09", observe.Query{})},
		{"number in a day", search("latency>80s since:1d", observe.Query{})},
		{"dearest", search("", observe.Query{SortBy: "cost"})},
		{"session", search("session=session-7", observe.Query{})},
		{"session in any case", search("session:session-7", observe.Query{})},
		{"tool", search("tool:WebFetch", observe.Query{})},
		{"tool and label", search("tool:WebFetch status:error", observe.Query{})},
		{"facet", stats("", by(filter.App))},
		{"facet of a filter", stats("status:error", by(filter.Model))},
		{"month by day", stats("", observe.Breakdown{Bucket: 24 * time.Hour, Spread: true})},
		{"day by hour", stats("since:1d", observe.Breakdown{Bucket: time.Hour, Spread: true})},
		{"week by hour and model", stats("since:7d", observe.Breakdown{Bucket: time.Hour, By: []filter.Field{filter.Model}, Limit: 8})},
		{"sessions", stats("", observe.Breakdown{By: []filter.Field{filter.Session}, SortBy: "latest", Limit: 50})},
		{"tools", stats("", by(filter.Tool))},
		{"size", func() error { _, err := l.Size(b.Context()); return err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if err := c.ask(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1e3/float64(b.N), "ms/op")
		})
	}
}
