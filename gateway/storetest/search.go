package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
	"heimdall/providers/llm"
)

// found is a log of five records over three hours, the first at noon.
func found() []*exchange.Record {
	at := func(hour time.Duration, r exchange.Record) *exchange.Record {
		r.Time = noon.Add(hour * time.Hour / 2)
		return &r
	}
	const second = time.Second
	return []*exchange.Record{
		at(0, exchange.Record{ID: "a", Provider: "openai", Model: "gpt", RequestedModel: "openai/gpt", KeyID: "k1",
			Status: exchange.StatusSuccess, Latency: 3 * second, HasUsage: true, Usage: llm.Usage{Input: 10, Output: 1}}),
		at(1, exchange.Record{ID: "b", Provider: "openai", Model: "gpt", RequestedModel: "fast", KeyID: "k2",
			Status: exchange.StatusError, Latency: 1 * second, SessionID: "s1"}),
		at(2, exchange.Record{ID: "c", Provider: "anthropic", Model: "claude", RequestedModel: "fast", KeyID: "k3",
			Status: exchange.StatusSuccess, Latency: 5 * second, SessionID: "s1", HasUsage: true, Usage: llm.Usage{Input: 5, Output: 100}}),
		at(3, exchange.Record{ID: "d", Provider: "anthropic", Model: "claude", RequestedModel: "claude", KeyID: "k3",
			Status: exchange.StatusCancelled, Latency: 2 * second, SessionID: "s2", HasUsage: true, Usage: llm.Usage{Input: 7}}),
		at(4, exchange.Record{ID: "e", Provider: "demo", Model: "gpt", RequestedModel: "demo/gpt",
			Status: exchange.StatusSuccess, Latency: 4 * second, HasUsage: true, Usage: llm.Usage{Output: 1}}),
	}
}

func logsSearch(t *testing.T, open func() observe.Store) {
	s := open()
	appendAll(t, s, found()...)
	type status = []exchange.Status
	for name, test := range map[string]struct {
		query observe.Query
		want  string // the IDs, in order
	}{
		"everything":           {observe.Query{}, "edcba"},
		"oldest first":         {observe.Query{Ascending: true}, "abcde"},
		"by timestamp":         {observe.Query{SortBy: "timestamp"}, "edcba"},
		"slowest first":        {observe.Query{SortBy: "latency"}, "ceadb"},
		"fastest first":        {observe.Query{SortBy: "latency", Ascending: true}, "bdaec"},
		"most tokens first":    {observe.Query{SortBy: "tokens"}, "cadeb"},
		"fewest tokens first":  {observe.Query{SortBy: "tokens", Ascending: true}, "bedac"},
		"one provider":         {observe.Query{Providers: []string{"openai"}}, "ba"},
		"two providers":        {observe.Query{Providers: []string{"openai", "demo"}}, "eba"},
		"no such provider":     {observe.Query{Providers: []string{"open"}}, ""},
		"model of upstream":    {observe.Query{Models: []string{"gpt"}}, "eba"},
		"model asked for":      {observe.Query{Models: []string{"fast"}}, "cb"},
		"either model":         {observe.Query{Models: []string{"fast", "claude"}}, "dcb"},
		"status":               {observe.Query{Statuses: status{exchange.StatusSuccess}}, "eca"},
		"statuses":             {observe.Query{Statuses: status{exchange.StatusError, exchange.StatusCancelled}}, "db"},
		"key":                  {observe.Query{KeyIDs: []string{"k3"}}, "dc"},
		"keys":                 {observe.Query{KeyIDs: []string{"k1", "k2"}}, "ba"},
		"session":              {observe.Query{Session: "s1"}, "cb"},
		"session and provider": {observe.Query{Session: "s1", Providers: []string{"openai"}}, "b"},
		"session and time":     {observe.Query{Session: "s1", Since: noon.Add(time.Hour)}, "c"},
		"model and status":     {observe.Query{Models: []string{"fast"}, Statuses: status{exchange.StatusError}}, "b"},
		"since a whole hour":   {observe.Query{Since: noon.Add(time.Hour)}, "edc"},
		"since half past":      {observe.Query{Since: noon.Add(30 * time.Minute)}, "edcb"},
		"since just after":     {observe.Query{Since: noon.Add(30*time.Minute + 1)}, "edc"},
		"until a whole hour":   {observe.Query{Until: noon.Add(2 * time.Hour)}, "dcba"},
		"until half past":      {observe.Query{Until: noon.Add(90 * time.Minute)}, "cba"},
		"until just after":     {observe.Query{Until: noon.Add(90*time.Minute + 1)}, "dcba"},
		"within hours":         {observe.Query{Since: noon.Add(time.Minute), Until: noon.Add(119 * time.Minute)}, "dcb"},
		"within one hour":      {observe.Query{Since: noon.Add(time.Minute), Until: noon.Add(59 * time.Minute)}, "b"},
		"one exact hour":       {observe.Query{Since: noon.Add(time.Hour), Until: noon.Add(2 * time.Hour)}, "dc"},
		"time and provider":    {observe.Query{Since: noon.Add(31 * time.Minute), Providers: []string{"demo", "openai"}}, "e"},
		"times the wrong way":  {observe.Query{Since: noon.Add(time.Hour), Until: noon}, ""},
		"before 1970":          {observe.Query{Until: time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)}, ""},
		"since 1900":           {observe.Query{Since: time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)}, "edcba"},
	} {
		t.Run(name, func(t *testing.T) {
			test.query.Limit = 10
			var ids []string
			for _, id := range test.want {
				ids = append(ids, string(id))
			}
			checkPage(t, s, test.query, int64(len(ids)), ids...)
			checkStats(t, search(t, s, test.query), ids)
		})
	}
}

// checkStats compares a page's sums with those over the records of these IDs.
func checkStats(t *testing.T, p observe.Page, ids []string) {
	t.Helper()
	var want observe.Stats
	var latency time.Duration
	for _, r := range found() {
		for _, id := range ids {
			if r.ID != id {
				continue
			}
			want.Requests++
			latency += r.Latency
			want.Tokens += r.Usage.Input + r.Usage.Output
			if r.Status == exchange.StatusSuccess {
				want.Succeeded++
			}
			if r.Status != exchange.StatusCancelled {
				want.Finished++
			}
		}
	}
	if want.Requests > 0 {
		want.AverageLatency = (latency / time.Duration(want.Requests)).Truncate(time.Microsecond)
	}
	if diff := cmp.Diff(want, p.Stats); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}

func logsPages(t *testing.T, open func() observe.Store) {
	s := open()
	var batch []*exchange.Record
	var newest, oldest []string
	for i := range 100 {
		r := full(fmt.Sprintf("%02d", i))
		r.Time = noon.Add(time.Duration(i/3) * 170 * time.Minute) // three have the same time, and most hours none
		r.Latency = time.Duration(i) * time.Second
		r.Provider = []string{"even", "odd"}[i%2]
		batch = append(batch, r)
		oldest = append(oldest, r.ID)
		newest = append([]string{r.ID}, newest...)
	}
	appendAll(t, s, batch...)
	even := func(ids []string) (some []string) {
		for _, id := range ids {
			if (id[1]-'0')%2 == 0 {
				some = append(some, id)
			}
		}
		return some
	}
	provider := []string{"even"}
	for name, test := range map[string]struct {
		query observe.Query
		want  []string
	}{
		"newest first":   {observe.Query{}, newest},
		"oldest first":   {observe.Query{Ascending: true}, oldest},
		"slowest first":  {observe.Query{SortBy: "latency"}, newest},
		"of one":         {observe.Query{Providers: provider}, even(newest)},
		"of one, oldest": {observe.Query{Providers: provider, Ascending: true}, even(oldest)},
		"since":          {observe.Query{Since: noon.Add(170 * time.Minute)}, newest[:97]},
		"until":          {observe.Query{Until: noon.Add(170 * time.Minute), Ascending: true}, oldest[:3]},
		"of a session":   {observe.Query{Session: "s-1"}, newest},
	} {
		t.Run(name, func(t *testing.T) {
			for _, limit := range []int{1, 7, 1000} {
				for offset := 0; offset <= len(test.want); offset += limit {
					q := test.query
					q.Limit, q.Offset = limit, offset
					end := min(offset+limit, len(test.want))
					checkPage(t, s, q, int64(len(test.want)), test.want[offset:end]...)
				}
			}
		})
	}
	if p := search(t, s, observe.Query{Limit: 0}); len(p.Records) != 0 || p.Total != 100 {
		t.Errorf("with limit 0: %d records of %d; want only the count, 100", len(p.Records), p.Total)
	}
}

func search(t *testing.T, s observe.Store, q observe.Query) observe.Page {
	t.Helper()
	p, err := s.Search(t.Context(), q)
	if err != nil {
		t.Fatalf("search: %v", err)
	}
	return p
}

func checkPage(t *testing.T, s observe.Store, q observe.Query, total int64, ids ...string) {
	t.Helper()
	p := search(t, s, q)
	var got []string
	for _, r := range p.Records {
		got = append(got, r.ID)
	}
	if diff := cmp.Diff(ids, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%+v: IDs (-want +got):\n%s", q, diff)
	}
	if p.Total != total || p.Stats.Requests != total {
		t.Errorf("%+v: total %d and %d requests, want %d", q, p.Total, p.Stats.Requests, total)
	}
}
