package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
	"heimdall/providers/llm"
)

func (a *Admin) sessionRows(manage func(method, path string, h exchange.Handler)) {
	manage("GET", "/api/logs/sessions", a.listSessions)
	manage("GET", "/api/logs/sessions/{id}", a.sessionLogs)
	manage("GET", "/api/logs/sessions/{id}/summary", a.sessionSummary)
}

// listSessions are the runs of requests that belong together, the latest first.
func (a *Admin) listSessions(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	q := a.selection(&p)
	q.Limit, q.Offset, q.SortBy = p.number("limit", 50, 1, 200), p.number("offset", 0, 0, 1<<31-1), "timestamp"
	if err := p.done(); err != nil {
		return nil, err
	}
	groups, err := a.Logs.Stats(ctx, q, observe.Breakdown{By: []filter.Field{filter.Session}, SortBy: "latest"})
	if err != nil {
		return nil, err
	}
	out := LogSessions{Pagination: pagination(q, int64(len(groups)))}
	page := groups[min(q.Offset, len(groups)):]
	if out.Sessions, err = a.sessionsOf(ctx, q, page[:min(q.Limit, len(page))]); err != nil {
		return nil, err
	}
	return answer(out)
}

// sessionSummary adds up one session.
func (a *Admin) sessionSummary(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	if err := p.done(); err != nil {
		return nil, err
	}
	id := x.Params["id"]
	q := observe.Query{Where: filter.OneOf(filter.Session, id)}
	groups, err := a.Logs.Stats(ctx, q, observe.Breakdown{By: []filter.Field{filter.Session}})
	if err != nil {
		return nil, err
	}
	if len(groups) == 0 {
		return nil, refuseWith(http.StatusNotFound, "the log has no request of a session %q; they may have been removed", id)
	}
	all, err := a.sessionsOf(ctx, observe.Query{}, groups[:1])
	if err != nil {
		return nil, err
	}
	return answer(all[0])
}

// sessionLogs are the requests of one session, the oldest first.
func (a *Admin) sessionLogs(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	q := asked{Query: a.selection(&p)}
	q.Limit, q.Offset = p.number("limit", 50, 1, 500), p.number("offset", 0, 0, 1<<31-1)
	q.SortBy, q.Ascending = "timestamp", choice(&p, "order", "asc", "desc") == "asc"
	if err := p.done(); err != nil {
		return nil, err
	}
	q.Where = filter.All(filter.OneOf(filter.Session, x.Params["id"]), q.Where)
	out, err := a.list(ctx, q)
	if err != nil {
		return nil, err
	}
	return answer(out)
}

// sessionsOf describes sessions. Which models and programs they used is told of what q selects.
func (a *Admin) sessionsOf(ctx context.Context, q observe.Query, groups []observe.Group) ([]LogSession, error) {
	out := make([]LogSession, len(groups))
	ids, place := make([]string, len(groups)), map[string]int{}
	for i := range groups {
		g := &groups[i]
		ids[i], place[g.Values[0]] = g.Values[0], i
		out[i] = LogSession{
			SessionID: g.Values[0], Count: g.Requests, Errors: g.Failed, TotalCost: g.Cost, Unpriced: g.Unpriced, TotalTokens: g.Input + g.Output,
			PromptTokens: g.Input, CompletionTokens: g.Output, CachedTokens: g.CacheRead, StartedAt: g.First, LatestAt: g.Last,
			DurationMS: milliseconds(g.Last.Sub(g.First)), Models: []string{},
		}
	}
	if len(ids) == 0 {
		return out, nil
	}
	q.Where = filter.All(q.Where, filter.OneOf(filter.Session, ids...))
	used, err := a.Logs.Stats(ctx, q, observe.Breakdown{By: []filter.Field{filter.Session, filter.Model, filter.App}})
	if err != nil {
		return nil, err
	}
	for _, g := range used { // those with most requests first
		i, ok := place[g.Values[0]]
		if !ok {
			continue
		}
		if model := g.Values[1]; model != "" && !slices.Contains(out[i].Models, model) {
			out[i].Models = append(out[i].Models, model)
		}
		if out[i].App == "" {
			out[i].App = g.Values[2]
		}
	}
	for i := range out {
		begun, err := a.beginning(ctx, out[i].SessionID)
		if err != nil {
			return nil, err
		}
		out[i].Title, out[i].Dir = begun.title, begun.dir
	}
	return out, nil
}

// maxTitles bounds how many sessions' beginnings are remembered.
const maxTitles = 1000

// titles remember how sessions began, which does not change while their first request is in the log.
type titles struct {
	mu    sync.Mutex
	known map[string]beginning
}

// beginning is how a session began.
type beginning struct{ title, dir string }

// beginners is how many of a session's first requests are looked at for the one that tells what it is about.
const beginners = 5

// beginning reads how a session began; nothing where the log does not have that any more.
func (a *Admin) beginning(ctx context.Context, session string) (b beginning, err error) {
	page, err := a.Logs.Search(ctx, observe.Query{Where: filter.OneOf(filter.Session, session), SortBy: "timestamp", Ascending: true, Limit: beginners})
	if err != nil || len(page.Records) == 0 {
		return b, err
	}
	first := page.Records[0].ID
	if b, ok := a.titles.of(first); ok {
		return b, nil
	}
	settled := len(page.Records) == beginners // otherwise a better one may come
	for i, rec := range page.Records {
		r, err := a.Logs.Get(ctx, rec.ID)
		if errors.Is(err, observe.ErrNotFound) {
			continue
		}
		if err != nil {
			return b, err
		}
		req := a.transcript.Request(r)
		leads := req != nil && len(req.Tools) > 0
		if t := title(req); t != "" && (b.title == "" || leads) {
			b.title = t
		}
		if p := r.Process; i == 0 && p != nil && p.Load() != nil {
			b.dir = p.Load().Dir
		}
		if leads { // the conversation itself; agents ask for a name for it, or try the connection, without their tools
			settled = true
			break
		}
	}
	if settled {
		a.titles.keep(first, b)
	}
	return b, nil
}

func (t *titles) of(first string) (beginning, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b, ok := t.known[first]
	return b, ok
}

func (t *titles) keep(first string, b beginning) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil || len(t.known) >= maxTitles {
		t.known = map[string]beginning{}
	}
	t.known[first] = b
}

const maxTitle = 120 // characters

// title is what the user said last in a request, in one line: programs put what they know of the surroundings before it, in
// messages of their own or in tags, which are passed over.
func title(req *llm.Request) string {
	if req == nil {
		return ""
	}
	for _, m := range slices.Backward(req.Messages) {
		if m.Role != llm.RoleUser {
			continue
		}
		for _, part := range slices.Backward(m.Parts) {
			text := strings.Join(strings.Fields(part.Text), " ")
			if text == "" || strings.HasPrefix(text, "<") {
				continue
			}
			if runes := []rune(text); len(runes) > maxTitle {
				text = strings.TrimSpace(string(runes[:maxTitle])) + "…"
			}
			return text
		}
	}
	return ""
}
