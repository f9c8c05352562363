package admin

import (
	"context"
	"time"

	"heimdall/gateway/exchange"
)

// modelPrices shows what models cost, page by page.
func (a *Admin) modelPrices(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	q := query{values: x.Query}
	text, provider := q.text("query"), q.text("provider")
	limit, offset := q.number("limit", 100, 1, 1000), q.number("offset", 0, 0, 1_000_000)
	if err := q.done(); err != nil {
		return nil, err
	}
	found := a.Prices(text, provider, limit, offset)
	if found.Models == nil {
		found.Models = []ModelPrice{}
	}
	return answer(found)
}

// Recalculation says which calls of the log get a new cost: those that all of the fields mean. No providers or models =
// all; zero times are no bound.
type Recalculation struct {
	Since       time.Time // inclusive
	Until       time.Time // exclusive
	Providers   []string
	Models      []string
	MissingOnly bool // those whose cost is not known
}

type recalculationBody struct {
	StartTime   *time.Time `json:"start_time"`
	EndTime     *time.Time `json:"end_time"`
	Providers   []string   `json:"providers"`
	Models      []string   `json:"models"`
	MissingOnly bool       `json:"missing_cost_only"`
}

// recalculateCost prices calls of the log again, by the prices of today.
func (a *Admin) recalculateCost(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	var body recalculationBody
	if err := decode(x.Raw, &body); err != nil {
		return nil, err
	}
	r := Recalculation{Providers: body.Providers, Models: body.Models, MissingOnly: body.MissingOnly}
	if body.StartTime != nil {
		r.Since = *body.StartTime
	}
	if body.EndTime != nil {
		r.Until = *body.EndTime
	}
	if !r.Until.IsZero() && !r.Until.After(r.Since) {
		return nil, refuse("end_time", "must be after start_time")
	}
	done, err := a.Recalculate(ctx, r)
	if err != nil {
		return nil, err
	}
	return answer(done)
}
