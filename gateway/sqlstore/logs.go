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
// What a record of 4 KB + 1 KB costs to append (µs of CPU, all in, least of several runs; BenchmarkAppend measures
// today's): one row per statement 34, eight 29; without bodies 9; page size 8 KB instead of 4 KB: the same. Hence the
// layout: 8 rows per statement, bodies in a table of their own that only grows at its end, two indexes beside the
// keys.
type Logs struct {
	*database
	insertRows   batchInsert
	insertBodies batchInsert
	totals       totals
	codec        codec
}

// Rows per INSERT statement. More than eight gain nothing.
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
	if l.insertRows, err = prepareInsert(ctx, l.write, "logs", rowColumns); err != nil {
		return err
	}
	if l.insertBodies, err = prepareInsert(ctx, l.write, "bodies", bodyColumns); err != nil {
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
	err := l.change(ctx, func(ctx context.Context, tx *sql.Tx) error { return l.insert(ctx, tx, batch) })
	if errors.Is(err, errIDTaken) {
		// Rare enough that the ordinary batch need not look first.
		batch = lastByID(batch)
		err = l.change(ctx, func(ctx context.Context, tx *sql.Tx) error { return l.replace(ctx, tx, batch) })
	}
	if err != nil {
		return fmt.Errorf("write the log: %w", err)
	}
	return nil
}

// errIDTaken says that a record with one of the IDs is already stored.
var errIDTaken = errors.New("the ID is taken")

func (l *Logs) insert(ctx context.Context, tx *sql.Tx, batch []*exchange.Record) error {
	var seq int64
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM logs").Scan(&seq); err != nil {
		return err
	}
	rows, bodies := l.insertRows.in(tx), l.insertBodies.in(tx)
	defer l.codec.reset()
	clear(l.totals.sums)
	for _, r := range batch {
		seq++
		args, err := rowArgs(rows.args, seq, r)
		if err != nil {
			return err
		}
		rows.args = args
		l.totals.add(r)
		for kind, b := range [...][]byte{r.Request.Data, r.Response.Data} {
			if len(b) == 0 {
				continue
			}
			as, data := l.codec.encode(b)
			bodies.args = append(bodies.args, 2*seq+int64(kind), as, data)
			if err := bodies.flushIfFull(ctx); err != nil {
				return err
			}
			if len(bodies.args) == 0 {
				l.codec.reset()
			}
		}
		if err := rows.flushIfFull(ctx); err != nil {
			return err
		}
	}
	if err := errors.Join(rows.flush(ctx), bodies.flush(ctx)); err != nil {
		return err
	}
	return l.totals.store(ctx, tx)
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
	r, err := get(ctx, tx, id)
	if err != nil {
		return nil, fmt.Errorf("read log entry %q: %w", id, err)
	}
	return r, nil
}

func get(ctx context.Context, tx *sql.Tx, id string) (*exchange.Record, error) {
	row := tx.QueryRowContext(ctx, "SELECT "+rowColumnList+" FROM logs WHERE id = ?", id)
	seq, r, err := scanRow(row)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, observe.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, "SELECT id, codec, data FROM bodies WHERE id IN (?, ?)", 2*seq, 2*seq+1)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var at, codec int64
		var data []byte
		if err := rows.Scan(&at, &codec, &data); err != nil {
			return nil, err
		}
		body := &r.Request
		if at == 2*seq+1 {
			body = &r.Response
		}
		if body.Data, err = decode(codec, data); err != nil {
			return nil, err
		}
	}
	return r, rows.Err()
}

// Delete removes records and their bodies.
func (l *Logs) Delete(ctx context.Context, ids []string) error {
	err := l.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := l.removeIDs(ctx, tx, ids)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete log entries: %w", err)
	}
	return nil
}

// placeholders is n question marks with commas between.
func placeholders(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

var _ observe.Store = (*Logs)(nil)
