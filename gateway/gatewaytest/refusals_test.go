package gatewaytest

import (
	"strings"
	"testing"

	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// refusal is the row of a request that never reached a provider.
func refusal(kind string, code int, edit ...func(*Record)) []Record {
	return one(Record{Status: "error", Kind: kind, Code: code, NoUsage: true}, edit)
}

func TestRefusals(t *testing.T) {
	const invalid = "caller_invalid_request"
	stream := func(r *Record) { r.Stream = true }
	tooBig := `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"` + strings.Repeat("a", 1<<20) + `"}]}`
	small := strings.TrimSuffix(Config, "}") + `,"client":{"max_request_body_size_mb":1}}`
	chatError, messagesError := []string{`{"error":{"message":"`}, []string{`{"type":"error","error":{"type":"`}
	Run(t, []Scenario{
		{Name: "malformed JSON, chat", Path: "/v1/chat/completions", Body: `{"model":"openai/x",`, Status: 400, Contains: chatError, Records: refusal(invalid, 400, asked("openai/x"))},
		{Name: "malformed JSON, messages", Path: "/anthropic/v1/messages", Body: `{"model"`, Status: 400, Contains: messagesError, Records: refusal(invalid, 400)},
		{Name: "not an object", Path: "/openai/chat/completions", Body: `[1]`, Status: 400, Contains: chatError, Records: refusal(invalid, 400)},
		{Name: "empty body", Path: "/anthropic/v1/messages", Status: 400, Contains: messagesError, Records: refusal(invalid, 400)},
		{Name: "model of the wrong type", Path: "/v1/chat/completions", Body: `{"model":7,"messages":[]}`, Status: 400, Contains: []string{`model`}, Records: refusal(invalid, 400)},
		{Name: "stream of the wrong type", Path: "/anthropic/v1/messages", Body: `{"model":"m","stream":"yes"}`, Status: 400, Contains: []string{`stream`}, Records: refusal(invalid, 400, asked("m"))},
		{Name: "no model", Path: "/openai/chat/completions", Body: `{"messages":[]}`, Status: 400, Contains: []string{"model is required", `"param":"model"`}, Records: refusal(invalid, 400)},
		{Name: "no model in a stream request", Path: "/v1/chat/completions", Body: `{"stream":true}`, Status: 400, Contains: []string{"model is required"}, Lacks: []string{"data:"}, Records: refusal(invalid, 400, stream)},
		{
			Name: "messages of the wrong type, where they must be read", Path: "/v1/chat/completions", Body: `{"model":"anthropic/claude-haiku-4-5","messages":{"a":1}}`, Status: 400, Contains: []string{`messages`},
			Records: refusal(invalid, 400, func(r *Record) {
				r.Provider, r.Model, r.Alias, r.Key, r.Attempts = "anthropic", "claude-haiku-4-5", "anthropic/claude-haiku-4-5", "main", 1
			}),
		},
		{Name: "body above the limit, chat", Config: small, Path: "/openai/chat/completions", Body: tooBig, Status: 413, Contains: []string{`{"error":{"message":"`, `max_request_body_size_mb`}, Expect: map[string]string{"Content-Type": "application/json"}, Records: refusal(invalid, 413)},
		{Name: "body above the limit, messages", Config: small, Path: "/anthropic/v1/messages", Body: tooBig, Status: 413, Contains: []string{`{"type":"error","error":{"type":"request_too_large"`}, Records: refusal(invalid, 413)},
		{Name: "unknown path, chat", Path: "/v1/nothing", Body: "{}", Status: 404, Contains: chatError, Records: refusal(invalid, 404)},
		{Name: "unknown path, drop-in", Path: "/openai/v1/nothing", Body: "{}", Status: 404, Contains: chatError, Records: refusal(invalid, 404)},
		{Name: "unknown path, messages", Path: "/anthropic/v1/nothing", Body: "{}", Status: 404, Contains: []string{`{"type":"error","error":{"type":"not_found_error"`}, Records: refusal(invalid, 404)},
		{Name: "unknown path by GET, messages", Method: "GET", Path: "/anthropic/v1/nothing", Status: 404, Contains: []string{`{"type":"error","error":{"type":"not_found_error"`}},
		{Name: "unknown path by GET, chat", Method: "GET", Path: "/v1/nothing", Status: 404, Contains: chatError},
		{Name: "unknown path, management", Method: "GET", Path: "/api/nothing", Status: 404, Contains: []string{`"status_code":404`}},
		{Name: "wrong method, chat", Method: "GET", Path: "/v1/chat/completions", Status: 405, Contains: chatError, Expect: map[string]string{"Allow": "POST"}},
		{Name: "wrong method, messages", Method: "PUT", Path: "/anthropic/v1/messages", Status: 405, Contains: messagesError, Expect: map[string]string{"Allow": "POST"}},
		{Name: "wrong method, management", Method: "PATCH", Path: "/api/version", Status: 405, Contains: []string{`"status_code":405`}, Expect: map[string]string{"Allow": "GET"}},
		{
			Name: "unknown provider on the drop-in is a model with a slash", Path: "/openai/chat/completions", Body: `{"model":"nobody/m","messages":[]}`, Script: answers(chatAnswer), Status: 200,
			Upstream: []Sent{{URL: openaiChat, Body: `{"model":"nobody/m","messages":[]}`}}, Records: openaiOK(asked("nobody/m"), func(r *Record) { r.Model = "nobody/m" }),
		},
	})
}

// modelLists has openai list a and b, and anthropic b and c.
func modelLists(r *transport.Request) fake.Reply {
	switch {
	case strings.HasPrefix(r.URL, "https://api.openai.com/v1/models"):
		return answers(`{"data":[{"id":"a"},{"id":"b"}]}`)
	case strings.HasPrefix(r.URL, "https://api.anthropic.com/v1/models"):
		return answers(`{"data":[{"id":"b"},{"id":"c"}]}`)
	case r.URL == openaiChat:
		return answers(chatAnswer)
	}
	return answers(messagesAnswer)
}

func TestBareModelOnUnifiedRoute(t *testing.T) {
	t.Parallel()
	for model, want := range map[string]struct {
		status   int
		contains string
		url      string
	}{
		"a":        {200, `"provider":"openai"`, openaiChat},
		"c":        {200, `"provider":"anthropic"`, anthropicMessage},
		"b":        {200, `"provider":"anthropic"`, anthropicMessage}, // the first that lists it
		"z":        {400, `provider/model`, ""},
		"nobody/m": {400, `no provider named \"nobody\" is configured`, ""},
	} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			g := Start(t, Options{Script: modelLists})
			a := g.Do("POST", "/v1/chat/completions", `{"model":"`+model+`","messages":[{"role":"user","content":"hi"}]}`)
			if a.Status != want.status || !strings.Contains(a.Body, want.contains) {
				t.Errorf("%d %s", a.Status, a.Body)
			}
			var chats []string
			for _, s := range g.Upstream.Seen() {
				if s.Method == "POST" {
					chats = append(chats, s.URL)
				}
			}
			if want.url == "" && len(chats) > 0 || want.url != "" && (len(chats) != 1 || chats[0] != want.url) {
				t.Errorf("upstream calls: %v", chats)
			}
			if rows := g.Rows(); len(rows) != 1 || rows[0].StatusCode != want.status || rows[0].Alias != model {
				t.Errorf("rows: %+v", rows)
			}
		})
	}
}

func TestModels(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Script: modelLists})
	a := g.Do("GET", "/v1/models", "")
	for _, want := range []string{`"id":"openai/a"`, `"id":"openai/b"`, `"id":"anthropic/b"`, `"id":"anthropic/c"`} {
		if a.Status != 200 || !strings.Contains(a.Body, want) {
			t.Errorf("%d without %s: %s", a.Status, want, a.Body)
		}
	}
	if a := g.Do("GET", "/v1/models?provider=openai", ""); strings.Contains(a.Body, "anthropic") {
		t.Errorf("one provider's list: %s", a.Body)
	}
	if a := g.Do("GET", "/v1/models?provider=nobody", ""); a.Status != 400 || !strings.Contains(a.Body, `{"error":{"message":"`) {
		t.Errorf("nobody's list: %d %s", a.Status, a.Body)
	}
	if rows := g.Rows(); len(rows) != 0 {
		t.Errorf("listing models is logged: %+v", rows)
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Script: func(*transport.Request) fake.Reply { return answers(chatAnswer) }})
	for _, own := range []string{"req-42", strings.Repeat("x", 128)} {
		a := g.Do("POST", "/openai/chat/completions", chatRequest, "X-Request-Id", own)
		if got := a.Header.Get("X-Request-Id"); got != own {
			t.Errorf("%q is echoed as %q", own, got)
		}
		if d := g.Detail(own); d.RawRequest.Text != chatRequest || d.RawResponse.Text != chatAnswer {
			t.Errorf("the log under the client's own id: %+v", d)
		}
	}
	for _, unfit := range []string{strings.Repeat("x", 129), "a b"} {
		if got := g.Do("POST", "/openai/chat/completions", chatRequest, "X-Request-Id", unfit).Header.Get("X-Request-Id"); got == unfit || got == "" {
			t.Errorf("%q is echoed as %q", unfit, got)
		}
	}
	if got := g.Do("POST", "/anthropic/v1/messages", "{}", "X-Request-Id", "bad-1").Header.Get("X-Request-Id"); got != "bad-1" {
		t.Errorf("on an error: %q", got)
	}
}
