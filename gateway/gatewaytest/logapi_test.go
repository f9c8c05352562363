package gatewaytest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"heimdall/gateway/admin"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// told is a gateway with a log of four requests: two of a session, of which one is streamed, one that the upstream
// refused and one that the gateway did.
func told(t *testing.T) *Gateway {
	g := Start(t, Options{Script: func(r *transport.Request) fake.Reply {
		switch {
		case strings.Contains(string(r.Body), "overload"):
			return refuses(400, `{"error":{"message":"too much","type":"invalid_request_error"}}`)
		case r.Stream:
			return streams(join(chatFrames, usageChunk, "[DONE]"))
		}
		return answers(chatAnswer)
	}})
	agent := []string{"User-Agent", "codex_exec/1.2", "X-Bf-Session-Id", "s1", "X-Bf-Dim-Tenant", "blue", "Authorization", "Bearer sk-of-the-client-0123456789"}
	g.Do("POST", "/openai/chat/completions", chatRequest, agent...)
	g.Do("POST", "/openai/chat/completions", chatStreamAsked, agent...)
	g.Do("POST", "/openai/chat/completions", strings.Replace(chatRequest, "gpt-4o-mini", "overload", 1), "User-Agent", "curl/8")
	g.Do("POST", "/v1/chat/completions", `{"model":`, "User-Agent", "curl/8")
	if rows := g.Rows(); len(rows) != 4 {
		t.Fatalf("%d rows: %s", len(rows), encoded(rows))
	}
	return g
}

// TestLogAPI asks every route of the log over a real store.
func TestLogAPI(t *testing.T) {
	t.Parallel()
	g := told(t)
	rows := g.Rows()
	for query, want := range map[string][]int{
		"": {0, 1, 2, 3}, "status=error": {2, 3}, "models=gpt-4o-mini": {0, 1}, "session_id=s1": {0, 1}, "metadata_tenant=blue": {0, 1}, "metadata_tenant=red": nil,
		"objects=chat.completion.chunk": {1}, "filter=stream:true": {1}, "filter=status>=400": {2, 3}, "missing_cost_only=true": nil, "user_ids=u": nil,
		"min_tokens=1": {0, 1}, "max_tokens=0": nil, "roots_only=true": {0, 1, 2, 3}, "period=1h": {0, 1, 2, 3}, "end_time=2026-01-01T00:00:00Z": nil,
		"content_search=too+much": {2}, "selected_key_ids=main": {0, 1, 2}, "parent_request_id=s1": {0, 1}, "request_id=" + rows[2].ID: {2},
		"providers=openai&filter=" + url.QueryEscape("NOT error:* AND tokens>0"): {0, 1},
	} {
		var l admin.Logs
		g.JSON("GET", "/api/logs?order=asc&"+strings.ReplaceAll(query, ">=", "%3E%3D"), "", &l)
		var got []int
		for _, e := range l.Logs {
			got = append(got, slices.IndexFunc(rows, func(r admin.LogEntry) bool { return r.ID == e.ID }))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	var l admin.Logs
	g.JSON("GET", "/api/logs?sort_by=cost&limit=1", "", &l)
	if s := l.Stats; s.TotalRequests != 4 || s.SuccessRate != 50 || s.TotalTokens == 0 || s.TotalCost <= 0 || s.AverageLatency <= 0 {
		t.Errorf("stats: %+v", s)
	}
	for _, path := range []string{
		"/stats?compare_to_previous=true&period=1h", "/dashboard?period=1h", "/histogram", "/histogram/tokens", "/histogram/cost", "/histogram/models", "/histogram/latency",
		"/histogram/throughput", "/histogram/cost/by-provider", "/histogram/tokens/by-provider", "/histogram/latency/by-provider", "/histogram/throughput/by-provider",
		"/histogram/cost/by-dimension?dimension=app", "/histogram/tokens/by-dimension?dimension=team", "/histogram/latency/by-dimension?dimension=tool", "/rankings",
		"/rankings/by-dimension?dimension=session", "/dropped", "/filterdata", "/sessions", "/sessions/s1", "/sessions/s1/summary", "/user-agent-mappings", "/views", "/storage",
		"/filter?q=model:", "/recalculate-cost/status",
	} {
		g.JSON("GET", "/api/logs"+path, "", nil)
	}
	var d admin.LogDashboard
	g.JSON("GET", "/api/logs/dashboard?period=1h", "", &d)
	requests := int64(0)
	for _, b := range d.Buckets {
		requests += b.Requests
	}
	if requests != 4 || len(d.Models) == 0 || d.Models[0].ID != "gpt-4o-mini" || len(d.ErrorKinds) == 0 || len(d.Apps) == 0 {
		t.Errorf("dashboard: %d requests, %+v, %+v, %+v", requests, d.Models, d.ErrorKinds, d.Apps)
	}
	var sessions admin.LogSessions
	g.JSON("GET", "/api/logs/sessions", "", &sessions)
	if len(sessions.Sessions) != 1 || sessions.Sessions[0].Count != 2 || sessions.Sessions[0].Title == "" || sessions.Sessions[0].Models[0] != "gpt-4o-mini" || sessions.Sessions[0].StartedAt.IsZero() {
		t.Errorf("sessions: %s", encoded(sessions))
	}
	var f admin.FilterData
	g.JSON("GET", "/api/logs/filterdata", "", &f)
	if !slices.Contains(f.Models, "gpt-4o-mini") || !slices.Contains(f.MetadataKeys, "tenant") || len(f.Keys) != 1 || f.Keys[0].Name != "main" {
		t.Errorf("facets: %s", encoded(f))
	}
	var s admin.LogStorage
	g.JSON("GET", "/api/logs/storage", "", &s)
	if s.Rows != 4 || s.Bytes == 0 || s.Type != "sqlite" || s.Problem != "" || s.Oldest == nil {
		t.Errorf("storage: %+v", s)
	}
}

// TestLogStreamFrames: the frames of both sides come back with the time that each passed.
func TestLogStreamFrames(t *testing.T) {
	t.Parallel()
	g := told(t)
	row := g.Rows()[1]
	d := g.Detail(row.ID)
	frames := len(chatFrames) + 2
	if d.UpstreamFrames != frames || d.ClientFrames == 0 || len(d.Spans) == 0 || len(d.RequestHeaders) == 0 || d.UpstreamRequest.Text == "" || d.ClientResponse.Text == "" {
		t.Errorf("%d and %d frames, %d spans, %d fields; %+v, %+v", d.UpstreamFrames, d.ClientFrames, len(d.Spans), len(d.RequestHeaders), d.UpstreamRequest, d.ClientResponse)
	}
	for side, want := range map[string]int{"upstream": d.UpstreamFrames, "client": d.ClientFrames} {
		var f admin.StreamFrames
		g.JSON("GET", "/api/logs/"+row.ID+"/frames?side="+side, "", &f)
		if len(f.Frames) != want || f.Cut {
			t.Errorf("%s: %d frames", side, len(f.Frames))
		}
		last := 0.0
		for i, one := range f.Frames {
			if one.AtMS == nil || *one.AtMS < last {
				t.Errorf("%s: frame %d at %v", side, i, one.AtMS)
				continue
			}
			last = *one.AtMS
		}
	}
}

// TestLogExport: a file of any kind holds all rows, and no secret.
func TestLogExport(t *testing.T) {
	t.Parallel()
	g := told(t)
	for format, lines := range map[string]int{"jsonl": 4, "csv": 0, "har": 0} {
		a := g.Do("GET", "/api/logs/export?bodies=true&format="+format, "")
		if a.Status != 200 || !strings.Contains(a.Header.Get("Content-Disposition"), "."+format) || a.Broken != nil {
			t.Errorf("%s: %d %v %v", format, a.Status, a.Header, a.Broken)
		}
		if strings.Contains(a.Body, "sk-of-the-client") || strings.Contains(a.Body, OpenAIKey) {
			t.Errorf("%s holds a secret", format)
		}
		if n := strings.Count(a.Body, "\n"); lines > 0 && n != lines {
			t.Errorf("%s: %d lines", format, n)
		}
		if format == "har" && !json.Valid([]byte(a.Body)) {
			t.Errorf("%s: %s", format, a.Body)
		}
	}
	var l admin.Logs
	g.JSON("GET", "/api/logs?filter=stream:true", "", &l)
	if a := g.Do("GET", "/api/logs/"+l.Logs[0].ID+"/curl", ""); !strings.Contains(a.Body, "/openai/chat/completions'") || strings.Contains(a.Body, "sk-of-the-client") {
		t.Errorf("curl: %s", a.Body)
	}
}

// TestLogSocket: a page sees over its websocket what happens, in the frames of the contract.
func TestLogSocket(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Config: strings.TrimSuffix(Config, "}") + `,"auth_config":{"is_enabled":true,"admin_username":"root","admin_password":"correct horse","disable_auth_on_inference":true}}`,
		Script: func(*transport.Request) fake.Reply { return answers(chatAnswer) }})
	address := "ws" + strings.TrimPrefix(g.URL, "http")
	if _, resp, err := websocket.DefaultDialer.Dial(address+"/ws", nil); err == nil || resp.StatusCode != 401 {
		t.Fatalf("without proof: %+v, %v", resp, err)
	}
	a := g.Do("POST", "/api/session/ws-ticket", "", "Authorization", "Basic cm9vdDpjb3JyZWN0IGhvcnNl")
	var ticket admin.Ticket
	if err := json.Unmarshal([]byte(a.Body), &ticket); err != nil || ticket.Ticket == "" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	at := address + "/ws/logs?ticket=" + ticket.Ticket
	c, _, err := websocket.DefaultDialer.Dial(at, http.Header{"Origin": {g.URL}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, resp, err := websocket.DefaultDialer.Dial(at, nil); err == nil || resp.StatusCode != 401 {
		t.Errorf("the ticket a second time: %+v, %v", resp, err)
	}
	_ = c.SetReadDeadline(time.Now().Add(Patience))
	g.Do("POST", "/openai/chat/completions", chatRequest)
	id := ""
	for _, want := range []string{"create processing", "update success"} {
		var f struct {
			Type, Operation string
			Payload         admin.LogEntry
		}
		if err := c.ReadJSON(&f); err != nil {
			t.Fatal(err)
		}
		if got := f.Operation + " " + f.Payload.Status; f.Type != "log" || got != want || id != "" && f.Payload.ID != id {
			t.Errorf("%s %s, want %s", f.Type, got, want)
		}
		id = f.Payload.ID
	}
	g.Close()
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("when the gateway closed: %v", err)
	}
}

// TestRecalculatedCosts: filters say which rows get another cost.
func TestRecalculatedCosts(t *testing.T) {
	t.Parallel()
	g := told(t)
	g.JSON("POST", "/api/governance/pricing-overrides", `{"pattern":"gpt-4o-mini","patch":{"input_cost_per_token":1,"output_cost_per_token":1}}`, nil)
	var r admin.Recalculated
	g.JSON("POST", "/api/logs/recalculate-cost", `{"filters":{"filter":"stream:true"}}`, &r)
	rows := g.Rows()
	if r.Status != "done" || r.TotalMatched != 1 || r.Updated != 1 || *rows[1].Cost < 1 || *rows[0].Cost >= 1 {
		t.Errorf("%+v: %v, %v", r, *rows[0].Cost, *rows[1].Cost)
	}
	g.JSON("POST", "/api/logs/recalculate-cost", `{"limit":1}`, &r)
	if r.TotalMatched != 1 {
		t.Errorf("limited: %+v", r)
	}
}
