package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"heimdall/gateway/exchange"
)

// Texts that one transaction adds to the index of words at most.
const textStep = 50

// IndexText adds what was said in records that are not in the index of words yet.
func (l *Logs) IndexText(ctx context.Context, n int, text func(*exchange.Record) string) (more bool, err error) {
	for n > 0 {
		step := min(n, textStep)
		n -= step
		read, err := l.indexSome(ctx, step, text)
		if err != nil {
			return false, fmt.Errorf("index the log: %w", err)
		}
		if read < step {
			return false, nil
		}
	}
	return true, nil
}

// said is what was said in a record.
type said struct {
	seq  int64
	text string
}

// indexSome adds the texts of the next n records. They are read before anything is written, so that appending waits for
// neither.
func (l *Logs) indexSome(ctx context.Context, n int, text func(*exchange.Record) string) (read int, err error) {
	texts, err := l.nextTexts(ctx, n, text)
	if err != nil || len(texts) == 0 {
		return 0, err
	}
	last := texts[len(texts)-1].seq
	return len(texts), l.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		mark, err := l.textMark(ctx, tx)
		if err != nil {
			return err
		}
		for _, one := range texts {
			if one.text == "" || one.seq <= mark { // somebody else was faster
				continue
			}
			var there bool // it may have been deleted since it was read
			err := tx.QueryRowContext(ctx, l.text("SELECT EXISTS (SELECT 1 FROM logs WHERE seq = ?)"), one.seq).Scan(&there)
			if err != nil {
				return err
			}
			if !there {
				continue
			}
			document := one.text
			if form := l.flavour.words.document; form != nil {
				document = form(document)
			}
			if _, err := tx.ExecContext(ctx, l.text(l.flavour.words.insert), one.seq, document); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, l.text("UPDATE marks SET seq = ? WHERE name = 'text' AND seq < ?"), last, last)
		return err
	})
}

func (l *Logs) textMark(ctx context.Context, tx *sql.Tx) (seq int64, err error) {
	err = tx.QueryRowContext(ctx, "SELECT seq FROM marks WHERE name = 'text'").Scan(&seq)
	return seq, err
}

// nextTexts reads the next n records that are not in the index, and what was said in them.
func (l *Logs) nextTexts(ctx context.Context, n int, text func(*exchange.Record) string) (texts []said, err error) {
	tx, err := l.read.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	rows, err := l.readRows(ctx, tx, "WHERE seq > (SELECT seq FROM marks WHERE name = 'text') ORDER BY seq LIMIT ?", n)
	if err != nil {
		return nil, err
	}
	var open opened
	for _, one := range rows {
		if err := open.fill(ctx, tx, l, one); err != nil {
			return nil, err
		}
		texts = append(texts, said{one.seq, text(one.record)})
		one.record = nil // its bodies need not wait for those of the others
	}
	return texts, nil
}

// opened is the last block that was read, of each kind: that of the next record is mostly the same.
type opened [len(blockKinds)]struct {
	*block
	raw []byte
}

// fill does the work of fillBodies for many records in a row.
func (o *opened) fill(ctx context.Context, tx *sql.Tx, l *Logs, one *row) (err error) {
	if one.at.empty() || one.at.Kind < 0 || one.at.Kind >= int64(len(o)) {
		return nil
	}
	b := &o[one.at.Kind]
	if b.block == nil || one.seq < b.first || one.seq > b.last {
		if b.block, err = l.findBlock(ctx, tx, one.at.Kind, one.seq); b.block == nil || err != nil {
			return err
		}
		if b.raw, err = l.readContent(ctx, tx, b.first); err != nil {
			return err
		}
	}
	return one.at.fill(one.record, b.raw)
}

// Pages that one transaction merges.
const mergeStep = 500

// purgeFTS5 merges the index of words to one piece, which leaves nothing of texts that were removed, and overwrites what
// the pieces were in.
func purgeFTS5(ctx context.Context, l *Logs) error {
	for {
		var before, after int64
		err := l.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if err := l.flavour.scrub(ctx, tx, true); err != nil {
				return err
			}
			if err := tx.QueryRowContext(ctx, "SELECT total_changes()").Scan(&before); err != nil {
				return err
			}
			// A negative number begins a merge of all pieces; what was begun goes on.
			if _, err := tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO words (words, rank) VALUES ('merge', %d)", -mergeStep)); err != nil {
				return err
			}
			if err := tx.QueryRowContext(ctx, "SELECT total_changes()").Scan(&after); err != nil {
				return err
			}
			return l.flavour.scrub(ctx, tx, false)
		})
		if err != nil || after-before < 2 { // the statement itself is one change
			return err
		}
	}
}
