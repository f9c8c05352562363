package admin

import (
	"cmp"
	"context"
	"slices"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

// maxRanked is how many rows a ranking has where nobody says.
const maxRanked = 20

// compareWeights orders by weight, and then by name.
func compareWeights(a, b float64, first, second string) int {
	return cmp.Or(cmp.Compare(a, b), cmp.Compare(first, second))
}

// ranked are what all of one kind did, those that cost most first, and then those with most requests. Requests without
// such a thing are left out.
func (a *Admin) ranked(ctx context.Context, q observe.Query, total float64, by ...filter.Field) ([]Ranked, error) {
	groups, err := a.Logs.Stats(ctx, q, observe.Breakdown{By: by, SortBy: "cost"})
	if err != nil {
		return nil, err
	}
	out := []Ranked{}
	for i := range groups {
		g := &groups[i]
		r := Ranked{
			Requests: g.Requests, SuccessRate: percent(g.Succeeded, g.Succeeded+g.Failed), Tokens: g.Input + g.Output, Cost: g.Cost,
			Unpriced: g.Unpriced, AverageLatency: average(g.Latency, g.Requests),
		}
		if r.ID, r.Name = named(g.Values[0]); r.ID == "" {
			continue
		}
		if len(by) > 1 {
			r.Provider = g.Values[1]
		}
		if total > 0 {
			r.Share = min(g.Cost/total, 1)
		}
		out = append(out, r)
	}
	sortRanked(out)
	return out[:min(len(out), maxRanked)], nil
}

// modelRankings are the models, with how they changed since the span of time before.
func (a *Admin) modelRankings(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	q, limit := a.window(a.selection(&p)), p.number("limit", maxRanked, 1, 1000)
	if err := p.done(); err != nil {
		return nil, err
	}
	list, err := a.rankedWithTrend(ctx, q, limit, filter.Model, filter.Provider)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Model = list[i].ID
	}
	return answer(LogRankings{Rankings: list})
}

// rankings are the values of one dimension, with how they changed.
func (a *Admin) rankings(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	q, limit := a.window(a.selection(&p)), p.number("limit", maxRanked, 1, 1000)
	name, field := dimension(&p, "virtual_key")
	if err := p.done(); err != nil {
		return nil, err
	}
	out := LogRankings{Dimension: name, Rankings: []LogRanking{}}
	if field != "" {
		var err error
		if out.Rankings, err = a.rankedWithTrend(ctx, q, limit, field); err != nil {
			return nil, err
		}
	}
	return answer(out)
}

// rankedWithTrend are the values of a field with what they add up to, those with most requests first.
func (a *Admin) rankedWithTrend(ctx context.Context, q observe.Query, limit int, by ...filter.Field) ([]LogRanking, error) {
	now, err := a.Logs.Stats(ctx, q, observe.Breakdown{By: by})
	if err != nil {
		return nil, err
	}
	before, err := a.Logs.Stats(ctx, a.previous(q), observe.Breakdown{By: by})
	if err != nil {
		return nil, err
	}
	key := func(g *observe.Group) [2]string {
		var k [2]string
		copy(k[:], g.Values)
		return k
	}
	past := map[[2]string]*observe.Sums{}
	for i := range before {
		past[key(&before[i])] = &before[i].Sums
	}
	out := []LogRanking{}
	for i := range now {
		g := &now[i]
		r := LogRanking{
			TotalRequests: g.Requests, SuccessCount: g.Succeeded, SuccessRate: percent(g.Succeeded, g.Succeeded+g.Failed),
			TotalTokens: g.Input + g.Output, TotalCost: g.Cost, AverageLatency: average(g.Latency, g.Requests),
			Trend: trend(&g.Sums, past[key(g)]),
		}
		if r.ID, r.Name = named(g.Values[0]); r.ID == "" || len(out) == limit {
			continue
		}
		if len(by) > 1 {
			r.Provider = g.Values[1]
		}
		out = append(out, r)
	}
	return out, nil
}

// trend says by how many percent the sums changed.
func trend(now, before *observe.Sums) LogTrend {
	if before == nil || before.Requests == 0 {
		return LogTrend{}
	}
	change := func(now, before float64) float64 {
		if before == 0 {
			return 0
		}
		return 100 * (now - before) / before
	}
	each := func(s *observe.Sums) float64 { return s.Latency.Seconds() / float64(max(s.Requests, 1)) }
	return LogTrend{
		HasPreviousPeriod: true, Requests: change(float64(now.Requests), float64(before.Requests)),
		Tokens: change(float64(now.Input+now.Output), float64(before.Input+before.Output)), Cost: change(now.Cost, before.Cost),
		Latency: change(each(now), each(before)),
	}
}

// sortRanked puts what cost most first, and then what has most requests.
func sortRanked(list []Ranked) {
	slices.SortFunc(list, func(a, b Ranked) int {
		return cmp.Or(cmp.Compare(b.Cost, a.Cost), cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Provider, b.Provider))
	})
}
