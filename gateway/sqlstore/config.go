package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"

	"heimdall/gateway/config"
)

// Config is the configuration's store.
type Config struct{ *database }

// OpenConfig opens the configuration's file, making it if need be.
func OpenConfig(ctx context.Context, path string) (*Config, error) {
	db, err := open(ctx, sqlite, path, "config")
	if err != nil {
		return nil, err
	}
	return &Config{db}, nil
}

// OpenConfigIn opens the configuration's part of a PostgreSQL database, making it if need be.
func OpenConfigIn(ctx context.Context, where *config.Database) (*Config, error) {
	return openConfigIn(ctx, where, "heimdall_config")
}

func openConfigIn(ctx context.Context, where *config.Database, schema string) (*Config, error) {
	db, err := open(ctx, postgres(where, schema), placeOf(where), "config")
	if err != nil {
		return nil, err
	}
	return &Config{db}, nil
}

// Load reads all entities, ordered by kind and ID, and the version that they have together.
func (c *Config) Load(ctx context.Context) (entities []config.Entity, version int64, err error) {
	// One transaction, so that the version is the entities' own.
	tx, err := c.read.BeginTx(ctx, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("load the configuration: %w", err)
	}
	defer tx.Rollback()
	entities, version, err = load(ctx, tx)
	if err != nil {
		return nil, 0, fmt.Errorf("load the configuration: %w", err)
	}
	return entities, version, nil
}

func load(ctx context.Context, tx *sql.Tx) (entities []config.Entity, version int64, err error) {
	if err := tx.QueryRowContext(ctx, "SELECT version FROM revision").Scan(&version); err != nil {
		return nil, 0, err
	}
	rows, err := tx.QueryContext(ctx, "SELECT kind, id, data FROM entities ORDER BY kind, id")
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var e config.Entity
		var data string
		if err := rows.Scan(&e.Kind, &e.ID, &data); err != nil {
			return nil, 0, err
		}
		e.Data = []byte(data)
		entities = append(entities, e)
	}
	return entities, version, rows.Err()
}

// Apply writes the changes and counts the version up by one, if base is still the stored one.
func (c *Config) Apply(ctx context.Context, base int64, changes []config.Entity) (version int64, err error) {
	err = c.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, c.text("UPDATE revision SET version = version + 1 WHERE version = ?"), base)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return cmp.Or(err, config.ErrConflict)
		}
		for _, e := range changes {
			if err := c.put(ctx, tx, e); err != nil {
				return fmt.Errorf("%s %q: %w", e.Kind, e.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("save the configuration: %w", err)
	}
	return base + 1, nil
}

func (c *Config) put(ctx context.Context, tx *sql.Tx, e config.Entity) error {
	if e.Data == nil {
		_, err := tx.ExecContext(ctx, c.text("DELETE FROM entities WHERE kind = ? AND id = ?"), e.Kind, e.ID)
		return err
	}
	_, err := tx.ExecContext(ctx, c.text(`INSERT INTO entities (kind, id, data) VALUES (?, ?, ?)
		ON CONFLICT (kind, id) DO UPDATE SET data = excluded.data`), e.Kind, e.ID, string(e.Data))
	return err
}

var _ config.Store = (*Config)(nil)
