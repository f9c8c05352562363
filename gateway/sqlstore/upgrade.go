package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// Rows and bytes of bodies that one transaction moves.
const (
	upgradeRows  = 1000
	upgradeBytes = 16 << 20
)

// upgradeLogs moves what the first form of the tables held into the present one, in steps, so that it goes on where it
// was interrupted. A million rows take some half a minute.
func upgradeLogs(ctx context.Context, l *Logs) error {
	var old bool
	err := l.write.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'old_logs')").Scan(&old)
	if err != nil || !old {
		return err
	}
	for _, step := range [...]func(context.Context, *sql.Tx) (more bool, err error){l.moveRows, l.moveBlocks} {
		for more := true; more; {
			err := l.store(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
				more, err = step(ctx, tx)
				return err
			})
			if err != nil {
				return fmt.Errorf("move the log into new tables: %w", err)
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	return l.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DROP TABLE old_logs; DROP TABLE old_labels; DROP TABLE old_blocks")
		return err
	})
}

// moveRows moves the next rows.
func (l *Logs) moveRows(ctx context.Context, tx *sql.Tx) (more bool, err error) {
	old, err := oldRows(ctx, tx)
	if err != nil || len(old) == 0 {
		return false, err
	}
	rows, moved := l.rows.in(tx), change{}
	for _, one := range old {
		set, err := l.labels.id(ctx, tx, one.record)
		if err != nil {
			return false, err
		}
		f := figuresOf(one.record)
		moved.add(storedTime(one.record.Time), set, &f, 1)
		if err := l.insertRow(ctx, rows, one.seq, set, one.record, &f, one.at); err != nil {
			return false, err
		}
	}
	if err := rows.flush(ctx); err != nil {
		return false, err
	}
	if err := l.mergeTotals(ctx, tx, moved); err != nil {
		return false, err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM old_logs WHERE seq <= ?", old[len(old)-1].seq)
	return true, err
}

func oldRows(ctx context.Context, tx *sql.Tx) (all []*row, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT seq, old_logs.id, time, provider, model, requested_model, key_id, status, session,
		latency, detail FROM old_logs JOIN old_labels ON old_labels.id = old_logs.labels ORDER BY seq LIMIT ?`, upgradeRows)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r := &exchange.Record{}
		one := &row{record: r}
		var micro, latency int64
		var text []byte
		err := rows.Scan(&one.seq, &r.ID, &micro, &r.Provider, &r.Model, &r.RequestedModel, &r.KeyID, &r.Status, &r.SessionID,
			&latency, &text)
		if err != nil {
			return nil, err
		}
		var d oldDetail
		if err := json.Unmarshal(text, &d); err != nil {
			return nil, fmt.Errorf("log entry %q: %w", r.ID, err)
		}
		r.Time, r.Latency = timeOf(micro), micros(latency)
		d.fill(r)
		one.at = d.Place
		all = append(all, one)
	}
	return all, rows.Err()
}

// oldDetail is detail as it was when it held what columns and labels hold now.
type oldDetail struct {
	detail
	Op              llm.Op `json:"op"`
	Dialect         string `json:"dialect"`
	KeyName         string `json:"key_name"`
	Stream          bool   `json:"stream"`
	HTTPStatus      int    `json:"http_status"`
	TTFT            int64  `json:"ttft"`
	HasUsage        bool   `json:"has_usage"`
	Input           int64  `json:"input"`
	CacheRead       int64  `json:"cache_read"`
	CacheWrite      int64  `json:"cache_write"`
	Output          int64  `json:"output"`
	Reasoning       int64  `json:"reasoning"`
	Finish          string `json:"finish"`
	UpstreamDialect string `json:"upstream_dialect"`
	Retries         int    `json:"retries"`
	VirtualKeyID    string `json:"virtual_key_id"`
	VirtualKeyName  string `json:"virtual_key_name"`
	TeamID          string `json:"team_id"`
	TeamName        string `json:"team_name"`
	CustomerID      string `json:"customer_id"`
	CustomerName    string `json:"customer_name"`
	Fallback        int    `json:"fallback"`
}

func (d *oldDetail) fill(r *exchange.Record) {
	d.detail.fill(r)
	r.Op, r.Dialect, r.KeyName, r.Stream, r.HTTPStatus = d.Op, d.Dialect, d.KeyName, d.Stream, d.HTTPStatus
	r.TTFT, r.HasUsage, r.Finish.Reason, r.UpstreamDialect = micros(d.TTFT), d.HasUsage, d.Finish, d.UpstreamDialect
	r.Retries, r.Fallback = d.Retries, d.Fallback
	u := &r.Usage
	u.Input, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning = d.Input, d.CacheRead, d.CacheWrite, d.Output, d.Reasoning
	r.Identity = exchange.Identity{
		VirtualKeyID: d.VirtualKeyID, VirtualKeyName: d.VirtualKeyName, TeamID: d.TeamID, TeamName: d.TeamName,
		CustomerID: d.CustomerID, CustomerName: d.CustomerName,
	}
}

// moveBlocks moves the next blocks, after the rows.
func (l *Logs) moveBlocks(ctx context.Context, tx *sql.Tx) (more bool, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT first, last, bodies, length(data) FROM old_blocks ORDER BY first LIMIT ?", blocksPerRemoval)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	var all []block
	for bytes := int64(0); rows.Next() && bytes < upgradeBytes; {
		var b block
		if err := rows.Scan(&b.first, &b.last, &b.bodies, &b.size); err != nil {
			return false, err
		}
		bytes += b.size
		all = append(all, b)
	}
	if err := errorOf(rows); err != nil || len(all) == 0 {
		return false, err
	}
	for _, b := range all {
		_, err := tx.ExecContext(ctx, `INSERT INTO blocks (kind, first, last, records, bodies, size, latest)
			SELECT 0, ?, ?, count(*), ?, ?, coalesce(max(time), 0) FROM logs
			WHERE seq BETWEEN ? AND ? AND json_extract(detail, '$.place') IS NOT NULL`, b.first, b.last, b.bodies, b.size, b.first, b.last)
		if err != nil {
			return false, err
		}
	}
	last := slices.MaxFunc(all, func(a, b block) int { return int(a.first - b.first) }).first
	if _, err := tx.ExecContext(ctx, "INSERT INTO contents SELECT first, codec, data FROM old_blocks WHERE first <= ?", last); err != nil {
		return false, err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM old_blocks WHERE first <= ?", last)
	return true, err
}

func errorOf(rows *sql.Rows) error {
	defer rows.Close()
	return rows.Err()
}
