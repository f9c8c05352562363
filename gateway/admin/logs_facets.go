package admin

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

const (
	facetLife  = 30 * time.Second
	maxFacets  = 500 // values of one field
	recentRows = 500 // in which keys of metadata are looked for
)

// facets remember for a moment which values the fields of the log have.
type facets struct {
	mu    sync.Mutex
	known map[string]facetList
}

type facetList struct {
	until  time.Time
	values []Facet
}

func (f *facets) get(name string, now time.Time) ([]Facet, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list, ok := f.known[name]
	return list.values, ok && now.Before(list.until)
}

func (f *facets) put(name string, values []Facet, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known == nil || len(f.known) > 200 {
		f.known = map[string]facetList{}
	}
	f.known[name] = facetList{now.Add(facetLife), values}
}

func (f *facets) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known = nil
}

// values are those that a field has in the log, the most frequent first.
func (a *Admin) values(ctx context.Context, field filter.Field) ([]Facet, error) {
	if values, ok := a.facets.get(string(field), a.now()); ok {
		return values, nil
	}
	groups, err := a.Logs.Stats(ctx, observe.Query{}, observe.Breakdown{By: []filter.Field{field}, Limit: maxFacets})
	if err != nil {
		return nil, err
	}
	values := []Facet{}
	for _, g := range groups {
		if id, name := named(g.Values[0]); id != "" {
			values = append(values, Facet{id, name, g.Requests})
		}
	}
	a.facets.put(string(field), values, a.now())
	return values, nil
}

// metadata are the keys that callers gave their latest requests, and for a key the values; the most frequent first.
func (a *Admin) metadata(ctx context.Context, key string) ([]Facet, error) {
	name := string(filter.Metadata) + "." + key
	if values, ok := a.facets.get(name, a.now()); ok {
		return values, nil
	}
	page, err := a.Logs.Search(ctx, observe.Query{SortBy: "timestamp", Limit: recentRows})
	if err != nil {
		return nil, err
	}
	count := map[string]int64{}
	for _, r := range page.Records {
		for _, f := range r.Metadata {
			if key == "" {
				count[f.Name]++
			} else if strings.EqualFold(f.Name, key) {
				count[f.Value]++
			}
		}
	}
	values := []Facet{}
	for v, n := range count {
		values = append(values, Facet{v, v, n})
	}
	slices.SortFunc(values, func(a, b Facet) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.ID, b.ID)) })
	a.facets.put(name, values, a.now())
	return values, nil
}

// facetNames are the dimensions of filterdata whose values are texts; those of facetIDs have an id and a name.
var (
	facetNames = []struct {
		name  string
		field filter.Field
		to    func(*FilterData) *[]string
	}{
		{"models", filter.Model, func(d *FilterData) *[]string { return &d.Models }},
		{"aliases", filter.Alias, func(d *FilterData) *[]string { return &d.Aliases }},
		{"providers", filter.Provider, func(d *FilterData) *[]string { return &d.Providers }},
		{"stop_reasons", filter.Finish, func(d *FilterData) *[]string { return &d.StopReasons }},
		{"apps", filter.App, func(d *FilterData) *[]string { return &d.Apps }},
		{"user_agents", filter.Agent, func(d *FilterData) *[]string { return &d.UserAgents }},
		{"routing_engines", filter.Engine, func(d *FilterData) *[]string { return &d.RoutingEngines }},
		{"metadata_keys", filter.Metadata, func(d *FilterData) *[]string { return &d.MetadataKeys }},
	}
	facetIDs = []struct {
		name  string
		field filter.Field // "" = nobody here has such
		to    func(*FilterData) *[]Facet
	}{
		{"selected_keys", filter.Key, func(d *FilterData) *[]Facet { return &d.Keys }},
		{"virtual_keys", filter.VK, func(d *FilterData) *[]Facet { return &d.VirtualKeys }},
		{"routing_rules", filter.Rule, func(d *FilterData) *[]Facet { return &d.RoutingRules }},
		{"teams", filter.Team, func(d *FilterData) *[]Facet { return &d.Teams }},
		{"customers", filter.Customer, func(d *FilterData) *[]Facet { return &d.Customers }},
		{"users", "", func(d *FilterData) *[]Facet { return &d.Users }},
		{"business_units", "", func(d *FilterData) *[]Facet { return &d.BusinessUnits }},
	}
)

// filterData says which values fields have in the log.
func (a *Admin) filterData(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	wanted := p.list("dimensions")
	var known []string
	for _, f := range facetNames {
		known = append(known, f.name)
	}
	for _, f := range facetIDs {
		known = append(known, f.name)
	}
	for _, name := range wanted {
		if !slices.Contains(known, name) {
			p.fail("dimensions", "%q is none of them; there are %s", name, strings.Join(known, ", "))
		}
	}
	if err := p.done(); err != nil {
		return nil, err
	}
	d := FilterData{}
	for _, f := range facetNames {
		if !among(wanted, f.name) {
			continue
		}
		get := a.values
		if f.field == filter.Metadata {
			get = func(ctx context.Context, _ filter.Field) ([]Facet, error) { return a.metadata(ctx, "") }
		}
		values, err := get(ctx, f.field)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			*f.to(&d) = append(*f.to(&d), v.ID)
		}
	}
	for _, f := range facetIDs {
		if !among(wanted, f.name) || f.field == "" {
			continue
		}
		values, err := a.values(ctx, f.field)
		if err != nil {
			return nil, err
		}
		*f.to(&d) = values
	}
	return answer(d)
}

func among[T comparable](list []T, one T) bool { return len(list) == 0 || slices.Contains(list, one) }
