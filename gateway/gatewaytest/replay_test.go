package gatewaytest

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"heimdall/gateway/admin"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// either answers as the upstream that was called does, as a stream where that was asked for.
func either(r *transport.Request) fake.Reply {
	stream := strings.Contains(string(r.Body), `"stream":true`)
	switch {
	case strings.Contains(r.URL, "anthropic") && stream:
		return streams(messagesToolFrames)
	case strings.Contains(r.URL, "anthropic"):
		return answers(messagesToolAnswer)
	case stream:
		return streams(join(chatFrames, usageChunk, "[DONE]"))
	}
	return answers(chatAnswer)
}

// replay repeats a row, and gives the outcome and the new row.
func (g *Gateway) replay(id, how string) (admin.Replayed, admin.LogDetail) {
	g.t.Helper()
	var done admin.Replayed
	g.JSON("POST", "/api/logs/"+url.PathEscape(id)+"/replay", how, &done)
	return done, g.Detail(done.LogID)
}

func TestReplay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, path, body string
		header           []string
		how              string
		url, sent        string // what goes upstream
		provider, model  string
	}{
		{"as it was", "/openai/chat/completions", chatRequest, nil, ``, openaiChat, chatRequest, "openai", "gpt-4o-mini"},
		{"a stream stays one", "/openai/chat/completions", chatStreamAsked, nil, `{}`, openaiChat, chatStreamAsked, "openai", "gpt-4o-mini"},
		{"another model", "/openai/chat/completions", chatRequest, nil, `{"model":"gpt-4o"}`, openaiChat, strings.Replace(chatRequest, "gpt-4o-mini", "gpt-4o", 1), "openai", "gpt-4o"},
		{"another provider and dialect", "/v1/chat/completions", unifiedRequest, nil, `{"provider":"anthropic","model":"claude-haiku-4-5"}`, anthropicMessage, "", "anthropic", "claude-haiku-4-5"},
		{"a model named with its provider", "/v1/chat/completions", unifiedRequest, nil, `{"model":"anthropic/claude-haiku-4-5"}`, anthropicMessage, "", "anthropic", "claude-haiku-4-5"},
		{"across, as a stream", "/anthropic/v1/messages", messagesStream, nil, `{"provider":"openai","model":"gpt-4o-mini"}`, openaiChat, "", "openai", "gpt-4o-mini"},
		{"a model in the path", "/genai/v1beta/models/openai/gpt-4o-mini:generateContent", `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, nil,
			`{"provider":"anthropic","model":"claude-haiku-4-5","params":{"temperature":0.5}}`, anthropicMessage, "", "anthropic", "claude-haiku-4-5"},
		{"parameters", "/openai/chat/completions", `{"model":"gpt-4o-mini","temperature":0.1,"seed":1,"messages":[{"role":"user","content":"hi"}]}`, nil,
			`{"params":{"temperature":0.9,"seed":null,"stop":["x"]}}`, openaiChat,
			`{"model":"gpt-4o-mini","temperature":0.9,"messages":[{"role":"user","content":"hi"}],"stop":["x"]}`, "openai", "gpt-4o-mini"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := Start(t, Options{Script: either})
			first := g.Do("POST", c.path, c.body, c.header...)
			parent := g.Rows()[0]
			done, row := g.replay(parent.ID, c.how)
			if done.Status != 200 || done.Error != nil || done.Message != "" || first.Status != 200 {
				t.Fatalf("%d, then %+v", first.Status, done)
			}
			if row.ParentRequestID != parent.ID || row.Provider != c.provider || row.Model != c.model || row.Stream != parent.Stream || row.VirtualKeyID != "" {
				t.Errorf("the row: %s", encoded(row.LogEntry))
			}
			if strings.Contains(c.path, "/models/") && row.Path != "/genai/v1beta/models/anthropic/claude-haiku-4-5:generateContent" {
				t.Errorf("the path %s names the old model", row.Path)
			}
			seen := g.Upstream.Seen()
			if last := seen[len(seen)-1]; last.URL != c.url || c.sent != "" && last.Body != c.sent {
				t.Errorf("sent %s\n%s", last.URL, last.Body)
			}
			if n := g.Upstream.Open(); n != 0 {
				t.Errorf("%d upstream answers are still open", n)
			}
			// What was repeated can be repeated.
			if again, _ := g.replay(done.LogID, `{"provider":"openai","model":"gpt-4o-mini"}`); again.Status != 200 {
				t.Errorf("and again: %+v", again)
			}
		})
	}
}

// A replay takes along what the client said of the request, not who it was nor in which session and trace.
func TestReplayHeader(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Script: either})
	g.Do("POST", "/anthropic/v1/messages", messagesRequest, "anthropic-beta", "context-1m-2025-08-07", "x-api-key", "client-secret", "User-Agent", "claude-cli/2.0",
		"X-Bf-Session-Id", "session-1", "X-Request-Id", "mine", "X-Bf-Dim-Team", "blue", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	done, row := g.replay("mine", "{}")
	if row.ID == "mine" || row.SessionID != "" || row.TraceID != "" || row.UserAgent != "Heimdall (replay)" || row.Metadata["team"] != "blue" {
		t.Errorf("the row: %s", encoded(row.LogEntry))
	}
	agents := 0
	for _, f := range row.RequestHeaders {
		if strings.EqualFold(f.Name, "User-Agent") {
			agents++
		}
	}
	if agents != 1 {
		t.Errorf("the row has the header %v", row.RequestHeaders)
	}
	seen := g.Upstream.Seen()
	if last := seen[1].Header; last["Anthropic-Beta"] != "context-1m-2025-08-07" || last["X-Api-Key"] != AnthropicKey || last["Traceparent"] != "" {
		t.Errorf("sent %v", last)
	}
	if done.LogID != row.ID {
		t.Errorf("%+v", done)
	}
}

// A virtual key's budget does not pay for what the administrator repeats; the kill switch stops it like all else.
func TestReplayIsTheAdministrators(t *testing.T) {
	t.Parallel()
	config := strings.TrimSuffix(Config, "}") + `,"governance":{"virtual_keys":[{"id":"vk","name":"vk","value":"sk-bf-one","provider_configs":[{"provider":"openai","allowed_models":["*"],"key_ids":["*"]}],
		"rate_limit":{"request_max_limit":1,"request_reset_duration":"1h"}}]}}`
	g := Start(t, Options{Config: config, Script: either})
	g.Do("POST", "/openai/chat/completions", chatRequest, "x-bf-vk", "sk-bf-one")
	if a := g.Do("POST", "/openai/chat/completions", chatRequest, "x-bf-vk", "sk-bf-one"); a.Status != 429 {
		t.Fatalf("the limit: %d %s", a.Status, a.Body)
	}
	id := g.Rows()[0].ID
	if done, row := g.replay(id, `{}`); done.Status != 200 || row.VirtualKeyName != "" {
		t.Errorf("%+v, %s", done, encoded(row.LogEntry))
	}
	g.JSON("PUT", "/api/kill-switch", `{"paused":true}`, nil)
	if done, _ := g.replay(id, `{}`); done.Error == nil || done.Status < 400 {
		t.Errorf("while paused: %+v", done)
	}
}

// The client's fallbacks were for the model that it asked for; whoever wants to see another one does not want a third.
func TestReplayFallbacks(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Script: func(r *transport.Request) fake.Reply {
		if strings.Contains(string(r.Body), `"gpt-4o"`) {
			return refuses(400, `{"error":{"message":"no such model","type":"x","param":null,"code":"model_not_found"}}`)
		}
		return either(r)
	}})
	g.Do("POST", "/v1/chat/completions", `{"model":"openai/gpt-4o-mini","fallbacks":["anthropic/claude-haiku-4-5"],"messages":[{"role":"user","content":"hi"}]}`)
	done, row := g.replay(g.Rows()[0].ID, `{"model":"gpt-4o"}`)
	if done.Error == nil || row.Provider != "openai" || row.Model != "gpt-4o" || len(row.AttemptTrail) != 1 {
		t.Errorf("%+v, %s", done, encoded(row.AttemptTrail))
	}
}

// Whoever no longer waits for a replay ends it.
func TestReplayHangup(t *testing.T) {
	t.Parallel()
	n := 0
	g := Start(t, Options{Script: func(r *transport.Request) fake.Reply {
		if n++; n == 1 {
			return either(r)
		}
		return fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "text/event-stream"}, Pieces: []fake.Piece{{Data: sse(chatFrames[0])}}, Stall: true}
	}})
	g.Do("POST", "/openai/chat/completions", chatStreamAsked)
	id := g.Rows()[0].ID
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := g.Try(ctx, "POST", "/api/logs/"+id+"/replay", "{}")
		gone <- err
	}()
	Eventually(t, "the replay goes out", func() bool { return g.Upstream.Open() == 1 })
	leave()
	if err := <-gone; err == nil {
		t.Error("the caller got an answer")
	}
	Eventually(t, "the upstream's answer is closed", func() bool { return g.Upstream.Open() == 0 })
	rows := g.Rows()
	if last := rows[len(rows)-1]; last.Status != "cancelled" || last.ParentRequestID != id {
		t.Errorf("%s", encoded(last))
	}
}

func TestReplayFails(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Script: func(*transport.Request) fake.Reply { return refuses(400, rateLimit) }})
	g.Do("POST", "/openai/chat/completions", chatRequest)
	done, row := g.replay(g.Rows()[0].ID, `{}`)
	if done.Status != 400 || done.Error == nil || done.Error.Message != "Rate limit reached" || row.ErrorDetails == nil {
		t.Errorf("%+v", done)
	}
}

func TestReplayRefuses(t *testing.T) {
	t.Parallel()
	config := strings.TrimSuffix(Config, "}") + `,"client":{"allow_per_request_content_storage_override":true}}`
	g := Start(t, Options{Config: config, Script: either})
	g.Do("POST", "/openai/chat/completions", chatRequest, "X-Request-Id", "whole")
	g.Do("POST", "/openai/chat/completions", chatRequest, "X-Request-Id", "empty", "X-Bf-Disable-Content-Logging", "true")
	g.Rows()
	calls := len(g.Upstream.Seen())
	for _, c := range []struct {
		id, how string
		status  int
		words   string
	}{
		{"none", `{}`, 404, "no entry"},
		{"empty", `{}`, 409, "did not keep its body"},
		{"whole", `{"provider":"nobody"}`, 400, "provider: the provider \\\"nobody\\\" is not configured"},
		{"whole", `{"temperature":1}`, 400, "temperature: is no known field"},
		{"whole", `{"model":5}`, 400, "model: must be text"},
		{"whole", `{"params":[]}`, 400, "params: must be an object"},
		{"whole", `{"params":{"model":"x"}}`, 400, "params.model"},
		{"whole", `{"params":{"nonsense":1}}`, 400, "params.nonsense"},
		{"whole", `{"params":{"temperature":"hot"}}`, 400, "params.temperature"},
		{"whole", `{"params":{"messages":7}}`, 400, "params.messages"},
	} {
		if a := g.Do("POST", "/api/logs/"+c.id+"/replay", c.how); a.Status != c.status || !strings.Contains(a.Body, c.words) {
			t.Errorf("%s %s: %d %s", c.id, c.how, a.Status, a.Body)
		}
	}
	if n := len(g.Upstream.Seen()); n != calls {
		t.Errorf("%d calls went out all the same", n-calls)
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Script: either})
	g.Do("POST", "/v1/chat/completions", toolsChat+"}")
	first := g.Rows()[0].ID
	done, _ := g.replay(first, `{"provider":"openai","model":"gpt-4o-mini","params":{"temperature":0.5}}`)
	var d admin.LogDiff
	g.JSON("GET", "/api/logs/diff?first="+first+"&second="+done.LogID, "", &d)
	if d.First.ID != first || d.Second.ID != done.LogID || d.Second.ParentRequestID != first || d.Missing != "" {
		t.Errorf("%s", encoded(d))
	}
	var text []string
	for _, p := range d.Text {
		text = append(text, p.Op+" "+p.Text)
	}
	if got := strings.Join(text, "|"); !strings.Contains(got, "removed Let me see") || !strings.Contains(got, "added Hello  there") {
		t.Errorf("text: %s", got)
	}
	if len(d.Calls) != 1 || d.Calls[0].Name != "weather" || d.Calls[0].Second != nil || !strings.Contains(*d.Calls[0].First, `"Bergen"`) {
		t.Errorf("calls: %s", encoded(d.Calls))
	}
	request, _ := json.Marshal(d.Request)
	for _, want := range []string{`{"path":"model","first":"\"anthropic/claude-haiku-4-5\"","second":"\"openai/gpt-4o-mini\""}`, `{"path":"temperature","first":null,"second":"0.5"}`} {
		if !strings.Contains(string(request), want) {
			t.Errorf("request: %s", request)
		}
	}
	if len(d.Request) != 2 {
		t.Errorf("more differs than was changed: %s", request)
	}
}
