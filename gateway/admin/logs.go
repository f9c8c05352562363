package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
)

func (a *Admin) logRows(manage func(method, path string, h exchange.Handler)) {
	manage("GET", "/api/logs", a.listLogs)
	manage("DELETE", "/api/logs", a.deleteLogs)
	manage("GET", "/api/logs/{id}", a.getLog)
	manage("GET", "/api/logs/{id}/frames", a.logFrames)
	manage("GET", "/api/logs/filter", a.checkFilter)
	manage("GET", "/api/logs/filterdata", a.filterData)
	manage("GET", "/api/logs/views", a.getViews)
	manage("PUT", "/api/logs/views", a.putViews)
	manage("GET", "/api/logs/storage", a.storage)
	manage("GET", "/api/logs/dropped", a.dropped)
	manage("GET", "/api/logs/user-agent-mappings", a.listAppNames)
	manage("POST", "/api/logs/user-agent-mappings", a.createAppName)
	manage("GET", "/api/logs/user-agent-mappings/{id}", a.getAppName)
	manage("PUT", "/api/logs/user-agent-mappings/{id}", a.putAppName)
	manage("DELETE", "/api/logs/user-agent-mappings/{id}", a.deleteAppName)
}

func (a *Admin) listLogs(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	q, err := a.listQuery(x)
	if err != nil {
		return nil, err
	}
	if q.id != "" {
		return a.oneLog(ctx, q)
	}
	out, err := a.list(ctx, q)
	if err != nil {
		return nil, err
	}
	return answer(out)
}

// list is a page of rows in flight and of the log, with what all of them add up to.
func (a *Admin) list(ctx context.Context, q asked) (Logs, error) {
	live := a.matching(q)
	page, err := a.search(ctx, q, len(live))
	if err != nil {
		return Logs{}, err
	}
	out := Logs{Logs: merge(q, live, page), Pagination: pagination(q.Query, page.Total+int64(len(live)))}
	if out.Stats, err = a.sumsOf(ctx, q, page, len(live)); err != nil {
		return Logs{}, err
	}
	if out.HasLogs = out.Pagination.TotalCount > 0; !out.HasLogs {
		any, err := a.Logs.Search(ctx, observe.Query{Limit: 1})
		if err != nil {
			return Logs{}, err
		}
		out.HasLogs = any.Total > 0 || len(a.Hub.Live()) > 0
	}
	return out, nil
}

// search asks the store for the part of the page that the rows in flight leave to it.
func (a *Admin) search(ctx context.Context, q asked, live int) (observe.Page, error) {
	if q.running {
		return observe.Page{}, nil
	}
	if !q.Ascending {
		shown := min(max(live-q.Offset, 0), q.Limit)
		q.Offset, q.Limit = max(q.Offset-live, 0), max(q.Limit-shown, 1)
	}
	return a.Logs.Search(ctx, q.Query)
}

// merge makes one page of rows in flight and stored ones: the former are the newest.
func merge(q asked, live []LogEntry, stored observe.Page) []LogEntry {
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

// oneLog is a list of the one row with that id, whatever the other filters say.
func (a *Admin) oneLog(ctx context.Context, q asked) (*exchange.Reply, error) {
	out := Logs{Logs: []LogEntry{}, HasLogs: true}
	for _, e := range a.Hub.Live() {
		if e.ID == q.id {
			out.Logs = append(out.Logs, e)
		}
	}
	if len(out.Logs) == 0 {
		r, err := a.Logs.Get(ctx, q.id)
		if err != nil && !errors.Is(err, observe.ErrNotFound) {
			return nil, err
		}
		if err == nil {
			out.Logs = append(out.Logs, entry(r))
		}
	}
	out.Pagination = pagination(q.Query, int64(len(out.Logs)))
	out.Stats.TotalRequests = int64(len(out.Logs))
	return answer(out)
}

func (a *Admin) getLog(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	id := x.Params["id"]
	r, err := a.Logs.Get(ctx, id)
	if err == nil {
		d := a.detail(r)
		d.Replays, err = a.replaysOf(ctx, id)
		if err != nil {
			return nil, err
		}
		return answer(d)
	}
	if !errors.Is(err, observe.ErrNotFound) {
		return nil, err
	}
	for _, e := range a.Hub.Live() {
		if e.ID == id {
			return answer(inFlight(e))
		}
	}
	return nil, noEntry(id)
}

func noEntry(id string) error {
	return refuseWith(http.StatusNotFound, "the log has no entry %q; it may have been removed", id)
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
	a.facets.forget()
	return answer(Saved{Status: "success", Message: "logs deleted successfully"})
}
