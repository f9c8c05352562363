package admin

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

func faceted(t *testing.T) *world {
	w := newWorld(t, config.Fixed{})
	w.journal.stats = func(_ observe.Query, b observe.Breakdown) []observe.Group {
		values := map[filter.Field][]string{
			filter.Model: {"gpt-5", "gemini"}, filter.Key: {"k1\tmain", "\t"}, filter.VK: {"v1\tTeam key"}, filter.App: {"", "codex"},
		}[b.By[0]]
		var out []observe.Group
		for i, v := range values {
			out = append(out, observe.Group{Values: []string{v}, Sums: observe.Sums{Requests: int64(9 - i)}})
		}
		return out
	}
	r := finished("a")
	r.Metadata = []exchange.Field{{Name: "tenant", Value: "blue"}}
	w.journal.records = []*exchange.Record{r}
	return w
}

func TestFilterData(t *testing.T) {
	w := faceted(t)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	w.Now = func() time.Time { return now }
	want := FilterData{
		Models: []string{"gpt-5", "gemini"}, Apps: []string{"codex"}, MetadataKeys: []string{"tenant"},
		Keys: []Facet{{"k1", "main", 9}}, VirtualKeys: []Facet{{"v1", "Team key", 9}},
	}
	if diff := cmp.Diff(want, do[FilterData](w, "GET", "/api/logs/filterdata", "")); diff != "" {
		t.Error(diff)
	}
	asked := len(w.journal.divided)
	if diff := cmp.Diff(FilterData{Models: want.Models}, do[FilterData](w, "GET", "/api/logs/filterdata?dimensions=models,users", "")); diff != "" {
		t.Error(diff)
	}
	if len(w.journal.divided) != asked {
		t.Error("what was known a moment ago was looked for again")
	}
	now = now.Add(time.Minute)
	do[FilterData](w, "GET", "/api/logs/filterdata?dimensions=models", "")
	if len(w.journal.divided) != asked+1 {
		t.Error("what is old was not looked for again")
	}
	w.fail("GET", "/api/logs/filterdata?dimensions=models,planets", "", 400, "dimensions")
}

func TestFilterCheck(t *testing.T) {
	w := faceted(t)
	check := func(q string, more string) FilterCheck {
		return do[FilterCheck](w, "GET", "/api/logs/filter?q="+url.QueryEscape(q)+more, "")
	}
	c := check("model:gpt* (cost>0.05 OR -app:codex)", "")
	want := &FilterNode{Kind: "and", Parts: []FilterNode{
		{Kind: "term", Field: "model", Op: ":", Values: []FilterValue{{Text: "gpt*"}}, Type: "text"},
		{Kind: "or", Parts: []FilterNode{
			{Kind: "term", Field: "cost", Op: ">", Values: []FilterValue{{Text: "0.05", Number: 0.05}}, Type: "money"},
			{Kind: "not", Parts: []FilterNode{{Kind: "term", Field: "app", Op: ":", Values: []FilterValue{{Text: "codex"}}, Type: "text"}}},
		}},
	}}
	if diff := cmp.Diff(want, c.Expression); diff != "" || c.Error != nil || c.Normal == "" || c.Sentence == "" {
		t.Errorf("%s %+v", diff, c)
	}
	if c := check("", ""); c.Expression != nil || c.Error != nil || c.Normal != "" || len(c.Completions) == 0 {
		t.Errorf("empty: %+v", c)
	}

	// Positions are in the units of pages, in which a face is two.
	c = check(`text:"😀a" cots>1`, "")
	if c.Error == nil || c.Error.Column != 11 || c.Error.Length != 4 || c.Error.Repair == "" || c.Expression != nil {
		t.Errorf("error: %+v", c.Error)
	}
	c = check(`text:"😀a" model:g status:error`, "&cursor=18")
	i := slices.IndexFunc(c.Completions, func(c FilterCompletion) bool { return strings.Contains(c.Insert, "gemini") })
	if i < 0 || c.Completions[i].From != 17 || c.Completions[i].To != 18 || c.Completions[i].Count != 8 {
		t.Errorf("completions: %+v", c.Completions)
	}
	for q, want := range map[string]string{"key:ma": "main", "meta.te": "meta.tenant", "meta.tenant:": "blue"} {
		if c := check(q, ""); !slices.ContainsFunc(c.Completions, func(c FilterCompletion) bool { return strings.Contains(c.Insert+c.Label, want) }) {
			t.Errorf("%s: %+v", q, c.Completions)
		}
	}
	w.fail("GET", "/api/logs/filter?q=a&cursor=x", "", 400, "cursor")
	w.fail("GET", "/api/logs/filter?filter=a", "", 400, "filter")
	w.fail("GET", "/api/logs/filter?q="+strings.Repeat("a", maxFilter+1), "", 400, "q")
}

func TestViews(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	if v := do[LogViews](w, "GET", "/api/logs/views", ""); v.Views == nil || len(v.Views) > 0 {
		t.Errorf("at first: %+v", v)
	}
	want := LogViews{[]LogView{{"Expensive", "cost>1", 1}, {"Errors", "status:error", 0}, {"All", "", 0}}}
	got := do[LogViews](w, "PUT", "/api/logs/views", `{"views":[{"name":" Expensive ","filter":"cost>1","key":1},{"name":"Errors","filter":"status:error"},{"name":"All"}]}`)
	if diff := cmp.Diff(want, got) + cmp.Diff(want, do[LogViews](w, "GET", "/api/logs/views", "")); diff != "" {
		t.Error(diff)
	}
	for body, param := range map[string]string{
		`{}`: "views", `{"view":[]}`: "view", `{"views":[{"filter":"a"}]}`: "views[0].name", `{"views":[{"name":"a"},{"name":"A"}]}`: "views[1].name",
		`{"views":[{"name":"a","filter":"cost>"}]}`: "views[0].filter", `{"views":[{"name":"a","key":10}]}`: "views[0].key",
		`{"views":[{"name":"a","key":2},{"name":"b","key":2}]}`: "views[1].key", `{"views":[{"name":"` + strings.Repeat("n", 101) + `"}]}`: "views[0].name",
		`{"views":[` + strings.TrimSuffix(strings.Repeat(`{"name":"a"},`, 101), ",") + `]}`: "views",
	} {
		w.fail("PUT", "/api/logs/views", body, 400, param)
	}
	if v := do[LogViews](w, "PUT", "/api/logs/views", `{"views":[]}`); len(v.Views) > 0 {
		t.Errorf("none: %+v", v)
	}
}

func TestAppNames(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	const at = "/api/logs/user-agent-mappings"
	made := do[AppNameAnswer](w, "POST", at, `{"pattern":"my-tool/*","app":"mine"}`).Mapping
	do[AppNameAnswer](w, "POST", at, `{"pattern":"*","app":"others"}`)
	if made.ID == "" || made.Pattern != "my-tool/*" || made.App != "mine" {
		t.Errorf("made: %+v", made)
	}
	if got := do[AppNameAnswer](w, "PUT", at+"/"+made.ID, `{"app":"ours"}`).Mapping; got != (AppName{made.ID, "my-tool/*", "ours"}) {
		t.Errorf("changed: %+v", got)
	}
	if l := do[AppNames](w, "GET", at, ""); l.Total != 2 || l.Mappings[0].App != "ours" {
		t.Errorf("list: %+v", l)
	}
	if name, _ := w.Config.Snapshot().App("My-Tool/3"); name != "ours" {
		t.Errorf("it is called %q", name)
	}
	for body, param := range map[string]string{
		`{"app":"a"}`: "pattern", `{"pattern":"p"}`: "app", `{"pattern":"MY-tool/*","app":"a"}`: "pattern", `{"id":"x","pattern":"p","app":"a"}`: "id", `{"patern":"p"}`: "patern",
	} {
		w.fail("POST", at, body, 400, param)
	}
	w.fail("PUT", at+"/none", `{"app":"a"}`, 404, "")
	w.fail("PUT", at+"/"+made.ID, `{"pattern":"*"}`, 400, "pattern")
	do[Saved](w, "DELETE", at+"/"+made.ID, "")
	w.fail("GET", at+"/"+made.ID, "", 404, "")
	w.fail("DELETE", at+"/"+made.ID, "", 404, "")
}

func TestStorage(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	oldest := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	w.journal.size = observe.Size{Rows: 3, Bytes: 4096, BodyBytes: 1024, Oldest: oldest}
	w.log = LogState{Type: "sqlite", Path: "/app/logs.db", Problem: "the disk is full", DroppedRows: 7, DroppedBodies: 8}
	s := w.Config.Snapshot()
	want := LogStorage{
		Type: "sqlite", Path: "/app/logs.db", Rows: 3, Bytes: 4096, BodyBytes: 1024, MaxBytes: int64(s.Logs.MaxSizeMB) << 20, Oldest: &oldest, Problem: "the disk is full",
		DroppedRows: 7, DroppedBodies: 8, RetentionDays: 365, ErrorDays: 365,
	}
	if diff := cmp.Diff(want, do[LogStorage](w, "GET", "/api/logs/storage", "")); diff != "" {
		t.Error(diff)
	}
	if d := do[LogDropped](w, "GET", "/api/logs/dropped", ""); d.DroppedRequests != 7 || d.DroppedBodies != 8 {
		t.Errorf("dropped: %+v", d)
	}
}

func TestToolLogs(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	if l := do[ToolLogs](w, "GET", "/api/mcp-logs?tool_names=a&status=success&limit=5&sort_by=cost&period=1h", ""); l.Logs == nil || l.Pagination.Limit != 5 || l.HasLogs {
		t.Errorf("list: %+v", l)
	}
	if s := do[ToolStats](w, "GET", "/api/mcp-logs/stats", ""); s != (ToolStats{}) {
		t.Errorf("stats: %+v", s)
	}
	do[ToolFilterData](w, "GET", "/api/mcp-logs/filterdata", "")
	do[Saved](w, "DELETE", "/api/mcp-logs", `{"ids":["a"]}`)
	for _, path := range []string{"/histogram", "/histogram/cost"} {
		if h := do[struct {
			Buckets []map[string]any `json:"buckets"`
		}](w, "GET", "/api/mcp-logs"+path+"?period=1h", ""); len(h.Buckets) < 120 {
			t.Errorf("%s: %d buckets", path, len(h.Buckets))
		}
	}
	if top := do[map[string][]any](w, "GET", "/api/mcp-logs/histogram/top-tools", ""); top["tools"] == nil {
		t.Errorf("top: %v", top)
	}
	w.fail("GET", "/api/mcp-logs/one", "", 404, "")
	w.fail("DELETE", "/api/mcp-logs", `{}`, 400, "ids")
	w.fail("GET", "/api/mcp-logs?tool=a", "", 400, "tool")
}
