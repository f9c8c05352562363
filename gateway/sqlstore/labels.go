package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"heimdall/gateway/exchange"
)

// labelSet is what many requests have in common.
type labelSet struct{ provider, model, requested, keyID, status string }

func labelsOf(r *exchange.Record) labelSet {
	return labelSet{r.Provider, r.Model, r.RequestedModel, r.KeyID, string(r.Status)}
}

// Label sets whose IDs are remembered.
const maxLabels = 4096

// labels knows the IDs of label sets.
type labels struct {
	find, insert *sql.Stmt
	ids          map[labelSet]int64
}

func prepareLabels(ctx context.Context, db *sql.DB) (l labels, err error) {
	const columns = "(provider, model, requested_model, key_id, status)"
	l.ids = map[labelSet]int64{}
	if l.find, err = db.PrepareContext(ctx, "SELECT id FROM labels WHERE "+columns+" = (?, ?, ?, ?, ?)"); err != nil {
		return l, err
	}
	l.insert, err = db.PrepareContext(ctx, "INSERT INTO labels "+columns+" VALUES (?, ?, ?, ?, ?) RETURNING id")
	return l, err
}

// id finds the ID of a label set, which it stores if need be.
func (l *labels) id(ctx context.Context, tx *sql.Tx, s labelSet) (id int64, err error) {
	if id, ok := l.ids[s]; ok {
		return id, nil
	}
	args := []any{s.provider, s.model, s.requested, s.keyID, s.status}
	err = tx.StmtContext(ctx, l.find).QueryRowContext(ctx, args...).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.StmtContext(ctx, l.insert).QueryRowContext(ctx, args...).Scan(&id)
	}
	if err != nil {
		return 0, err
	}
	if len(l.ids) >= maxLabels {
		clear(l.ids)
	}
	l.ids[s] = id
	return id, nil
}

// forget drops what is remembered: a transaction may have failed that stored some of it.
func (l *labels) forget() { clear(l.ids) }

// sweep drops the label sets that nothing has any more.
func (l *labels) sweep(ctx context.Context, tx *sql.Tx) error {
	l.forget()
	_, err := tx.ExecContext(ctx, "DELETE FROM labels WHERE id NOT IN (SELECT labels FROM totals)")
	return err
}
