package sqlstore

import (
	"context"
	"database/sql"

	"heimdall/gateway/exchange"
)

// maxBegun bounds the sessions that are known to be complete.
const maxBegun = 4096

// sessions adds to sessions the requests that they are named after: a conversation is found to be one only when it goes on.
type sessions struct {
	update *sql.Stmt
	done   map[string]struct{} // those that have theirs
}

func prepareSessions(ctx context.Context, db *database) (s sessions, err error) {
	s.done = map[string]struct{}{}
	s.update, err = db.prepare(ctx, "UPDATE logs SET session = ? WHERE id = ? AND session = ''")
	return s, err
}

// forget is for when it is not known what was written.
func (s sessions) forget() { clear(s.done) }

// join completes the sessions of a batch that is written.
func (s sessions) join(ctx context.Context, tx *sql.Tx, batch []*exchange.Record) error {
	for _, r := range batch {
		if _, done := s.done[r.SessionID]; done || r.SessionID == "" {
			continue
		}
		if _, err := tx.StmtContext(ctx, s.update).ExecContext(ctx, r.SessionID, r.SessionID); err != nil {
			return err
		}
		if len(s.done) >= maxBegun {
			clear(s.done)
		}
		s.done[r.SessionID] = struct{}{}
	}
	return nil
}
