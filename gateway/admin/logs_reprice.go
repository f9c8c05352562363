package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
)

// Recalculation says which calls of the log get a new cost: those that all of the fields mean. No providers or models =
// all; zero times are no bound.
type Recalculation struct {
	Since       time.Time // inclusive
	Until       time.Time // exclusive
	Providers   []string
	Models      []string
	MissingOnly bool        // those whose cost is not known
	Where       filter.Expr // nil = all
	Limit       int         // so many of them at most; 0 = all
}

// patience is how long the start of a recalculation waits for its end: most are over by then.
const patience = 5 * time.Second

// repricing is the recalculation that runs, or ran last.
type repricing struct {
	mu     sync.Mutex
	last   Recalculated
	done   chan struct{} // closed when it has ended; nil = there was none
	cancel context.CancelFunc
}

func (a *Admin) repriceRows(manage func(method, path string, h exchange.Handler)) {
	manage("POST", "/api/logs/recalculate-cost", a.recalculateCost)
	manage("GET", "/api/logs/recalculate-cost/status", a.recalculation)
	manage("POST", "/api/logs/recalculate-cost/cancel", a.cancelRecalculation)
}

type recalculationBody struct {
	StartTime   *time.Time     `json:"start_time"`
	EndTime     *time.Time     `json:"end_time"`
	Providers   []string       `json:"providers"`
	Models      []string       `json:"models"`
	MissingOnly bool           `json:"missing_cost_only"`
	Filters     map[string]any `json:"filters"`
	Limit       int            `json:"limit"`
}

// recalculateCost begins to price calls of the log again, by the prices of today. It answers at the end, or after a
// moment.
func (a *Admin) recalculateCost(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	r, err := a.recalculationOf(x.Raw)
	if err != nil {
		return nil, err
	}
	done, err := a.repricing.start(a.now, func(ctx context.Context) (Recalculated, error) { return a.Recalculate(ctx, r) })
	if err != nil {
		return nil, err
	}
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case <-done:
	case <-wait.C:
	case <-ctx.Done():
	}
	state := a.repricing.state()
	if state.Status == "failed" {
		return nil, errors.New("the costs could not be calculated anew: " + state.Error)
	}
	reply, err := answer(state)
	if err == nil && state.Status == "running" {
		reply.Status = http.StatusAccepted
	}
	return reply, err
}

// recalculationOf reads which calls are meant. In filters stand the parameters of GET /api/logs.
func (a *Admin) recalculationOf(raw []byte) (r Recalculation, err error) {
	var body recalculationBody
	if err := decode(raw, &body); err != nil {
		return r, err
	}
	if body.Limit < 0 {
		return r, refuse("limit", "must be a number of requests, or 0 for all")
	}
	var values url.Values
	if values, err = parameters(body.Filters, "filters."); err != nil {
		return r, err
	}
	p := query{values: values, path: "filters."}
	q := a.selection(&p)
	if err := p.done(); err != nil {
		return r, err
	}
	r = Recalculation{
		Since: q.Since, Until: q.Until, Providers: body.Providers, Models: body.Models, MissingOnly: body.MissingOnly, Where: q.Where, Limit: body.Limit,
	}
	if body.StartTime != nil {
		r.Since = *body.StartTime
	}
	if body.EndTime != nil {
		r.Until = *body.EndTime
	}
	if !r.Until.IsZero() && !r.Until.After(r.Since) {
		return r, refuse("end_time", "must be after start_time")
	}
	return r, nil
}

func (a *Admin) recalculation(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	return answer(a.repricing.state())
}

// cancelRecalculation ends what runs, and answers when it has ended.
func (a *Admin) cancelRecalculation(ctx context.Context, _ *exchange.Exchange) (*exchange.Reply, error) {
	if !a.repricing.stop(ctx) {
		return nil, refuseWith(http.StatusConflict, "no costs are being calculated now, so there is nothing to cancel")
	}
	return answer(a.repricing.state())
}

// start runs run in the background, one at a time.
func (j *repricing) start(now func() time.Time, run func(context.Context) (Recalculated, error)) (done <-chan struct{}, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.last.Status == "running" {
		return nil, refuseWith(http.StatusConflict, "costs are being calculated already; wait until that has ended, or cancel it")
	}
	ctx, cancel := context.WithCancel(context.Background())
	begun, ended := now().UTC(), make(chan struct{})
	j.last, j.done, j.cancel = Recalculated{Status: "running", StartedAt: &begun}, ended, cancel
	go func() {
		defer close(ended)
		defer cancel()
		out, err := run(ctx)
		at := now().UTC()
		out.Status, out.StartedAt, out.EndedAt = "done", &begun, &at
		switch {
		case err != nil && ctx.Err() != nil:
			out.Status = "cancelled"
		case err != nil:
			out.Status, out.Error = "failed", err.Error()
		}
		j.mu.Lock()
		defer j.mu.Unlock()
		j.last = out
	}()
	return ended, nil
}

// stop ends what runs and waits for that; false where nothing does.
func (j *repricing) stop(ctx context.Context) bool {
	j.mu.Lock()
	running, done, cancel := j.last.Status == "running", j.done, j.cancel
	j.mu.Unlock()
	if !running {
		return false
	}
	cancel()
	select {
	case <-done:
	case <-ctx.Done():
	}
	return true
}

func (j *repricing) state() Recalculated {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.done == nil {
		return Recalculated{Status: "idle"}
	}
	return j.last
}
