package admin

import (
	"context"
	"strings"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
	"heimdall/providers/llm"
)

// stats adds up the requests that a query selects; with compare_to_previous also those of the span of time before.
func (a *Admin) stats(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	q, compare := a.selection(&p), p.flag("compare_to_previous")
	if compare && q.Since.IsZero() {
		p.fail("compare_to_previous", "needs a span of time to compare; add start_time or period")
	}
	if err := p.done(); err != nil {
		return nil, err
	}
	out, err := a.sums(ctx, q)
	if err == nil && compare {
		out.PreviousPeriod, err = a.before(ctx, q)
	}
	if err != nil {
		return nil, err
	}
	return answer(out)
}

// before adds up the span of time before that of a query, which is as long.
func (a *Admin) before(ctx context.Context, q observe.Query) (*LogStats, error) {
	previous, err := a.sums(ctx, a.previous(q))
	return &previous, err
}

// previous is a query of the same for the span of time before, which is as long.
func (a *Admin) previous(q observe.Query) observe.Query {
	until := q.Until
	if until.IsZero() {
		until = a.now()
	}
	q.Since, q.Until = q.Since.Add(-until.Sub(q.Since)), q.Since
	return q
}

// sums adds up the requests of a query.
func (a *Admin) sums(ctx context.Context, q observe.Query) (LogStats, error) {
	groups, err := a.Logs.Stats(ctx, q, observe.Breakdown{By: []filter.Field{filter.ErrorKind}})
	if err != nil {
		return LogStats{}, err
	}
	return summed(groups), nil
}

// summed adds up groups of one kind of error each.
func summed(groups []observe.Group) (out LogStats) {
	var all observe.Sums
	var refused int64
	for _, g := range groups {
		add(&all, &g.Sums)
		if ours(g.Values[0]) {
			refused += g.Failed
		}
	}
	out = LogStats{
		TotalRequests: all.Requests, UserFacingTotalRequests: all.Requests - refused,
		SuccessRate: percent(all.Succeeded, all.Succeeded+all.Failed), UserFacingSuccessRate: percent(all.Succeeded, all.Succeeded+all.Failed-refused),
		TotalTokens: all.Input + all.Output, TotalCost: all.Cost, Unpriced: all.Unpriced,
		DirectCacheHits: all.DirectHits, SemanticCacheHits: all.SemanticHits, CacheHitRateTotal: all.Succeeded,
	}
	if all.Requests > 0 {
		out.AverageLatency = milliseconds(all.Latency / time.Duration(all.Requests))
	}
	return out
}

// ours reports whether the gateway itself refuses a request so, before it calls a provider.
func ours(kind string) bool {
	switch llm.ErrorKind(kind) {
	case llm.KindModelUnknown, llm.KindModelUnavailable, llm.KindDropped:
		return true
	default:
		return strings.HasPrefix(kind, "policy_")
	}
}

func percent(part, of int64) float64 {
	if of <= 0 {
		return 0
	}
	return 100 * float64(part) / float64(of)
}

// add adds one to all; percentiles and times are not added.
func add(all, one *observe.Sums) {
	all.Requests += one.Requests
	all.Succeeded += one.Succeeded
	all.Failed += one.Failed
	all.Cancelled += one.Cancelled
	all.Input += one.Input
	all.CacheRead += one.CacheRead
	all.CacheWrite += one.CacheWrite
	all.Output += one.Output
	all.Reasoning += one.Reasoning
	all.Cost += one.Cost
	all.Unpriced += one.Unpriced
	all.Latency += one.Latency
	all.TTFT += one.TTFT
	all.Streamed += one.Streamed
	all.DirectHits += one.DirectHits
	all.SemanticHits += one.SemanticHits
}

// sumsOf are the sums of a list: those of the log, and how many of its rows are in flight.
func (a *Admin) sumsOf(ctx context.Context, q asked, page observe.Page, live int) (out LogStats, err error) {
	if page.Total > 0 {
		out, err = a.sums(ctx, q.Query)
	}
	out.TotalRequests += int64(live)
	out.UserFacingTotalRequests += int64(live)
	return out, err
}
