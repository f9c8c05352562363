package sqlstore

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

// stored is what a group adds up to, as the database says it.
type stored struct {
	start       int64
	values      []string
	sums        sums
	labelled    [6]int64 // succeeded, failed, cancelled, fallbacks, direct and semantic hits
	first, last int64
	exact       int64 // 1 = first and last are times of records, not of hours
	spread      spread
}

func (g *stored) merge(other *stored) {
	for i, n := range other.sums {
		g.sums[i] += n
	}
	for i, n := range other.labelled {
		g.labelled[i] += n
	}
	g.first, g.last, g.exact = min(g.first, other.first), max(g.last, other.last), min(g.exact, other.exact)
	g.spread.addAll(other.spread)
}

// groups puts together what the database can't: values that are lists, buckets and their biggest values, spreads.
type groups struct {
	*division
	all map[string]*stored
	key []byte
}

func newGroups(d *division) *groups { return &groups{division: d, all: map[string]*stored{}} }

// add adds what the database says of the columns' values.
func (g *groups) add(keys []string, one *stored) {
	g.each(keys, nil, func(values []string) { g.put(values, one) })
}

// addSpread is add for the spread of a group that is there.
func (g *groups) addSpread(keys []string, one *stored) {
	g.each(keys, nil, func(values []string) {
		if known := g.all[string(g.keyOf(one.start, values))]; known != nil {
			known.spread.addAll(one.spread)
		}
	})
}

func (g *groups) put(values []string, one *stored) {
	key := g.keyOf(one.start, values)
	if known := g.all[string(key)]; known != nil {
		known.merge(one)
		return
	}
	added := *one
	added.values, added.spread = values, slices.Clone(one.spread)
	g.all[string(key)] = &added
}

func (g *groups) keyOf(start int64, values []string) []byte {
	g.key = binary.AppendVarint(g.key[:0], start)
	for _, v := range values {
		g.key = append(binary.AppendUvarint(g.key, uint64(len(v))), v...)
	}
	return g.key
}

// each calls f with the values of the fields: once for each value of a list.
func (g *groups) each(keys, before []string, f func(values []string)) {
	i := len(before)
	if i == len(g.By) {
		f(before)
		return
	}
	own, rest := keys[:g.widths[i]], keys[g.widths[i]:]
	values := []string{strings.Join(own, "\t")}
	if g.By[i] == filter.Tool || g.By[i] == filter.Engine {
		if list := readList(own[0]); len(list) > 0 {
			values = list
		}
	}
	for _, v := range values {
		g.each(rest, append(before[:i:i], v), f)
	}
}

// list gives the groups in their order.
func (g *groups) list() []observe.Group {
	if len(g.By) == 0 && g.bucket == 0 && len(g.all) == 0 {
		g.put(nil, &stored{})
	}
	all := g.biggest()
	slices.SortFunc(all, func(a, b *stored) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(g.weight(b), g.weight(a)), slices.Compare(a.values, b.values))
	})
	if g.Limit > 0 && g.bucket == 0 {
		all = all[:min(len(all), g.Limit)]
	}
	out := make([]observe.Group, len(all))
	for i, one := range all {
		out[i] = g.group(one)
	}
	return out
}

// biggest puts all but the biggest values of a division by time together.
func (g *groups) biggest() (all []*stored) {
	if g.bucket == 0 || g.Limit <= 0 || len(g.By) == 0 {
		for _, one := range g.all {
			all = append(all, one)
		}
		return all
	}
	whole := newGroups(g.division)
	for _, one := range g.all {
		over := *one
		over.start, over.spread = 0, nil
		whole.put(one.values, &over)
	}
	var order []*stored
	for _, one := range whole.all {
		order = append(order, one)
	}
	slices.SortFunc(order, func(a, b *stored) int {
		return cmp.Or(cmp.Compare(g.weight(b), g.weight(a)), slices.Compare(a.values, b.values))
	})
	kept := newGroups(g.division)
	for _, one := range order[:min(len(order), g.Limit)] {
		kept.all[string(kept.keyOf(0, one.values))] = one
	}
	folded, others := newGroups(g.division), make([]string, len(g.By))
	for _, one := range g.all {
		values := one.values
		if kept.all[string(kept.keyOf(0, values))] == nil {
			values = others
		}
		folded.put(values, one)
	}
	for _, one := range folded.all {
		all = append(all, one)
	}
	return all
}

// weight is what groups are sorted by.
func (g *groups) weight(one *stored) int64 {
	switch g.SortBy {
	case "cost":
		return one.sums[sumCost]
	case "tokens":
		return one.sums[sumInput] + one.sums[sumOutput]
	case "latest":
		return one.last
	default:
		return one.sums[sumRequests]
	}
}

func (g *groups) group(one *stored) observe.Group {
	s := &one.sums
	out := observe.Group{Values: one.values, Sums: observe.Sums{
		Requests: s[sumRequests], Succeeded: one.labelled[0], Failed: one.labelled[1], Cancelled: one.labelled[2],
		Latency: micros(s[1]), TTFT: micros(s[2]), Streamed: s[3], Input: s[sumInput], Output: s[sumOutput], CacheRead: s[6],
		CacheWrite: s[7], Reasoning: s[8], Cost: float64(s[sumCost]) / nano, Unpriced: s[sumUnpriced], Retries: s[11],
		Fallbacks: one.labelled[3], DirectHits: one.labelled[4], SemanticHits: one.labelled[5],
	}}
	if g.bucket > 0 {
		out.Start = timeOf(one.start)
	}
	if one.exact == 1 {
		out.First, out.Last = timeOf(one.first), timeOf(one.last)
	}
	if g.Spread {
		out.P50, out.P90, out.P95, out.P99 = one.spread.percentile(50), one.spread.percentile(90), one.spread.percentile(95), one.spread.percentile(99)
	}
	return out
}
