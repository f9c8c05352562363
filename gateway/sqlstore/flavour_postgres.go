package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"

	"heimdall/gateway/config"
)

// postgres is the flavour of a PostgreSQL database. The tables are in a schema of their own, so that another program's
// may be beside them.
//
// What differs from SQLite: regular expressions are PostgreSQL's, which know back references and look-ahead and do not
// know classes such as \pL. Several processes may write, one transaction at a time. Storage that is no longer in use
// stays the database's, and what was removed is overwritten when it vacuums, which it does by itself.
func postgres(where *config.Database, schema string) flavour {
	return flavour{
		goose:        goose.DialectPostgres,
		migrations:   "migrations/postgres",
		open:         func(string) (write, read *sql.DB, err error) { return openPostgres(where, schema) },
		alone:        func(ctx context.Context, write *sql.DB) (func(), error) { return alonePostgres(ctx, write, schema) },
		begin:        beginPostgres,
		patience:     postgresPatience,
		rebind:       rebindPostgres,
		insert:       "INSERT INTO",
		taken:        takenPostgres,
		contentBytes: postgresContentBytes,
		scrub:        func(context.Context, *sql.Tx, bool) error { return nil },
		shrink:       func(context.Context, *sql.DB) error { return nil },
		settle:       func(context.Context, *sql.DB) error { return nil },
		matches:      func(text string) string { return text + " ~ ?" },
		lower:        func(text string) string { return "lower(" + text + ` COLLATE "C")` },
		json:         func(path ...string) string { return "(CAST(detail AS json) #>> '{" + strings.Join(path, ",") + "}')" },
		list:         func(text string) string { return "json_array_elements_text(CAST(" + text + " AS json))" },
		members:      func(name string) string { return "json_each_text(CAST(detail AS json) -> '" + name + "')" },
		longest:      maxPostgresKey,
		words: wordIndex{
			document: wordVectors, insert: insertWordVectors, seq: "seq",
			found: "SELECT seq FROM words WHERE text @@ CAST(CAST(? AS text) AS tsquery)", query: queryWordVectors,
			purge: func(context.Context, *Logs) error { return nil },
		},
	}
}

// Bytes of a text with an index: an entry of one takes 2704 at most.
const maxPostgresKey = 1000

// rebindPostgres numbers the arguments. No statement has a ? in a text.
func rebindPostgres(statement string) string {
	var b strings.Builder
	b.Grow(len(statement) + 16)
	for n := 1; ; n++ {
		before, after, found := strings.Cut(statement, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString("$" + strconv.Itoa(n))
		statement = after
	}
}

func takenPostgres(err error) bool {
	const uniqueViolation = "23505"
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == uniqueViolation
}

// writing is the number of the lock that whoever writes holds. Each schema has its own.
const writing = "hashtextextended('heimdall ' || current_schema(), 0)"

// beginPostgres waits until no other process writes: the numbers of rows must not get mixed up.
func beginPostgres(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock("+writing+")")
	return err
}

// alonePostgres makes the schema if need be, and keeps other processes from changing it. The lock is the connection's,
// of which there is one.
func alonePostgres(ctx context.Context, write *sql.DB, schema string) (done func(), err error) {
	if _, err := write.ExecContext(ctx, "SELECT pg_advisory_lock(hashtextextended('heimdall schema', 0))"); err != nil {
		return nil, err
	}
	done = func() {
		_, _ = write.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock(hashtextextended('heimdall schema', 0))")
	}
	// Only who owns the database may say CREATE SCHEMA, also where there is one.
	var there bool
	err = write.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)", schema).Scan(&there)
	if err == nil && !there {
		_, err = write.ExecContext(ctx, "CREATE SCHEMA "+quoted(schema))
	}
	if err != nil {
		done()
		return nil, err
	}
	return done, nil
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// What a row of logs takes in the indexes, and words beside their vectors in percent, about: see TestPostgresContentBytes.
const (
	postgresIndexBytes  = 640
	postgresWordPercent = 125
)

// postgresContentBytes adds up what the rows hold, with the latest standing for all. What the files take is more, and
// less only some time after rows were removed.
func postgresContentBytes(ctx context.Context, db *sql.DB) (bytes int64, err error) {
	err = db.QueryRowContext(ctx, rebindPostgres(`SELECT CAST(
		(SELECT coalesce(sum(size), 0) FROM blocks) + (SELECT coalesce(sum(size), 0) * ? / 100 FROM words) +
		(SELECT coalesce(avg(pg_column_size(latest)), 0) + ? FROM (SELECT * FROM logs ORDER BY seq DESC LIMIT 100) AS latest) * (
			(SELECT coalesce(sum(requests), 0) FROM totals WHERE width = ?) +
			(SELECT count(*) FROM logs WHERE seq > (SELECT seq FROM marks WHERE name = 'totals'))
		) AS bigint)`), postgresWordPercent, postgresIndexBytes, dayWidth).Scan(&bytes)
	return bytes, err
}
