package admin

import (
	"context"
	"net/http"
	"slices"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/providers/catalog"
)

// PriceShapes reads the bodies that describe price overrides, as Shapes does.
type PriceShapes interface {
	Price(body []byte) (e config.PriceEdit, warnings []string, err error)
}

func (a *Admin) priceRows(manage func(method, path string, h exchange.Handler)) {
	manage("GET", "/api/governance/pricing-overrides", a.listPrices)
	manage("POST", "/api/governance/pricing-overrides", a.createPrice)
	manage("GET", "/api/governance/pricing-overrides/{id}", a.getPrice)
	manage("PUT", "/api/governance/pricing-overrides/{id}", a.putPrice)
	manage("DELETE", "/api/governance/pricing-overrides/{id}", a.deletePrice)
	manage("GET", "/api/models/prices", a.modelPrices)
	a.repriceRows(manage)
}

// pricePath is how the paths of an override's fields begin in errors.
const pricePath = `governance\.pricing_overrides\[".*?"\]\.`

func (a *Admin) listPrices(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	q := query{values: x.Query}
	kind, key, provider, keyID := q.text("scope_kind"), q.text("virtual_key_id"), q.text("provider_id"), q.text("provider_key_id")
	if err := q.done(); err != nil {
		return nil, err
	}
	list := []PriceOverride{}
	for _, p := range a.Config.Snapshot().Prices {
		if (kind == "" || kind == p.Kind) && (key == "" || key == p.Key) && (provider == "" || provider == p.Provider) && (keyID == "" || keyID == p.KeyID) {
			list = append(list, price(p))
		}
	}
	return answer(PriceOverrides{list, len(list)})
}

func price(p *config.PriceOverride) PriceOverride {
	return PriceOverride{
		ID: p.ID, Name: p.Name, ScopeKind: p.Kind, VirtualKeyID: p.Key, ProviderID: p.Provider, ProviderKeyID: p.KeyID,
		MatchType: p.Match, Pattern: p.Pattern, RequestTypes: list(p.Requests), Patch: p.Patch, Per1M: catalog.Per1M(p.Patch),
		CreatedAt: p.Created, UpdatedAt: p.Updated,
	}
}

func (a *Admin) getPrice(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	return a.answerPrice(x.Params["id"], "", nil)
}

func (a *Admin) answerPrice(id, message string, warnings []string) (*exchange.Reply, error) {
	all := a.Config.Snapshot().Prices
	i := slices.IndexFunc(all, func(p *config.PriceOverride) bool { return p.ID == id })
	if i < 0 {
		return nil, refuseWith(http.StatusNotFound, "there is no price override with the id %q", id)
	}
	return answer(PriceOverrideAnswer{message, price(all[i]), warnings})
}

func (a *Admin) createPrice(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	edit, warnings, err := a.Shapes.Price(x.Raw)
	if err != nil {
		return nil, err
	}
	var id string
	err = a.Config.Update(ctx, func(d *config.Draft) (err error) {
		if id, err = d.AddPrice(config.SourceAPI, a.now(), edit); err == nil {
			edit.ID = id // an edit that runs again makes the same one
		}
		return err
	})
	if err != nil {
		return nil, relative(err, pricePath)
	}
	return a.answerPrice(id, "pricing override created", warnings)
}

func (a *Admin) putPrice(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	edit, warnings, err := a.Shapes.Price(x.Raw)
	if err != nil {
		return nil, err
	}
	id := x.Params["id"]
	err = a.Config.Update(ctx, func(d *config.Draft) error { return d.EditPrice(id, a.now(), edit) })
	if err != nil {
		return nil, relative(err, pricePath)
	}
	return a.answerPrice(id, "pricing override updated", warnings)
}

func (a *Admin) deletePrice(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	id := x.Params["id"]
	if err := a.Config.Update(ctx, func(d *config.Draft) error { return d.DeletePrice(id) }); err != nil {
		return nil, err
	}
	return answer(Saved{Status: "success", Message: "pricing override deleted"})
}
