package storetest

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/filter/filtertest"
	"heimdall/gateway/observe"
)

// store keeps the rows and what was said in them.
func storeRows(t *testing.T, s observe.Store, rows []filtertest.Row) {
	t.Helper()
	said := map[string]string{}
	var batch []*exchange.Record
	for i := range rows {
		batch = append(batch, rows[i].Record())
		said[rows[i].ID] = rows[i].Text
	}
	// Some of it one by one, in another order than that of time.
	appendAll(t, s, batch[1:]...)
	appendAll(t, s, batch[0])
	indexAll(t, s, func(r *exchange.Record) string { return said[r.ID] })
}

func indexAll(t *testing.T, s observe.Store, text func(*exchange.Record) string) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = s.(observe.Indexer).IndexText(t.Context(), 7, text); err != nil {
			t.Fatalf("index: %v", err)
		}
	}
}

// selects are the IDs of what a filter selects, oldest first.
func selects(t *testing.T, s observe.Store, e filter.Expr) []string {
	t.Helper()
	p := search(t, s, observe.Query{Where: e, Ascending: true, Limit: 1000})
	ids := []string{}
	for _, r := range p.Records {
		ids = append(ids, r.ID)
	}
	if p.Total != int64(len(ids)) || p.Stats.Requests != p.Total {
		t.Errorf("%s: %d records, %d in all, %d counted", filter.Print(e), len(ids), p.Total, p.Stats.Requests)
	}
	return ids
}

// logsFilters holds the store to the cases that say what filters mean.
func logsFilters(t *testing.T, open func() observe.Store) {
	s := open()
	all := filtertest.Read(t)
	storeRows(t, s, all.Rows)
	for _, c := range all.Cases {
		t.Run(c.Filter, func(t *testing.T) {
			e, err := filter.Parse(c.Filter, all.Now)
			if err != nil {
				t.Fatal(err)
			}
			if got := selects(t, s, e); !slices.Equal(got, c.IDs) {
				t.Errorf("selects %v, want %v", got, c.IDs)
			}
		})
	}
}

// logsMixedFilters compares the store with filter.Match: rows made of those of the cases, filters made of theirs.
func logsMixedFilters(t *testing.T, open func() observe.Store) {
	s := open()
	all := filtertest.Read(t)
	random := rand.New(rand.NewPCG(1, 2))
	rows := make([]filtertest.Row, 70)
	for i := range rows {
		rows[i] = mixedRow(random, all.Rows)
		rows[i].ID = "row " + strconv.Itoa(i)
	}
	slices.SortFunc(rows, func(a, b filtertest.Row) int { return a.Timestamp.Compare(b.Timestamp) })
	storeRows(t, s, rows)
	for range 150 {
		e := mixedFilter(t, random, &all, 3)
		want := []string{}
		for i := range rows {
			if filter.Match(e, filtertest.Getter{Row: &rows[i]}) == filter.Yes {
				want = append(want, rows[i].ID)
			}
		}
		got := selects(t, s, e)
		slices.Sort(got) // some have the same time
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%s selects\n%v, want\n%v", filter.Print(e), got, want)
		}
	}
}

// mixedRow takes some of each of three rows.
func mixedRow(random *rand.Rand, rows []filtertest.Row) filtertest.Row {
	pick := func() *filtertest.Row { return &rows[random.IntN(len(rows))] }
	row := *pick() // what hangs together stays so
	other := pick()
	row.Provider, row.Model, row.Alias, row.KeyID, row.KeyName = other.Provider, other.Model, other.Alias, other.KeyID, other.KeyName
	row.Latency, row.TTFT, row.Usage, row.Cost, row.Retries, row.Fallback = other.Latency, other.TTFT, other.Usage, other.Cost, other.Retries, other.Fallback
	other = pick()
	row.Session, row.Tools, row.Metadata, row.Process, row.Parent, row.Text = other.Session, other.Tools, other.Metadata, other.Process, other.Parent, other.Text
	row.Engines, row.Warnings, row.Trace, row.Size, row.App = other.Engines, other.Warnings, other.Trace, other.Size, other.App
	return row
}

func mixedFilter(t *testing.T, random *rand.Rand, all *filtertest.Cases, depth int) filter.Expr {
	if depth == 0 || random.IntN(3) == 0 {
		e, err := filter.Parse(all.Cases[random.IntN(len(all.Cases))].Filter, all.Now)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	a, b := mixedFilter(t, random, all, depth-1), mixedFilter(t, random, all, depth-1)
	switch random.IntN(4) {
	case 0:
		return filter.Any(a, b)
	case 1:
		return filter.Negate(a)
	default:
		return filter.All(a, b)
	}
}
