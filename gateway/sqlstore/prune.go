package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
)

// Prune removes records older than the limits with all they have, bodies when none of their block is young enough; then,
// while there is too much, the oldest blocks, those of errors last, and then the oldest records.
func (l *Logs) Prune(ctx context.Context, limits observe.Limits) (observe.Pruned, error) {
	var done observe.Pruned
	err := l.pruneByAge(ctx, limits, &done)
	if err == nil && limits.MaxBytes > 0 {
		err = l.pruneBySize(ctx, limits.MaxBytes, &done)
	}
	if err == nil && done.Rows > 0 {
		err = l.store(ctx, l.sweepLabels)
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

func (l *Logs) pruneByAge(ctx context.Context, limits observe.Limits, done *observe.Pruned) error {
	const errors = "labels IN (SELECT id FROM labels WHERE status = '" + string(exchange.StatusError) + "')"
	for _, of := range [...]struct {
		before time.Time
		also   string
	}{
		{limits.ErrorsBefore, " AND " + errors},
		{limits.Before, " AND NOT " + errors},
	} {
		if limits.ErrorsBefore.IsZero() {
			of.before, of.also = limits.Before, ""
		}
		if of.before.IsZero() {
			continue
		}
		if err := l.pruneRows(ctx, done, "time < ?"+of.also, of.before.UnixMicro()); err != nil {
			return err
		}
	}
	if limits.BodiesBefore.IsZero() {
		return nil
	}
	before := limits.BodiesBefore.UnixMicro()
	return l.pruneBlocks(ctx, ordinaryBlock, done, func(b *block, latest int64) bool { return latest < before })
}

// pruneRows removes all rows for which the condition holds, oldest first.
func (l *Logs) pruneRows(ctx context.Context, done *observe.Pruned, where string, args ...any) error {
	for {
		n, err := l.pruneSome(ctx, rowsPerRemoval, where, args...)
		done.Rows += n
		if err != nil || n < rowsPerRemoval {
			return err
		}
	}
}

// pruneSome removes the oldest rows for which the condition holds.
func (l *Logs) pruneSome(ctx context.Context, most int64, where string, args ...any) (n int64, err error) {
	err = l.store(ctx, func(ctx context.Context, tx *sql.Tx) error {
		gone, err := l.remove(ctx, tx, false, "seq IN (SELECT seq FROM logs WHERE "+where+" ORDER BY time, seq LIMIT "+decimal(most)+")", args...)
		n = int64(len(gone))
		return err
	})
	return n, err
}

// bytesPerRow is about what a row takes.
const bytesPerRow = 1 << 10

func (l *Logs) pruneBySize(ctx context.Context, limit int64, done *observe.Pruned) error {
	for _, kind := range blockKinds {
		for {
			excess, err := l.excess(ctx, limit)
			if err != nil || excess <= 0 {
				return err
			}
			excess = min(excess, bytesPerRemoval)
			before := done.Bodies
			err = l.pruneBlocks(ctx, kind, done, func(b *block, _ int64) bool {
				take := excess > 0
				excess -= b.size
				return take
			})
			if err != nil {
				return err
			}
			if done.Bodies == before {
				break
			}
		}
	}
	for {
		excess, err := l.excess(ctx, limit)
		if err != nil || excess <= 0 {
			return err
		}
		n, err := l.pruneSome(ctx, min(rowsPerRemoval, 1+excess/bytesPerRow), "seq > 0")
		done.Rows += n
		if err != nil || n == 0 {
			return err
		}
	}
}

// excess is how many bytes there are too much.
func (l *Logs) excess(ctx context.Context, limit int64) (int64, error) {
	used, err := l.flavour.contentBytes(ctx, l.write)
	return used - limit, err
}

// pruneBlocks removes blocks of a kind that take chooses, in steps between which others may write. It asks from the
// oldest on, and looks no further where it chooses none of many.
func (l *Logs) pruneBlocks(ctx context.Context, kind int64, done *observe.Pruned, take func(b *block, latest int64) bool) error {
	for {
		n, bodies := 0, int64(0)
		err := l.store(ctx, func(ctx context.Context, tx *sql.Tx) error {
			chosen, err := l.chooseBlocks(ctx, tx, kind, take)
			if err != nil {
				return err
			}
			for i := range chosen {
				if err := l.pruneBlock(ctx, tx, &chosen[i]); err != nil {
					return err
				}
				bodies += chosen[i].bodies
			}
			n = len(chosen)
			return nil
		})
		if err != nil {
			return err
		}
		if done.Bodies += bodies; n == 0 {
			return nil
		}
	}
}

func (l *Logs) chooseBlocks(ctx context.Context, tx *sql.Tx, kind int64, take func(b *block, latest int64) bool) (chosen []block, err error) {
	rows, err := tx.QueryContext(ctx, l.text(`SELECT first, last, records, bodies, size, latest FROM blocks
		WHERE kind = ? ORDER BY first LIMIT ?`), kind, blocksPerRemoval)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for bytes := int64(0); rows.Next() && bytes < bytesPerRemoval; {
		b := block{kind: kind}
		var latest int64
		if err := rows.Scan(&b.first, &b.last, &b.records, &b.bodies, &b.size, &latest); err != nil {
			return nil, err
		}
		if take(&b, latest) {
			chosen = append(chosen, b)
			bytes += b.size
		}
	}
	return chosen, rows.Err()
}

// pruneBlock removes a block and what was said in it.
func (l *Logs) pruneBlock(ctx context.Context, tx *sql.Tx, b *block) error {
	if err := l.dropBlock(ctx, tx, b); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, l.text("DELETE FROM words WHERE "+l.flavour.words.seq+` IN (SELECT seq FROM logs
		WHERE seq BETWEEN ? AND ? AND CAST(coalesce(`+l.flavour.json("place", "kind")+", '0') AS BIGINT) = ?)"), b.first, b.last, b.kind)
	return err
}
