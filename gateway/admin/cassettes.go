package admin

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"heimdall/gateway/cassette"
	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

// maxEntries bounds one cassette.
const maxEntries = 2000

// saveCassette writes requests of the log into a new folder below the app's.
func (a *Admin) saveCassette(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	var s SaveCassette
	if err := decode(x.Raw, &s); err != nil {
		return nil, err
	}
	ids, err := a.chosen(ctx, s)
	if err != nil {
		return nil, err
	}
	w, err := cassette.Create(filepath.Join(a.AppDir, "cassettes"), s.Name, time.Now())
	if err != nil {
		return nil, err
	}
	w.Dialect = a.Dialects
	skipped, err := a.record(ctx, w, ids)
	if err == nil && w.Entries() == 0 {
		err = refuse("ids", "the log has the content of none of these requests any more, so there is nothing to save")
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, errors.Join(err, w.Discard())
	}
	return answer(SavedCassette{Dir: w.Dir(), Entries: w.Entries(), Skipped: skipped})
}

// record puts the requests on the cassette that the log has whole, and names the others.
func (a *Admin) record(ctx context.Context, w *cassette.Writer, ids []string) (skipped []string, err error) {
	skipped = []string{}
	for _, id := range ids {
		rec, err := a.Logs.Get(ctx, id)
		if errors.Is(err, observe.ErrNotFound) {
			skipped = append(skipped, id)
			continue
		}
		if err != nil {
			return nil, err
		}
		kept, err := w.Add(rec)
		if err != nil {
			return nil, err
		}
		if !kept {
			skipped = append(skipped, id)
		}
	}
	return skipped, nil
}

// chosen are the ids of the requests that are to be saved, the oldest first.
func (a *Admin) chosen(ctx context.Context, s SaveCassette) ([]string, error) {
	if strings.TrimSpace(s.Name) == "" {
		return nil, refuse("name", "is missing; say what the cassette is to be called")
	}
	given := 0
	for _, there := range [...]bool{len(s.IDs) > 0, s.SessionID != "", s.Filter != ""} {
		if there {
			given++
		}
	}
	if len(s.IDs) > maxEntries {
		return nil, refuse("ids", "names %d requests, but a cassette takes %d at most; name fewer", len(s.IDs), maxEntries)
	}
	if given != 1 {
		return nil, refuse("ids", "say with one of ids, session_id and filter which requests are to be saved")
	}
	q := observe.Query{SortBy: "timestamp", Ascending: true, Limit: maxEntries}
	param := "filter"
	switch {
	case len(s.IDs) > 0:
		param, q.Where = "ids", filter.OneOf(filter.ID, s.IDs...)
	case s.SessionID != "":
		param, q.Session = "session_id", s.SessionID
	default:
		where, err := filter.Parse(s.Filter, time.Now())
		if err != nil {
			return nil, refuse("filter", "%s", strings.TrimPrefix(err.Error(), "filter, "))
		}
		q.Where = where
	}
	page, err := a.Logs.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	if page.Total > maxEntries {
		return nil, refuse(param, "selects %d requests, but a cassette takes %d at most; choose fewer", page.Total, maxEntries)
	}
	if len(page.Records) == 0 {
		return nil, refuse(param, "selects no request of the log")
	}
	ids := make([]string, 0, len(page.Records))
	for _, r := range page.Records {
		ids = append(ids, r.ID)
	}
	for _, id := range s.IDs { // those that are gone are named, too
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
