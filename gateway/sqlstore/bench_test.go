package sqlstore

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"heimdall/gateway/exchange"
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
