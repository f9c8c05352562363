package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"heimdall/gateway/govern"
)

// Usage is the store of what is used of budgets and limits. It lies beside the configuration.
type Usage struct{ *database }

// Usage gives the part of the database that counts. Closing the configuration's store closes it.
func (c *Config) Usage() *Usage { return &Usage{c.database} }

// Load reads all marks.
func (u *Usage) Load(ctx context.Context) ([]govern.Mark, error) {
	rows, err := u.read.QueryContext(ctx, "SELECT id, start, value FROM usage ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("load usage: %w", err)
	}
	defer rows.Close()
	var marks []govern.Mark
	for rows.Next() {
		var m govern.Mark
		var start int64
		if err := rows.Scan(&m.ID, &start, &m.Value); err != nil {
			return nil, fmt.Errorf("load usage: %w", err)
		}
		m.Start = time.UnixMicro(start).UTC()
		marks = append(marks, m)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("load usage: %w", err)
	}
	return marks, nil
}

// Save writes the marks, all or none; those of value 0 are removed.
func (u *Usage) Save(ctx context.Context, marks []govern.Mark) error {
	err := u.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, m := range marks {
			if err := u.save(ctx, tx, m); err != nil {
				return fmt.Errorf("%q: %w", m.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save usage: %w", err)
	}
	return nil
}

func (u *Usage) save(ctx context.Context, tx *sql.Tx, m govern.Mark) error {
	if m.Value == 0 {
		_, err := tx.ExecContext(ctx, u.text("DELETE FROM usage WHERE id = ?"), m.ID)
		return err
	}
	_, err := tx.ExecContext(ctx, u.text(`INSERT INTO usage (id, start, value) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET start = excluded.start, value = excluded.value`), m.ID, m.Start.UnixMicro(), m.Value)
	return err
}

var _ govern.Store = (*Usage)(nil)
