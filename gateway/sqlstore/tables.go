package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"
)

// ReadTables reads those of the named tables that another program's SQLite file has: the rows of each, by the names of
// their columns. The file is not changed.
func ReadTables(ctx context.Context, path string, names ...string) (map[string][]map[string]any, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn(path, "deferred", "busy_timeout(5000)", "query_only(1)")+"&mode=ro")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	// One transaction, so that the tables fit together.
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, foreign(err)
	}
	defer tx.Rollback()
	out := map[string][]map[string]any{}
	for _, name := range names {
		var there int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?", name).Scan(&there); err != nil {
			return nil, foreign(err)
		}
		if there == 0 {
			continue
		}
		if out[name], err = readTable(ctx, tx, name); err != nil {
			return nil, fmt.Errorf("read the table %s: %w", name, err)
		}
	}
	return out, nil
}

// foreign says of the driver's error for a file of another kind what that means.
func foreign(err error) error {
	var coded interface{ Code() int }
	if errors.As(err, &coded) && coded.Code() == sqlite3.SQLITE_NOTADB {
		return errors.New("is no SQLite database")
	}
	return err
}

func readTable(ctx context.Context, tx *sql.Tx, name string) ([]map[string]any, error) {
	rows, err := tx.QueryContext(ctx, `SELECT * FROM "`+strings.ReplaceAll(name, `"`, `""`)+`"`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := make(map[string]any, len(columns))
		for i, c := range columns {
			row[c] = values[i]
		}
		out = append(out, row)
	}
	return out, rows.Err()
}
