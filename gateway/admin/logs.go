package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
)

func (a *Admin) listLogs(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	q, id, err := logQuery(x)
	if err != nil {
		return nil, err
	}
	if id != "" {
		return a.oneLog(ctx, q, id)
	}
	live := a.matching(q)
	page, err := a.search(ctx, q, len(live))
	if err != nil {
		return nil, err
	}
	out := Logs{
		Logs:       merge(q, live, page),
		Pagination: pagination(q, page.Total+int64(len(live))),
		Stats:      stats(page.Stats, len(live)),
	}
	out.HasLogs = out.Pagination.TotalCount > 0
	if !out.HasLogs {
		any, err := a.Logs.Search(ctx, observe.Query{Limit: 1})
		if err != nil {
			return nil, err
		}
		out.HasLogs = any.Total > 0 || len(a.Hub.Live()) > 0
	}
	return answer(out)
}

// search asks the store for the part of the page that the rows in flight leave to it.
func (a *Admin) search(ctx context.Context, q observe.Query, live int) (observe.Page, error) {
	if slices.Equal(q.Statuses, []exchange.Status{exchange.StatusProcessing}) {
		return observe.Page{}, nil
	}
	if !q.Ascending {
		shown := min(max(live-q.Offset, 0), q.Limit)
		q.Offset, q.Limit = max(q.Offset-live, 0), max(q.Limit-shown, 1)
	}
	return a.Logs.Search(ctx, q)
}

// merge makes one page of rows in flight and stored ones: the former are the newest.
func merge(q observe.Query, live []LogEntry, stored observe.Page) []LogEntry {
	rows := []LogEntry{}
	if !q.Ascending {
		rows = append(rows, live[min(q.Offset, len(live)):]...)
	}
	for _, r := range stored.Records {
		if !slices.ContainsFunc(rows, func(e LogEntry) bool { return e.ID == r.ID }) {
			rows = append(rows, entry(r))
		}
	}
	if q.Ascending {
		before := max(q.Offset-int(stored.Total), 0)
		rows = append(rows, live[min(before, len(live)):]...)
	}
	return rows[:min(len(rows), q.Limit)]
}

func pagination(q observe.Query, total int64) Pagination {
	order := "desc"
	if q.Ascending {
		order = "asc"
	}
	return Pagination{q.Limit, q.Offset, q.SortBy, order, total}
}

func stats(s observe.Stats, live int) LogStats {
	out := LogStats{TotalRequests: s.Requests + int64(live), AverageLatency: milliseconds(s.AverageLatency), TotalTokens: s.Tokens}
	if s.Finished > 0 {
		out.SuccessRate = 100 * float64(s.Succeeded) / float64(s.Finished)
	}
	return out
}

// oneLog is a list of the one row with that id, whatever the other filters say.
func (a *Admin) oneLog(ctx context.Context, q observe.Query, id string) (*exchange.Reply, error) {
	out := Logs{Logs: []LogEntry{}, HasLogs: true}
	for _, e := range a.Hub.Live() {
		if e.ID == id {
			out.Logs = append(out.Logs, e)
		}
	}
	if len(out.Logs) == 0 {
		r, err := a.Logs.Get(ctx, id)
		if err != nil && !errors.Is(err, observe.ErrNotFound) {
			return nil, err
		}
		if err == nil {
			out.Logs = append(out.Logs, entry(r))
		}
	}
	out.Pagination = pagination(q, int64(len(out.Logs)))
	out.Stats.TotalRequests = int64(len(out.Logs))
	return answer(out)
}

// matching are the rows in flight that a query selects. They have no place in an order by latency or tokens.
func (a *Admin) matching(q observe.Query) []LogEntry {
	only := slices.Equal(q.Statuses, []exchange.Status{exchange.StatusProcessing})
	if q.SortBy != "timestamp" && !only {
		return nil
	}
	rows := slices.DeleteFunc(a.Hub.Live(), func(e LogEntry) bool {
		return !among(q.Providers, e.Provider) || !(among(q.Models, e.Model) || among(q.Models, e.Alias)) ||
			!among(q.Statuses, exchange.StatusProcessing) || !among(q.KeyIDs, e.SelectedKeyID) ||
			(q.Session != "" && q.Session != e.SessionID) ||
			(!q.Since.IsZero() && e.Timestamp.Before(q.Since)) || (!q.Until.IsZero() && !e.Timestamp.Before(q.Until))
	})
	if q.Ascending {
		slices.Reverse(rows)
	}
	return rows
}

func among[T comparable](list []T, one T) bool { return len(list) == 0 || slices.Contains(list, one) }

// logQuery reads the parameters of a list. id is request_id.
func logQuery(x *exchange.Exchange) (q observe.Query, id string, err error) {
	p := query{values: x.Query}
	q.Providers, q.Models, q.KeyIDs = p.list("providers"), p.list("models"), p.list("selected_key_ids")
	for _, s := range p.list("status") {
		status := exchange.Status(s)
		switch status {
		case exchange.StatusProcessing, exchange.StatusSuccess, exchange.StatusError, exchange.StatusCancelled:
			q.Statuses = append(q.Statuses, status)
		default:
			p.fail("status", "must be processing, success, error or cancelled")
		}
	}
	q.Session, id = p.text("session_id"), p.text("request_id")
	q.Since, q.Until = moment(&p, "start_time"), moment(&p, "end_time")
	if period := span(&p, "period"); period > 0 && q.Since.IsZero() {
		q.Since = time.Now().Add(-period)
	}
	q.Limit, q.Offset = p.number("limit", 50, 1, 1000), p.number("offset", 0, 0, 1<<31-1)
	q.SortBy = choice(&p, "sort_by", "timestamp", "latency", "tokens")
	q.Ascending = choice(&p, "order", "desc", "asc") == "asc"
	return q, id, p.done()
}

func moment(p *query, name string) time.Time {
	text := p.text(name)
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		p.fail(name, "must be a time such as 2026-01-31T12:00:00Z")
	}
	return at
}

// span reads a time such as 1h, 24h or 7d.
func span(p *query, name string) time.Duration {
	text := p.text(name)
	if text == "" {
		return 0
	}
	unit := time.Duration(1)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		text, unit = days+"h", 24
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		p.fail(name, "must be a time such as 1h, 24h or 7d")
	}
	return d * unit
}

// choice reads one of the names; the first is the default.
func choice(p *query, name string, names ...string) string {
	text := p.text(name)
	if text == "" {
		return names[0]
	}
	if !slices.Contains(names, text) {
		p.fail(name, "must be one of %s", strings.Join(names, ", "))
	}
	return text
}

func (a *Admin) getLog(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	id := x.Params["id"]
	r, err := a.Logs.Get(ctx, id)
	if err == nil {
		return answer(a.detail(r))
	}
	if !errors.Is(err, observe.ErrNotFound) {
		return nil, err
	}
	for _, e := range a.Hub.Live() {
		if e.ID == id {
			return answer(inFlight(e))
		}
	}
	return nil, refuseWith(http.StatusNotFound, "the log has no entry %q; it may have been removed", id)
}

// deletion is the body of DELETE /api/logs.
type deletion struct {
	IDs []string `json:"ids"`
}

func (a *Admin) deleteLogs(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	var d deletion
	if err := decode(x.Raw, &d); err != nil {
		return nil, err
	}
	if len(d.IDs) == 0 {
		return nil, refuse("ids", "is missing; name the entries to delete")
	}
	if err := a.Logs.Delete(ctx, d.IDs); err != nil {
		return nil, err
	}
	return answer(Saved{Status: "success", Message: "logs deleted successfully"})
}
