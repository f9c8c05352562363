package admin

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/filter/filtertest"
	"heimdall/gateway/observe"
)

// TestLogParameters: every parameter of the contract means a filter.
func TestLogParameters(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	for query, want := range map[string]string{
		"":                           "",
		"providers=a,b":              "provider=a,b",
		"models=m&models=n":          "model=m,n",
		"aliases=fast":               "alias=fast",
		"status=success,error":       "status=success,error",
		"objects=chat.completion":    "object=chat.completion",
		"stop_reasons=length":        "finish=length",
		"selected_key_ids=k":         "key=k",
		"virtual_key_ids=v":          "vk=v",
		"routing_rule_ids=r":         "rule=r",
		"routing_engine_used=core":   "engine=core",
		"team_ids=t":                 "team=t",
		"customer_ids=c":             "customer=c",
		"apps=codex":                 "app=codex",
		"user_agents=curl/8":         "agent=curl/8",
		"cache_hit_types=semantic":   "cache=semantic",
		"user_ids=u":                 filter.Print(filter.None()),
		"business_unit_ids=u":        filter.Print(filter.None()),
		"project_ids=u":              filter.Print(filter.None()),
		"user_ids=":                  "",
		"session_id=s":               "session=s",
		"parent_request_id=p":        "parent=p OR session=p",
		"roots_only=true":            filter.Print(filter.Negate(filter.Known(filter.Parent))),
		"roots_only=false":           "",
		"min_latency=250":            "latency>=250ms",
		"max_latency=1500":           "latency<=1.5s",
		"min_tokens=10":              "tokens>=10",
		"max_tokens=20":              "tokens<=20",
		"min_cost=0.05":              "cost>=0.05",
		"max_cost=2":                 "cost<=2",
		"missing_cost_only=true":     filter.Print(filter.All(filter.Known(filter.Tokens), filter.Negate(filter.Known(filter.Cost)))),
		"content_search=out of it":   `"out of it"`,
		"metadata_Tenant=blue,green": "meta.tenant=blue,green",
		"filter=cost>1 OR app:codex": "cost>1 OR app:codex",
		"providers=a&filter=cost>1 OR app:codex&min_tokens=3": "provider=a tokens>=3 (cost>1 OR app:codex)",
		"period=7d&providers=a":                               "provider=a",
	} {
		u := url.URL{Path: "/api/logs", RawQuery: strings.NewReplacer(" ", "%20", ">", "%3E").Replace(query)}
		w.journal.records = []*exchange.Record{finished("x")}
		w.journal.records[0].Time = time.Now()
		do[Logs](w, "GET", u.String(), "")
		if got := filter.Print(w.journal.last.Where); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

func TestLogPages(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w.Now = func() time.Time { return at }
	for query, want := range map[string]observe.Query{
		"": {SortBy: "timestamp", Limit: 50},
		"start_time=2026-01-01T00:00:00Z&end_time=2026-01-02T01:00:00%2B01:00&limit=7&offset=3&sort_by=cost&order=asc&period=1h": {
			Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), SortBy: "cost", Ascending: true, Limit: 7, Offset: 3,
		},
		"period=7d":  {Since: at.Add(-7 * 24 * time.Hour), SortBy: "timestamp", Limit: 50},
		"period=90m": {Since: at.Add(-90 * time.Minute), SortBy: "timestamp", Limit: 50},
	} {
		x := exchange.Exchange{}
		x.Query, _ = url.ParseQuery(query)
		got, err := w.listQuery(&x)
		if err != nil {
			t.Errorf("%s: %v", query, err)
		}
		got.Since, got.Until = got.Since.UTC(), got.Until.UTC()
		if diff := cmp.Diff(want, got.Query); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
}

func TestLogParametersAreRefused(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	for query, param := range map[string]string{
		"limit=0": "limit", "limit=1001": "limit", "offset=-1": "offset", "status=fine": "status", "start_time=now": "start_time",
		"period=soon": "period", "period=9999999d": "period", "sort_by=price": "sort_by", "order=up": "order", "provider=a": "provider",
		"min_cost=-1": "min_cost", "max_tokens=many": "max_tokens", "min_latency=NaN": "min_latency", "roots_only=perhaps": "roots_only",
		"cache_hit_types=warm": "cache_hit_types", "metadata_=x": "metadata_", "filter=cost>": "filter", "colour=red": "colour",
		"start_time=2026-01-02T00:00:00Z&end_time=2026-01-01T00:00:00Z": "end_time",
	} {
		w.fail("GET", "/api/logs?"+strings.ReplaceAll(query, ">", "%3E"), "", 400, param)
	}
	for wrong, meant := range map[string]string{"provider": "providers", "model": "models", "min_latncy": "min_latency", "content_serch": "content_search"} {
		_, err := w.send(t.Context(), "GET", "/api/logs?"+wrong+"=x", "", fields{})
		if err == nil || !strings.Contains(err.Error(), "did you mean "+meant+"?") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

// TestRowsInFlight holds what the list says of rows in flight to the cases that say what filters mean.
func TestRowsInFlight(t *testing.T) {
	cases := filtertest.Read(t)
	rows := map[string]LogEntry{}
	for i := range cases.Running {
		r := cases.Running[i].Record()
		r.First = exchange.Place{Provider: r.Provider, Model: r.Model, KeyID: r.KeyID, KeyName: r.KeyName}
		rows[r.ID] = begun(r)
	}
	if len(rows) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range cases.Cases {
		e, err := filter.Parse(c.Filter, cases.Now)
		if err != nil {
			t.Fatal(err)
		}
		found := map[filter.Verdict][]string{}
		for _, id := range slices.Sorted(maps.Keys(rows)) {
			row := rows[id]
			v := filter.Match(e, liveRow{&row})
			found[v] = append(found[v], id)
		}
		slices.Sort(c.Yes)
		slices.Sort(c.Unknown)
		if !slices.Equal(found[filter.Yes], c.Yes) || !slices.Equal(found[filter.Unknown], c.Unknown) {
			t.Errorf("%s: yes %v, unknown %v; want %v and %v", c.Filter, found[filter.Yes], found[filter.Unknown], c.Yes, c.Unknown)
		}
	}
}
