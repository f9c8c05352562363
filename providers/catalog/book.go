package catalog

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// remembered is how many models a Book keeps at hand; a few dozen are in use on a desktop.
const remembered = 512

// Book is the catalogue with the user's overrides. It is safe for concurrent use, and never changes: other overrides
// make another Book.
type Book struct {
	overrides []*override // the most specific first

	mu    sync.RWMutex
	found map[name]*entry
}

type name struct{ vendor, model string }

// entry is all that a Book knows of a model.
type entry struct {
	listed  *model  // nil = not in the catalogue
	periods []rates // as of listed; one without a price where it is not in the catalogue
	changes []change
}

// change is what an override makes of a model's periods.
type change struct {
	*override
	periods []rates
}

// New makes a Book. An override that cannot be used is an error, by its name.
func New(overrides []Override) (*Book, error) {
	b := &Book{found: map[name]*entry{}}
	for _, o := range overrides {
		ready, err := newOverride(o)
		if err != nil {
			return nil, fmt.Errorf("price override %s: %w", o.ID, err)
		}
		b.overrides = append(b.overrides, ready)
	}
	slices.SortStableFunc(b.overrides, (*override).before)
	return b, nil
}

// Cost prices a call. It does not allocate once it has seen the model.
func (b *Book) Cost(q Query) Cost {
	e := b.entry(q.Vendor, q.Model)
	r, _ := e.rates(&q)
	if r == nil {
		return Cost{}
	}
	return r.cost(&q.Usage)
}

// rates are those of a call, and the override that they come from, if any; nil = unknown.
func (e *entry) rates(q *Query) (*rates, *override) {
	at := e.period(q.At)
	r, by := &e.periods[at], (*override)(nil)
	known := r.known()
	for i := range e.changes {
		if c := &e.changes[i]; c.meant(q) {
			r, by = &c.periods[at], c.override
			known = known || r.complete(q.Request)
			break
		}
	}
	switch {
	case q.Batch && by != nil && by.patch.batch.complete(q.Request):
		return &by.patch.batch, by
	case q.Batch && !r.free, !known:
		return nil, nil
	}
	return r, by
}

func (e *entry) period(at time.Time) int {
	if e.listed == nil {
		return 0
	}
	return e.listed.at(at)
}

// complete says whether rates that come from the user alone are enough: what goes in and what comes out has a price,
// where anything comes out.
func (r *rates) complete(request string) bool {
	switch request {
	case "embedding", "rerank", "count_tokens":
		return r.has[input]
	}
	return r.has[input] && r.has[output]
}

func (b *Book) entry(vendor, model string) *entry {
	key := name{vendor, model}
	b.mu.RLock()
	e := b.found[key]
	b.mu.RUnlock()
	if e != nil {
		return e
	}
	e = b.know(lookup(vendor, model), model)
	b.mu.Lock()
	defer b.mu.Unlock()
	for k := range b.found {
		if len(b.found) < remembered {
			break
		}
		delete(b.found, k)
	}
	b.found[name{strings.Clone(vendor), strings.Clone(model)}] = e
	return e
}

// know gathers what is to be known of a model: what the catalogue says, and what overrides for its name make of that.
func (b *Book) know(listed *model, model string) *entry {
	e := &entry{listed: listed, periods: []rates{{}}}
	if listed != nil {
		e.periods = e.periods[:0]
		for i := range listed.Prices {
			e.periods = append(e.periods, listed.Prices[i].rates)
		}
	}
	for _, o := range b.overrides {
		if !o.named(model) {
			continue
		}
		c := change{override: o}
		for _, r := range e.periods {
			c.periods = append(c.periods, o.over(r))
		}
		e.changes = append(e.changes, c)
	}
	return e
}
