package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
)

// Logs is the log's store.
//
// Most of what a record costs to append without its bodies (some 10 µs of CPU) is SQLite's work per column, per row and
// per index: hence few columns, label sets stored once, two indexes beside the keys, and several rows per statement.
// Pages of 8 to 64 KB, a bigger cache, a longer log of writes and more rows per statement gain nothing measurable.
type Logs struct {
	*database
	nextSeq *sql.Stmt
	rows    batchInsert
	blocks  blocks
	labels  labels
	totals  totals
	text    []byte // the details of the rows that wait to be inserted
}

// Rows per INSERT statement.
const rowsPerInsert = 8

// OpenLogs opens the log's file, making it if need be.
func OpenLogs(ctx context.Context, path string) (*Logs, error) {
	db, err := open(ctx, sqlite, path, "logs")
	if err != nil {
		return nil, err
	}
	l := &Logs{database: db}
	if err := l.prepare(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return l, nil
}

func (l *Logs) prepare(ctx context.Context) (err error) {
	// A number is not used again while a block may still be there in which it had its bodies.
	l.nextSeq, err = l.write.PrepareContext(ctx, `SELECT 1 + max(coalesce((SELECT max(seq) FROM logs), 0),
		coalesce((SELECT last FROM blocks ORDER BY first DESC LIMIT 1), 0))`)
	if err != nil {
		return err
	}
	if l.rows, err = prepareInsert(ctx, l.write, l.flavour.insert, "logs", rowColumns, ""); err != nil {
		return err
	}
	if l.blocks, err = prepareBlocks(ctx, l.write); err != nil {
		return err
	}
	if l.labels, err = prepareLabels(ctx, l.write); err != nil {
		return err
	}
	l.totals, err = prepareTotals(ctx, l.write)
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

// store is change for what may store labels.
func (l *Logs) store(ctx context.Context, f func(ctx context.Context, tx *sql.Tx) error) error {
	err := l.change(ctx, f)
	if err != nil {
		l.labels.forget()
	}
	return err
}

func (l *Logs) insert(ctx context.Context, tx *sql.Tx, batch []*exchange.Record) error {
	var seq int64
	if err := tx.StmtContext(ctx, l.nextSeq).QueryRowContext(ctx).Scan(&seq); err != nil {
		return err
	}
	rows := l.rows.in(tx)
	l.blocks.begin()
	clear(l.totals.sums)
	for i, r := range batch {
		if err := l.insertOne(ctx, tx, rows, seq+int64(i), r); err != nil {
			return err
		}
	}
	if err := rows.flush(ctx); err != nil {
		return err
	}
	if err := l.blocks.flush(ctx, tx); err != nil {
		return err
	}
	return l.totals.store(ctx, tx)
}

func (l *Logs) insertOne(ctx context.Context, tx *sql.Tx, rows *batchInsert, seq int64, r *exchange.Record) error {
	set, err := l.labels.id(ctx, tx, labelsOf(r))
	if err != nil {
		return err
	}
	at, err := l.blocks.add(ctx, tx, seq, r)
	if err != nil {
		return err
	}
	l.totals.add(set, r)
	if len(rows.args) == 0 {
		l.text = l.text[:0]
	}
	rows.args, l.text = rowArgs(rows.args, l.text, seq, set, r, at)
	return rows.flushIfFull(ctx)
}

func (l *Logs) replace(ctx context.Context, tx *sql.Tx, batch []*exchange.Record) error {
	ids := make([]string, len(batch))
	for i, r := range batch {
		ids[i] = r.ID
	}
	if err := l.removeIDs(ctx, tx, ids); err != nil {
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
	r, err := get(ctx, tx, id)
	if err != nil {
		return nil, fmt.Errorf("read log entry %q: %w", id, err)
	}
	return r, nil
}

func get(ctx context.Context, tx *sql.Tx, id string) (*exchange.Record, error) {
	seq, r, at, err := scanRow(tx.QueryRowContext(ctx, wholeRows+"WHERE logs.id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, observe.ErrNotFound
	}
	if err != nil || at.empty() {
		return r, err
	}
	b, err := readBlock(ctx, tx, seq)
	if b == nil || err != nil {
		return r, err
	}
	r.Request.Data, r.Response.Data, err = b.bodies(at)
	return r, err
}

// Delete removes records and their bodies, and overwrites where they were.
func (l *Logs) Delete(ctx context.Context, ids []string) error {
	err := l.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := l.flavour.scrub(ctx, tx, true); err != nil {
			return err
		}
		return errors.Join(l.removeIDs(ctx, tx, ids), l.flavour.scrub(ctx, tx, false))
	})
	if err != nil {
		return fmt.Errorf("delete log entries: %w", err)
	}
	return nil
}

// placeholders is n question marks with commas between.
func placeholders(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

var (
	_ observe.Store    = (*Logs)(nil)
	_ observe.Repricer = (*Logs)(nil)
)
