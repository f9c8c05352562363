package storetest

import (
	"fmt"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
	"heimdall/providers/catalog"
)

// logsReprice gives some of many records another cost, and looks that nothing else of them changes.
func logsReprice(t *testing.T, open func() observe.Store) {
	s := open()
	var all []*exchange.Record
	for i := range 1200 {
		r := full(fmt.Sprint("r", i))
		r.Time = noon.Add(time.Duration(i) * time.Second)
		if i%3 == 0 {
			r.Provider = "other"
		}
		all = append(all, r)
	}
	appendAll(t, s, all...)
	q := observe.Query{Providers: []string{"demo"}, Since: noon.Add(100 * time.Second)}
	cost := catalog.Cost{Known: true, Output: 0.5, Total: 0.5}
	done, err := s.(observe.Repricer).Reprice(t.Context(), q, func(r *exchange.Record) (catalog.Cost, bool) {
		return cost, r.ID != "r101"
	})
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for i, want := range all {
		if i >= 100 && i%3 != 0 && i != 101 {
			want.Cost = cost
			changed++
		}
		if i%97 == 0 || i == 101 {
			checkGet(t, s, want)
		}
	}
	if done != (observe.Repriced{Matched: changed + 1, Changed: changed}) {
		t.Errorf("%+v, want %d changed", done, changed)
	}
	again, err := s.(observe.Repricer).Reprice(t.Context(), q, func(*exchange.Record) (catalog.Cost, bool) { return cost, true })
	if err != nil || again.Changed != 1 {
		t.Errorf("a second time only what was left out is new: %+v %v", again, err)
	}
}
