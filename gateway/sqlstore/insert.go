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

func prepareInsert(ctx context.Context, db *sql.DB, table string, columns []string) (batchInsert, error) {
	row := "(" + placeholders(len(columns)) + ")"
	into := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES " + row
	const or = " ON CONFLICT DO NOTHING"
	one, err := db.PrepareContext(ctx, into+or)
	if err != nil {
		return batchInsert{}, err
	}
	many, err := db.PrepareContext(ctx, into+strings.Repeat(","+row, rowsPerInsert-1)+or)
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
	err := insertAll(ctx, b.many, b.args, rowsPerInsert)
	b.clear()
	return err
}

func (b *batchInsert) flush(ctx context.Context) error {
	defer b.clear()
	for args := b.args; len(args) > 0; args = args[b.width:] {
		if err := insertAll(ctx, b.one, args[:b.width], 1); err != nil {
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

// insertAll runs stmt; it is an error if a row's key was taken.
func insertAll(ctx context.Context, stmt *sql.Stmt, args []any, rows int64) error {
	res, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n < rows {
		err = errIDTaken
	}
	return err
}
