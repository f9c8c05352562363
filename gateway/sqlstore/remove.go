package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"heimdall/gateway/observe"
)

// What one transaction removes at most, so that appending need not wait for long.
const (
	rowsPerRemoval   = 1000
	bodiesPerRemoval = 250
)

// remove removes the rows of logs that where selects, and their bodies.
func (l *Logs) remove(ctx context.Context, tx *sql.Tx, where string, args ...any) (rows int64, err error) {
	if err := l.totals.subtract(ctx, tx, where, args...); err != nil {
		return 0, err
	}
	for _, id := range []string{"2 * seq", "2 * seq + 1"} {
		_, err := tx.ExecContext(ctx, "DELETE FROM bodies WHERE id IN (SELECT "+id+" FROM logs WHERE "+where+")", args...)
		if err != nil {
			return 0, err
		}
	}
	res, err := tx.ExecContext(ctx, "DELETE FROM logs WHERE "+where, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// removeIDs removes the records with these IDs.
func (l *Logs) removeIDs(ctx context.Context, tx *sql.Tx, ids []string) (rows int64, err error) {
	for len(ids) > 0 {
		n := min(len(ids), rowsPerRemoval)
		args := make([]any, n)
		for i, id := range ids[:n] {
			args[i] = id
		}
		ids = ids[n:]
		removed, err := l.remove(ctx, tx, "id IN ("+placeholders(n)+")", args...)
		if err != nil {
			return rows, err
		}
		rows += removed
	}
	return rows, nil
}

// Prune removes records older than the limit with all they have; then, while there is too much, bodies from the
// oldest on.
func (l *Logs) Prune(ctx context.Context, limits observe.Limits) (observe.Pruned, error) {
	var done observe.Pruned
	err := l.pruneRows(ctx, limits, &done)
	if err == nil {
		err = l.pruneBodies(ctx, limits, &done)
	}
	if err == nil && done != (observe.Pruned{}) {
		err = l.flavour.shrink(ctx, l.write)
	}
	if err != nil {
		return done, fmt.Errorf("prune the log: %w", err)
	}
	return done, nil
}

func (l *Logs) pruneRows(ctx context.Context, limits observe.Limits, done *observe.Pruned) error {
	if limits.Before.IsZero() {
		return nil
	}
	for {
		var n int64
		err := l.change(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
			n, err = l.remove(ctx, tx, "seq IN (SELECT seq FROM logs WHERE time < ? ORDER BY time LIMIT ?)",
				limits.Before.UnixMicro(), rowsPerRemoval)
			return err
		})
		done.Rows += n
		if err != nil || n < rowsPerRemoval {
			return err
		}
	}
}

func (l *Logs) pruneBodies(ctx context.Context, limits observe.Limits, done *observe.Pruned) error {
	if limits.MaxBytes <= 0 {
		return nil
	}
	for {
		used, err := l.flavour.contentBytes(ctx, l.write)
		if err != nil || used <= limits.MaxBytes {
			return err
		}
		var n int64
		err = l.change(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
			n, err = removeOldestBodies(ctx, tx, used-limits.MaxBytes)
			return err
		})
		done.Bodies += n
		if err != nil || n == 0 {
			return err
		}
	}
}

// removeOldestBodies removes bodies until they add up to excess bytes, or until it is time to let others write.
func removeOldestBodies(ctx context.Context, tx *sql.Tx, excess int64) (n int64, err error) {
	var last sql.NullInt64
	err = tx.QueryRowContext(ctx, `SELECT max(id) FROM (
		SELECT id, sum(length(data)) OVER (ORDER BY id) - length(data) AS before
		FROM (SELECT id, data FROM bodies ORDER BY id LIMIT ?) AS oldest) AS summed WHERE before < ?`,
		bodiesPerRemoval, excess).Scan(&last)
	if err != nil || !last.Valid {
		return 0, err
	}
	res, err := tx.ExecContext(ctx, "DELETE FROM bodies WHERE id <= ?", last.Int64)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
