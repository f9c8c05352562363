package sqlstore

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/pressly/goose/v3"

	driver "modernc.org/sqlite" // the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
)

// flavour is what differs from one database to the next.
type flavour struct {
	goose      goose.Dialect
	migrations string // the folder with the folders of the schemas

	// open opens the database at a path: one pool with the only connection that writes, one with those that read.
	open func(path string) (write, read *sql.DB, err error)
	// alone keeps other processes from changing the schema until done is called; nil = nothing does.
	alone func(ctx context.Context, write *sql.DB) (done func(), err error)
	// begin is what a transaction that writes begins with; nil = the connection sees to it.
	begin func(ctx context.Context, tx *sql.Tx) error
	// patience is how long a transaction that writes may take; 0 = as long as it takes.
	patience time.Duration
	// rebind gives each ? of a statement the form that the database has for arguments; nil = that is it.
	rebind func(statement string) string
	// insert begins an INSERT of rows whose failure ends the transaction.
	insert string
	// taken tells the error of an INSERT that found one of the keys there.
	taken func(error) bool
	// damaged tells errors that say that what is stored can't be read any more.
	damaged func(error) bool
	// upgrade brings what is stored to the newest form where a migration alone does not; nil = there is nothing to do.
	upgrade func(ctx context.Context, l *Logs) error
	// contentBytes is how much of the database's storage is in use.
	contentBytes func(ctx context.Context, db *sql.DB) (int64, error)
	// scrub makes what is removed from now on be overwritten, or no longer.
	scrub func(ctx context.Context, tx *sql.Tx, on bool) error
	// shrink gives storage that is no longer in use back to the system, in steps between which others may write.
	shrink func(ctx context.Context, write *sql.DB) error
	// settle leaves nothing that opening after a crash would have to make good.
	settle func(ctx context.Context, write *sql.DB) error

	// matches is the condition that a regular expression, its one argument, matches some of a text.
	matches func(text string) string
	// lower makes the ASCII letters of a text small, and no others.
	lower func(text string) string
	// json is the text of a member of the column detail, or of a member's member; NULL where there is none.
	json func(path ...string) string
	// list is a table of the values in a list in JSON, which may be NULL: its column is called value.
	list func(text string) string
	// members is a table of the members of an object in the column detail: their columns are called key and value.
	members func(name string) string
	words   wordIndex
	// longest is how many bytes a text in an index may have; 0 = any number.
	longest int
}

// wordIndex is how a database finds words in texts.
type wordIndex struct {
	document func(text string) string                 // the form in which a text is added; nil = as it is
	insert   string                                   // the statement that adds a text: its arguments are seq and the text
	seq      string                                   // the column with the number, of the table words
	found    string                                   // SELECTs the numbers of the texts that a query, its one argument, finds
	query    func(words []string, begun bool) string  // the query for words one after another; begun = the last is only begun
	purge    func(ctx context.Context, l *Logs) error // leaves nothing of what was removed
}

// Pages freed per step of shrinking: some 10 MB, which takes some 10 ms.
const shrinkStep = 2500

// Connections that read. A page of the log needs one for a few milliseconds.
const maxReaders = 4

var sqlite = flavour{
	goose:        goose.DialectSQLite3,
	migrations:   "migrations",
	open:         openSQLite,
	insert:       "INSERT OR FAIL INTO", // undoing the one statement would need a journal of its own
	taken:        takenSQLite,
	damaged:      damagedSQLite,
	upgrade:      upgradeLogs,
	contentBytes: sqliteContentBytes,
	scrub:        scrubSQLite,
	shrink:       shrinkSQLite,
	settle:       settleSQLite,
	matches:      func(text string) string { return text + " REGEXP ?" },
	lower:        func(text string) string { return "lower(" + text + ")" },
	json:         func(path ...string) string { return "json_extract(detail, '$." + strings.Join(path, ".") + "')" },
	list:         func(text string) string { return "json_each(" + text + ")" },
	members:      func(name string) string { return "json_each(detail, '$." + name + "')" },
	words: wordIndex{
		insert: "INSERT INTO words (rowid, text) VALUES (?, ?)", seq: "rowid",
		found: "SELECT rowid FROM words WHERE words MATCH ?", query: queryFTS5, purge: purgeFTS5,
	},
}

func openSQLite(path string) (write, read *sql.DB, err error) {
	registerRegexp()
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

// registerRegexp gives SQLite the operator REGEXP, which it has no function for.
var registerRegexp = sync.OnceFunc(func() {
	driver.MustRegisterDeterministicScalarFunction("regexp", 2, func(_ *driver.FunctionContext, args []sqldriver.Value) (sqldriver.Value, error) {
		pattern, _ := args[0].(string)
		text, ok := args[1].(string)
		if !ok {
			return int64(0), nil
		}
		re, err := filter.Regexp(pattern)
		if err != nil {
			return nil, err
		}
		if re.MatchString(text) {
			return int64(1), nil
		}
		return int64(0), nil
	})
})

// indexable is r with no text that is too long for an index: sessions are cut, and lists of tools end before it.
func (f *flavour) indexable(r *exchange.Record) *exchange.Record {
	if f.longest == 0 || len(r.SessionID) <= f.longest && len(textList(r.Tools)) <= f.longest {
		return r
	}
	short := *r
	short.SessionID = strings.ToValidUTF8(r.SessionID[:min(len(r.SessionID), f.longest)], "")
	for len(textList(short.Tools)) > f.longest {
		short.Tools = short.Tools[:len(short.Tools)-1]
	}
	return &short
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

// damagedSQLite counts a file that ends too early among what is damaged, as SQLite does when it opens one.
func damagedSQLite(err error) bool {
	var e *driver.Error
	if !errors.As(err, &e) {
		return false
	}
	primary := e.Code() & 0xff
	return primary == sqlite3.SQLITE_CORRUPT || primary == sqlite3.SQLITE_NOTADB || e.Code() == sqlite3.SQLITE_IOERR_SHORT_READ
}

func sqliteContentBytes(ctx context.Context, db *sql.DB) (int64, error) {
	var bytes int64
	err := db.QueryRowContext(ctx, `SELECT (page_count - freelist_count) * page_size
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
// would be read from end to end at the next start. Where somebody reads what is in it, it stays until the next time:
// whoever writes would have to wait for the reader.
func settleSQLite(ctx context.Context, write *sql.DB) error {
	_, err := write.ExecContext(ctx, "PRAGMA busy_timeout(50); PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout(5000)")
	return err
}
