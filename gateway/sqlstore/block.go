package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"heimdall/gateway/delta"
	"heimdall/gateway/exchange"
)

// The bodies in a block add up to no more than this, unless there is but one record in it.
const blockBytes = 1 << 20

// Kinds of blocks. The numbers are in the files.
const (
	ordinaryBlock = int64(0)
	errorBlock    = int64(1) // of errors, which are kept longest
)

var blockKinds = [...]int64{ordinaryBlock, errorBlock}

func kindOf(r *exchange.Record) int64 {
	if r.Status == exchange.StatusError {
		return errorBlock
	}
	return ordinaryBlock
}

// place is where in its block a record's bodies are: from At on, one after the other, each so many bytes long. What was
// sent to the provider is a delta of the request, what the client got one of the response.
type place struct {
	Kind           int64 `json:"kind"`
	At             int64 `json:"at"`
	Request        int64 `json:"request"`
	Response       int64 `json:"response"`
	Sent           int64 `json:"sent"`
	Answer         int64 `json:"answer"`
	Came           int64 `json:"came"` // the marks of the response
	Went           int64 `json:"went"` // the marks of the answer
	Header         int64 `json:"header"`
	ResponseHeader int64 `json:"response_header"`
}

func (p *place) size() int64 {
	return p.Request + p.Response + p.Sent + p.Answer + p.Came + p.Went + p.Header + p.ResponseHeader
}

func (p *place) empty() bool { return p.size() == 0 }

// bodies is how many of the four bodies there are.
func (p *place) bodies() int64 {
	n := int64(0)
	for _, size := range [...]int64{p.Request, p.Response, p.Sent, p.Answer} {
		n += min(1, size)
	}
	return n
}

// blocks writes bodies, those of many records of a kind together.
type blocks struct {
	insert, content *sql.Stmt
	encoder         encoder
	filling         [len(blockKinds)]filling
	deltas          []byte
}

// filling is a block that is being filled.
type filling struct {
	raw                   []byte
	first, last, latest   int64
	records, bodies, kind int64
}

func prepareBlocks(ctx context.Context, db *database) (b blocks, err error) {
	b.insert, err = db.prepare(ctx, "INSERT INTO blocks (kind, first, last, records, bodies, size, latest) VALUES (?, ?, ?, ?, ?, ?, ?)")
	if err == nil {
		b.content, err = db.prepare(ctx, "INSERT INTO contents (first, codec, data) VALUES (?, ?, ?)")
	}
	return b, err
}

// begin forgets what a transaction that failed has left.
func (b *blocks) begin() {
	if cap(b.deltas) > keepBuffer {
		b.deltas = nil
	}
	for kind := range b.filling {
		b.filling[kind].begin(int64(kind))
	}
}

func (f *filling) begin(kind int64) {
	raw := f.raw[:0]
	if cap(raw) > keepBuffer {
		raw = nil
	}
	*f = filling{raw: raw, kind: kind}
}

// add puts the bodies of the record with that number into the block of its kind, after it has written what they have no
// room beside.
func (b *blocks) add(ctx context.Context, tx *sql.Tx, seq int64, r *exchange.Record) (place, error) {
	b.deltas = delta.Append(b.deltas[:0], r.Request.Data, r.Sent.Data)
	sent := len(b.deltas)
	b.deltas = delta.Append(b.deltas, r.Response.Data, r.Answer.Data)
	parts := [...][]byte{
		r.Request.Data, b.deltas[:sent], r.Response.Data, b.deltas[sent:], r.ResponseMarks, r.AnswerMarks, r.Header, r.ResponseHeader,
	}
	var sizes [len(parts)]int64
	size := 0
	for i, part := range parts {
		sizes[i] = int64(len(part))
		size += len(part)
	}
	if size == 0 {
		return place{}, nil
	}
	f := &b.filling[kindOf(r)]
	if len(f.raw)+size > blockBytes {
		if err := b.flush(ctx, tx, f); err != nil {
			return place{}, err
		}
	}
	if len(f.raw) == 0 {
		f.first = seq
	}
	p := place{
		Kind: f.kind, At: int64(len(f.raw)), Request: sizes[0], Sent: sizes[1], Response: sizes[2], Answer: sizes[3], Came: sizes[4],
		Went: sizes[5], Header: sizes[6], ResponseHeader: sizes[7],
	}
	for _, part := range parts {
		f.raw = append(f.raw, part...)
	}
	f.last, f.latest = seq, max(f.latest, storedTime(r.Time))
	f.records++
	f.bodies += p.bodies()
	return p, nil
}

// flushAll writes all blocks that are being filled.
func (b *blocks) flushAll(ctx context.Context, tx *sql.Tx) error {
	for kind := range b.filling {
		if err := b.flush(ctx, tx, &b.filling[kind]); err != nil {
			return err
		}
	}
	return nil
}

func (b *blocks) flush(ctx context.Context, tx *sql.Tx, f *filling) error {
	if len(f.raw) == 0 {
		return nil
	}
	codec, data := b.encoder.encode(f.raw)
	_, err := tx.StmtContext(ctx, b.insert).ExecContext(ctx, f.kind, f.first, f.last, f.records, f.bodies, len(data), f.latest)
	if err == nil {
		_, err = tx.StmtContext(ctx, b.content).ExecContext(ctx, f.first, codec, data)
	}
	f.begin(f.kind)
	return err
}

// block is one that is stored.
type block struct {
	kind, first, last, records, bodies, size int64
}

// findBlock finds the block with the bodies of a record, nil if it was pruned.
func (l *Logs) findBlock(ctx context.Context, tx *sql.Tx, kind, seq int64) (*block, error) {
	b := &block{kind: kind}
	err := tx.QueryRowContext(ctx, l.text(`SELECT first, last, records, bodies, size FROM blocks
		WHERE kind = ? AND first <= ? ORDER BY first DESC LIMIT 1`), kind, seq).
		Scan(&b.first, &b.last, &b.records, &b.bodies, &b.size)
	if errors.Is(err, sql.ErrNoRows) || err == nil && b.last < seq {
		return nil, nil
	}
	return b, err
}

// readContent reads what is in a block.
func (l *Logs) readContent(ctx context.Context, tx *sql.Tx, first int64) ([]byte, error) {
	var codec int64
	var data []byte
	err := tx.QueryRowContext(ctx, l.text("SELECT codec, data FROM contents WHERE first = ?"), first).Scan(&codec, &data)
	if err != nil {
		return nil, err
	}
	return decode(codec, data)
}

// fillBodies puts the bodies into a record that was read.
func (l *Logs) fillBodies(ctx context.Context, tx *sql.Tx, one *row) error {
	if one.at.empty() {
		return nil
	}
	b, err := l.findBlock(ctx, tx, one.at.Kind, one.seq)
	if b == nil || err != nil {
		return err
	}
	raw, err := l.readContent(ctx, tx, b.first)
	if err != nil {
		return err
	}
	return one.at.fill(one.record, raw)
}

var errShortBlock = errors.New("the block with the bodies is too short")

// fill copies what is at p.
func (p *place) fill(r *exchange.Record, raw []byte) (err error) {
	if p.At < 0 || p.At > int64(len(raw)) || p.size() > int64(len(raw))-p.At {
		return errShortBlock
	}
	raw = raw[p.At:]
	next := func(n int64) (part []byte) {
		part, raw = raw[:n], raw[n:]
		return part
	}
	r.Request.Data = cloned(next(p.Request))
	if r.Sent.Data, err = delta.Apply(r.Request.Data, next(p.Sent)); err != nil {
		return err
	}
	r.Response.Data = cloned(next(p.Response))
	if r.Answer.Data, err = delta.Apply(r.Response.Data, next(p.Answer)); err != nil {
		return err
	}
	r.ResponseMarks, r.AnswerMarks = cloned(next(p.Came)), cloned(next(p.Went))
	r.Header, r.ResponseHeader = cloned(next(p.Header)), cloned(next(p.ResponseHeader))
	return nil
}

// cloned is a copy that does not keep all of the block in memory; nil where there is nothing.
func cloned(b []byte) []byte { return append([]byte(nil), b...) }

// leave takes records out of a block: overwritten if erase says so, so that all else stays where it is. A block that
// nothing is left in goes.
func (l *Logs) leave(ctx context.Context, tx *sql.Tx, b *block, places []place, erase bool) error {
	b.records -= int64(len(places))
	for i := range places {
		b.bodies -= places[i].bodies()
	}
	if b.records <= 0 {
		return l.dropBlock(ctx, tx, b)
	}
	if erase {
		raw, err := l.readContent(ctx, tx, b.first)
		if err != nil {
			return err
		}
		for i := range places {
			p := &places[i]
			if p.At < 0 || p.At > int64(len(raw)) || p.size() > int64(len(raw))-p.At {
				return errShortBlock
			}
			clear(raw[p.At : p.At+p.size()])
		}
		codec, data := l.blocks.encoder.encode(raw)
		b.size = int64(len(data))
		if _, err := tx.ExecContext(ctx, l.text("UPDATE contents SET codec = ?, data = ? WHERE first = ?"), codec, data, b.first); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, l.text("UPDATE blocks SET records = ?, bodies = ?, size = ? WHERE kind = ? AND first = ?"),
		b.records, b.bodies, b.size, b.kind, b.first)
	return err
}

func (l *Logs) dropBlock(ctx context.Context, tx *sql.Tx, b *block) error {
	if _, err := tx.ExecContext(ctx, l.text("DELETE FROM contents WHERE first = ?"), b.first); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, l.text("DELETE FROM blocks WHERE kind = ? AND first = ?"), b.kind, b.first)
	return err
}
