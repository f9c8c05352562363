package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"
)

// An hour of the totals, in the microseconds of the log's times, and the widths in hours of what they add up.
const (
	hour      = int64(time.Hour / time.Microsecond)
	hourWidth = int64(1)
	dayWidth  = int64(24)
)

// rollRows is how many rows the totals may be behind: searches count those one by one.
const rollRows = 2000

// sumColumns are what the totals add up, in the order of sums.
var sumColumns = []string{
	"requests", "latency", "ttft", "streamed", "input", "output", "cache_read", "cache_write", "reasoning", "cost", "unpriced", "retries",
}

// sums are what rows add up to.
type sums [12]int64

// The places of sums that are changed one by one.
const (
	sumRequests = 0
	sumInput    = 4
	sumOutput   = 5
	sumCost     = 9
	sumUnpriced = 10
)

// sums is what one row adds.
func (f *figures) sums() sums {
	s := sums{
		1, f.latency, f.ttft.Int64, 0, f.input.Int64, f.output.Int64, f.cacheRead.Int64, f.cacheWrite.Int64, f.reasoning.Int64,
		f.cost.Int64, 0, f.retries,
	}
	if f.ttft.Valid {
		s[3] = 1
	}
	if f.unpriced() {
		s[sumUnpriced] = 1
	}
	return s
}

func (f *figures) unpriced() bool { return f.input.Valid && !f.cost.Valid }

// group is one row's key in the totals, total its values.
type group struct{ width, slot, labels int64 }

type total struct {
	sums   sums
	spread spread
}

// change is what is to be added to the totals, by hour.
type change map[group]*total

func (c change) at(micros, labels int64) *total {
	g := group{hourWidth, micros / hour, labels}
	t := c[g]
	if t == nil {
		t = &total{}
		c[g] = t
	}
	return t
}

// add adds a row, or with sign −1 takes one out.
func (c change) add(micros, labels int64, f *figures, sign int64) {
	t := c.at(micros, labels)
	for i, n := range f.sums() {
		t.sums[i] += sign * n
	}
	t.spread.add(bucketOf(f.latency), sign)
}

// days are the same by day.
func (c change) days() change {
	days := change{}
	for g, t := range c {
		at := group{dayWidth, g.slot / dayWidth, g.labels}
		day := days[at]
		if day == nil {
			day = &total{}
			days[at] = day
		}
		for i, n := range t.sums {
			day.sums[i] += n
		}
		day.spread.addAll(t.spread)
	}
	return days
}

// totals keeps the table of that name in step with the rows. It is rolled up now and then: a row in it costs as much as
// one of logs, and of many rows together most have the same.
type totals struct {
	state, spread, mark *sql.Stmt
	merge               batchInsert

	// What the rows above from, up to to, add up to. Another writer, or a transaction that failed, makes it invalid.
	pending  change
	rows     int
	from, to int64
	valid    bool
}

func prepareTotals(ctx context.Context, db *database) (t totals, err error) {
	// A number is not used again while a block may still be there in which it had its bodies, or totals that count it.
	t.state, err = db.prepare(ctx, `SELECT seq, (SELECT coalesce(max(seq), 0) FROM logs), `+lastOf(ordinaryBlock)+`, `+
		lastOf(errorBlock)+` FROM marks WHERE name = 'totals'`)
	if err != nil {
		return t, err
	}
	if t.spread, err = db.prepare(ctx, "SELECT spread FROM totals WHERE width = ? AND slot = ? AND labels = ?"); err != nil {
		return t, err
	}
	if t.mark, err = db.prepare(ctx, "UPDATE marks SET seq = ? WHERE name = 'totals'"); err != nil {
		return t, err
	}
	added := make([]string, len(sumColumns))
	for i, column := range sumColumns {
		added[i] = column + " = totals." + column + " + excluded." + column
	}
	t.merge, err = prepareInsert(ctx, db, "INSERT INTO", "totals", slices.Concat([]string{"width", "slot", "labels"}, sumColumns, []string{"spread"}),
		" ON CONFLICT (width, slot, labels) DO UPDATE SET "+strings.Join(added, ", ")+", spread = excluded.spread")
	return t, err
}

func lastOf(kind int64) string {
	return "coalesce((SELECT last FROM blocks WHERE kind = " + decimal(kind) + " ORDER BY first DESC LIMIT 1), 0)"
}

// begin reads what the totals lack, where it is not known, and returns the number of the next row.
func (l *Logs) beginTotals(ctx context.Context, tx *sql.Tx) (next int64, err error) {
	var mark, rows, bodies, errorBodies int64
	err = tx.StmtContext(ctx, l.totals.state).QueryRowContext(ctx).Scan(&mark, &rows, &bodies, &errorBodies)
	if err != nil {
		return 0, err
	}
	next = 1 + max(mark, rows, bodies, errorBodies)
	t := &l.totals
	if t.valid && t.from == mark && t.to == next-1 {
		return next, nil
	}
	t.pending, t.rows, t.from, t.to, t.valid = change{}, 0, mark, next-1, true
	return next, l.loadPending(ctx, tx)
}

// loadPending reads what the totals lack from the rows.
func (l *Logs) loadPending(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, l.text("SELECT time, labels, "+strings.Join(figureColumns, ", ")+" FROM logs WHERE seq > ?"), l.totals.from)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var micros, labels int64
		var f figures
		if err := rows.Scan(append([]any{&micros, &labels}, f.targets()...)...); err != nil {
			return err
		}
		l.totals.add(micros, labels, &f)
	}
	return rows.Err()
}

// add notes a row that is being inserted.
func (t *totals) add(micros, labels int64, f *figures) {
	t.pending.add(micros, labels, f, 1)
	t.rows++
}

// forget drops what is noted: a transaction may have failed that stored some of it.
func (t *totals) forget() { t.valid = false }

// rollUp brings the totals up to the last row.
func (l *Logs) rollUp(ctx context.Context, tx *sql.Tx) error {
	if _, err := l.beginTotals(ctx, tx); err != nil {
		return err
	}
	return l.roll(ctx, tx)
}

// roll puts what is pending into the table.
func (l *Logs) roll(ctx context.Context, tx *sql.Tx) error {
	t := &l.totals
	if t.from == t.to {
		return nil
	}
	if err := l.mergeTotals(ctx, tx, t.pending); err != nil {
		return err
	}
	if _, err := tx.StmtContext(ctx, t.mark).ExecContext(ctx, t.to); err != nil {
		return err
	}
	t.pending, t.rows, t.from = change{}, 0, t.to
	return nil
}

// mergeTotals adds c to the table.
func (l *Logs) mergeTotals(ctx context.Context, tx *sql.Tx, c change) error {
	merge := l.totals.merge.in(tx)
	stored := tx.StmtContext(ctx, l.totals.spread)
	for _, all := range [...]change{c, c.days()} {
		for g, t := range all {
			var spread []byte
			err := stored.QueryRowContext(ctx, g.width, g.slot, g.labels).Scan(&spread)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			t.spread.addStored(spread)
			merge.args = append(merge.args, g.width, g.slot, g.labels)
			for _, n := range t.sums {
				merge.args = append(merge.args, n)
			}
			merge.args = append(merge.args, t.spread.append(make([]byte, 0, 2*len(t.spread))))
			if err := merge.flushIfFull(ctx); err != nil {
				return err
			}
		}
	}
	return merge.flush(ctx)
}

// sweepTotals drops the groups of the changed hours and days that have become empty.
func (l *Logs) sweepTotals(ctx context.Context, tx *sql.Tx, c change) error {
	swept := map[group]bool{}
	for g := range c {
		for _, slot := range [...]group{{width: hourWidth, slot: g.slot}, {width: dayWidth, slot: g.slot / dayWidth}} {
			if swept[slot] {
				continue
			}
			swept[slot] = true
			_, err := tx.ExecContext(ctx, l.text("DELETE FROM totals WHERE width = ? AND slot = ? AND requests <= 0"), slot.width, slot.slot)
			if err != nil {
				return err
			}
		}
	}
	return nil
}
