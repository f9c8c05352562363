package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
	"heimdall/providers/catalog"
)

// Rows that get a new cost in one transaction, so that others may write in between.
const repriceStep = 500

// Reprice gives records a new cost.
func (l *Logs) Reprice(ctx context.Context, q observe.Query, price func(*exchange.Record) (catalog.Cost, bool)) (done observe.Repriced, err error) {
	all, err := l.numbers(ctx, q)
	for err == nil && len(all) > 0 {
		step := all[:min(len(all), repriceStep)]
		all = all[len(step):]
		var now observe.Repriced
		err = l.store(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
			now, err = l.repriceSome(ctx, tx, step, price)
			return err
		})
		if err == nil {
			done.Matched += now.Matched
			done.Changed += now.Changed
		}
	}
	if err != nil {
		return done, fmt.Errorf("calculate costs: %w", err)
	}
	return done, nil
}

// numbers are the seqs of what a query selects.
func (l *Logs) numbers(ctx context.Context, q observe.Query) (all []any, err error) {
	s, err := l.selected(q)
	if err != nil || s.from >= s.until {
		return nil, err
	}
	c := s.onRows(s.span)
	rows, err := l.read.QueryContext(ctx, l.text("SELECT seq FROM logs"+c.where()), c.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			return nil, err
		}
		all = append(all, seq)
	}
	return all, rows.Err()
}

func (l *Logs) repriceSome(ctx context.Context, tx *sql.Tx, seqs []any, price func(*exchange.Record) (catalog.Cost, bool)) (done observe.Repriced, err error) {
	if err := l.rollUp(ctx, tx); err != nil {
		return done, err
	}
	rows, err := l.readRows(ctx, tx, "WHERE seq IN ("+placeholders(len(seqs))+")", seqs...)
	if err != nil {
		return done, err
	}
	done.Matched = len(rows)
	moved := change{}
	for _, one := range rows {
		r := one.record
		cost, ok := price(r)
		if !ok || cost == r.Cost {
			continue
		}
		r.Cost = cost
		before, after := one.figures.sums(), figuresOf(r)
		now := after.sums()
		set, err := l.labels.id(ctx, tx, r)
		if err != nil {
			return done, err
		}
		t := moved.at(storedTime(r.Time), set)
		t.sums[sumCost] += now[sumCost] - before[sumCost]
		t.sums[sumUnpriced] += now[sumUnpriced] - before[sumUnpriced]
		if _, err := tx.ExecContext(ctx, l.text("UPDATE logs SET cost = ?, detail = ? WHERE seq = ?"),
			value(after.cost), appendDetail(nil, r, one.at), one.seq); err != nil {
			return done, err
		}
		done.Changed++
	}
	return done, l.mergeTotals(ctx, tx, moved)
}

// readRows reads rows without bodies.
func (l *Logs) readRows(ctx context.Context, tx *sql.Tx, where string, args ...any) (all []*row, err error) {
	rows, err := tx.QueryContext(ctx, l.text(wholeRows+where), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		one, err := scanRow(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
