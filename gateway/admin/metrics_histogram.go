package admin

import (
	"context"
	"maps"
	"slices"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

// division is what the buckets of a histogram are divided by.
type division int

const (
	plain division = iota
	byProvider
	byDimension
)

// histogram is one kind of chart over time: whole are the members of a bucket, part those of one provider's or model's
// share of it, which is one number where number is set.
type histogram struct {
	whole     func(g *observe.Group) map[string]any
	by        filter.Field // whole has such parts, too; "" = none
	list      string       // what the list of their names is called
	part      func(g *observe.Group) any
	provider  func(g *observe.Group) any // of by-provider and by-dimension; nil = there are none
	spread    bool                       // percentiles are shown
	sortBy    string
	dimension bool
}

var histograms = map[string]histogram{
	"":           {whole: countsOf},
	"tokens":     {whole: tokensOf, provider: func(g *observe.Group) any { return tokensOf(g) }, sortBy: "tokens", dimension: true},
	"cost":       {whole: costsOf, by: filter.Model, list: "models", part: costOf, provider: costOf, sortBy: "cost", dimension: true},
	"models":     {whole: func(*observe.Group) map[string]any { return map[string]any{} }, by: filter.Model, list: "models", part: resultsOf},
	"latency":    {whole: latenciesOf, provider: func(g *observe.Group) any { return latenciesOf(g) }, spread: true, dimension: true},
	"throughput": {whole: throughputOf, provider: func(g *observe.Group) any { return throughputOf(g) }},
}

func countsOf(g *observe.Group) map[string]any {
	return map[string]any{"count": g.Requests, "success": g.Succeeded, "error": g.Failed, "cancelled": g.Cancelled}
}

func tokensOf(g *observe.Group) map[string]any {
	return map[string]any{
		"prompt_tokens": g.Input, "completion_tokens": g.Output, "total_tokens": g.Input + g.Output, "cached_read_tokens": g.CacheRead,
		"cached_write_tokens": g.CacheWrite, "reasoning_tokens": g.Reasoning,
	}
}

func costsOf(g *observe.Group) map[string]any {
	return map[string]any{"total_cost": g.Cost, "unpriced": g.Unpriced}
}

func costOf(g *observe.Group) any { return g.Cost }

func resultsOf(g *observe.Group) any {
	return map[string]any{"total": g.Requests, "success": g.Succeeded, "error": g.Failed}
}

func latenciesOf(g *observe.Group) map[string]any {
	return map[string]any{
		"avg_latency": average(g.Latency, g.Requests), "p50_latency": known(g.P50), "p90_latency": known(g.P90), "p95_latency": known(g.P95),
		"p99_latency": known(g.P99), "avg_ttft": average(g.TTFT, g.Streamed), "total_requests": g.Requests,
	}
}

func throughputOf(g *observe.Group) map[string]any {
	return map[string]any{"tokens_per_second": perSecond(&g.Sums), "completion_tokens": g.Output, "total_requests": g.Requests}
}

// maxParts is how many providers, models or others a bucket is divided into; all others are together in "".
const maxParts = 20

// histogram serves one kind of chart.
func (a *Admin) histogram(h histogram, d division) exchange.Handler {
	return func(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
		p := query{values: x.Query}
		q := a.window(a.selection(&p))
		c := chart{histogram: h, Query: q, size: bucketSize(q)}
		switch d {
		case byProvider:
			c.split, c.member, c.by, c.list, c.part = true, "by_provider", filter.Provider, "providers", h.provider
		case byDimension:
			c.split, c.member, c.list, c.part = true, "by_dimension", "dimension_values", h.provider
			c.name, c.by = dimension(&p, "virtual_key")
		case plain:
			c.split, c.member = h.by != "", "by_model"
		}
		if err := p.done(); err != nil {
			return nil, err
		}
		out, err := a.drawn(ctx, &c)
		if err != nil {
			return nil, err
		}
		return answer(out)
	}
}

// chart is a histogram that was asked for.
type chart struct {
	histogram
	observe.Query
	size   time.Duration
	split  bool
	member string // what the parts of a bucket are called
	name   string // of the dimension
}

// drawn is the answer: buckets without gaps, and what they are divided by.
func (a *Admin) drawn(ctx context.Context, c *chart) (map[string]any, error) {
	starts := timeline(c.Query, c.size)
	groups, err := a.Logs.Stats(ctx, c.Query, observe.Breakdown{Bucket: c.size, Spread: c.spread})
	if err != nil {
		return nil, err
	}
	buckets, at := make([]map[string]any, len(starts)), slots(starts)
	for i := range groups {
		if n, ok := at[groups[i].Start.UnixMicro()]; ok {
			buckets[n] = c.whole(&groups[i])
		}
	}
	parts := make([]map[string]any, len(starts))
	for i, t := range starts {
		if buckets[i] == nil {
			buckets[i] = c.whole(&observe.Group{})
		}
		parts[i] = map[string]any{}
		buckets[i]["timestamp"] = t
		if c.split {
			buckets[i][c.member] = parts[i]
		}
	}
	out := map[string]any{"buckets": buckets, "bucket_size_seconds": int64(c.size / time.Second)}
	if c.name != "" {
		out["dimension"] = c.name
	}
	if !c.split {
		return out, nil
	}
	names, err := a.divide(ctx, c, at, parts)
	if err != nil {
		return nil, err
	}
	out[c.list] = list(slices.Sorted(maps.Keys(names)))
	if c.name != "" {
		out["dimension_names"] = names
	}
	return out, nil
}

// divide fills the parts of the buckets. It gives their names by their ids.
func (a *Admin) divide(ctx context.Context, c *chart, at map[int64]int, parts []map[string]any) (map[string]string, error) {
	names := map[string]string{}
	if c.by == "" {
		return names, nil
	}
	groups, err := a.Logs.Stats(ctx, c.Query, observe.Breakdown{
		Bucket: c.size, By: []filter.Field{c.by}, Spread: c.spread, SortBy: c.sortBy, Limit: maxParts,
	})
	if err != nil {
		return nil, err
	}
	for i := range groups {
		g := &groups[i]
		n, ok := at[g.Start.UnixMicro()]
		if !ok {
			continue
		}
		id, name := named(g.Values[0])
		parts[n][id], names[id] = c.part(g), name
	}
	return names, nil
}
