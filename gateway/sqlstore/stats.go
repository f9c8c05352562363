package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

// Stats adds up in the totals, for whole hours where the labels tell all that is asked for, and else in the index of
// times, or that of sessions or tools.
func (l *Logs) Stats(ctx context.Context, q observe.Query, b observe.Breakdown) ([]observe.Group, error) {
	s, err := l.selected(q)
	if err != nil {
		return nil, err
	}
	d, err := newDivision(b)
	if err != nil {
		return nil, err
	}
	tx, err := l.read.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("add up the log: %w", err)
	}
	defer tx.Rollback()
	groups := newGroups(d)
	if s.from < s.until {
		err = l.addUp(ctx, tx, &s, d, groups)
	}
	if err == nil && s.from < s.until && b.Spread {
		err = l.addSpreads(ctx, tx, &s, d, groups)
	}
	if err != nil {
		return nil, fmt.Errorf("add up the log: %w", err)
	}
	return groups.list(), nil
}

// division is a Breakdown in SQL.
type division struct {
	observe.Breakdown
	bucket  int64    // in microseconds; 0 = none
	columns []string // of labels, or key
	widths  []int    // how many columns each of By takes
	key     string   // the column of logs that is divided by; "" = none
}

func newDivision(b observe.Breakdown) (*division, error) {
	d := &division{Breakdown: b, bucket: b.Bucket.Microseconds()}
	if b.Bucket != 0 && d.bucket <= 0 {
		return nil, fmt.Errorf("a bucket of %v: it must be at least a microsecond", b.Bucket)
	}
	for _, f := range b.By {
		columns := labelColumns[f]
		switch column, ok := indexed[f]; {
		case ok && d.key != "" && d.key != column:
			return nil, errors.New("the log can't be divided by sessions and tools at once")
		case ok:
			d.key = column
			columns = []string{"key"}
		case len(columns) == 0:
			return nil, fmt.Errorf("the log can't be divided by %s: only by what many requests have in common", f)
		case f == filter.Model || f == filter.Status: // one of those that a filter looks at
			columns = columns[:1]
		case f == filter.Fallback:
			columns = []string{"CAST(fallback AS TEXT)"}
		}
		d.columns = append(d.columns, columns...)
		d.widths = append(d.widths, len(columns))
	}
	return d, nil
}

// source collects the selects that together yield the sums of all matches, by bucket, key and labels.
type source struct {
	*division
	s            *selection
	spread       bool // of the latencies, and no sums
	totals, rows selects
}

// selects are joined by UNION ALL.
type selects struct {
	texts []string
	args  []any
}

func (s *selects) add(text string, args []any) {
	s.texts = append(s.texts, text)
	s.args = append(s.args, args...)
}

// all takes the totals where they tell, and rows where they do not.
func (o *source) all() {
	hours := o.bucket%hour == 0
	if o.key != "" || o.s.rows.text != "" || !hours {
		o.addRows(o.s.onRows(o.s.span))
		return
	}
	r := rangesOf(o.s.span, o.bucket%(dayWidth*hour) == 0)
	if r.days != (span{}) {
		o.addTotals(dayWidth, r.days)
	}
	for _, slots := range r.hours {
		o.addTotals(hourWidth, slots)
	}
	if r.whole != (span{}) {
		o.addRows(o.s.onTail(r.whole))
	}
	for _, edge := range r.edges {
		o.addRows(o.s.onRows(edge))
	}
}

// start is the beginning of the bucket of a time; o.bucket is more than nothing.
func (o *source) start(time string) string {
	if o.bucket == 0 {
		return "0"
	}
	return fmt.Sprintf("%s / %d * %[2]d", time, o.bucket)
}

func (o *source) addTotals(width int64, slots span) {
	where := clause{"width = ? AND slot >= ? AND slot < ?", []any{width, slots.from, slots.until}}.and(o.s.inLabels())
	at := fmt.Sprintf("slot * %d", width*hour)
	if o.spread {
		o.totals.add("SELECT "+o.start(at)+" AS start, labels, spread FROM totals"+where.where(), where.args)
		return
	}
	added := make([]string, len(sumColumns))
	for i, column := range sumColumns {
		added[i] = "sum(" + column + ") AS " + column
	}
	o.totals.add("SELECT "+o.start(at)+" AS start, labels, "+strings.Join(added, ", ")+", min("+at+") AS first, max("+at+
		") AS last, 0 AS exact FROM totals"+where.where()+" GROUP BY "+o.groups(o.start(at)), where.args)
}

// groups are what the selects are grouped by: nothing constant, which would keep an index from being used.
func (o *source) groups(start string) string {
	by := "labels"
	if o.key != "" {
		by = o.key + ", labels"
	}
	if o.bucket > 0 {
		by = start + ", " + by
	}
	return by
}

// rowSums are what rows of logs add up to, as sumColumns.
const rowSums = `count(*) AS requests, sum(latency) AS latency, coalesce(sum(ttft), 0) AS ttft, count(ttft) AS streamed,
	coalesce(sum(input), 0) AS input, coalesce(sum(output), 0) AS output, coalesce(sum(cache_read), 0) AS cache_read,
	coalesce(sum(cache_write), 0) AS cache_write, coalesce(sum(reasoning), 0) AS reasoning, coalesce(sum(cost), 0) AS cost,
	sum(CASE WHEN input IS NOT NULL AND cost IS NULL THEN 1 ELSE 0 END) AS unpriced, sum(retries) AS retries,
	min(time) AS first, max(time) AS last, 1 AS exact`

func (o *source) addRows(where clause) {
	key := ""
	if o.key != "" {
		where = where.and(clause{text: o.key + " <> ''"})
		key = o.key + " AS key, "
	}
	by := o.groups(o.start("time"))
	sums := rowSums
	if o.spread {
		sums = rowBucket + " AS latency, count(*) AS requests"
		by += ", " + rowBucket
	}
	o.rows.add("SELECT "+o.start("time")+" AS start, "+key+"labels, "+sums+" FROM logs"+where.where()+" GROUP BY "+by, where.args)
}

// keys are the columns of the division, and what groups by them.
func (d *division) keys() (columns, by string) {
	by = "start"
	for i, column := range d.columns {
		columns += fmt.Sprintf(", %s AS key%d", column, i)
		by += fmt.Sprintf(", key%d", i)
	}
	return columns, by
}

func (s *selects) joined() string {
	return " FROM (" + strings.Join(s.texts, " UNION ALL ") + ") AS parts JOIN labels ON labels.id = parts.labels"
}

func (l *Logs) addUp(ctx context.Context, tx *sql.Tx, s *selection, d *division, groups *groups) error {
	o := source{division: d, s: s}
	o.all()
	o.totals.texts, o.totals.args = append(o.totals.texts, o.rows.texts...), append(o.totals.args, o.rows.args...)
	columns, by := d.keys()
	outer := "SELECT start" + columns
	for _, column := range sumColumns {
		outer += ", CAST(sum(" + column + ") AS BIGINT)"
	}
	for _, of := range [...]string{"status = 'success'", "status = 'error'", "status = 'cancelled'", "fallback > 0", "cache = 'direct'", "cache = 'semantic'"} {
		outer += ", CAST(sum(CASE WHEN " + of + " THEN requests ELSE 0 END) AS BIGINT)"
	}
	outer += ", min(first), max(last), min(exact)" + o.totals.joined() + " GROUP BY " + by
	if d.Limit > 0 && d.bucket == 0 && !d.lists() {
		outer += " ORDER BY " + sqlOrder(d.SortBy) + ", " + by + " LIMIT " + decimal(int64(d.Limit))
	}
	rows, err := tx.QueryContext(ctx, l.text(outer), o.totals.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var g stored
		keys, targets := d.targets(&g.start)
		for i := range g.sums {
			targets = append(targets, &g.sums[i])
		}
		for i := range g.labelled {
			targets = append(targets, &g.labelled[i])
		}
		if err := rows.Scan(append(targets, &g.first, &g.last, &g.exact)...); err != nil {
			return err
		}
		groups.add(keys, &g)
	}
	return rows.Err()
}

// sqlOrder is what the groups are sorted by, the first first.
func sqlOrder(sortBy string) string {
	switch sortBy {
	case "cost":
		return "sum(cost) DESC"
	case "tokens":
		return "sum(input) + sum(output) DESC"
	case "latest":
		return "max(last) DESC"
	default:
		return "sum(requests) DESC"
	}
}

// lists reports whether one of the fields may have many values at once.
func (d *division) lists() bool {
	return slices.Contains(d.By, filter.Tool) || slices.Contains(d.By, filter.Engine)
}

// targets are where Scan puts the start and the keys.
func (d *division) targets(start *int64) (keys []string, targets []any) {
	keys, targets = make([]string, len(d.columns)), []any{start}
	for i := range keys {
		targets = append(targets, &keys[i])
	}
	return keys, targets
}

// addSpreads adds how the latencies are spread: of whole hours as it is stored, of rows by buckets.
func (l *Logs) addSpreads(ctx context.Context, tx *sql.Tx, s *selection, d *division, groups *groups) error {
	o := source{division: d, s: s, spread: true}
	o.all()
	columns, by := d.keys()
	if len(o.totals.texts) > 0 {
		err := l.eachSpread(ctx, tx, d, "SELECT start"+columns+", spread, 0"+o.totals.joined(), o.totals.args, groups)
		if err != nil {
			return err
		}
	}
	if len(o.rows.texts) == 0 {
		return nil
	}
	return l.eachSpread(ctx, tx, d, "SELECT start"+columns+", latency, CAST(sum(requests) AS BIGINT)"+o.rows.joined()+
		" GROUP BY "+by+", latency", o.rows.args, groups)
}

// eachSpread reads spreads: stored ones, or a bucket and its count.
func (l *Logs) eachSpread(ctx context.Context, tx *sql.Tx, d *division, query string, args []any, groups *groups) error {
	rows, err := tx.QueryContext(ctx, l.text(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var g stored
		var is any
		var count int64
		keys, targets := d.targets(&g.start)
		if err := rows.Scan(append(targets, &is, &count)...); err != nil {
			return err
		}
		switch is := is.(type) {
		case int64:
			g.spread.add(is, count)
		case []byte:
			g.spread.addStored(is)
		}
		groups.addSpread(keys, &g)
	}
	return rows.Err()
}
