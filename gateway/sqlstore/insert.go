package sqlstore

import (
	"context"
	"database/sql"
	"strings"
)

// batchInsert inserts rows into one table, rowsPerInsert of them with each statement.
type batchInsert struct {
	width     int
	one, many *sql.Stmt
	args      []any
}

// prepareInsert prepares "verb table (columns) VALUES … rest".
func prepareInsert(ctx context.Context, db *database, verb, table string, columns []string, rest string) (batchInsert, error) {
	row := "(" + placeholders(len(columns)) + ")"
	into := verb + " " + table + " (" + strings.Join(columns, ", ") + ") VALUES " + row
	one, err := db.prepare(ctx, into+rest)
	if err != nil {
		return batchInsert{}, err
	}
	many, err := db.prepare(ctx, into+strings.Repeat(","+row, rowsPerInsert-1)+rest)
	if err != nil {
		return batchInsert{}, err
	}
	width := len(columns)
	return batchInsert{width: width, one: one, many: many, args: make([]any, 0, width*rowsPerInsert)}, nil
}

// in binds the statements to a transaction, with no rows waiting.
func (b *batchInsert) in(tx *sql.Tx) *batchInsert {
	return &batchInsert{width: b.width, one: tx.Stmt(b.one), many: tx.Stmt(b.many), args: b.args[:0]}
}

func (b *batchInsert) flushIfFull(ctx context.Context) error {
	if len(b.args) < b.width*rowsPerInsert {
		return nil
	}
	defer b.clear()
	_, err := b.many.ExecContext(ctx, b.args...)
	return err
}

func (b *batchInsert) flush(ctx context.Context) error {
	defer b.clear()
	for args := b.args; len(args) > 0; args = args[b.width:] {
		if _, err := b.one.ExecContext(ctx, args[:b.width]...); err != nil {
			return err
		}
	}
	return nil
}

// clear forgets the rows, and what they refer to.
func (b *batchInsert) clear() {
	clear(b.args)
	b.args = b.args[:0]
}
