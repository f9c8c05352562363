package catalog

import "time"

// Model is a model with its prices, for people: US dollars per million tokens by class, and request per call. A class
// without a price is part of the class that it belongs to. Known is false where there is no price. Override is the id of
// the override that the prices come from; "" = the catalogue alone.
type Model struct {
	Vendor        string
	ID            string
	Name          string
	Known         bool
	Prices        map[string]float64
	Tiers         []Tier
	ContextWindow int64
	Deprecated    bool
	Override      string
}

// Tier is the price of a class where the input is longer than From.
type Tier struct {
	Class string
	From  int64
	Price float64
}

// Dated is the day that the catalogue is of, as 2006-01-02.
func Dated() string { return vendors().dated }

// Vendors lists the vendors of the catalogue by id.
func Vendors() []string {
	var ids []string
	for _, v := range vendors().vendors {
		ids = append(ids, v.ID)
	}
	return ids
}

// Models lists a vendor's models in the catalogue's order, with what they cost now. Overrides for everybody count, and
// those for the provider; narrower ones need a Query, see Find.
func (b *Book) Models(vendor, provider string) []Model {
	v := vendors().byID[vendor]
	if v == nil {
		return nil
	}
	var out []Model
	q := Query{Vendor: vendor, Provider: provider, At: time.Now()}
	for pos := v.start; pos < v.end; {
		line, next := cut(pos)
		m := &model{}
		decode(line, m)
		q.Model = m.ID
		out = append(out, b.know(m, m.ID).model(&q))
		pos = next
	}
	return out
}

// Find is the model that a call is priced by, with its prices for such calls; false where the catalogue does not know it
// and no override prices it.
func (b *Book) Find(q Query) (Model, bool) {
	if q.At.IsZero() {
		q.At = time.Now()
	}
	e := b.entry(q.Vendor, q.Model)
	m := e.model(&q)
	return m, e.listed != nil || m.Known
}

// Knows reports what Find does, for less.
func (b *Book) Knows(q Query) bool {
	e := b.entry(q.Vendor, q.Model)
	if e.listed != nil {
		return true
	}
	r, _ := e.rates(&q)
	return r != nil
}

func (e *entry) model(q *Query) Model {
	m := Model{Vendor: q.Vendor, ID: q.Model, Prices: map[string]float64{}}
	if e.listed != nil {
		m.ID, m.Name, m.ContextWindow, m.Deprecated = e.listed.ID, e.listed.Name, e.listed.Context, e.listed.Deprecated
	}
	r, by := e.rates(q)
	if r == nil {
		return m
	}
	m.Known = true
	if by != nil {
		m.Override = by.ID
	}
	for c, has := range r.has {
		if has {
			m.Prices[classNames[c]] = r.price[c]
		}
	}
	for _, t := range r.tiers {
		if r.has[t.class] {
			m.Tiers = append(m.Tiers, Tier{Class: classNames[t.class], From: t.from, Price: t.price})
		}
	}
	return m
}
