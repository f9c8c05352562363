package admin

import (
	"context"
	"errors"
	"net/http"

	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
)

func (a *Admin) replayRows(manage func(method, path string, h exchange.Handler)) {
	manage("GET", "/api/logs/diff", a.diffLogs)
	manage("POST", "/api/logs/cassettes", a.saveCassette)
	manage("POST", "/api/logs/{id}/replay", a.replay)
}

// replay sends a request of the log again.
func (a *Admin) replay(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	var r Replay
	if err := decode(x.Raw, &r); err != nil {
		return nil, err
	}
	rec, err := a.ended(ctx, x.Params["id"])
	if err != nil {
		return nil, err
	}
	done, err := a.Replay(ctx, rec, r)
	if err != nil {
		return nil, err
	}
	return answer(done)
}

// ended is a row of the log with its bodies. One that is in flight has none yet.
func (a *Admin) ended(ctx context.Context, id string) (*exchange.Record, error) {
	rec, err := a.Logs.Get(ctx, id)
	if !errors.Is(err, observe.ErrNotFound) {
		return rec, err
	}
	for _, e := range a.Hub.Live() {
		if e.ID == id {
			return nil, refuseWith(http.StatusConflict, "the request %q is still running; wait until it has ended", id)
		}
	}
	return nil, refuseWith(http.StatusNotFound, "the log has no entry %q; it may have been removed", id)
}
