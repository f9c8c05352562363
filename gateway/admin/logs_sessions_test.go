package admin

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

func TestSessions(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	first := finished("a")
	first.SessionID = "s1"
	first.Request = body4(`{"model":"m","messages":[{"role":"system","content":"be kind"},{"role":"user","content":[{"type":"text","text":"<env>x</env>"},{"type":"text","text":"Fix the\n  bug"}]}]}`)
	first.Process = &atomic.Pointer[exchange.Process]{}
	first.Process.Store(&exchange.Process{PID: 1, Name: "node", Dir: "/home/me/project"})
	w.journal.records = []*exchange.Record{first}
	until := first.Time.Add(time.Minute)
	w.journal.stats = func(q observe.Query, b observe.Breakdown) []observe.Group {
		if len(b.By) == 3 {
			return []observe.Group{
				{Values: []string{"s1", "big", "codex"}}, {Values: []string{"s1", "small", "codex"}}, {Values: []string{"s1", "big", "other"}}, {Values: []string{"s2", "tiny", ""}},
			}
		}
		sums := observe.Sums{Requests: 3, Failed: 1, Input: 100, Output: 20, CacheRead: 7, Cost: 0.5, Unpriced: 1, First: first.Time, Last: until}
		all := []observe.Group{{Values: []string{"s1"}, Sums: sums}, {Values: []string{"s2"}}, {Values: []string{"s3"}}}
		if strings.Contains(filter.Print(q.Where), "session=s1") {
			return all[:1]
		}
		if strings.Contains(filter.Print(q.Where), "session=none") {
			return nil
		}
		return all
	}
	want := LogSession{
		SessionID: "s1", Count: 3, Errors: 1, TotalCost: 0.5, Unpriced: 1, TotalTokens: 120, PromptTokens: 100, CompletionTokens: 20, CachedTokens: 7,
		StartedAt: first.Time, LatestAt: until, DurationMS: 60_000, App: "codex", Models: []string{"big", "small"}, Title: "Fix the bug", Dir: "/home/me/project",
	}
	l := do[LogSessions](w, "GET", "/api/logs/sessions?limit=2&filter=cost>0", "")
	if diff := cmp.Diff(want, l.Sessions[0]) + cmp.Diff(Pagination{2, 0, "timestamp", "desc", 3}, l.Pagination); diff != "" || len(l.Sessions) != 2 || l.Sessions[1].Models[0] != "tiny" {
		t.Error(diff)
	}
	if l := do[LogSessions](w, "GET", "/api/logs/sessions?offset=9", ""); l.Sessions == nil || len(l.Sessions) != 0 {
		t.Errorf("behind the end: %+v", l)
	}
	if diff := cmp.Diff(want, do[LogSession](w, "GET", "/api/logs/sessions/s1/summary", "")); diff != "" {
		t.Error(diff)
	}
	w.fail("GET", "/api/logs/sessions/none/summary", "", 404, "")

	if rows := do[Logs](w, "GET", "/api/logs/sessions/s1?limit=500&status=success", ""); len(rows.Logs) != 1 || rows.Pagination.Order != "asc" {
		t.Errorf("rows: %+v", rows)
	}
	if got := filter.Print(w.journal.last.Where); got != "session=s1 status=success" {
		t.Errorf("of %s", got)
	}
	w.fail("GET", "/api/logs/sessions/s1?limit=501", "", 400, "limit")
	w.fail("GET", "/api/logs/sessions?limit=201", "", 400, "limit")
}

// What a session is called does not depend on what its program asks beside the conversation, or puts before it.
func TestSessionTitle(t *testing.T) {
	const agent = `,"tools":[{"type":"function","function":{"name":"edit","parameters":{}}}]}`
	for name, test := range map[string]struct {
		bodies []string
		want   string
	}{
		"a chat":                  {[]string{`{"model":"m","messages":[{"role":"user","content":"Hello there"}]}`}, "Hello there"},
		"a program's own message": {[]string{`{"model":"m","messages":[{"role":"user","content":"We are setting up the context"},{"role":"assistant","content":"Got it"},{"role":"user","content":"Fix it"}]` + agent}, "Fix it"},
		"a name asked for first": {[]string{
			`{"model":"m","messages":[{"role":"user","content":"quota"}]}`,
			`{"model":"m","messages":[{"role":"user","content":"Make a title of this: Fix it"}]}`,
			`{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"Fix it"},{"type":"text","text":"<reminder>be kind</reminder>"}]}]` + agent,
			`{"model":"m","messages":[{"role":"user","content":"Fix it"},{"role":"assistant","content":"Done"},{"role":"user","content":"Thanks"}]` + agent,
		}, "Fix it"},
		"tools of which the first request is gone": {[]string{`{"model":"m","messages":[{"role":"user","content":"Fix it"},{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"edit","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"done"}]` + agent}, "Fix it"},
		"what can't be read":                       {[]string{`{"mod`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, config.Fixed{})
			for i, body := range test.bodies {
				r := finished(string(rune('a' + i)))
				r.SessionID, r.Request = "s", body4(body)
				w.journal.records = append([]*exchange.Record{r}, w.journal.records...) // the newest first
			}
			w.journal.stats = func(observe.Query, observe.Breakdown) []observe.Group {
				return []observe.Group{{Values: []string{"s", "", ""}}}
			}
			for range 2 { // the second time as it is remembered
				if got := do[LogSession](w, "GET", "/api/logs/sessions/s/summary", "").Title; got != test.want {
					t.Errorf("%q; want %q", got, test.want)
				}
			}
		})
	}
}
