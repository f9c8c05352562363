package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
)

// Search counts in the totals, day by day and hour by hour, and reads rows of logs only for the hours at the edges of
// the time range, for what the totals do not have yet and for the page itself. The counts then say where the page is, so
// that neither a filter that hits little nor a page far behind makes the database walk through all of the log. What the
// labels do not tell is counted row by row, but in an index that has all that is added up.
func (l *Logs) Search(ctx context.Context, q observe.Query) (observe.Page, error) {
	s, err := l.selected(q)
	if err != nil {
		return observe.Page{}, err
	}
	if s.from >= s.until {
		return observe.Page{}, nil
	}
	// One transaction, so that the page is of what was counted.
	tx, err := l.read.BeginTx(ctx, nil)
	if err != nil {
		return observe.Page{}, fmt.Errorf("search the log: %w", err)
	}
	defer tx.Rollback()
	page, err := l.search(ctx, tx, q, &s)
	if err != nil {
		return observe.Page{}, fmt.Errorf("search the log: %w", err)
	}
	return page, nil
}

func (l *Logs) search(ctx context.Context, tx *sql.Tx, q observe.Query, s *selection) (observe.Page, error) {
	slots, stats, err := l.count(ctx, tx, s, true)
	if err != nil {
		return observe.Page{}, err
	}
	page := observe.Page{Total: stats.Requests, Stats: stats}
	if q.Limit <= 0 || int64(q.Offset) >= page.Total {
		return page, nil
	}
	if sortColumns[q.SortBy] != "" || s.rows.text != "" {
		page.Records, err = l.records(ctx, tx, q, s, s.span, q.Limit, int64(q.Offset))
		return page, err
	}
	if !q.Ascending {
		slices.Reverse(slots)
	}
	slots, offset := pageSlots(slots, int64(q.Limit), int64(q.Offset))
	if slots, err = l.refine(ctx, tx, q, s, slots); err != nil {
		return observe.Page{}, err
	}
	slots, offset = pageSlots(slots, int64(q.Limit), offset)
	for _, within := range joined(s, slots) {
		found, err := l.records(ctx, tx, q, s, within, q.Limit-len(page.Records), offset)
		if err != nil {
			return observe.Page{}, err
		}
		page.Records, offset = append(page.Records, found...), 0
	}
	return page, nil
}

// slot is a span and how many matches it has.
type slot struct {
	span
	requests int64
}

// count sums up all matches; slots are the spans that have any, in order, where the totals tell: days, or hours only.
func (l *Logs) count(ctx context.Context, tx *sql.Tx, s *selection, days bool) (slots []slot, all observe.Stats, err error) {
	if s.rows.text != "" {
		all, err = l.countRows(ctx, tx, s)
		return nil, all, err
	}
	var c counts
	c.add(s, days)
	rows, err := tx.QueryContext(ctx, l.text(`SELECT start, width, sum(requests),
		sum(CASE WHEN status = 'success' THEN requests ELSE 0 END),
		sum(CASE WHEN status <> 'cancelled' THEN requests ELSE 0 END),
		sum(latency), sum(tokens)
		FROM (`+strings.Join(c.selects, " UNION ALL ")+`) AS matches JOIN labels ON labels.id = matches.labels
		GROUP BY start, width ORDER BY start`), c.args...)
	if err != nil {
		return nil, all, err
	}
	defer rows.Close()
	var latency int64
	for rows.Next() {
		var at slot
		var width, succeeded, finished, lat, tokens int64
		if err := rows.Scan(&at.from, &width, &at.requests, &succeeded, &finished, &lat, &tokens); err != nil {
			return nil, all, err
		}
		at.until = at.from + width*hour
		slots = append(slots, at)
		all.Requests += at.requests
		all.Succeeded += succeeded
		all.Finished += finished
		all.Tokens += tokens
		latency += lat
	}
	if all.Requests > 0 {
		all.AverageLatency = micros(latency / all.Requests)
	}
	return slots, all, rows.Err()
}

// countRows sums up all matches row by row. Where an index has them in the order of their labels, those are looked at
// once for many.
func (l *Logs) countRows(ctx context.Context, tx *sql.Tx, s *selection) (all observe.Stats, err error) {
	c := s.onRows(s.span)
	is := func(status string) string { return "labels IN (SELECT id FROM labels WHERE status = '" + status + "')" }
	from, one := "logs"+c.where(), "1"
	if s.index != "" {
		from = "(SELECT labels, count(*) AS requests, sum(latency) AS latency, sum(input) AS input, sum(output) AS output FROM logs" +
			c.where() + " GROUP BY " + s.index + ", labels) AS found"
		one = "requests"
	}
	var latency int64
	err = tx.QueryRowContext(ctx, l.text(`SELECT CAST(coalesce(sum(`+one+`), 0) AS BIGINT),
		CAST(coalesce(sum(CASE WHEN `+is("success")+` THEN `+one+` ELSE 0 END), 0) AS BIGINT),
		CAST(coalesce(sum(CASE WHEN `+is("cancelled")+` THEN 0 ELSE `+one+` END), 0) AS BIGINT),
		CAST(coalesce(sum(latency), 0) AS BIGINT), CAST(coalesce(sum(input), 0) + coalesce(sum(output), 0) AS BIGINT) FROM `+from), c.args...).
		Scan(&all.Requests, &all.Succeeded, &all.Finished, &latency, &all.Tokens)
	if all.Requests > 0 {
		all.AverageLatency = micros(latency / all.Requests)
	}
	return all, err
}

// ranges divides a span into whole days, whole hours around them, and what remains at the edges.
type ranges struct {
	days  span // in days
	hours []span
	edges []span // in microseconds
	whole span   // in microseconds: all but the edges
}

func rangesOf(s span, days bool) (r ranges) {
	first, last := ceilDiv(s.from, hour), s.until/hour // whole hours
	if s.until == forever {
		last = forever
	}
	if first >= last {
		r.edges = append(r.edges, s)
		return r
	}
	r.whole = span{first * hour, last}
	if last != forever {
		r.whole.until = last * hour
	} else {
		r.whole.until = forever
	}
	if s.from < r.whole.from {
		r.edges = append(r.edges, span{s.from, r.whole.from})
	}
	if r.whole.until < s.until {
		r.edges = append(r.edges, span{r.whole.until, s.until})
	}
	r.days = span{ceilDiv(first, dayWidth), last / dayWidth}
	if last == forever {
		r.days.until = forever
	}
	if !days || r.days.from >= r.days.until {
		r.days = span{}
		r.hours = []span{{first, last}}
		return r
	}
	if from := r.days.from * dayWidth; first < from {
		r.hours = append(r.hours, span{first, from})
	}
	if r.days.until != forever && r.days.until*dayWidth < last {
		r.hours = append(r.hours, span{r.days.until * dayWidth, last})
	}
	return r
}

func ceilDiv(n, by int64) int64 { return (n + by - 1) / by }

// counts collects the selects that together yield all matches.
type counts struct {
	selects []string
	args    []any
}

func (c *counts) add(s *selection, days bool) {
	r := rangesOf(s.span, days)
	if r.days != (span{}) {
		c.totals(s, dayWidth, r.days)
	}
	for _, hours := range r.hours {
		c.totals(s, hourWidth, hours)
	}
	if r.whole != (span{}) {
		days := span{r.whole.until, r.whole.until}
		if r.days != (span{}) {
			days = span{r.days.from * dayWidth * hour, forever}
		}
		if r.days.until != 0 && r.days.until != forever {
			days.until = r.days.until * dayWidth * hour
		}
		c.rows(span{r.whole.from, days.from}, s.onTail, hourWidth)
		c.rows(days, s.onTail, dayWidth)
		c.rows(span{days.until, r.whole.until}, s.onTail, hourWidth)
	}
	for _, edge := range r.edges {
		c.rows(edge, s.onRows, hourWidth)
	}
}

func (c *counts) totals(s *selection, width int64, slots span) {
	where := clause{"width = ? AND slot >= ? AND slot < ?", []any{width, slots.from, slots.until}}.and(s.inLabels())
	c.selects = append(c.selects, fmt.Sprintf("SELECT slot * %d AS start, width, labels, requests, latency, input + output AS tokens FROM totals%s",
		width*hour, where.where()))
	c.args = append(c.args, where.args...)
}

func (c *counts) rows(within span, on func(span) clause, width int64) {
	if within.from >= within.until {
		return
	}
	where := on(within)
	c.selects = append(c.selects, fmt.Sprintf("SELECT time / %d * %[1]d AS start, %d AS width, labels, 1 AS requests, latency, "+
		"coalesce(input, 0) + coalesce(output, 0) AS tokens FROM logs%s", width*hour, width, where.where()))
	c.args = append(c.args, where.args...)
}

// pageSlots are those of the slots that the page's records are in, where so many matches are before it. offset is how
// many of these are in the first one.
func pageSlots(slots []slot, limit, before int64) (wanted []slot, offset int64) {
	for len(slots) > 0 && before >= slots[0].requests {
		before -= slots[0].requests
		slots = slots[1:]
	}
	missing := limit + before
	for i, at := range slots {
		if missing <= 0 {
			return slots[:i], before
		}
		missing -= at.requests
	}
	return slots, before
}

// rareInDay is how many matches in a day are worth to look for the hours that they are in.
const rareInDay = 1000

// refine puts hours in the place of days with few matches, through most of which the database would walk in vain.
func (l *Logs) refine(ctx context.Context, tx *sql.Tx, q observe.Query, s *selection, slots []slot) (fine []slot, err error) {
	for _, at := range slots {
		if at.until-at.from <= hour || at.requests >= rareInDay {
			fine = append(fine, at)
			continue
		}
		day := *s
		day.span = span{max(s.from, at.from), min(s.until, at.until)}
		hours, _, err := l.count(ctx, tx, &day, false)
		if err != nil {
			return nil, err
		}
		if !q.Ascending {
			slices.Reverse(hours)
		}
		fine = append(fine, hours...)
	}
	return fine, nil
}

// joined are the spans of slots, those without a gap in one.
func joined(s *selection, slots []slot) (spans []span) {
	for _, at := range slots {
		next := span{max(s.from, at.from), min(s.until, at.until)}
		if n := len(spans); n > 0 && spans[n-1].until == next.from {
			spans[n-1].until = next.until
		} else if n > 0 && spans[n-1].from == next.until {
			spans[n-1].from = next.from
		} else {
			spans = append(spans, next)
		}
	}
	return spans
}

// sortColumns are what pages are sorted by other than the time.
var sortColumns = map[string]string{"latency": "latency", "tokens": "coalesce(input, 0) + coalesce(output, 0)", "cost": "coalesce(cost, -1)"}

// records reads matches within a span.
func (l *Logs) records(ctx context.Context, tx *sql.Tx, q observe.Query, s *selection, within span, limit int, offset int64) ([]*exchange.Record, error) {
	c := s.onRows(within)
	by := sortColumns[q.SortBy]
	if by == "" {
		by = "time"
	}
	order := " DESC"
	if q.Ascending {
		order = " ASC"
	}
	order = " ORDER BY " + by + order + ", seq" + order
	// The inner select sorts numbers, not whole rows.
	rows, err := tx.QueryContext(ctx, l.text(wholeRows+"WHERE seq IN (SELECT seq FROM logs"+c.where()+
		order+" LIMIT ? OFFSET ?)"+order), append(c.args[:len(c.args):len(c.args)], limit, offset)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []*exchange.Record
	for rows.Next() {
		one, err := scanRow(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, one.record)
	}
	return found, rows.Err()
}
