package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// What one transaction removes at most, so that appending need not wait for long.
const (
	rowsPerRemoval   = 1000
	blocksPerRemoval = 250
	bytesPerRemoval  = 16 << 20
)

// removed is a row that goes.
type removed struct {
	seq int64
	at  place
}

// Delete removes records and their bodies, and overwrites where they were.
func (l *Logs) Delete(ctx context.Context, ids []string) error {
	spoken := false
	err := l.store(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if err := l.flavour.scrub(ctx, tx, true); err != nil {
			return err
		}
		spoken, err = l.removeIDs(ctx, tx, ids)
		return errors.Join(err, l.flavour.scrub(ctx, tx, false))
	})
	if err == nil && spoken {
		err = l.flavour.words.purge(ctx, l)
	}
	if err == nil {
		err = l.flavour.settle(ctx, l.write)
	}
	if err != nil {
		return fmt.Errorf("delete log entries: %w", err)
	}
	return nil
}

// removeIDs removes the records with these IDs, and all that they have. spoken is true where the index of words may
// have had some of it.
func (l *Logs) removeIDs(ctx context.Context, tx *sql.Tx, ids []string) (spoken bool, err error) {
	mark, err := l.textMark(ctx, tx)
	if err != nil {
		return false, err
	}
	for len(ids) > 0 {
		n := min(len(ids), rowsPerRemoval)
		args := make([]any, n)
		for i, id := range ids[:n] {
			args[i] = id
		}
		ids = ids[n:]
		gone, err := l.remove(ctx, tx, true, "id IN ("+placeholders(n)+")", args...)
		if err != nil {
			return false, err
		}
		spoken = spoken || len(gone) > 0 && gone[0].seq <= mark
	}
	return spoken, nil
}

// remove removes the rows of logs that where selects, and the blocks of which no record is left. In the others it
// erases the bodies if erase says so.
func (l *Logs) remove(ctx context.Context, tx *sql.Tx, erase bool, where string, args ...any) ([]removed, error) {
	if err := l.rollUp(ctx, tx); err != nil {
		return nil, err
	}
	gone, change, err := l.leaving(ctx, tx, where, args...)
	if err != nil || len(gone) == 0 {
		return nil, err
	}
	if err := l.mergeTotals(ctx, tx, change); err != nil {
		return nil, err
	}
	if err := l.sweepTotals(ctx, tx, change); err != nil {
		return nil, err
	}
	seqs := make([]int64, len(gone))
	for i := range gone {
		seqs[i] = gone[i].seq
	}
	for _, table := range [...]string{"logs WHERE seq", "replays WHERE seq", "words WHERE " + l.flavour.words.seq} {
		if err := l.deleteNumbers(ctx, tx, table, seqs); err != nil {
			return nil, err
		}
	}
	return gone, l.removeBodies(ctx, tx, gone, erase)
}

// deleteNumbers deletes from "table WHERE column" what has one of the numbers.
func (l *Logs) deleteNumbers(ctx context.Context, tx *sql.Tx, from string, numbers []int64) error {
	for len(numbers) > 0 {
		n := min(len(numbers), rowsPerRemoval)
		list := make([]string, n)
		for i, seq := range numbers[:n] {
			list[i] = decimal(seq)
		}
		numbers = numbers[n:]
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+from+" IN ("+strings.Join(list, ",")+")"); err != nil {
			return err
		}
	}
	return nil
}

// leaving reads the rows that where selects, in their order, and what the totals lose by them.
func (l *Logs) leaving(ctx context.Context, tx *sql.Tx, where string, args ...any) (all []removed, lost change, err error) {
	rows, err := tx.QueryContext(ctx, l.text("SELECT seq, time, labels, "+strings.Join(figureColumns, ", ")+", detail FROM logs WHERE "+where+
		" ORDER BY seq"), args...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	lost = change{}
	for rows.Next() {
		var r removed
		var micros, labels int64
		var f figures
		var text []byte
		if err := rows.Scan(append(append([]any{&r.seq, &micros, &labels}, f.targets()...), &text)...); err != nil {
			return nil, nil, err
		}
		lost.add(micros, labels, &f, -1)
		var d struct{ Place place }
		if err := json.Unmarshal(text, &d); err != nil {
			return nil, nil, err
		}
		r.at = d.Place
		all = append(all, r)
	}
	return all, lost, rows.Err()
}

// removeBodies does remove's work for the rows' blocks; rows are in order, and no longer in the table.
func (l *Logs) removeBodies(ctx context.Context, tx *sql.Tx, rows []removed, erase bool) error {
	for _, kind := range blockKinds {
		var of []removed
		for _, r := range rows {
			if !r.at.empty() && r.at.Kind == kind {
				of = append(of, r)
			}
		}
		if err := l.leaveBlocks(ctx, tx, kind, of, erase); err != nil {
			return err
		}
	}
	return nil
}

func (l *Logs) leaveBlocks(ctx context.Context, tx *sql.Tx, kind int64, rows []removed, erase bool) error {
	for len(rows) > 0 {
		b, err := l.findBlock(ctx, tx, kind, rows[0].seq)
		if err != nil {
			return err
		}
		if b == nil {
			rows = rows[1:]
			continue
		}
		var places []place
		for len(rows) > 0 && rows[0].seq <= b.last {
			places = append(places, rows[0].at)
			rows = rows[1:]
		}
		if err := l.leave(ctx, tx, b, places, erase); err != nil {
			return err
		}
	}
	return nil
}
