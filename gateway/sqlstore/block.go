package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"heimdall/gateway/exchange"
)

// The bodies in a block add up to no more than this, unless there is but one record in it.
const blockBytes = 1 << 20

// place is where in its block a record's bodies are: the request from At on, and the response behind it.
type place struct {
	At       int64 `json:"at,omitempty"`
	Request  int64 `json:"request,omitempty"`
	Response int64 `json:"response,omitempty"`
}

func (p place) empty() bool { return p.Request+p.Response == 0 }

// blocks writes bodies, those of many records together.
type blocks struct {
	insert  *sql.Stmt
	encoder encoder
	raw     []byte // the block that is being filled
	first   int64  // its first record
	last    int64
	bodies  int
}

func prepareBlocks(ctx context.Context, db *sql.DB) (b blocks, err error) {
	b.insert, err = db.PrepareContext(ctx, "INSERT INTO blocks (first, last, bodies, codec, data) VALUES (?, ?, ?, ?, ?)")
	return b, err
}

// begin forgets what a transaction that failed has left.
func (b *blocks) begin() {
	if cap(b.raw) > keepBuffer {
		b.raw = nil
	}
	b.raw, b.bodies = b.raw[:0], 0
}

// add puts the bodies of the record with that number into the block, after it has written what they have no room
// beside.
func (b *blocks) add(ctx context.Context, tx *sql.Tx, seq int64, r *exchange.Record) (place, error) {
	size := len(r.Request.Data) + len(r.Response.Data)
	if size == 0 {
		return place{}, nil
	}
	if len(b.raw)+size > blockBytes {
		if err := b.flush(ctx, tx); err != nil {
			return place{}, err
		}
	}
	if len(b.raw) == 0 {
		b.first = seq
	}
	p := place{At: int64(len(b.raw)), Request: int64(len(r.Request.Data)), Response: int64(len(r.Response.Data))}
	for _, data := range [...][]byte{r.Request.Data, r.Response.Data} {
		if len(data) > 0 {
			b.raw = append(b.raw, data...)
			b.bodies++
		}
	}
	b.last = seq
	return p, nil
}

func (b *blocks) flush(ctx context.Context, tx *sql.Tx) error {
	if len(b.raw) == 0 {
		return nil
	}
	codec, data := b.encoder.encode(b.raw)
	_, err := tx.StmtContext(ctx, b.insert).ExecContext(ctx, b.first, b.last, b.bodies, codec, data)
	b.begin()
	return err
}

// block is one that is stored.
type block struct {
	first, last int64
	raw         []byte
}

// readBlock reads the block with the bodies of a record, nil if it was pruned.
func readBlock(ctx context.Context, tx *sql.Tx, seq int64) (*block, error) {
	b, err := findBlock(ctx, tx, seq)
	if b == nil || err != nil {
		return nil, err
	}
	var codec int64
	var data []byte
	err = tx.QueryRowContext(ctx, "SELECT codec, data FROM blocks WHERE first = ?", b.first).Scan(&codec, &data)
	if err != nil {
		return nil, err
	}
	b.raw, err = decode(codec, data)
	return b, err
}

// findBlock is readBlock without the data.
func findBlock(ctx context.Context, tx *sql.Tx, seq int64) (*block, error) {
	b := &block{}
	err := tx.QueryRowContext(ctx, "SELECT first, last FROM blocks WHERE first <= ? ORDER BY first DESC LIMIT 1", seq).
		Scan(&b.first, &b.last)
	if errors.Is(err, sql.ErrNoRows) || err == nil && b.last < seq {
		return nil, nil
	}
	return b, err
}

// bodies returns copies of what is at p.
func (b *block) bodies(p place) (request, response []byte, err error) {
	end := p.At + p.Request + p.Response
	if p.At < 0 || p.Request < 0 || p.Response < 0 || end > int64(len(b.raw)) {
		return nil, nil, errors.New("the block with the bodies is too short")
	}
	at := p.At + p.Request
	return cloned(b.raw[p.At:at]), cloned(b.raw[at:end]), nil
}

// cloned is a copy that does not keep all of the block in memory; nil where there is nothing.
func cloned(b []byte) []byte { return append([]byte(nil), b...) }

// erase overwrites what is at the places, so that all else stays where it is, and writes the block anew.
func (l *Logs) erase(ctx context.Context, tx *sql.Tx, at int64, places []place) error {
	b, err := readBlock(ctx, tx, at)
	if b == nil || err != nil {
		return err
	}
	gone := 0
	for _, p := range places {
		request, response, err := b.bodies(p)
		if err != nil {
			return err
		}
		gone += min(1, len(request)) + min(1, len(response))
		clear(b.raw[p.At : p.At+p.Request+p.Response])
	}
	codec, data := l.blocks.encoder.encode(b.raw)
	_, err = tx.ExecContext(ctx, "UPDATE blocks SET bodies = bodies - ?, codec = ?, data = ? WHERE first = ?",
		gone, codec, data, b.first)
	return err
}
