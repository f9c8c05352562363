package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
	"heimdall/providers/catalog"
)

// Rows that get a new cost in one transaction, so that others may write in between.
const repriceStep = 500

// Reprice gives records a new cost.
func (l *Logs) Reprice(ctx context.Context, q observe.Query, price func(*exchange.Record) (catalog.Cost, bool)) (done observe.Repriced, err error) {
	c := filters(q)
	c.in(queried(q))
	c.session(q)
	for last := int64(0); ; {
		read := 0
		err := l.store(ctx, func(ctx context.Context, tx *sql.Tx) error {
			rows, err := repriced(ctx, tx, c, last, price)
			if err != nil {
				return err
			}
			read = len(rows)
			for _, r := range rows {
				last = r.seq
				if r.detail == nil {
					continue
				}
				if _, err := tx.ExecContext(ctx, "UPDATE logs SET detail = ? WHERE seq = ?", r.detail, r.seq); err != nil {
					return err
				}
				done.Changed++
			}
			return nil
		})
		if err != nil {
			return done, fmt.Errorf("calculate costs: %w", err)
		}
		done.Matched += read
		if read < repriceStep {
			return done, nil
		}
	}
}

// pricedRow is a row and its detail with a new cost; nil = it stays as it is.
type pricedRow struct {
	seq    int64
	detail []byte
}

func repriced(ctx context.Context, tx *sql.Tx, c *conditions, after int64, price func(*exchange.Record) (catalog.Cost, bool)) (out []pricedRow, err error) {
	of := conditions{slices.Clone(c.texts), slices.Clone(c.args)}
	of.add("seq > ?", after)
	rows, err := tx.QueryContext(ctx, wholeRows+of.where()+" ORDER BY seq LIMIT ?", append(of.args, repriceStep)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		seq, r, at, err := scanRow(rows)
		if err != nil {
			return nil, err
		}
		one := pricedRow{seq: seq}
		if cost, ok := price(r); ok && cost != r.Cost {
			r.Cost = cost
			one.detail = appendDetail(nil, r, at)
		}
		out = append(out, one)
	}
	return out, rows.Err()
}
