package admin

import (
	"context"

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
