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
type group struct {
	hour                                      int64
	provider, model, requested, keyID, status string
}

type sums struct{ requests, latency, tokens int64 }

// totals keeps the table of that name in step with the rows that are inserted and removed.
type totals struct {
	merge *sql.Stmt
	sums  map[group]sums // of the transaction that runs now
}

func prepareTotals(ctx context.Context, db *sql.DB) (totals, error) {
	merge, err := db.PrepareContext(ctx, `INSERT INTO totals
		(hour, provider, model, requested_model, key_id, status, requests, latency, tokens)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (hour, provider, model, requested_model, key_id, status) DO UPDATE SET
		requests = totals.requests + excluded.requests, latency = totals.latency + excluded.latency,
		tokens = totals.tokens + excluded.tokens`)
	return totals{merge: merge, sums: map[group]sums{}}, err
}

func (t *totals) add(r *exchange.Record) {
	g := group{
		hour: hourOf(storedTime(r.Time)), provider: r.Provider, model: r.Model, requested: r.RequestedModel,
		keyID: r.KeyID, status: string(r.Status),
	}
	s := t.sums[g]
	s.requests++
	s.latency += r.Latency.Microseconds()
	s.tokens += r.Usage.Input + r.Usage.Output
	t.sums[g] = s
}

// store merges what was added.
func (t *totals) store(ctx context.Context, tx *sql.Tx) error {
	merge := tx.Stmt(t.merge)
	for g, s := range t.sums {
		_, err := merge.ExecContext(ctx, g.hour, g.provider, g.model, g.requested, g.keyID, g.status,
			s.requests, s.latency, s.tokens)
		if err != nil {
			return err
		}
	}
	return nil
}

// subtract takes the rows of logs that where selects, which are about to be removed, out of the totals.
func (t *totals) subtract(ctx context.Context, tx *sql.Tx, where string, args ...any) error {
	rows, err := tx.QueryContext(ctx, `SELECT time, provider, model, requested_model, key_id, status,
		latency, input + output FROM logs WHERE `+where, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	clear(t.sums)
	for rows.Next() {
		var at, latency, tokens int64
		var g group
		err := rows.Scan(&at, &g.provider, &g.model, &g.requested, &g.keyID, &g.status, &latency, &tokens)
		if err != nil {
			return err
		}
		g.hour = hourOf(at)
		s := t.sums[g]
		t.sums[g] = sums{s.requests - 1, s.latency - latency, s.tokens - tokens}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := t.store(ctx, tx); err != nil {
		return err
	}
	return t.sweep(ctx, tx)
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
