package sqlstore

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
	"heimdall/providers/llm"
)

// prose is n bytes of JSON that compresses about as well as real chats do.
func prose(n int) []byte {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, `{"role":"user","content":"`)
		for range 60 {
			word := make([]byte, 2+random.IntN(7))
			for i := range word {
				word[i] = "etaoinshrdlucmfw"[random.IntN(16)]
			}
			b.Write(word)
			b.WriteByte(' ')
		}
		b.WriteString(`"},`)
	}
	return []byte(b.String()[:n])
}

func benchRecord(i int, at time.Time, request, response []byte) *exchange.Record {
	return &exchange.Record{
		ID: fmt.Sprintf("%016x-%016x", at.UnixNano(), i), Time: at, Op: llm.OpChat, Dialect: "chat", Method: "POST",
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

// BenchmarkAppend writes batches of 200 records; the time is per record.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []struct{ request, response int }{{0, 0}, {4 << 10, 1 << 10}, {64 << 10, 1 << 10}} {
		b.Run(fmt.Sprintf("%dKB+%dKB", size.request>>10, size.response>>10), func(b *testing.B) {
			l := openLogs(b, filepath.Join(b.TempDir(), "logs.db"))
			request, response := prose(size.request), prose(size.response)
			start, cpu := time.Now(), cpuTime()
			b.ReportAllocs()
			b.ResetTimer()
			for done := 0; done < b.N; {
				var batch []*exchange.Record
				for ; len(batch) < 200 && done < b.N; done++ {
					batch = append(batch, benchRecord(done, start.Add(time.Duration(done)*time.Millisecond), request, response))
				}
				if err := l.Append(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// BenchmarkLarge opens and searches a log of 300 000 records over a month.
func BenchmarkLarge(b *testing.B) {
	const records = 300_000
	path := filepath.Join(b.TempDir(), "logs.db")
	l := openLogs(b, path)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	body := prose(500)
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
