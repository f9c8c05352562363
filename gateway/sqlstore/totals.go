package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"heimdall/gateway/exchange"
)

// An hour of the totals, in the microseconds of the log's times.
const hour = int64(time.Hour / time.Microsecond)

// hourOf is the number of the hour that a time falls into.
func hourOf(micros int64) int64 { return micros / hour }

// group is one row's key in the totals, sums its values.
type group struct{ hour, labels int64 }

type sums struct{ requests, latency, tokens int64 }

// totals keeps the table of that name in step with the rows that are inserted and removed.
type totals struct {
	merge batchInsert
	sums  map[group]sums // of the transaction that runs now
}

func prepareTotals(ctx context.Context, db *sql.DB) (totals, error) {
	merge, err := prepareInsert(ctx, db, "INSERT INTO", "totals", []string{"hour", "labels", "requests", "latency", "tokens"},
		` ON CONFLICT (hour, labels) DO UPDATE SET requests = totals.requests + excluded.requests,
		latency = totals.latency + excluded.latency, tokens = totals.tokens + excluded.tokens`)
	return totals{merge: merge, sums: map[group]sums{}}, err
}

func (t *totals) add(labels int64, r *exchange.Record) {
	g := group{hourOf(storedTime(r.Time)), labels}
	s := t.sums[g]
	s.requests++
	s.latency += r.Latency.Microseconds()
	s.tokens += r.Usage.Input + r.Usage.Output
	t.sums[g] = s
}

// subtract takes out a row.
func (t *totals) subtract(g group, latency, tokens int64) {
	s := t.sums[g]
	t.sums[g] = sums{s.requests - 1, s.latency - latency, s.tokens - tokens}
}

// store merges what was added and subtracted.
func (t *totals) store(ctx context.Context, tx *sql.Tx) error {
	merge := t.merge.in(tx)
	for g, s := range t.sums {
		merge.args = append(merge.args, g.hour, g.labels, s.requests, s.latency, s.tokens)
		if err := merge.flushIfFull(ctx); err != nil {
			return err
		}
	}
	return merge.flush(ctx)
}

// sweep drops the groups of the changed hours that have become empty.
func (t *totals) sweep(ctx context.Context, tx *sql.Tx) error {
	swept := map[int64]bool{}
	for g := range t.sums {
		if swept[g.hour] {
			continue
		}
		swept[g.hour] = true
		if _, err := tx.ExecContext(ctx, "DELETE FROM totals WHERE hour = ? AND requests <= 0", g.hour); err != nil {
			return err
		}
	}
	return nil
}
