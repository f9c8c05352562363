package storetest

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
	"heimdall/providers/catalog"
	"heimdall/providers/llm"
)

// varied are n records over some days, in no order.
func varied(random *rand.Rand, n int) (all []*exchange.Record) {
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	for i := range n {
		r := &exchange.Record{
			ID: fmt.Sprint("r", i), Time: noon.Add(time.Duration(random.IntN(100*3600)) * time.Second), Op: llm.OpChat, Dialect: "chat",
			Provider: one("north", "south"), Model: one("large", "small", "tiny"), App: one("", "codex", "claude"),
			Status:  exchange.Status(one("success", "success", "success", "error", "cancelled")),
			Latency: time.Duration(math.Exp(random.Float64()*12)) * time.Microsecond * 50, Retries: random.IntN(3), Fallback: random.IntN(2),
			SessionID: one("", "s1", "s2", "S1"), CacheHit: one("", "", "direct", "semantic"),
			Tools:    [][]string{nil, {"Edit"}, {"Edit", "Bash"}, {"Read"}}[random.IntN(4)],
			Routing:  [][]exchange.Step{nil, {{Engine: "core"}}, {{Engine: "core"}, {Engine: "governance"}, {Engine: "core"}}}[random.IntN(3)],
			Identity: exchange.Identity{VirtualKeyID: one("", "vk-1"), VirtualKeyName: "The key"},
		}
		if random.IntN(2) == 0 {
			r.TTFT, r.Stream = r.Latency/3, true
		}
		if random.IntN(3) > 0 {
			r.HasUsage, r.Usage = true, llm.Usage{Input: int64(random.IntN(9999)), CacheRead: 5, CacheWrite: 7, Output: int64(random.IntN(999)), Reasoning: 3}
		}
		if r.HasUsage && random.IntN(3) > 0 {
			usd := float64(random.IntN(100_000)) / 1e6
			r.Cost = catalog.Cost{Known: true, Total: usd, Output: usd}
		}
		all = append(all, r)
	}
	return all
}

// valuesOf are the values that a record has of a field.
func valuesOf(r *exchange.Record, f filter.Field) []string {
	switch f {
	case filter.Provider:
		return []string{r.Provider}
	case filter.Model:
		return []string{r.Model}
	case filter.App:
		return []string{r.App}
	case filter.Status:
		return []string{string(r.Status)}
	case filter.VK:
		return []string{r.Identity.VirtualKeyID + "\t" + r.Identity.VirtualKeyName}
	case filter.Session:
		return slices.DeleteFunc([]string{r.SessionID}, func(s string) bool { return s == "" })
	case filter.Tool:
		return r.Tools
	case filter.Engine:
		var all []string
		for _, s := range r.Routing {
			if !slices.Contains(all, s.Engine) {
				all = append(all, s.Engine)
			}
		}
		if all == nil {
			return []string{""}
		}
		return all
	default:
		panic(f)
	}
}

// naive adds up the records that keep holds for, without percentiles and times.
func naive(all []*exchange.Record, keep func(*exchange.Record) bool, b observe.Breakdown) []observe.Group {
	groups := map[string]*observe.Group{}
	for _, r := range all {
		if !keep(r) {
			continue
		}
		keys := [][]string{nil}
		for _, f := range b.By {
			var longer [][]string
			for _, before := range keys {
				for _, v := range valuesOf(r, f) {
					longer = append(longer, append(slices.Clone(before), v))
				}
			}
			keys = longer
		}
		for _, values := range keys {
			start := time.Time{}
			if b.Bucket > 0 {
				start = time.UnixMicro(r.Time.UnixMicro() / b.Bucket.Microseconds() * b.Bucket.Microseconds()).UTC()
			}
			key := fmt.Sprint(start.UnixMicro(), strings.Join(values, "\x00"))
			if groups[key] == nil {
				groups[key] = &observe.Group{Start: start, Values: values}
			}
			addNaive(&groups[key].Sums, r)
		}
	}
	sorted := slices.Collect(maps.Values(groups))
	slices.SortFunc(sorted, func(a, b *observe.Group) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(b.Requests, a.Requests), slices.Compare(a.Values, b.Values))
	})
	var out []observe.Group
	for _, g := range sorted {
		out = append(out, *g)
	}
	return out
}

func addNaive(s *observe.Sums, r *exchange.Record) {
	count := func(n *int64, is bool) {
		if is {
			*n++
		}
	}
	s.Requests++
	count(&s.Succeeded, r.Status == exchange.StatusSuccess)
	count(&s.Failed, r.Status == exchange.StatusError)
	count(&s.Cancelled, r.Status == exchange.StatusCancelled)
	count(&s.Streamed, r.TTFT > 0)
	count(&s.Unpriced, r.HasUsage && !r.Cost.Known)
	count(&s.Fallbacks, r.Fallback > 0)
	count(&s.DirectHits, r.CacheHit == "direct")
	count(&s.SemanticHits, r.CacheHit == "semantic")
	s.Input += r.Usage.Input
	s.CacheRead += r.Usage.CacheRead
	s.CacheWrite += r.Usage.CacheWrite
	s.Output += r.Usage.Output
	s.Reasoning += r.Usage.Reasoning
	s.Cost += r.Cost.Total
	s.Latency += r.Latency.Truncate(time.Microsecond)
	s.TTFT += r.TTFT.Truncate(time.Microsecond)
	s.Retries += int64(r.Retries)
}

// differing are the first two groups that are not alike but for times and percentiles, as text; "" where all are.
func differing(want, got []observe.Group) string {
	plain := func(all []observe.Group, i int) string {
		if i >= len(all) {
			return "nothing"
		}
		g := all[i]
		g.First, g.Last, g.P50, g.P90, g.P95, g.P99, g.Cost = time.Time{}, time.Time{}, 0, 0, 0, 0, math.Round(g.Cost*1e6)
		return fmt.Sprintf("%v %q %+v", g.Start, g.Values, g.Sums)
	}
	for i := range max(len(want), len(got)) {
		if w, g := plain(want, i), plain(got, i); w != g {
			return fmt.Sprintf("group %d of %d is\n%s, want\n%s", i, len(got), g, w)
		}
	}
	return ""
}

// logsStats compares the store's sums with naive ones, after some records were replaced, deleted and priced anew.
func logsStats(t *testing.T, open func() observe.Store) {
	s := open()
	random := rand.New(rand.NewPCG(5, 6))
	all := varied(random, 900)
	for from := 0; from < len(all); from += 120 {
		appendAll(t, s, all[from:min(len(all), from+120)]...)
	}
	again := varied(random, 100)
	appendAll(t, s, again...)
	copy(all, again)
	if err := s.Delete(t.Context(), []string{all[200].ID, all[899].ID}); err != nil {
		t.Fatal(err)
	}
	all = slices.Delete(all[:899], 200, 201)
	repriced := catalog.Cost{Known: true, Total: 0.25, Output: 0.25}
	if _, err := s.(observe.Repricer).Reprice(t.Context(), observe.Query{Providers: []string{"south"}}, func(r *exchange.Record) (catalog.Cost, bool) {
		return repriced, r.HasUsage && !r.Cost.Known
	}); err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if r.Provider == "south" && r.HasUsage && !r.Cost.Known {
			r.Cost = repriced
		}
	}
	closeStore(t, s)
	s = open()
	next := varied(random, 1000)[900:]
	appendAll(t, s, next...)
	compareStats(t, s, append(all, next...))
}

func compareStats(t *testing.T, s observe.Store, all []*exchange.Record) {
	type keep = func(*exchange.Record) bool
	fields := [][]filter.Field{nil, {filter.Provider}, {filter.Model, filter.Status}, {filter.VK}, {filter.Engine}, {filter.Tool}, {filter.Session, filter.App}}
	for name, of := range map[string]struct {
		query observe.Query
		keep  keep
	}{
		"all": {observe.Query{}, func(*exchange.Record) bool { return true }},
		"days and more": {observe.Query{Since: noon.Add(5*time.Hour + 7*time.Second), Until: noon.Add(70*time.Hour + 59*time.Minute)}, func(r *exchange.Record) bool {
			return !r.Time.Before(noon.Add(5*time.Hour+7*time.Second)) && r.Time.Before(noon.Add(70*time.Hour+59*time.Minute))
		}},
		"within a day":     {observe.Query{Since: noon.Add(13 * time.Hour), Until: noon.Add(20 * time.Hour)}, func(r *exchange.Record) bool { h := r.Time.Sub(noon); return h >= 13*time.Hour && h < 20*time.Hour }},
		"within an hour":   {observe.Query{Since: noon.Add(61 * time.Minute), Until: noon.Add(90 * time.Minute)}, func(r *exchange.Record) bool { h := r.Time.Sub(noon); return h >= 61*time.Minute && h < 90*time.Minute }},
		"by labels":        {observe.Query{Where: filter.OneOf(filter.App, "codex")}, func(r *exchange.Record) bool { return r.App == "codex" }},
		"by labels, since": {observe.Query{Where: filter.All(filter.OneOf(filter.Status, "success"), filter.Since(noon.Add(30*time.Hour)))}, func(r *exchange.Record) bool { return r.Status == "success" && r.Time.Sub(noon) >= 30*time.Hour }},
		"by numbers":       {observe.Query{Where: filter.Compare(filter.Latency, filter.More, 100)}, func(r *exchange.Record) bool { return r.Latency.Truncate(time.Microsecond) > 100*time.Millisecond }},
		"none":             {observe.Query{Since: noon.Add(time.Hour), Until: noon}, func(*exchange.Record) bool { return false }},
	} {
		for turn, bucket := range []time.Duration{0, 24 * time.Hour, 6 * time.Hour, time.Hour, 7 * time.Minute} {
			for i, by := range fields {
				if i > 0 && (i+turn+len(name))%3 > 0 {
					continue // some of the fields each time are enough
				}
				b := observe.Breakdown{Bucket: bucket, By: by, Spread: by == nil}
				got, err := s.Stats(t.Context(), of.query, b)
				if err != nil {
					t.Fatalf("%s by %v in %v: %v", name, by, bucket, err)
				}
				want := naive(all, of.keep, b)
				if want == nil && bucket == 0 && by == nil {
					want = []observe.Group{{}}
				}
				if diff := differing(want, got); diff != "" {
					t.Fatalf("%s by %v in %v: %s", name, by, bucket, diff)
				}
				if by == nil {
					checkSpread(t, all, of.keep, b, got)
				}
			}
		}
	}
}

// checkSpread compares percentiles.
func checkSpread(t *testing.T, all []*exchange.Record, keep func(*exchange.Record) bool, b observe.Breakdown, groups []observe.Group) {
	for _, g := range groups {
		var latencies []time.Duration
		for _, r := range all {
			in := b.Bucket == 0 || !r.Time.Before(g.Start) && r.Time.Before(g.Start.Add(b.Bucket))
			if in && keep(r) {
				latencies = append(latencies, r.Latency)
			}
		}
		slices.Sort(latencies)
		for p, got := range map[float64]time.Duration{50: g.P50, 90: g.P90, 95: g.P95, 99: g.P99} {
			var want time.Duration
			if len(latencies) > 0 {
				want = latencies[int(math.Ceil(p/100*float64(len(latencies))))-1]
			}
			if math.Abs(float64(got-want)) > 0.05*float64(want) {
				t.Fatalf("p%v of %d latencies is %v, want %v", p, len(latencies), got, want)
			}
		}
	}
}

func logsStatsOfLists(t *testing.T, open func() observe.Store) {
	s := open()
	first, last := full("1"), full("2")
	first.Tools, last.Tools = []string{"Edit", "Bash"}, []string{"Bash"}
	last.Time = first.Time.Add(90 * time.Minute)
	appendAll(t, s, first, last)
	got, err := s.Stats(t.Context(), observe.Query{}, observe.Breakdown{By: []filter.Field{filter.Session}})
	if err != nil || len(got) != 1 || got[0].Values[0] != "s-1" || !got[0].First.Equal(first.Time) || !got[0].Last.Equal(last.Time) {
		t.Errorf("sessions: %+v, %v; want one from the first record to the last", got, err)
	}
	got, err = s.Stats(t.Context(), observe.Query{}, observe.Breakdown{By: []filter.Field{filter.Tool}})
	if err != nil || len(got) != 2 || got[0].Values[0] != "Bash" || got[0].Requests != 2 || got[1].Requests != 1 {
		t.Errorf("tools: %+v, %v; want Bash twice and Edit once", got, err)
	}
	for _, wrong := range []observe.Breakdown{{By: []filter.Field{filter.Cost}}, {By: []filter.Field{filter.Session, filter.Tool}}, {Bucket: time.Nanosecond}} {
		if _, err := s.Stats(t.Context(), observe.Query{}, wrong); err == nil {
			t.Errorf("%+v is divided by", wrong)
		}
	}
}

// logsBiggest asks for the biggest groups by each of what they are sorted by.
func logsBiggest(t *testing.T, open func() observe.Store) {
	s := open()
	record := func(id, model string, hours, tokens int, usd float64) *exchange.Record {
		return &exchange.Record{ID: id, Time: noon.Add(time.Duration(hours) * time.Hour), Model: model, Status: exchange.StatusSuccess, HasUsage: true,
			Usage: llm.Usage{Output: int64(tokens)}, Cost: catalog.Cost{Known: true, Total: usd}}
	}
	appendAll(t, s, record("1", "often", 0, 1, 0.1), record("2", "often", 1, 1, 0.1), record("3", "often", 2, 1, 0.1),
		record("4", "dear", 0, 5, 9), record("5", "dear", 1, 5, 9), record("6", "long", 1, 900, 1), record("7", "late", 9, 2, 0.2))
	model := []filter.Field{filter.Model}
	for by, want := range map[string]string{"": "often dear", "requests": "often dear", "cost": "dear long", "tokens": "long dear", "latest": "late often"} {
		got, err := s.Stats(t.Context(), observe.Query{}, observe.Breakdown{By: model, SortBy: by, Limit: 2})
		if err != nil || len(got) != 2 || got[0].Values[0]+" "+got[1].Values[0] != want {
			t.Errorf("by %q: %+v, %v; want %s", by, got, err, want)
		}
	}
	got, err := s.Stats(t.Context(), observe.Query{}, observe.Breakdown{By: model, SortBy: "cost", Limit: 1, Bucket: time.Hour})
	var said []string
	for _, g := range got {
		said = append(said, fmt.Sprintf("%d:%s:%d", g.Start.Hour(), g.Values[0], g.Requests))
	}
	if want := []string{"12:dear:1", "12::1", "13:dear:1", "13::2", "14::1", "21::1"}; err != nil || !slices.Equal(said, want) {
		t.Errorf("the dearest by hour: %v, %v; want %v", said, err, want)
	}
}
