package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"

	driver "modernc.org/sqlite" // the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// flavour is what differs from one database to the next.
type flavour struct {
	goose goose.Dialect

	// open opens the database at a path: one pool with the only connection that writes, one with those that read.
	open func(path string) (write, read *sql.DB, err error)
	// insert begins an INSERT of rows whose failure ends the transaction.
	insert string
	// taken tells the error of an INSERT that found one of the keys there.
	taken func(error) bool
	// contentBytes is how much of the database's storage is in use.
	contentBytes func(ctx context.Context, write *sql.DB) (int64, error)
	// scrub makes what is removed from now on be overwritten, or no longer.
	scrub func(ctx context.Context, tx *sql.Tx, on bool) error
	// shrink gives storage that is no longer in use back to the system, in steps between which others may write.
	shrink func(ctx context.Context, write *sql.DB) error
	// settle leaves nothing that opening after a crash would have to make good.
	settle func(ctx context.Context, write *sql.DB) error
}

// Pages freed per step of shrinking: some 10 MB, which takes some 10 ms.
const shrinkStep = 2500

// Connections that read. A page of the log needs one for a few milliseconds.
const maxReaders = 4

var sqlite = flavour{
	goose:        goose.DialectSQLite3,
	open:         openSQLite,
	insert:       "INSERT OR FAIL INTO", // undoing the one statement would need a journal of its own
	taken:        takenSQLite,
	contentBytes: sqliteContentBytes,
	scrub:        scrubSQLite,
	shrink:       shrinkSQLite,
	settle:       settleSQLite,
}

func openSQLite(path string) (write, read *sql.DB, err error) {
	if err := private(path); err != nil {
		return nil, nil, err
	}
	// auto_vacuum has an effect only before the first table is made, and before the file becomes a WAL one.
	write, err = sql.Open("sqlite", dsn(path, "immediate",
		"busy_timeout(5000)", "auto_vacuum(incremental)", "journal_mode(wal)", "synchronous(normal)",
		"journal_size_limit(16777216)"))
	if err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	read, err = sql.Open("sqlite", dsn(path, "deferred", "busy_timeout(5000)", "query_only(1)"))
	if err != nil {
		return nil, nil, err
	}
	read.SetMaxOpenConns(maxReaders)
	read.SetMaxIdleConns(maxReaders)
	return write, read, nil
}

// private makes sure that the file is there and that only its owner can read it. SQLite gives the files beside it
// the same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Chmod(path, 0o600)
}

func dsn(path, lock string, pragmas ...string) string {
	path = filepath.ToSlash(path)
	if filepath.VolumeName(path) != "" {
		path = "/" + path
	}
	q := url.Values{"_txlock": {lock}, "_pragma": pragmas}
	// Only these characters end a path in SQLite's file: URIs; an URL's own escaping would turn a relative path into
	// something else.
	path = strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	return "file:" + path + "?" + q.Encode()
}

func takenSQLite(err error) bool {
	var e *driver.Error
	return errors.As(err, &e) && e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}

func sqliteContentBytes(ctx context.Context, write *sql.DB) (int64, error) {
	var bytes int64
	err := write.QueryRowContext(ctx, `SELECT (page_count - freelist_count) * page_size
		FROM pragma_page_count, pragma_freelist_count, pragma_page_size`).Scan(&bytes)
	return bytes, err
}

func scrubSQLite(ctx context.Context, tx *sql.Tx, on bool) error {
	_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA secure_delete(%t)", on))
	return err
}

func shrinkSQLite(ctx context.Context, write *sql.DB) error {
	for {
		var free int64
		if err := write.QueryRowContext(ctx, "PRAGMA freelist_count").Scan(&free); err != nil {
			return err
		}
		if free == 0 {
			return nil
		}
		if _, err := write.ExecContext(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", shrinkStep)); err != nil {
			return err
		}
	}
}

// settleSQLite copies what the log of writes holds into the file, which may then get shorter, and empties that log. It
// would be read from end to end at the next start.
func settleSQLite(ctx context.Context, write *sql.DB) error {
	_, err := write.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}
