package gateway

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"heimdall/gateway/admin"
	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
	"heimdall/gateway/route"
	"heimdall/providers"
	"heimdall/providers/catalog"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// prices knows what calls cost at the providers of one configuration.
type prices struct {
	book      *catalog.Book
	overrides bool // the user has prices of their own
	sellers   map[string]seller
	names     []string // of the sellers, sorted
}

// seller is a provider as the catalogue of prices knows it; vendor "" = not at all.
type seller struct {
	vendor string
	free   bool
}

// call is what the price of a call depends on.
type call struct {
	provider, model, request string
	key, virtualKey          string
	usage                    llm.Usage
	at                       time.Time
}

func newPrices(s *config.Snapshot, kinds map[string]providers.Provider) (*prices, error) {
	var overrides []catalog.Override
	for _, o := range s.Prices {
		overrides = append(overrides, catalog.Override{
			ID: o.ID, Scope: o.Kind, Provider: o.Provider, KeyID: o.KeyID, VirtualKey: o.Key, Match: o.Match,
			Pattern: o.Pattern, Requests: o.Requests, Patch: o.Patch,
		})
	}
	book, err := catalog.New(overrides)
	if err != nil {
		return nil, err
	}
	p := &prices{book: book, overrides: len(overrides) > 0, sellers: map[string]seller{}}
	for _, one := range s.Providers {
		info := kinds[served(one)].Info()
		name, url := cmp.Or(info.Prices, info.Name), ""
		if one.Custom != nil {
			name, url = one.Name, one.Network.BaseURL
		}
		p.sellers[one.Name] = seller{catalog.Vendor(name, url), info.Free && one.Custom == nil}
		p.names = append(p.names, one.Name)
	}
	return p, nil
}

// cost prices a call. What the provider itself says it costs counts, unless the user has other prices.
func (p *prices) cost(c call) catalog.Cost {
	s := p.sellers[c.provider]
	q := catalog.Query{
		Vendor: s.vendor, Provider: c.provider, Model: c.model, Request: c.request, KeyID: c.key, VirtualKey: c.virtualKey,
		Usage: c.usage, At: c.at,
	}
	if s.free && !p.overridden(q) {
		return catalog.Cost{Known: true}
	}
	if usd, ok := said(c.usage.Raw); ok && !p.overrides {
		return catalog.Cost{Known: true, Request: usd, Total: usd}
	}
	return p.book.Cost(q)
}

// overridden reports whether the user has a price of their own for a call.
func (p *prices) overridden(q catalog.Query) bool {
	if !p.overrides {
		return false
	}
	m, _ := p.book.Find(q)
	return m.Override != ""
}

// said is the cost that stands in a provider's own usage object.
func said(usage []byte) (usd float64, ok bool) {
	if len(usage) == 0 {
		return 0, false
	}
	v, ok, err := rawjson.Get(usage, "cost")
	if err != nil || !ok {
		return 0, false
	}
	usd, err = strconv.ParseFloat(string(v), 64)
	return usd, err == nil && usd >= 0
}

// serves says whether a provider has a model: by what it lists, and where that is not known by the catalogue.
func (p *prices) serves(listed *route.Catalog, provider, model string) route.Has {
	if l, ok := listed.Known(provider); ok && l.Complete() {
		if l.Has(model) {
			return route.HasIt
		}
		return route.HasNot
	}
	vendor := p.sellers[provider].vendor
	if vendor == "" {
		return route.HasUnknown
	}
	if p.book.Knows(catalog.Query{Vendor: vendor, Provider: provider, Model: model}) {
		return route.HasIt
	}
	return route.HasNot
}

// listingTime is how long a page of prices waits for providers that have not said yet which models they have.
const listingTime = 3 * time.Second

// listPrices is a page of what models cost: those of the catalogue at the providers, and those that the providers list.
func (g *Gateway) listPrices(query, provider string, limit, offset int) admin.ModelPrices {
	p := g.prices.Load()
	ctx, cancel := context.WithTimeout(g.background, listingTime)
	defer cancel()
	g.models(ctx) // asks who was not asked yet
	var all []admin.ModelPrice
	for _, name := range p.names {
		if provider == "" || name == provider {
			all = append(all, g.pricesOf(p, name, strings.ToLower(query))...)
		}
	}
	out := admin.ModelPrices{Total: len(all), Dated: catalog.Dated()}
	if offset < len(all) {
		out.Models = all[offset:min(len(all), offset+limit)]
	}
	return out
}

// pricesOf are the models of a provider whose names hold a text, those that its keys list first.
func (g *Gateway) pricesOf(p *prices, provider, text string) (out []admin.ModelPrice) {
	seen := map[string]bool{}
	add := func(m catalog.Model, listed bool) {
		if seen[m.ID] || text != "" && !strings.Contains(strings.ToLower(m.ID+" "+m.Name), text) {
			return
		}
		seen[m.ID] = true
		out = append(out, shownPrice(provider, m, listed))
	}
	if listing, ok := g.catalog.Known(provider); ok {
		for _, name := range listing.Names() {
			add(p.model(provider, name), true)
		}
	}
	for _, m := range p.book.Models(p.sellers[provider].vendor, provider) {
		add(m, false)
	}
	return out
}

// model is what is known of a provider's model by that name.
func (p *prices) model(provider, name string) catalog.Model {
	s := p.sellers[provider]
	m, _ := p.book.Find(catalog.Query{Vendor: s.vendor, Provider: provider, Model: name})
	m.ID = name
	if s.free && m.Override == "" {
		m.Known, m.Prices = true, map[string]float64{"input": 0, "output": 0}
	}
	return m
}

func shownPrice(provider string, m catalog.Model, listed bool) admin.ModelPrice {
	out := admin.ModelPrice{
		Provider: provider, Model: m.ID, Name: m.Name, Prices: m.Prices, Tiers: []admin.PriceTier{}, ContextWindow: m.ContextWindow,
		Source: "catalogue", OverrideID: m.Override, Deprecated: m.Deprecated, Listed: listed,
	}
	if out.Prices == nil {
		out.Prices = map[string]float64{}
	}
	switch {
	case !m.Known:
		out.Source = "unknown"
	case m.Override != "":
		out.Source = "override"
	}
	for _, t := range m.Tiers {
		out.Tiers = append(out.Tiers, admin.PriceTier{Class: t.Class, From: t.From, Price: t.Price})
	}
	return out
}

// recalculate prices calls of the log again, by the prices of today. Failed calls and those without a usage report cost
// nothing that anybody knows. It ends early when the gateway does.
func (g *Gateway) recalculate(ctx context.Context, r admin.Recalculation) (admin.Recalculated, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(g.background, cancel)()
	if err := g.writer.Flush(ctx); err != nil {
		return admin.Recalculated{}, err
	}
	p, out, looked := g.prices.Load(), admin.Recalculated{}, 0
	done, err := g.logs.Reprice(ctx, observe.Query{Where: r.Where, Providers: r.Providers, Models: r.Models, Since: r.Since, Until: r.Until},
		func(rec *exchange.Record) (catalog.Cost, bool) {
			if looked++; r.Limit > 0 && looked > r.Limit {
				return catalog.Cost{}, false
			}
			if !rec.HasUsage || r.MissingOnly && rec.Cost.Known {
				out.Skipped++
				return catalog.Cost{}, false
			}
			cost := p.cost(priced(rec))
			if !cost.Known {
				out.Skipped++
			}
			return cost, cost.Known
		})
	out.TotalMatched, out.Updated = done.Matched, done.Changed
	if r.Limit > 0 {
		out.TotalMatched = min(out.TotalMatched, r.Limit)
	}
	return out, err
}

// costOf prices a usage of an exchange.
func (g *Gateway) costOf(x *exchange.Exchange, u llm.Usage) catalog.Cost {
	c := priced(x.Record)
	c.usage = u
	return g.prices.Load().cost(c)
}

// priced is the call that a record is of.
func priced(r *exchange.Record) call {
	return call{
		provider: r.Provider, model: r.Model, request: requestType(r.Op, r.Dialect, r.Stream), key: r.KeyID,
		virtualKey: r.Identity.VirtualKeyID, usage: r.Usage, at: r.Time,
	}
}

// requestType is what the prices of a call are looked up by.
func requestType(op llm.Op, dialect string, stream bool) string {
	return strings.TrimSuffix(providers.RequestType(op, dialect, stream), "_stream")
}
