package admin

import (
	"context"
	"slices"
	"strings"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

func (a *Admin) metricRows(manage func(method, path string, h exchange.Handler)) {
	manage("GET", "/api/logs/stats", a.stats)
	manage("GET", "/api/logs/dashboard", a.dashboard)
	manage("GET", "/api/logs/rankings", a.modelRankings)
	manage("GET", "/api/logs/rankings/by-dimension", a.rankings)
	for name, h := range histograms {
		path := "/api/logs/histogram"
		if name != "" {
			path += "/" + name
		}
		manage("GET", path, a.histogram(h, plain))
		if h.provider != nil {
			manage("GET", path+"/by-provider", a.histogram(h, byProvider))
		}
		if h.dimension {
			manage("GET", path+"/by-dimension", a.histogram(h, byDimension))
		}
	}
}

// dimensions are what sums can be divided by, as the contract calls it. Those without a field nobody here has.
var dimensions = map[string]filter.Field{
	"provider": filter.Provider, "model": filter.Model, "alias": filter.Alias, "status": filter.Status, "object": filter.Object,
	"selected_key": filter.Key, "virtual_key": filter.VK, "routing_rule": filter.Rule, "routing_engine": filter.Engine,
	"team": filter.Team, "customer": filter.Customer, "app": filter.App, "user_agent": filter.Agent,
	"stop_reason": filter.Finish, "error": filter.ErrorKind, "tool": filter.Tool, "session": filter.Session,
	"user": "", "business_unit": "", "project": "",
}

// dimension reads the name of one, in its singular or its plural.
func dimension(p *query, otherwise string) (name string, field filter.Field) {
	if name = p.text("dimension"); name == "" {
		name = otherwise
	}
	for _, tail := range []string{"", "s", "_id", "_ids"} {
		one := strings.TrimSuffix(name, tail)
		if field, ok := dimensions[one]; ok {
			return one, field
		}
	}
	var known []string
	for name := range dimensions {
		known = append(known, name)
	}
	slices.Sort(known)
	p.fail("dimension", "must be %s", oneOf(known))
	return name, ""
}

// defaultWindow is the span of time of charts where none is asked for.
const defaultWindow = 24 * time.Hour

// window gives a query without a beginning or an end both: the last day, up to now.
func (a *Admin) window(q observe.Query) observe.Query {
	if q.Until.IsZero() {
		q.Until = a.now()
	}
	if q.Since.IsZero() {
		q.Since = q.Until.Add(-defaultWindow)
	}
	return q
}

// bucketSizes are the widths of buckets; maxBuckets is how many there are at most of the narrower ones.
var bucketSizes = []time.Duration{
	10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour,
}

const maxBuckets = 120

// bucketSize is the narrowest width that fits the span of time of q, but for a part of a second.
func bucketSize(q observe.Query) time.Duration {
	const day = 24 * time.Hour
	span := q.Until.Sub(q.Since).Truncate(time.Second)
	for _, size := range bucketSizes {
		if span <= maxBuckets*size {
			return size
		}
	}
	return span/maxBuckets/day*day + day
}

// timeline are the beginnings of the buckets of q, without gaps. Buckets are counted from 1970.
func timeline(q observe.Query, size time.Duration) (starts []time.Time) {
	first, width := q.Since.UnixMicro(), size.Microseconds()
	for at := first - ((first%width)+width)%width; at < q.Until.UnixMicro() && len(starts) <= maxBuckets+1; at += width {
		starts = append(starts, time.UnixMicro(at).UTC())
	}
	return starts
}

// slots finds the place of a bucket's beginning in its timeline.
func slots(starts []time.Time) map[int64]int {
	at := make(map[int64]int, len(starts))
	for i, t := range starts {
		at[t.UnixMicro()] = i
	}
	return at
}

// named splits what a field that has an id and a name is grouped by. Where there is no name, the id is it.
func named(value string) (id, name string) {
	id, name, _ = strings.Cut(value, "\t")
	if name == "" {
		name = id
	}
	return id, name
}

// average is sum/n in milliseconds; nil where nothing was measured.
func average(sum time.Duration, n int64) *float64 {
	if n <= 0 {
		return nil
	}
	ms := milliseconds(sum / time.Duration(n))
	return &ms
}

// perSecond is how fast the output of s came; nil where nobody can tell.
func perSecond(s *observe.Sums) *float64 {
	took := s.Latency - s.TTFT
	if s.Output <= 0 || took <= 0 {
		return nil
	}
	rate := float64(s.Output) / took.Seconds()
	return &rate
}

// dashboard is all that the page of metrics shows.
func (a *Admin) dashboard(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	q := a.window(a.selection(&p))
	if err := p.done(); err != nil {
		return nil, err
	}
	size := bucketSize(q)
	d := LogDashboard{From: q.Since.UTC(), Until: q.Until.UTC(), BucketSeconds: int64(size / time.Second)}
	starts := timeline(q, size)
	var err error
	step := func(f func() error) {
		if err == nil {
			err = f()
		}
	}
	step(func() (err error) { d.Stats, err = a.sums(ctx, q); return err })
	step(func() (err error) { d.Stats.PreviousPeriod, err = a.before(ctx, q); return err })
	step(func() (err error) { d.Buckets, err = a.buckets(ctx, q, size, starts); return err })
	step(func() (err error) {
		d.CostByModel, err = a.series(ctx, q, size, starts, filter.Model, "cost", func(s *observe.Sums) float64 { return s.Cost })
		return err
	})
	step(func() (err error) {
		d.RequestsByApp, err = a.series(ctx, q, size, starts, filter.App, "requests", func(s *observe.Sums) float64 { return float64(s.Requests) })
		return err
	})
	for _, r := range []struct {
		to *[]Ranked
		by []filter.Field
	}{
		{&d.Models, []filter.Field{filter.Model, filter.Provider}}, {&d.Providers, []filter.Field{filter.Provider}}, {&d.Apps, []filter.Field{filter.App}},
		{&d.VirtualKeys, []filter.Field{filter.VK}}, {&d.ErrorKinds, []filter.Field{filter.ErrorKind}},
	} {
		step(func() (err error) { *r.to, err = a.ranked(ctx, q, d.Stats.TotalCost, r.by...); return err })
	}
	if err != nil {
		return nil, err
	}
	return answer(d)
}

// buckets are what happened in each bucket.
func (a *Admin) buckets(ctx context.Context, q observe.Query, size time.Duration, starts []time.Time) ([]Bucket, error) {
	groups, err := a.Logs.Stats(ctx, q, observe.Breakdown{Bucket: size, Spread: true})
	if err != nil {
		return nil, err
	}
	out := make([]Bucket, len(starts))
	for i, t := range starts {
		out[i].Timestamp = t
	}
	at := slots(starts)
	for i := range groups {
		g := &groups[i]
		if n, ok := at[g.Start.UnixMicro()]; ok {
			out[n] = bucket(g)
		}
	}
	return out, nil
}

func bucket(g *observe.Group) Bucket {
	return Bucket{
		Timestamp: g.Start, Requests: g.Requests, Succeeded: g.Succeeded, Failed: g.Failed, Cancelled: g.Cancelled,
		PromptTokens: g.Input, CompletionTokens: g.Output, CachedTokens: g.CacheRead, Cost: g.Cost,
		AverageLatency: average(g.Latency, g.Requests), P50: known(g.P50), P90: known(g.P90), P95: known(g.P95), P99: known(g.P99),
		TTFT: average(g.TTFT, g.Streamed), TokensPerSecond: perSecond(&g.Sums),
	}
}

// maxSeries is how many lines a chart by a dimension has, beside that of all others.
const maxSeries = 6

// series are the lines of a chart by a field, the biggest first, that of all others last.
func (a *Admin) series(ctx context.Context, q observe.Query, size time.Duration, starts []time.Time, by filter.Field, sortBy string, value func(*observe.Sums) float64) ([]Series, error) {
	groups, err := a.Logs.Stats(ctx, q, observe.Breakdown{Bucket: size, By: []filter.Field{by}, SortBy: sortBy, Limit: maxSeries})
	if err != nil {
		return nil, err
	}
	lines, at, sum := map[string]*Series{}, slots(starts), map[string]float64{}
	for i := range groups {
		g := &groups[i]
		n, ok := at[g.Start.UnixMicro()]
		if !ok {
			continue
		}
		id, name := named(g.Values[0])
		if lines[id] == nil {
			lines[id] = &Series{ID: id, Name: name, Values: make([]float64, len(starts))}
		}
		lines[id].Values[n] += value(&g.Sums)
		sum[id] += value(&g.Sums)
	}
	out := []Series{}
	for id, s := range lines {
		if sum[id] > 0 {
			out = append(out, *s)
		}
	}
	slices.SortFunc(out, func(a, b Series) int {
		if (a.ID == "") != (b.ID == "") { // all others
			return strings.Compare(b.ID, a.ID)
		}
		return compareWeights(sum[b.ID], sum[a.ID], a.ID, b.ID)
	})
	return out, nil
}
