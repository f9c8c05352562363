package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
)

// Logs is the log's store.
//
// Most of what a record costs to append without its bodies (some 10 µs of CPU) is SQLite's work per column, per row and
// per index: hence label sets stored once, one index that all have beside the keys, totals that are rolled up some thousand
// rows at a time, and several rows per statement. Pages of 8 to 64 KB, a bigger cache, a longer log of writes and more
// rows per statement gain nothing measurable.
type Logs struct {
	*database
	rows     batchInsert
	replays  *sql.Stmt
	blocks   blocks
	labels   labels
	sessions sessions
	totals   totals
	details  []byte // of the rows that wait to be inserted
}

// Rows per INSERT statement.
const rowsPerInsert = 16

// OpenLogs opens the log's file, making it if need be.
func OpenLogs(ctx context.Context, path string) (*Logs, error) {
	db, err := open(ctx, sqlite, path, "logs")
	if err != nil {
		return nil, err
	}
	return newLogs(ctx, db, path)
}

// OpenLogsIn opens the log's part of a PostgreSQL database, making it if need be.
func OpenLogsIn(ctx context.Context, where *config.Database) (*Logs, error) {
	return openLogsIn(ctx, where, "heimdall_logs")
}

func openLogsIn(ctx context.Context, where *config.Database, schema string) (*Logs, error) {
	db, err := open(ctx, postgres(where, schema), placeOf(where), "logs")
	if err != nil {
		return nil, err
	}
	return newLogs(ctx, db, placeOf(where))
}

// newLogs makes a store of an open database; name is what errors call it.
func newLogs(ctx context.Context, db *database, name string) (*Logs, error) {
	l := &Logs{database: db}
	err := l.prepareAll(ctx)
	if err == nil && db.flavour.upgrade != nil {
		err = db.flavour.upgrade(ctx, l)
	}
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return l, nil
}

func (l *Logs) prepareAll(ctx context.Context) (err error) {
	if l.rows, err = prepareInsert(ctx, l.database, l.flavour.insert, "logs", rowColumns, ""); err != nil {
		return err
	}
	if l.replays, err = l.prepare(ctx, "INSERT INTO replays (seq, parent) VALUES (?, ?)"); err != nil {
		return err
	}
	if l.blocks, err = prepareBlocks(ctx, l.database); err != nil {
		return err
	}
	if l.labels, err = prepareLabels(ctx, l.database); err != nil {
		return err
	}
	if l.sessions, err = prepareSessions(ctx, l.database); err != nil {
		return err
	}
	l.totals, err = prepareTotals(ctx, l.database)
	return err
}

// Append writes the batch, all or nothing.
func (l *Logs) Append(ctx context.Context, batch []*exchange.Record) error {
	if len(batch) == 0 {
		return nil
	}
	err := l.store(ctx, func(ctx context.Context, tx *sql.Tx) error { return l.insert(ctx, tx, batch) })
	if err != nil && l.flavour.taken(err) {
		// Rare enough that the ordinary batch need not look first.
		batch = lastByID(batch)
		err = l.store(ctx, func(ctx context.Context, tx *sql.Tx) error { return l.replace(ctx, tx, batch) })
	}
	if err != nil {
		return fmt.Errorf("write the log: %w", err)
	}
	return nil
}

// store is change for what may store labels and totals.
func (l *Logs) store(ctx context.Context, f func(ctx context.Context, tx *sql.Tx) error) error {
	err := l.change(ctx, f)
	if err != nil {
		l.labels.forget()
		l.totals.forget()
		l.sessions.forget()
	}
	return err
}

func (l *Logs) insert(ctx context.Context, tx *sql.Tx, batch []*exchange.Record) error {
	seq, err := l.beginTotals(ctx, tx)
	if err != nil {
		return err
	}
	rows := l.rows.in(tx)
	l.blocks.begin()
	for i, r := range batch {
		if err := l.insertOne(ctx, tx, rows, seq+int64(i), r); err != nil {
			return err
		}
	}
	if err := rows.flush(ctx); err != nil {
		return err
	}
	if err := l.blocks.flushAll(ctx, tx); err != nil {
		return err
	}
	if err := l.sessions.join(ctx, tx, batch); err != nil {
		return err
	}
	l.totals.to = seq + int64(len(batch)) - 1
	if l.totals.rows < rollRows {
		return nil
	}
	return l.roll(ctx, tx)
}

func (l *Logs) insertOne(ctx context.Context, tx *sql.Tx, rows *batchInsert, seq int64, r *exchange.Record) error {
	set, err := l.labels.id(ctx, tx, r)
	if err != nil {
		return err
	}
	at, err := l.blocks.add(ctx, tx, seq, r)
	if err != nil {
		return err
	}
	if r.ParentID != "" {
		if _, err := tx.StmtContext(ctx, l.replays).ExecContext(ctx, seq, r.ParentID); err != nil {
			return err
		}
	}
	f := figuresOf(r)
	l.totals.add(storedTime(r.Time), set, &f)
	return l.insertRow(ctx, rows, seq, set, r, &f, at)
}

// insertRow inserts the row of a record.
func (l *Logs) insertRow(ctx context.Context, rows *batchInsert, seq, set int64, r *exchange.Record, f *figures, at place) error {
	if len(rows.args) == 0 {
		l.details = l.details[:0]
	}
	rows.args, l.details = rowArgs(rows.args, l.details, seq, set, l.flavour.indexable(r), f, at)
	return rows.flushIfFull(ctx)
}

func (l *Logs) replace(ctx context.Context, tx *sql.Tx, batch []*exchange.Record) error {
	ids := make([]string, len(batch))
	for i, r := range batch {
		ids[i] = r.ID
	}
	if _, err := l.removeIDs(ctx, tx, ids); err != nil {
		return err
	}
	return l.insert(ctx, tx, batch)
}

// lastByID drops every record that a later one of the batch replaces.
func lastByID(batch []*exchange.Record) []*exchange.Record {
	last := make(map[string]int, len(batch))
	for i, r := range batch {
		last[r.ID] = i
	}
	kept := make([]*exchange.Record, 0, len(last))
	for i, r := range batch {
		if last[r.ID] == i {
			kept = append(kept, r)
		}
	}
	return kept
}

// Get reads one record with its bodies.
func (l *Logs) Get(ctx context.Context, id string) (*exchange.Record, error) {
	tx, err := l.read.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("read log entry %q: %w", id, err)
	}
	defer tx.Rollback()
	one, err := scanRow(tx.QueryRowContext(ctx, l.text(wholeRows+"WHERE logs.id = ?"), id))
	if errors.Is(err, sql.ErrNoRows) {
		err = observe.ErrNotFound
	}
	if err == nil {
		err = l.fillBodies(ctx, tx, one)
	}
	if err != nil {
		return nil, fmt.Errorf("read log entry %q: %w", id, err)
	}
	return one.record, nil
}

// Size says what the log takes.
func (l *Logs) Size(ctx context.Context) (size observe.Size, err error) {
	tx, err := l.read.BeginTx(ctx, nil)
	if err != nil {
		return size, fmt.Errorf("measure the log: %w", err)
	}
	defer tx.Rollback()
	var oldest sql.NullInt64
	err = tx.QueryRowContext(ctx, l.text(`SELECT
		(SELECT coalesce(sum(requests), 0) FROM totals WHERE width = ?) +
		(SELECT count(*) FROM logs WHERE seq > (SELECT seq FROM marks WHERE name = 'totals')),
		(SELECT coalesce(sum(size), 0) FROM blocks), (SELECT min(time) FROM logs)`), dayWidth).
		Scan(&size.Rows, &size.BodyBytes, &oldest)
	if err == nil {
		size.Bytes, err = l.flavour.contentBytes(ctx, l.read)
	}
	if err != nil {
		return size, fmt.Errorf("measure the log: %w", err)
	}
	if oldest.Valid {
		size.Oldest = timeOf(oldest.Int64)
	}
	return size, nil
}

// placeholders is n question marks with commas between.
func placeholders(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

var (
	_ observe.Store    = (*Logs)(nil)
	_ observe.Repricer = (*Logs)(nil)
	_ observe.Indexer  = (*Logs)(nil)
)
