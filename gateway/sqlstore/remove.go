package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"heimdall/gateway/observe"
)

// What one transaction removes at most, so that appending need not wait for long.
const (
	rowsPerRemoval   = 1000
	blocksPerRemoval = 250
	bytesPerRemoval  = 16 << 20
)

// removed is a row that goes.
type removed struct {
	seq int64
	at  place
}

// remove removes the rows of logs that where selects, and the blocks of which no record is left. In the others it
// erases the bodies if erase says so.
func (l *Logs) remove(ctx context.Context, tx *sql.Tx, erase bool, where string, args ...any) (rows int64, err error) {
	gone, err := l.leaving(ctx, tx, where, args...)
	if err != nil {
		return 0, err
	}
	if err := l.totals.store(ctx, tx); err != nil {
		return 0, err
	}
	if err := l.totals.sweep(ctx, tx); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM logs WHERE "+where, args...); err != nil {
		return 0, err
	}
	return int64(len(gone)), l.removeBodies(ctx, tx, gone, erase)
}

// leaving reads the rows that where selects, in their order, and takes them out of the totals.
func (l *Logs) leaving(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]removed, error) {
	rows, err := tx.QueryContext(ctx, "SELECT seq, time, labels, latency, tokens, detail FROM logs WHERE "+where+
		" ORDER BY seq", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	clear(l.totals.sums)
	var all []removed
	for rows.Next() {
		var r removed
		var g group
		var micros, latency, tokens int64
		var text []byte
		if err := rows.Scan(&r.seq, &micros, &g.labels, &latency, &tokens, &text); err != nil {
			return nil, err
		}
		g.hour = hourOf(micros)
		l.totals.subtract(g, latency, tokens)
		var d struct{ Place place }
		if err := json.Unmarshal(text, &d); err != nil {
			return nil, err
		}
		r.at = d.Place
		all = append(all, r)
	}
	return all, rows.Err()
}

// removeBodies does remove's work for the rows' blocks; rows are in order, and no longer in the table.
func (l *Logs) removeBodies(ctx context.Context, tx *sql.Tx, rows []removed, erase bool) error {
	for len(rows) > 0 {
		if rows[0].at.empty() {
			rows = rows[1:]
			continue
		}
		b, err := findBlock(ctx, tx, rows[0].seq)
		if err != nil {
			return err
		}
		if b == nil {
			rows = rows[1:]
			continue
		}
		var places []place
		for len(rows) > 0 && rows[0].seq <= b.last {
			if !rows[0].at.empty() {
				places = append(places, rows[0].at)
			}
			rows = rows[1:]
		}
		if err := l.shrinkBlock(ctx, tx, b, places, erase); err != nil {
			return err
		}
	}
	return nil
}

func (l *Logs) shrinkBlock(ctx context.Context, tx *sql.Tx, b *block, places []place, erase bool) error {
	var used bool
	err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM logs WHERE seq BETWEEN ? AND ?)", b.first, b.last).Scan(&used)
	switch {
	case err != nil:
		return err
	case !used:
		_, err := tx.ExecContext(ctx, "DELETE FROM blocks WHERE first = ?", b.first)
		return err
	case erase:
		return l.erase(ctx, tx, b.first, places)
	default:
		return nil
	}
}

// removeIDs removes the records with these IDs.
func (l *Logs) removeIDs(ctx context.Context, tx *sql.Tx, ids []string) error {
	for len(ids) > 0 {
		n := min(len(ids), rowsPerRemoval)
		args := make([]any, n)
		for i, id := range ids[:n] {
			args[i] = id
		}
		ids = ids[n:]
		if _, err := l.remove(ctx, tx, true, "id IN ("+placeholders(n)+")", args...); err != nil {
			return err
		}
	}
	return nil
}

// Prune removes records older than the limit with all they have, bodies when none of their block is young enough; then,
// while there is too much, the oldest blocks.
func (l *Logs) Prune(ctx context.Context, limits observe.Limits) (observe.Pruned, error) {
	var done observe.Pruned
	err := l.pruneRows(ctx, limits, &done)
	if err == nil {
		err = l.pruneBodies(ctx, limits, &done)
	}
	if err == nil && done != (observe.Pruned{}) {
		err = l.flavour.shrink(ctx, l.write)
	}
	if err == nil {
		err = l.flavour.settle(ctx, l.write)
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
			n, err = l.remove(ctx, tx, false, "seq IN (SELECT seq FROM logs WHERE time < ? ORDER BY time LIMIT ?)",
				limits.Before.UnixMicro(), rowsPerRemoval)
			return err
		})
		done.Rows += n
		if err != nil {
			return err
		}
		if n < rowsPerRemoval {
			break
		}
	}
	if done.Rows == 0 {
		return nil
	}
	return l.change(ctx, l.labels.sweep)
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
			n, err = removeOldestBlocks(ctx, tx, used-limits.MaxBytes)
			return err
		})
		done.Bodies += n
		if err != nil || n == 0 {
			return err
		}
	}
}

// removeOldestBlocks removes blocks until they add up to excess bytes, or until it is time to let others write.
func removeOldestBlocks(ctx context.Context, tx *sql.Tx, excess int64) (bodies int64, err error) {
	var last, sum sql.NullInt64
	err = tx.QueryRowContext(ctx, `SELECT max(first), sum(bodies) FROM (
		SELECT first, bodies, sum(size) OVER (ORDER BY first) - size AS before
		FROM (SELECT first, bodies, length(data) AS size FROM blocks ORDER BY first LIMIT ?) AS oldest) AS summed
		WHERE before < ?`, blocksPerRemoval, min(excess, bytesPerRemoval)).Scan(&last, &sum)
	if err != nil || !last.Valid {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM blocks WHERE first <= ?", last.Int64)
	return sum.Int64, err
}
