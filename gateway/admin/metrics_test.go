package admin

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

var evening = time.Date(2026, 11, 23, 18, 20, 0, 0, time.UTC)

// charted is a world whose log had two requests in the last hour and one before.
func charted(t *testing.T) *world {
	w := newWorld(t, config.Fixed{})
	w.Now = func() time.Time { return evening }
	w.journal.stats = func(q observe.Query, b observe.Breakdown) []observe.Group {
		now := observe.Sums{Requests: 4, Succeeded: 2, Failed: 1, Cancelled: 1, Input: 100, CacheRead: 40, Output: 50, Cost: 0.5, Unpriced: 1, Latency: 4 * time.Second, TTFT: time.Second, Streamed: 2}
		if b.Spread {
			now.P50, now.P99 = time.Second, 3*time.Second
		}
		if !q.Until.IsZero() && q.Until.Before(evening) {
			now = observe.Sums{Requests: 2, Succeeded: 2, Input: 100, Output: 50, Cost: 0.25, Latency: 4 * time.Second}
		}
		g := observe.Group{Sums: now}
		if b.Bucket > 0 {
			g.Start = time.UnixMicro(evening.Add(-30*time.Minute).UnixMicro() / b.Bucket.Microseconds() * b.Bucket.Microseconds()).UTC()
		}
		for _, f := range b.By {
			value := map[filter.Field]string{filter.Model: "m-1", filter.Provider: "alpha", filter.VK: "vk-1\tThe key", filter.App: "codex"}[f]
			g.Values = append(g.Values, value)
		}
		return []observe.Group{g}
	}
	return w
}

func TestLogStats(t *testing.T) {
	w := charted(t)
	want := LogStats{
		TotalRequests: 4, UserFacingTotalRequests: 4, SuccessRate: 200.0 / 3, UserFacingSuccessRate: 200.0 / 3, AverageLatency: 1000, TotalTokens: 150, TotalCost: 0.5,
		Unpriced: 1, CacheHitRateTotal: 2,
	}
	if diff := cmp.Diff(want, do[LogStats](w, "GET", "/api/logs/stats?models=m-1", "")); diff != "" {
		t.Error(diff)
	}
	if got := filter.Print(w.journal.last.Where); got != "model=m-1" {
		t.Errorf("of %s", got)
	}
	s := do[LogStats](w, "GET", "/api/logs/stats?period=1h&compare_to_previous=true", "")
	if s.PreviousPeriod == nil || s.PreviousPeriod.TotalRequests != 2 || s.PreviousPeriod.SuccessRate != 100 {
		t.Errorf("before: %+v", s.PreviousPeriod)
	}
	if q := w.journal.last; !q.Until.Equal(evening.Add(-time.Hour)) || !q.Since.Equal(evening.Add(-2*time.Hour)) {
		t.Errorf("before is %v to %v", q.Since, q.Until)
	}
	w.fail("GET", "/api/logs/stats?compare_to_previous=true", "", 400, "compare_to_previous")
	w.fail("GET", "/api/logs/stats?limit=3", "", 400, "limit")
}

func TestBucketSizes(t *testing.T) {
	for span, want := range map[time.Duration]time.Duration{
		time.Minute: 10 * time.Second, time.Hour: 30 * time.Second, 24 * time.Hour: 15 * time.Minute, 7 * 24 * time.Hour: 3 * time.Hour,
		30 * 24 * time.Hour: 6 * time.Hour, 365 * 24 * time.Hour: 7 * 24 * time.Hour, 40 * 365 * 24 * time.Hour: 122 * 24 * time.Hour,
	} {
		q := observe.Query{Since: evening.Add(-span), Until: evening}
		size := bucketSize(q)
		if size != want {
			t.Errorf("%v: buckets of %v, want %v", span, size, want)
		}
		starts := timeline(q, size)
		first, last := starts[0], starts[len(starts)-1]
		if first.After(q.Since) || !first.Add(size).After(q.Since) || !last.Before(q.Until) || last.Add(size).Before(q.Until) {
			t.Errorf("%v: buckets from %v to %v", span, first, last)
		}
	}
}

func TestHistograms(t *testing.T) {
	w := charted(t)
	parts := map[string]string{
		"/histogram":            `{"cancelled":1,"count":4,"error":1,"success":2,"timestamp":"T"}`,
		"/histogram/tokens":     `{"cached_read_tokens":40,"cached_write_tokens":0,"completion_tokens":50,"prompt_tokens":100,"reasoning_tokens":0,"timestamp":"T","total_tokens":150}`,
		"/histogram/cost":       `{"by_model":{"m-1":0.5},"timestamp":"T","total_cost":0.5,"unpriced":1}`,
		"/histogram/models":     `{"by_model":{"m-1":{"error":1,"success":2,"total":4}},"timestamp":"T"}`,
		"/histogram/latency":    `{"avg_latency":1000,"avg_ttft":500,"p50_latency":1000,"p90_latency":null,"p95_latency":null,"p99_latency":3000,"timestamp":"T","total_requests":4}`,
		"/histogram/throughput": `{"completion_tokens":50,"timestamp":"T","tokens_per_second":16.666666666666668,"total_requests":4}`,

		"/histogram/cost/by-provider":                              `{"by_provider":{"alpha":0.5},"timestamp":"T","total_cost":0.5,"unpriced":1}`,
		"/histogram/tokens/by-provider":                            `"by_provider":{"alpha":{"cached_read_tokens":40,`,
		"/histogram/latency/by-provider":                           `"by_provider":{"alpha":{"avg_latency":1000,`,
		"/histogram/throughput/by-provider":                        `"by_provider":{"alpha":{"completion_tokens":50,`,
		"/histogram/cost/by-dimension?dimension=virtual_key":       `{"by_dimension":{"vk-1":0.5},"timestamp":"T","total_cost":0.5,"unpriced":1}`,
		"/histogram/tokens/by-dimension?dimension=apps":            `"by_dimension":{"codex":{`,
		"/histogram/latency/by-dimension?dimension=business_units": `"by_dimension":{},`,
	}
	for path, want := range parts {
		start := strings.ReplaceAll(`"T"`, "T", evening.Add(-30*time.Minute).Format(time.RFC3339))
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		got := do[map[string]json.RawMessage](w, "GET", "/api/logs"+path+sep+"period=1h", "")
		var buckets []json.RawMessage
		if err := json.Unmarshal(got["buckets"], &buckets); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if len(buckets) != 120 || string(got["bucket_size_seconds"]) != "30" {
			t.Errorf("%s: %d buckets of %s s", path, len(buckets), got["bucket_size_seconds"])
		}
		full := slices.IndexFunc(buckets, func(b json.RawMessage) bool { return strings.Contains(string(b), start) })
		if full < 0 || !strings.Contains(string(buckets[full]), strings.ReplaceAll(want, `"T"`, start)) {
			t.Errorf("%s: %s, want %s", path, buckets[max(full, 0)], want)
		}
		for name, list := range map[string]string{"by-provider": `["alpha"]`, "=virtual_key": `["vk-1"]`, "business_units": "[]"} {
			if member := map[bool]string{true: "providers", false: "dimension_values"}[name == "by-provider"]; strings.Contains(path, name) && string(got[member]) != list {
				t.Errorf("%s: %s are %s", path, member, got[member])
			}
		}
	}
	if got := do[map[string]any](w, "GET", "/api/logs/histogram/cost/by-dimension?period=1h&dimension=virtual_key", ""); fmt.Sprint(got["dimension_names"]) != "map[vk-1:The key]" || got["dimension"] != "virtual_key" {
		t.Errorf("names: %v %v", got["dimension_names"], got["dimension"])
	}
	do[map[string]any](w, "GET", "/api/logs/histogram", "")
	if q := w.journal.last; !q.Until.Equal(evening) || !q.Since.Equal(evening.Add(-24*time.Hour)) {
		t.Errorf("by itself: %v to %v", q.Since, q.Until)
	}
	w.fail("GET", "/api/logs/histogram/cost/by-dimension?dimension=colour", "", 400, "dimension")
	w.fail("GET", "/api/logs/histogram/cost?dimension=model", "", 400, "dimension")
}

func TestRankings(t *testing.T) {
	w := charted(t)
	second := 1000.0
	row := LogRanking{
		ID: "m-1", Name: "m-1", Model: "m-1", Provider: "alpha", TotalRequests: 4, SuccessCount: 2, SuccessRate: 200.0 / 3, TotalTokens: 150, TotalCost: 0.5,
		AverageLatency: &second, Trend: LogTrend{HasPreviousPeriod: true, Requests: 100, Cost: 100, Latency: -50},
	}
	if diff := cmp.Diff(LogRankings{Rankings: []LogRanking{row}}, do[LogRankings](w, "GET", "/api/logs/rankings?period=1h", "")); diff != "" {
		t.Error(diff)
	}
	row.ID, row.Name, row.Model, row.Provider = "vk-1", "The key", "", ""
	if diff := cmp.Diff(LogRankings{Dimension: "virtual_key", Rankings: []LogRanking{row}}, do[LogRankings](w, "GET", "/api/logs/rankings/by-dimension?period=1h&dimension=virtual_key_ids", "")); diff != "" {
		t.Error(diff)
	}
	if r := do[LogRankings](w, "GET", "/api/logs/rankings/by-dimension?dimension=user", ""); r.Rankings == nil || len(r.Rankings) > 0 {
		t.Errorf("users: %+v", r)
	}
	w.fail("GET", "/api/logs/rankings/by-dimension?dimension=planet", "", 400, "dimension")
	w.fail("GET", "/api/logs/rankings?limit=0", "", 400, "limit")
}

func TestDashboard(t *testing.T) {
	w := charted(t)
	d := do[LogDashboard](w, "GET", "/api/logs/dashboard?period=1h&filter=status:success", "")
	if !d.Until.Equal(evening) || !d.From.Equal(evening.Add(-time.Hour)) || d.BucketSeconds != 30 || len(d.Buckets) != 120 {
		t.Errorf("%v to %v, %d buckets of %d s", d.From, d.Until, len(d.Buckets), d.BucketSeconds)
	}
	if d.Stats.TotalRequests != 4 || d.Stats.PreviousPeriod == nil || d.Stats.PreviousPeriod.TotalRequests != 2 {
		t.Errorf("stats: %+v", d.Stats)
	}
	second, third, half, rate := 1000.0, 3000.0, 500.0, 50/3.0
	want := Bucket{
		Timestamp: evening.Add(-30 * time.Minute), Requests: 4, Succeeded: 2, Failed: 1, Cancelled: 1, PromptTokens: 100, CompletionTokens: 50, CachedTokens: 40,
		Cost: 0.5, AverageLatency: &second, P50: &second, P99: &third, TTFT: &half, TokensPerSecond: &rate,
	}
	if diff := cmp.Diff(want, d.Buckets[60]); diff != "" {
		t.Error(diff)
	}
	if empty := d.Buckets[0]; empty.AverageLatency != nil || empty.TTFT != nil || empty.TokensPerSecond != nil || !empty.Timestamp.Equal(evening.Add(-time.Hour)) {
		t.Errorf("empty: %+v", empty)
	}
	if len(d.CostByModel) != 1 || d.CostByModel[0].ID != "m-1" || d.CostByModel[0].Values[60] != 0.5 || len(d.CostByModel[0].Values) != 120 || d.RequestsByApp[0].Values[60] != 4 {
		t.Errorf("series: %+v", d.CostByModel)
	}
	if len(d.Models) != 1 || d.Models[0].Provider != "alpha" || d.Models[0].Share != 1 || d.VirtualKeys[0].Name != "The key" || d.ErrorKinds == nil || len(d.ErrorKinds) > 0 {
		t.Errorf("ranked: %+v %+v %+v", d.Models, d.VirtualKeys, d.ErrorKinds)
	}
	w.fail("GET", "/api/logs/dashboard?filter=cost%3E", "", 400, "filter")
}
