package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
)

// Search counts in the totals, hour by hour, and reads rows of logs only for the hours at the edges of the time range
// and for the page itself. The counts per hour then say in which hours the page is, so that neither a filter that hits
// little nor a page far behind makes the database walk through all of the log. Only a session is counted row by row
// (it has an index), and only sorting by latency or tokens looks at every row within the time range.
func (l *Logs) Search(ctx context.Context, q observe.Query) (observe.Page, error) {
	// One transaction, so that the page is of what was counted.
	tx, err := l.read.BeginTx(ctx, nil)
	if err != nil {
		return observe.Page{}, fmt.Errorf("search the log: %w", err)
	}
	defer tx.Rollback()
	page, err := search(ctx, tx, q)
	if err != nil {
		return observe.Page{}, fmt.Errorf("search the log: %w", err)
	}
	return page, nil
}

func search(ctx context.Context, tx *sql.Tx, q observe.Query) (observe.Page, error) {
	s := queried(q)
	if s.from >= s.until {
		return observe.Page{}, nil
	}
	hours, stats, err := count(ctx, tx, q)
	if err != nil {
		return observe.Page{}, err
	}
	page := observe.Page{Total: stats.Requests, Stats: stats}
	if q.Limit <= 0 || int64(q.Offset) >= page.Total {
		return page, nil
	}
	if q.SortBy == sortLatency || q.SortBy == sortTokens {
		page.Records, err = records(ctx, tx, q, s, q.Limit, int64(q.Offset))
		return page, err
	}
	spans, offset := pageSpans(q, hours)
	for _, s := range spans {
		found, err := records(ctx, tx, q, s, q.Limit-len(page.Records), offset)
		if err != nil {
			return observe.Page{}, err
		}
		page.Records, offset = append(page.Records, found...), 0
	}
	return page, nil
}

// span is a range of times in microseconds, from inclusive, until exclusive.
type span struct{ from, until int64 }

const forever = int64(1) << 62

func queried(q observe.Query) span {
	s := span{0, forever}
	if !q.Since.IsZero() {
		s.from = max(0, ceilMicro(q.Since))
	}
	if !q.Until.IsZero() {
		s.until = ceilMicro(q.Until)
	}
	return s
}

// ceilMicro is the first whole microsecond that is not before t.
func ceilMicro(t time.Time) int64 {
	n := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		n++
	}
	return n
}

// hourCount is how many matches an hour has.
type hourCount struct{ hour, requests int64 }

// count sums up all matches; hours are those that have any, in order.
func count(ctx context.Context, tx *sql.Tx, q observe.Query) (hours []hourCount, all observe.Stats, err error) {
	text, args := countQuery(q)
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, all, err
	}
	defer rows.Close()
	var latency int64
	for rows.Next() {
		var h hourCount
		var succeeded, finished, lat, tokens int64
		if err := rows.Scan(&h.hour, &h.requests, &succeeded, &finished, &lat, &tokens); err != nil {
			return nil, all, err
		}
		hours = append(hours, h)
		all.Requests += h.requests
		all.Succeeded += succeeded
		all.Finished += finished
		all.Tokens += tokens
		latency += lat
	}
	if all.Requests > 0 {
		all.AverageLatency = micros(latency / all.Requests)
	}
	return hours, all, rows.Err()
}

func countQuery(q observe.Query) (string, []any) {
	s := queried(q)
	var from parts
	if q.Session != "" {
		from.rows(q, s)
	} else {
		// first and last are the whole hours within the span.
		first, last := hourOf(s.from+hour-1), hourOf(s.until)
		if first > last {
			from.rows(q, s)
		} else {
			from.totals(q, first, last)
			if s.from > 0 {
				from.rows(q, span{s.from, first * hour})
			}
			if s.until != forever {
				from.rows(q, span{last * hour, s.until})
			}
		}
	}
	return `SELECT hour, sum(requests),
		sum(CASE WHEN status = 'success' THEN requests ELSE 0 END),
		sum(CASE WHEN status <> 'cancelled' THEN requests ELSE 0 END),
		sum(latency), sum(tokens)
		FROM (` + strings.Join(from.selects, " UNION ALL ") + `) AS matches JOIN labels ON labels.id = matches.labels GROUP BY hour ORDER BY hour`, from.args
}

// parts collects the selects that together yield all matches.
type parts struct {
	selects []string
	args    []any
}

func (p *parts) totals(q observe.Query, first, last int64) {
	c := filters(q)
	c.add("hour >= ?", first)
	c.add("hour < ?", last)
	p.selects = append(p.selects, "SELECT hour, labels, requests, latency, tokens FROM totals"+c.where())
	p.args = append(p.args, c.args...)
}

func (p *parts) rows(q observe.Query, s span) {
	if s.from >= s.until {
		return
	}
	c := filters(q)
	c.in(s)
	c.session(q)
	p.selects = append(p.selects, fmt.Sprintf("SELECT time / %d AS hour, labels, 1 AS requests, latency, "+
		"tokens FROM logs%s", hour, c.where()))
	p.args = append(p.args, c.args...)
}

// pageSpans is where the page lies: the hours that its records are in, those without a gap in one, in the order of
// the page. offset is how many matches of the first one are before the page.
func pageSpans(q observe.Query, hours []hourCount) (spans []span, offset int64) {
	if !q.Ascending {
		slices.Reverse(hours)
	}
	offset = int64(q.Offset)
	for len(hours) > 0 && offset >= hours[0].requests {
		offset -= hours[0].requests
		hours = hours[1:]
	}
	all := queried(q)
	wanted := int64(q.Limit) + offset
	for _, h := range hours {
		if wanted <= 0 {
			break
		}
		wanted -= h.requests
		next := span{max(all.from, h.hour*hour), min(all.until, (h.hour+1)*hour)}
		if n := len(spans); n > 0 && spans[n-1].until == next.from {
			spans[n-1].until = next.until
		} else if n > 0 && spans[n-1].from == next.until {
			spans[n-1].from = next.from
		} else {
			spans = append(spans, next)
		}
	}
	return spans, offset
}

const (
	sortLatency = "latency"
	sortTokens  = "tokens"
)

// records reads matches within s.
func records(ctx context.Context, tx *sql.Tx, q observe.Query, s span, limit int, offset int64) ([]*exchange.Record, error) {
	c := filters(q)
	c.in(s)
	c.session(q)
	by := "time"
	switch q.SortBy {
	case sortLatency:
		by = "latency"
	case sortTokens:
		by = "tokens"
	}
	order := " DESC"
	if q.Ascending {
		order = " ASC"
	}
	order = " ORDER BY " + by + order + ", seq" + order
	// The inner select sorts numbers, not whole rows.
	rows, err := tx.QueryContext(ctx, wholeRows+"WHERE seq IN (SELECT seq FROM logs"+c.where()+
		order+" LIMIT ? OFFSET ?)"+order, append(c.args, limit, offset)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []*exchange.Record
	for rows.Next() {
		_, r, _, err := scanRow(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, rows.Err()
}

// conditions are joined by AND.
type conditions struct {
	texts []string
	args  []any
}

// filters are the conditions that hold for the rows of logs and of totals alike.
func filters(q observe.Query) *conditions {
	c := &conditions{}
	c.oneOf(q.Providers, "provider")
	c.oneOf(q.Models, "model", "requested_model")
	c.oneOf(q.KeyIDs, "key_id")
	statuses := make([]string, len(q.Statuses))
	for i, s := range q.Statuses {
		statuses[i] = string(s)
	}
	c.oneOf(statuses, "status")
	if len(c.texts) == 0 {
		return c
	}
	return &conditions{texts: []string{"labels IN (SELECT id FROM labels" + c.where() + ")"}, args: c.args}
}

func (c *conditions) add(text string, args ...any) {
	c.texts = append(c.texts, text)
	c.args = append(c.args, args...)
}

// oneOf demands that at least one of the columns has one of the values; no values demand nothing.
func (c *conditions) oneOf(values []string, columns ...string) {
	if len(values) == 0 {
		return
	}
	var texts []string
	for _, column := range columns {
		texts = append(texts, column+" IN ("+placeholders(len(values))+")")
		for _, v := range values {
			c.args = append(c.args, v)
		}
	}
	c.texts = append(c.texts, "("+strings.Join(texts, " OR ")+")")
}

func (c *conditions) in(s span) {
	if s.from > 0 {
		c.add("time >= ?", s.from)
	}
	if s.until != forever {
		c.add("time < ?", s.until)
	}
}

func (c *conditions) session(q observe.Query) {
	if q.Session != "" {
		// The second half lets the database use the index, which leaves out rows without a session.
		c.add("session = ? AND session <> ''", q.Session)
	}
}

func (c *conditions) where() string {
	if len(c.texts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.texts, " AND ")
}
