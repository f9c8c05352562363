package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

// planned is a log of n records over some days, with sessions and tools.
func planned(t testing.TB, path string, n int) (l *Logs, end time.Time) {
	l = openLogs(t, path)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	step := 30 * 24 * time.Hour / time.Duration(n)
	for i := 0; i < n; {
		var batch []*exchange.Record
		for ; len(batch) < 1000 && i < n; i++ {
			batch = append(batch, narrowRecord(i, at.Add(time.Duration(i)*step)))
		}
		if err := l.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	return l, at.Add(time.Duration(n) * step)
}

// narrowRecord is one without bodies, of a coding agent: five sessions run at a time and send about two hundred requests
// each, of a hundred three fail, every second calls a tool.
func narrowRecord(i int, at time.Time) *exchange.Record {
	session := i/1000*5 + i%5
	r := benchRecord(session, at, nil, nil)
	mix, more := uint32(i)*2654435761>>7, uint32(i)*2246822519>>9
	r.ID = fmt.Sprintf("%016x-%019x", at.UnixNano(), i)
	r.App, r.SessionID = []string{"claude-cli", "codex_exec", ""}[session%3], fmt.Sprint("session-", session)
	r.Latency, r.Usage.Output = time.Duration(1+mix%90_000)*time.Millisecond, int64(more%5000)
	if more%2 == 0 {
		r.Tools = [][]string{{"Edit"}, {"Bash"}, {"Bash", "Read"}, {"Grep", "Edit"}, {"WebFetch"}}[more/2%5]
		r.Finish.Reason = "tool_calls"
	}
	if mix%100 < 3 {
		r.Status, r.HTTPStatus = exchange.StatusError, 429
	}
	if more%10 > 0 {
		r.Cost.Known, r.Cost.Total = true, float64(more%100_000)/1e6
	}
	if i%50_000 == 0 {
		r.Model = "rare"
	}
	r.Attempts, r.KeyName = nil, ""
	return r
}

// plansOf are the plans of the statements that a store asks.
func plansOf(t *testing.T, l *Logs, ask func(*Logs) error) (plans []string) {
	t.Helper()
	w := &explaining{}
	own := *l
	own.database = &database{flavour: l.flavour, write: l.write, read: l.read}
	own.database.flavour.rebind = func(statement string) string {
		w.statements = append(w.statements, statement)
		return statement
	}
	if err := ask(&own); err != nil {
		t.Fatal(err)
	}
	for _, s := range w.statements {
		plans = append(plans, w.explain(t, l.read, s))
	}
	return plans
}

type explaining struct{ statements []string }

func (e *explaining) explain(t *testing.T, db *sql.DB, statement string) string {
	t.Helper()
	args := make([]any, strings.Count(statement, "?"))
	for i := range args {
		args[i] = "1"
	}
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+statement, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, statement)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(detail + "\n")
	}
	return plan.String()
}

// TestPlans asserts that nothing but a page's own rows is read from logs itself.
func TestPlans(t *testing.T) {
	l, end := planned(t, filepath.Join(t.TempDir(), "logs.db"), 10_000)
	page := func(q observe.Query) func(*Logs) error {
		q.Limit = 50
		return func(l *Logs) error {
			p, err := l.Search(context.Background(), q)
			if err == nil && len(p.Records) == 0 {
				return fmt.Errorf("%+v selects nothing", q)
			}
			return err
		}
	}
	groups := func(q observe.Query, b observe.Breakdown) func(*Logs) error {
		return func(l *Logs) error {
			g, err := l.Stats(context.Background(), q, b)
			if err == nil && len(g) == 0 {
				return fmt.Errorf("%+v has no groups", b)
			}
			return err
		}
	}
	parsed := func(text string) observe.Query {
		e, err := filter.Parse(text, end)
		if err != nil {
			t.Fatal(err)
		}
		return observe.Query{Where: e}
	}
	day := observe.Query{Since: end.Add(-25*time.Hour - time.Minute)}
	by := func(f ...filter.Field) observe.Breakdown { return observe.Breakdown{By: f} }
	for name, c := range map[string]struct {
		ask  func(*Logs) error
		uses string
	}{
		"first page":        {page(observe.Query{}), "logs_time"},
		"a page far behind": {page(observe.Query{Offset: 6000}), "logs_time"},
		"the last day":      {page(day), "logs_time"},
		"labels":            {page(parsed("model:model-1* status:error")), "logs_time"},
		"a number":          {page(parsed("latency>30s cost>0.05")), "COVERING INDEX logs_time"},
		"a number or not":   {page(parsed("cost>0.05 OR app:codex* -tokens<2k")), "COVERING INDEX logs_time"},
		"the dearest":       {page(observe.Query{SortBy: "cost"}), "COVERING INDEX logs_time"},
		"a session":         {page(parsed("session=session-7")), "logs_session"},
		"some session":      {page(parsed("session:SESSION-7")), "logs_session"},
		"a tool":            {page(parsed("tool:bash")), "logs_tools"},
		"no tool":           {page(parsed("-tool:bash")), "logs_tools"},
		"facet":             {groups(observe.Query{}, by(filter.App)), ""},
		"facet of a filter": {groups(parsed("status:error since:36h"), by(filter.Model)), ""},
		"by hour":           {groups(day, observe.Breakdown{Bucket: time.Hour, Spread: true}), "COVERING INDEX logs_time"},
		"by minute":         {groups(day, observe.Breakdown{Bucket: time.Minute, By: []filter.Field{filter.Provider}}), "COVERING INDEX logs_time"},
		"by session":        {groups(observe.Query{}, by(filter.Session)), "COVERING INDEX logs_session"},
		"by tool":           {groups(observe.Query{}, by(filter.Tool)), "COVERING INDEX logs_tools"},
		"the size":          {func(l *Logs) error { _, err := l.Size(context.Background()); return err }, "logs_time"},
	} {
		t.Run(name, func(t *testing.T) {
			plans := plansOf(t, l, c.ask)
			all := strings.Join(plans, "\n")
			if !strings.Contains(all, c.uses) || len(plans) == 0 {
				t.Errorf("%s is not used:\n%s", c.uses, all)
			}
			for line := range strings.Lines(all) {
				scans := strings.HasPrefix(line, "SCAN logs") && !strings.Contains(line, "COVERING INDEX")
				walks := strings.HasPrefix(line, "SEARCH logs USING INDEX") && !strings.Contains(line, "id=?")
				if scans || walks {
					t.Errorf("%s reads rows of logs, in\n%s", strings.TrimSpace(line), all)
				}
			}
		})
	}
}
