package gatewaytest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"heimdall/gateway"
	"heimdall/gateway/admin"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

const tooLong = `{"error": {"message":"This is too long","type":"invalid_request_error","param":null,"code":"context_length_exceeded"}}`

// noProviders is a configuration without any.
const noProviders = `{"providers":{}}`

// recorded sends requests through a gateway and saves them; it gives what the client got, and the cassette's folder.
func recorded(t *testing.T, script func(*transport.Request) fake.Reply, requests [][]string) (got []Answer, dir string) {
	t.Helper()
	g := Start(t, Options{Script: script, Dir: t.TempDir()})
	for _, r := range requests {
		got = append(got, g.Do("POST", r[0], r[1], append([]string{"X-Bf-Session-Id", "s1", "Authorization", "Bearer client-secret-1"}, r[2:]...)...))
	}
	g.Rows()
	var saved admin.SavedCassette
	g.JSON("POST", "/api/logs/cassettes", `{"name":"An agent: first try","session_id":"s1"}`, &saved)
	if saved.Entries != len(requests) || len(saved.Skipped) != 0 || filepath.Dir(saved.Dir) != filepath.Join(g.Dir, "cassettes") {
		t.Fatalf("%+v", saved)
	}
	return got, saved.Dir
}

func TestCassette(t *testing.T) {
	t.Parallel()
	n := 0
	script := func(r *transport.Request) fake.Reply {
		if strings.Contains(string(r.Body), "fail") {
			return refuses(400, tooLong)
		}
		if strings.Contains(string(r.Body), "twice") {
			n++
			return answers(strings.Replace(chatAnswer, "Hello", []string{"First", "Second"}[n-1], 1))
		}
		reply := either(r)
		reply.Header["X-Ratelimit-Remaining-Requests"], reply.Header["Set-Cookie"] = "99", "session=upstream-secret"
		return reply
	}
	twice := strings.Replace(chatRequest, `"hi"`, `"twice"`, 1)
	requests := [][]string{
		{"/openai/chat/completions", chatRequest},
		{"/v1/chat/completions", unifiedRequest},
		{"/v1/chat/completions", strings.Replace(chatStreamAsked, "gpt", "openai/gpt", 1)},
		{"/anthropic/v1/messages", messagesStream},
		{"/anthropic/v1/messages", strings.Replace(chatStreamAsked, "gpt", "openai/gpt", 1)},
		{"/openai/chat/completions", twice},
		{"/openai/chat/completions", twice},
		{"/openai/chat/completions", strings.Replace(chatRequest, `"hi"`, `"fail"`, 1)},
	}
	was, dir := recorded(t, script, requests)
	noSecrets(t, dir)

	g := Start(t, Options{Config: noProviders, Cassette: gateway.Cassette{Dir: dir}})
	requests = append(requests, requests[6])
	was = append(was, was[6])
	for i, r := range requests {
		// Another order of the members is the same request.
		body := reordered(t, r[1])
		a := g.Do("POST", r[0], body)
		if a.Status != was[i].Status || a.Body != was[i].Body || a.Header.Get("Content-Type") != was[i].Header.Get("Content-Type") {
			t.Errorf("%d %s: %d %s\n%s\nwas %d %s\n%s", i, r[0], a.Status, a.Header.Get("Content-Type"), a.Body, was[i].Status, was[i].Header.Get("Content-Type"), was[i].Body)
		}
		if got := a.Header.Get("X-Ratelimit-Remaining-Requests"); got != was[i].Header.Get("X-Ratelimit-Remaining-Requests") {
			t.Errorf("%d: what is left of the limit: %q", i, got)
		}
	}
	rows := g.Rows()
	if len(rows) != len(requests) {
		t.Fatalf("%d rows of %d requests", len(rows), len(requests))
	}
	for i, row := range rows {
		d := g.Detail(row.ID)
		if len(d.AttemptTrail) != 0 || len(d.Routing) == 0 || !strings.Contains(d.Routing[len(d.Routing)-1].Message, "of the cassette") || d.DecodedBecause != "" {
			t.Errorf("row %d: %s", i, encoded(d))
		}
		if want := was[i].Status; row.StatusCode != want || (row.Status == "success") != (want == 200) {
			t.Errorf("row %d: %s %d", i, row.Status, row.StatusCode)
		}
		if row.Status == "success" && (row.TokenUsage == nil || row.TokenUsage.CompletionTokens == 0 || row.Cost == nil || *row.Cost != 0) {
			t.Errorf("row %d: %s", i, encoded(row))
		}
	}
	if rows[0].Provider != "openai" || rows[3].Provider != "anthropic" || rows[7].ErrorDetails.Kind != "caller_invalid_request" {
		t.Errorf("%s", encoded(rows))
	}
}

// Who was told when to try again is told so by the recording, too.
func TestCassetteSaysWhenToRetry(t *testing.T) {
	t.Parallel()
	script := func(*transport.Request) fake.Reply { return refuses(429, tooLong, "Retry-After-Ms", "20") }
	requests := [][]string{{"/openai/chat/completions", chatRequest}, {"/anthropic/v1/messages", messagesRequest}}
	was, dir := recorded(t, script, requests)
	g := Start(t, Options{Config: noProviders, Cassette: gateway.Cassette{Dir: dir}})
	for i, r := range requests {
		a := g.Do("POST", r[0], r[1])
		if got, want := a.Header.Get("Retry-After"), was[i].Header.Get("Retry-After"); a.Status != 429 || got != want || want == "" {
			t.Errorf("%s: %d, retry after %q, was %q", r[0], a.Status, got, want)
		}
	}
}

// reordered writes the members of an object in the order of their names.
func reordered(t *testing.T, body string) string {
	t.Helper()
	var v map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// noSecrets wants nothing in a folder that proves who called or was called.
func noSecrets(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, secret := range []string{"client-secret", "upstream-secret", OpenAIKey, AnthropicKey, "Authorization", "Set-Cookie"} {
			if strings.Contains(string(data), secret) {
				t.Errorf("%s holds %s", path, secret)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCassetteMiss(t *testing.T) {
	t.Parallel()
	_, dir := recorded(t, either, [][]string{{"/openai/chat/completions", chatRequest}, {"/anthropic/v1/messages", messagesRequest}})
	g := Start(t, Options{Config: noProviders, Cassette: gateway.Cassette{Dir: dir}})
	a := g.Do("POST", "/openai/chat/completions", strings.Replace(chatRequest, `"hi"`, `"hi there"`, 1))
	if a.Status != 404 || !strings.Contains(a.Body, `"type":"cassette_miss"`) || !strings.Contains(a.Body, "recording 0001") ||
		!strings.Contains(a.Body, `messages[0].content: recorded \"hi\", asked \"hi there\"`) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	a = g.Do("POST", "/anthropic/v1/messages", strings.Replace(messagesRequest, "64", "65", 1))
	if a.Status != 404 || !strings.Contains(a.Body, `"type":"not_found_error"`) || !strings.Contains(a.Body, "max_tokens: recorded 64, asked 65") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if row := g.Rows()[0]; row.Status != "error" || row.StatusCode != 404 || row.ErrorDetails.Type != "cassette_miss" {
		t.Errorf("%s", encoded(row))
	}
}

// While a cassette plays nobody is called, whatever is configured.
func TestCassetteCallsNobody(t *testing.T) {
	t.Parallel()
	_, dir := recorded(t, either, [][]string{{"/openai/chat/completions", chatRequest}})
	g := Start(t, Options{Script: either, Cassette: gateway.Cassette{Dir: dir}})
	if a := g.Do("POST", "/openai/chat/completions", chatRequest); a.Status != 200 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if done, row := g.replay(g.Rows()[0].ID, `{}`); done.Status != 200 || row.ParentRequestID == "" {
		t.Errorf("a replay: %+v", done)
	}
	g.Do("GET", "/v1/models", "")
	g.Do("POST", "/api/providers/openai/refresh-models", "")
	g.Do("POST", "/api/providers/openai/test", `{"model":"gpt-4o-mini"}`)
	if seen := g.Upstream.Seen(); len(seen) != 0 {
		t.Errorf("upstream was called: %+v", seen)
	}
}

func TestCassetteThatIsNone(t *testing.T) {
	t.Parallel()
	for dir, words := range map[string]string{filepath.Join(t.TempDir(), "absent"): "open the cassette", t.TempDir(): "is no cassette"} {
		if _, err := Open(t, Options{Cassette: gateway.Cassette{Dir: dir}}); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestSaveCassetteRefuses(t *testing.T) {
	t.Parallel()
	config := strings.TrimSuffix(Config, "}") + `,"client":{"allow_per_request_content_storage_override":true}}`
	g := Start(t, Options{Config: config, Script: either})
	g.Do("POST", "/openai/chat/completions", chatRequest, "X-Request-Id", "one")
	g.Do("POST", "/anthropic/v1/messages", messagesRequest, "X-Request-Id", "empty", "X-Bf-Disable-Content-Logging", "true")
	g.Rows()
	for body, words := range map[string]string{
		`{"ids":["one"]}`: "name: is missing",
		`{"name":"a"}`:    "one of ids, session_id and filter",
		`{"name":"a","ids":["one"],"filter":"x"}`: "one of ids, session_id and filter",
		`{"name":"a","filter":"nonsense:1"}`:      "filter: ",
		`{"name":"a","session_id":"none"}`:        "session_id: selects no request",
		`{"name":"a","ids":["gone"]}`:             "ids: ",
		`{"name":"a","ids":["empty"]}`:            "none of these",
		`{"name":"a","id":"one"}`:                 "id: is no known field",
		`{"name":"a","ids":"one"}`:                "ids: must be a list",
	} {
		if a := g.Do("POST", "/api/logs/cassettes", body); a.Status != 400 || !strings.Contains(a.Body, words) {
			t.Errorf("%s: %d %s", body, a.Status, a.Body)
		}
	}
	left, err := os.ReadDir(filepath.Join(g.Dir, "cassettes"))
	if len(left) != 0 {
		t.Errorf("what failed left %v behind (%v)", left, err)
	}
	var first, second admin.SavedCassette
	g.JSON("POST", "/api/logs/cassettes", `{"name":"../../etc/passwd","filter":"model:gpt*"}`, &first)
	g.JSON("POST", "/api/logs/cassettes", `{"name":"../../etc/passwd","ids":["one","gone","empty"]}`, &second)
	if filepath.Dir(first.Dir) != filepath.Join(g.Dir, "cassettes") || second.Dir != first.Dir+"-2" || strings.Join(second.Skipped, " ") != "empty gone" {
		t.Errorf("%+v %+v", first, second)
	}
}
