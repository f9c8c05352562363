package gatewaytest

import (
	"fmt"
	"strings"
	"testing"

	"heimdall/gateway/admin"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// pool has two keys of openai, of which the first is as good as always drawn first, and two more providers.
const pool = `{"providers":{
	"openai":{"network_config":{"retry_backoff_initial":100,"retry_backoff_max":100},"keys":[
		{"name":"first","value":"k-first","models":["*"],"weight":1000000000},{"name":"second","value":"k-second","models":["*"],"weight":0.000001}]},
	"groq":{"network_config":{"max_retries":0},"keys":[{"name":"main","value":"k-groq","models":["*"],"weight":1}]},
	"anthropic":{"network_config":{"max_retries":0},"keys":[{"name":"main","value":"k-anthropic","models":["*"],"weight":1}]}}}`

func credential(r *transport.Request) string {
	for _, f := range r.Header {
		switch strings.ToLower(f.Name) {
		case "authorization":
			return strings.TrimPrefix(f.Value, "Bearer ")
		case "x-api-key":
			return f.Value
		}
	}
	return ""
}

// byKey answers by the credential of a call; others get the usual answer.
func byKey(replies map[string]fake.Reply) func(*transport.Request) fake.Reply {
	return func(r *transport.Request) fake.Reply {
		if reply, ok := replies[credential(r)]; ok {
			return reply
		}
		if strings.Contains(string(r.Body), `"stream":true`) {
			return streams(join(chatFrames, usageChunk, "[DONE]"))
		}
		return speaks(r)
	}
}

func keysUsed(g *Gateway) string {
	var out []string
	for _, s := range g.Upstream.Seen() {
		key := strings.TrimPrefix(s.Header["Authorization"], "Bearer ")
		if key == "" {
			key = s.Header["X-Api-Key"]
		}
		out = append(out, strings.TrimPrefix(key, "k-"))
	}
	return strings.Join(out, " ")
}

// What is tried after a failure, with which key, and what the client gets in the end.
func TestRetries(t *testing.T) {
	failure := func(status int, message string, header ...string) fake.Reply {
		return refuses(status, `{"error":{"message":"`+message+`"}}`, header...)
	}
	errorFirst := streams(sse(`{"error":{"message":"overloaded inside","type":"server_error"}}`))
	for _, c := range []struct {
		name    string
		replies map[string]fake.Reply
		body    string
		keys    string
		status  int
		has     string
	}{
		{"429 goes to the next key", map[string]fake.Reply{"k-first": failure(429, "slow")}, chatRequest, "first second", 200, "Hello  there"},
		{"529 goes to the next key", map[string]fake.Reply{"k-first": failure(529, "busy")}, chatRequest, "first second", 200, "Hello  there"},
		{"a rate limit in words goes to the next key", map[string]fake.Reply{"k-first": failure(400, "Quota exceeded for tokens per minute")}, chatRequest, "first second", 200, "Hello  there"},
		{"500 tries the same key once, then the next", map[string]fake.Reply{"k-first": failure(500, "broken")}, chatRequest, "first first second", 200, "Hello  there"},
		{"503 the same", map[string]fake.Reply{"k-first": failure(503, "broken")}, chatRequest, "first first second", 200, "Hello  there"},
		{"401 gives the key up", map[string]fake.Reply{"k-first": failure(401, "wrong key")}, chatRequest, "first second", 200, "Hello  there"},
		{"402 gives the key up", map[string]fake.Reply{"k-first": failure(402, "pay")}, chatRequest, "first second", 200, "Hello  there"},
		{"403 gives the key up", map[string]fake.Reply{"k-first": failure(403, "no")}, chatRequest, "first second", 200, "Hello  there"},
		{"all keys are dead", map[string]fake.Reply{"k-first": failure(401, "wrong key"), "k-second": failure(403, "no")}, chatRequest, "first second", 502, "upstream_credentials_exhausted"},
		{"400 is not tried again", map[string]fake.Reply{"k-first": failure(400, "bad")}, chatRequest, "first", 400, "bad"},
		{"404 is not tried again", map[string]fake.Reply{"k-first": failure(404, "no model")}, chatRequest, "first", 404, "no model"},
		{"it ends", map[string]fake.Reply{"k-first": failure(500, "broken"), "k-second": failure(500, "broken too")}, chatRequest, "first first second", 500, "broken"},
		{"a stream that is refused", map[string]fake.Reply{"k-first": failure(429, "slow")}, chatStream, "first second", 200, "[DONE]"},
		{"a stream whose first frame is an error", map[string]fake.Reply{"k-first": errorFirst}, chatStream, "first first second", 200, "[DONE]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := Start(t, Options{Config: pool, Script: byKey(c.replies)})
			a := g.Do("POST", "/openai/chat/completions", c.body)
			if a.Status != c.status || !strings.Contains(a.Body, c.has) {
				t.Errorf("%d %s", a.Status, a.Body)
			}
			if got := keysUsed(g); got != c.keys {
				t.Errorf("keys: %s, want %s", got, c.keys)
			}
			rows := g.Rows()
			if len(rows) != 1 {
				t.Fatalf("%d rows", len(rows))
			}
			tries := strings.Fields(c.keys)
			d := g.Detail(rows[0].ID)
			if rows[0].NumberOfRetries != len(tries)-1 || len(d.AttemptTrail) != len(tries) || rows[0].StatusCode != c.status {
				t.Errorf("row: %+v, attempts %+v", rows[0], d.AttemptTrail)
			}
			for i, one := range d.AttemptTrail {
				if one.KeyName != tries[i] || one.Provider != "openai" || one.Status == 0 {
					t.Errorf("attempt %d: %+v", i, one)
				}
			}
			if n := g.Upstream.Open(); n != 0 {
				t.Errorf("%d upstream answers are still open", n)
			}
		})
	}
}

// What the body names as fallbacks is tried in order, with a clean slate each; if all fail, the first error counts.
func TestFallbacks(t *testing.T) {
	down := refuses(500, `{"error":{"message":"down"}}`)
	bad := refuses(400, `{"error":{"message":"bad request"}}`)
	fallbacks := func(list string) string {
		return `{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"hi"}],"fallbacks":[` + list + `]}`
	}
	const two = `"anthropic/claude-haiku-4-5",{"provider":"groq","model":"llama-3.3-70b"}`
	for _, c := range []struct {
		name    string
		list    string
		replies map[string]fake.Reply
		keys    string
		status  int
		has     []string
	}{
		{"the first works", two, nil, "first", 200, []string{`"is_fallback":false`, `"provider":"openai"`}},
		{"the second of three", two, map[string]fake.Reply{"k-first": down, "k-second": down}, "first first second anthropic", 200,
			[]string{`"is_fallback":true,"primary_provider":"openai","primary_model":"gpt-4o-mini"`, `"provider":"anthropic"`, `"resolved_model_used":"claude-haiku-4-5"`}},
		{"the last of three", two, map[string]fake.Reply{"k-first": down, "k-second": down, "k-anthropic": down}, "first first second anthropic groq", 200, []string{`"provider":"groq"`}},
		{"all fail: the first error", two, map[string]fake.Reply{"k-first": down, "k-second": down, "k-anthropic": refuses(429, `{"error":{"message":"other"}}`), "k-groq": refuses(503, `{"error":{"message":"third"}}`)},
			"first first second anthropic groq", 500, []string{`"message":"down"`}},
		{"a bad request has no fallback", two, map[string]fake.Reply{"k-first": bad}, "first", 400, []string{"bad request"}},
		{"who is not configured is passed over", `"nobody/x","groq/llama-3.3-70b"`, map[string]fake.Reply{"k-first": down, "k-second": down}, "first first second groq", 200, []string{`"provider":"groq"`, "nobody"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := Start(t, Options{Config: pool, Script: byKey(c.replies)})
			a := g.Do("POST", "/v1/chat/completions", fallbacks(c.list))
			if a.Status != c.status {
				t.Errorf("%d %s", a.Status, a.Body)
			}
			for _, has := range c.has {
				if !strings.Contains(a.Body, has) {
					t.Errorf("lacks %s: %s", has, a.Body)
				}
			}
			if got := keysUsed(g); got != c.keys {
				t.Errorf("keys: %s, want %s", got, c.keys)
			}
			for _, s := range g.Upstream.Seen() {
				if strings.Contains(s.Body, "fallbacks") {
					t.Errorf("fallbacks went upstream: %s", s.Body)
				}
			}
		})
	}
}

// A session stays with its key; pins and the client's own key go before.
func TestSessionsAndPins(t *testing.T) {
	t.Parallel()
	config := openaiKeys(`{"name":"a","value":"k-a","models":["*"],"weight":1},{"name":"b","value":"k-b","models":["*"],"weight":1},{"name":"c","value":"k-c","models":["gpt-4o"],"weight":1}`)
	config = strings.TrimSuffix(config, "}") + `,"client":{"allow_direct_keys":true}}`
	g := Start(t, Options{Config: config, Script: speaks})
	ask := func(header ...string) string {
		t.Helper()
		a := g.Do("POST", "/openai/chat/completions", chatRequest, header...)
		if a.Status != 200 {
			return fmt.Sprint(a.Status, " ", a.Body)
		}
		used := strings.Fields(keysUsed(g))
		return used[len(used)-1]
	}
	for session := range 8 {
		name := fmt.Sprint("s", session)
		first := ask("x-bf-session-id", name)
		for range 6 {
			if again := ask("x-bf-session-id", name); again != first {
				t.Fatalf("session %s went from %s to %s", name, first, again)
			}
		}
	}
	var keys admin.Keys
	g.JSON("GET", "/api/providers/openai/keys", "", &keys)
	for range 5 {
		if got := ask("x-bf-api-key", "b"); got != "b" {
			t.Errorf("pinned by name: %s", got)
		}
		if got := ask("x-bf-api-key-id", keys.Keys[0].ID, "x-bf-api-key", "b"); got != "a" {
			t.Errorf("pinned by id: %s", got)
		}
	}
	if got := ask("x-bf-api-key", "nobody"); !strings.HasPrefix(got, "400 ") || !strings.Contains(got, `no key found with name \"nobody\" for provider: openai`) {
		t.Errorf("an unknown pin: %s", got)
	}
	if got := ask("x-bf-api-key", "c"); !strings.HasPrefix(got, "400 ") {
		t.Errorf("a pin that does not serve the model: %s", got)
	}
	if got := ask("x-bf-direct-key", "true", "Authorization", "Bearer k-mine"); got != "mine" {
		t.Errorf("a key of the client's own: %s", got)
	}
	if got := ask("Authorization", "Bearer k-mine"); got != "a" && got != "b" {
		t.Errorf("without asking for it: %s", got)
	}
}

// What a key calls a model is what the provider is asked for.
func TestAliases(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Config: openaiKeys(`{"name":"a","value":"k-a","models":["fast"],"weight":1,"aliases":{"fast":"gpt-4o-mini-2024"}}`), Script: speaks})
	a := g.Do("POST", "/v1/chat/completions", chat("openai/fast"))
	if a.Status != 200 || !strings.Contains(a.Body, `"original_model_requested":"fast","resolved_model_used":"gpt-4o-mini-2024"`) ||
		!strings.Contains(a.Body, `"resolved_key_alias":{"model_id":"gpt-4o-mini-2024"}`) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if s := g.Upstream.Seen(); len(s) != 1 || !strings.Contains(s[0].Body, `"model":"gpt-4o-mini-2024"`) {
		t.Errorf("upstream: %+v", s)
	}
	if a := g.Do("POST", "/v1/chat/completions", chat("openai/gpt-4o-mini-2024")); a.Status != 400 {
		t.Errorf("a model that is not allowed: %d %s", a.Status, a.Body)
	}
}

// Rules come first: they send a request elsewhere, by what it asks and by who asks.
func TestRoutingRules(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Config: pool, Script: byKey(map[string]fake.Reply{"k-groq": refuses(500, `{"error":{"message":"down"}}`)})})
	g.JSON("POST", "/api/routing/rules", `{"name":"claude for the free","cel_expression":"headers[\"x-tier\"] == \"free\"","targets":[{"provider":"anthropic","model":"claude-haiku-4-5","weight":1}]}`, nil)
	g.JSON("POST", "/api/governance/routing-rules", `{"name":"slow","cel_expression":"model == \"slow\"","provider":"groq","model":"llama","fallbacks":["openai/gpt-4o-mini"]}`, nil)
	a := g.Do("POST", "/v1/chat/completions", chat("openai/gpt-4o"), "x-tier", "free")
	if a.Status != 200 || !strings.Contains(a.Body, `"provider":"anthropic"`) || strings.Contains(a.Body, "resolved_key_alias") {
		t.Errorf("by header: %d %s", a.Status, a.Body)
	}
	if a := g.Do("POST", "/v1/chat/completions", chat("openai/gpt-4o")); !strings.Contains(a.Body, `"provider":"openai"`) {
		t.Errorf("without the header: %s", a.Body)
	}
	if a := g.Do("POST", "/openai/chat/completions", chat("slow")); a.Status != 200 || keysUsed(g) != "anthropic first groq first" {
		t.Errorf("a rule's fallback: %d %s, keys %s", a.Status, a.Body, keysUsed(g))
	}
	if a := g.Do("POST", "/api/routing/rules", `{"name":"bad","cel_expression":"modl == 1","targets":[{"weight":1}]}`); a.Status != 400 || !strings.Contains(a.Body, "line 1") && !strings.Contains(a.Body, "column 1") {
		t.Errorf("a bad expression: %d %s", a.Status, a.Body)
	}
	var s admin.Simulated
	g.JSON("POST", "/api/routing/simulate", `{"model":"slow"}`, &s)
	if s.Refusal != nil || len(s.Candidates) != 2 || s.Candidates[0].Provider != "groq" || s.Candidates[0].Share != 1 || s.Candidates[1].Fallback != 1 || len(s.Candidates[1].Keys) != 2 {
		t.Errorf("simulated: %+v", s)
	}
	if n := len(g.Upstream.Seen()); n != 4 {
		t.Errorf("a simulation made calls: %d", n)
	}
}

// What the simulator refuses is what a request is refused, in the same words, and the simulator uses nothing up.
func TestSimulatedRefusals(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Config: governed + "}", Script: speaks})
	k := g.key(`{"name":"dev","provider_configs":[{"provider":"openai","weight":1,"allowed_models":["gpt-4o-mini"],"rate_limit":{"request_max_limit":1,"request_reset_duration":"1d"}}]}`)
	compare := func(model, want string) {
		t.Helper()
		var s admin.Simulated
		for range 3 {
			s = admin.Simulated{}
			g.JSON("POST", "/api/routing/simulate", `{"model":"`+model+`","virtual_key_id":"`+k.ID+`"}`, &s)
		}
		before := len(g.Upstream.Seen())
		a := g.Do("POST", "/v1/chat/completions", chat(model), "x-bf-vk", k.Value)
		if want == "" {
			if s.Refusal != nil || a.Status != 200 {
				t.Errorf("%s: simulated %+v, got %d %s", model, s.Refusal, a.Status, a.Body)
			}
			return
		}
		if s.Refusal == nil || s.Refusal.Type != want || !strings.Contains(strings.ReplaceAll(a.Body, `\"`, `"`), s.Refusal.Message) || len(g.Upstream.Seen()) != before {
			t.Errorf("%s: simulated %+v, got %d %s", model, s.Refusal, a.Status, a.Body)
		}
	}
	compare("openai/gpt-4o", "model_blocked")
	compare("anthropic/claude-opus-4-1", "provider_blocked")
	compare("gpt-4o-mini", "")
	compare("gpt-4o-mini", "request_limited")
	g.JSON("PUT", "/api/governance/virtual-keys/"+k.ID, `{"is_active":false}`, nil)
	compare("gpt-4o-mini", "access_blocked")
	g.JSON("PUT", "/api/kill-switch", `{"paused":true}`, nil)
	compare("gpt-4o-mini", "gateway_paused")
}

// A provider whose streams are measured: a usual one passes byte for byte, one that cannot be measured is a fallback's.
func TestGuardedStreams(t *testing.T) {
	guarded := strings.Replace(pool, `"retry_backoff_initial":100,`, `"max_retries":0,"stream_throughput_guard":{"minimum_output_characters_per_second":1},"retry_backoff_initial":100,`, 1)
	noise := streams(strings.Repeat(": still here\n\n", 1<<17))
	fallbacks := strings.Replace(chatStream, `{`, `{"fallbacks":["groq/llama-3.3-70b-versatile"],`, 1)
	for _, c := range []struct {
		name    string
		replies map[string]fake.Reply
		body    string
		keys    string
		status  int
		has     string
	}{
		{"it passes", nil, fallbacks, "first", 200, join(chatFrames, "[DONE]")},
		{"it is too much", map[string]fake.Reply{"k-first": noise}, fallbacks, "first groq", 200, join(chatFrames, "[DONE]")},
		{"nobody else is left", map[string]fake.Reply{"k-first": noise}, chatStream, "first", 503, "stream_throughput_probe_buffer_exceeded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := Start(t, Options{Config: guarded, Script: byKey(c.replies)})
			a := g.Do("POST", "/openai/chat/completions", c.body)
			if a.Status != c.status || a.Body != c.has && (c.status == 200 || !strings.Contains(a.Body, c.has)) {
				t.Errorf("%d %s", a.Status, a.Body)
			}
			if got := keysUsed(g); got != c.keys || g.Upstream.Open() != 0 {
				t.Errorf("keys: %s, want %s; %d streams are open", got, c.keys, g.Upstream.Open())
			}
		})
	}
}
