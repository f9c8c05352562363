package gatewaytest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"heimdall/providers/all"
	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

// wide configures a provider for each dialect that conversations are held in.
const wide = `{"client":{"max_request_body_size_mb":1},"providers":{
	"openai":{"network_config":{"max_retries":0},"keys":[{"name":"main","value":"` + OpenAIKey + `","models":["*"],"weight":1}]},
	"mistral":{"network_config":{"max_retries":0},"keys":[{"name":"main","value":"mistral-test-key-0003","models":["*"],"weight":1}]},
	"anthropic":{"network_config":{"max_retries":0},"keys":[{"name":"main","value":"` + AnthropicKey + `","models":["*"],"weight":1}]},
	"gemini":{"network_config":{"max_retries":0},"keys":[{"name":"main","value":"gemini-test-key-0004","models":["*"],"weight":1}]},
	"cohere":{"network_config":{"max_retries":0},"keys":[{"name":"main","value":"cohere-test-key-0005","models":["*"],"weight":1}]},
	"bedrock":{"network_config":{"max_retries":0},"keys":[{"name":"main","value":"bedrock-test-key-0006","models":["*"],"weight":1,"bedrock_key_config":{"region":"us-east-1"}}]}}}`

// route is one way to hold a conversation. In paths, MODEL stands for the model.
type route struct {
	dialect, path, streamPath string
	model                     string // of the route's own provider
}

var routes = []route{
	{"chat", "/v1/chat/completions", "", "openai/gpt-4o-mini"},
	{"chat", "/openai/chat/completions", "", "gpt-4o-mini"},
	{"chat", "/litellm/v1/chat/completions", "", "gpt-4o-mini"},
	{"completions", "/openai/v1/completions", "", "gpt-3.5-turbo-instruct"},
	{"responses", "/v1/responses", "", "openai/gpt-5-mini"},
	{"responses", "/openai/responses", "", "gpt-5-mini"},
	{"messages", "/anthropic/v1/messages", "", "claude-haiku-4-5"},
	{"messages", "/langchain/anthropic/v1/messages", "", "claude-haiku-4-5"},
	{"generate", "/genai/v1beta/models/MODEL:generateContent", "/genai/v1beta/models/MODEL:streamGenerateContent?alt=sse", "gemini-2.5-flash"},
	{"generate.array", "/genai/v1beta/models/MODEL:generateContent", "/genai/v1beta/models/MODEL:streamGenerateContent", "gemini-2.5-flash"},
	{"converse", "/bedrock/model/MODEL/converse", "/bedrock/model/MODEL/converse-stream", "us.amazon.nova-micro-v1:0"},
	{"invoke", "/bedrock/model/MODEL/invoke", "/bedrock/model/MODEL/invoke-with-response-stream", "us.anthropic.claude-haiku-4-5-20251001-v1:0"},
	{"coherechat", "/cohere/v2/chat", "", "command-a-03-2025"},
}

// upstreams are the models to ask for, by the dialect that their provider speaks.
var upstreams = map[string]string{
	"chat": "mistral/mistral-small-latest", "messages": "anthropic/claude-haiku-4-5", "generate": "gemini/gemini-2.5-flash",
	"converse": "bedrock/us.amazon.nova-micro-v1:0", "coherechat": "cohere/command-a-03-2025",
}

var spoken = all.Dialects()

func (r route) own() dialect.Dialect { return spoken[r.dialect] }

// url is where a client asks a model.
func (r route) url(model string, stream bool) string {
	path := r.path
	if stream && r.streamPath != "" {
		path = r.streamPath
	}
	return strings.ReplaceAll(path, "MODEL", strings.NewReplacer("/", "%2F", ":", "%3A").Replace(model))
}

// body is what a client asks a model.
func (r route) body(t *testing.T, model string, stream bool) string {
	t.Helper()
	limit := int64(64)
	req := &llm.Request{Model: model, Stream: stream, Params: llm.Params{MaxTokens: &limit, IncludeUsage: true},
		Messages: []llm.Message{{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.PartText, Text: "hello"}}}}}
	if r.dialect == "invoke" {
		req.Model = "anthropic.claude"
	}
	body, _, err := r.own().Client.EncodeRequest(req)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// said is an answer of a dialect.
func said(d dialect.Dialect, stream bool) fake.Reply {
	if !stream {
		body, _ := d.Server.EncodeResponse(&llm.Response{ID: "a1", Model: "m", Created: 1700000000, Usage: &llm.Usage{Input: 11, Output: 2},
			Choices: []llm.Choice{{Parts: []llm.Part{{Kind: llm.PartText, Text: "Hello"}}, Finish: llm.Finish{Reason: llm.FinishStop}}}})
		return answers(string(body))
	}
	text := llm.Part{Kind: llm.PartText}
	body, _ := dialecttest.Encode(d, &llm.Request{Stream: true, Params: llm.Params{IncludeUsage: true}}, []llm.Event{
		{Type: llm.EventStart, Meta: &llm.Meta{ID: "a1", Model: "m", Created: 1700000000}},
		{Type: llm.EventBlockStart, Part: text},
		{Type: llm.EventDelta, Part: llm.Part{Kind: llm.PartText, Text: "Hel"}},
		{Type: llm.EventDelta, Part: llm.Part{Kind: llm.PartText, Text: "lo"}},
		{Type: llm.EventBlockEnd},
		{Type: llm.EventFinish, Finish: &llm.Finish{Reason: llm.FinishStop}},
		{Type: llm.EventUsage, Usage: &llm.Usage{Input: 11, Output: 2}},
	})
	reply := fake.Reply{Status: 200, Header: map[string]string{"Content-Type": d.Server.ContentType()}}
	for len(body) > 0 {
		n := min(len(body), 97)
		reply.Pieces = append(reply.Pieces, fake.Piece{Data: string(body[:n])})
		body = body[n:]
	}
	return reply
}

// read decodes an answer as a client of the dialect does.
func read(d dialect.Dialect, body string, stream bool) (*llm.Response, error) {
	if !stream {
		return d.Client.DecodeResponse([]byte(body))
	}
	return llm.Fold(slices.Values(dialecttest.Decode(d, []byte(body))))
}

// TestEveryPair: a client on any route gets what any provider says, streamed or not, with one call and one row.
func TestEveryPair(t *testing.T) {
	for _, r := range routes {
		models := map[string]string{"its own": r.model}
		for d, model := range upstreams {
			if r.dialect != "invoke" || d != "converse" { // whose provider is the same, and speaks both
				models[d] = model
			}
		}
		for to, model := range models {
			for _, stream := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/stream %v", r.path, to, stream), func(t *testing.T) {
					t.Parallel()
					r.hold(t, to, model, stream)
				})
			}
		}
	}
}

// provider is the dialect of the route's own provider.
func (r route) provider() string { return strings.TrimSuffix(r.dialect, ".array") }

func (r route) hold(t *testing.T, to, model string, stream bool) {
	upstream := r.provider()
	if to != "its own" {
		upstream = to
	}
	g := Start(t, Options{Config: wide, Script: func(*transport.Request) fake.Reply { return said(spoken[upstream], stream) }})
	a := g.Do("POST", r.url(model, stream), r.body(t, model, stream), "Content-Type", "application/json")
	if a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	got, err := read(r.own(), a.Body, stream)
	if err != nil {
		t.Fatalf("%v in %s", err, a.Body)
	}
	if text := dialecttest.Text(got); !strings.Contains(text, `said "Hello"`) || got.Choices[0].Finish.Reason != llm.FinishStop {
		t.Errorf("%s, %+v", text, got.Choices[0].Finish)
	}
	if got.Usage == nil || got.Usage.Input != 11 || got.Usage.Output != 2 {
		t.Errorf("usage %+v in %s", got.Usage, a.Body)
	}
	if calls := g.Upstream.Seen(); len(calls) != 1 {
		t.Errorf("%d upstream calls: %+v", len(calls), calls)
	}
	rows := g.Rows()
	if len(rows) != 1 || rows[0].Status != "success" || rows[0].UpstreamDialect != upstream || rows[0].TokenUsage == nil {
		t.Errorf("rows: %+v", rows)
	}
}

// refused checks an error answer: it is in the client's own words and says what is wrong.
func (r route) refused(t *testing.T, g *Gateway, a Answer, status int, says string) {
	t.Helper()
	e := r.own().Client.DecodeError(a.Status, a.Header.Get, []byte(a.Body))
	if a.Status != status || !strings.Contains(e.Message, says) || a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %s, want %d with %q in it", a.Status, a.Body, status, says)
	}
	if _, own := r.own().Server.EncodeError(&llm.Error{Kind: e.Kind, Status: e.Status, Message: e.Message, Type: e.Type, Code: e.Code, Param: e.Param}); !sameShape(own, []byte(a.Body)) {
		t.Errorf("%s is not how a client of %s reads an error (%s)", a.Body, r.dialect, own)
	}
}

// sameShape reports whether every member of an error as the dialect writes it is in the answer.
func sameShape(own, got []byte) bool {
	for _, key := range []string{`"error":`, `"type":`, `"message":`, `"status":`, `"__type":`} {
		if bytes.Contains(own, []byte(key)) && !bytes.Contains(got, []byte(key)) {
			return false
		}
	}
	return true
}

// TestBadInput: whatever is wrong with a request is said in the client's own words, seen in the log, and never reaches a
// provider.
func TestBadInput(t *testing.T) {
	const invalid = 400
	for _, r := range routes {
		cross := "anthropic/claude-haiku-4-5"
		if r.dialect == "messages" || r.dialect == "invoke" {
			cross = "mistral/mistral-small-latest"
		}
		content := map[string]string{"chat": "messages", "completions": "prompt", "responses": "input", "messages": "messages", "generate": "contents", "generate.array": "contents",
			"converse": "messages", "invoke": "messages", "coherechat": "messages"}[r.dialect]
		cases := []struct {
			name, model, body string
			status            int
			says              string
			unlogged          bool
		}{
			{name: "malformed JSON", model: cross, body: `{"model":"` + cross + `",`, status: invalid, says: "JSON"},
			{name: "no object", model: cross, body: `[1]`, status: invalid, says: "must be a JSON object"},
			{name: "a wrong type", model: cross, body: `{"model":"` + cross + `","anthropic_version":"x","max_tokens":9,"` + content + `":7}`, status: invalid, says: content},
			{name: "too large", model: cross, body: `{"model":"` + cross + `","x":"` + strings.Repeat("a", 1<<20) + `"}`, status: 413, says: "max_request_body_size_mb", unlogged: true},
		}
		if !r.own().ModelInPath {
			cases = append(cases, struct {
				name, model, body string
				status            int
				says              string
				unlogged          bool
			}{name: "no model", body: `{"` + content + `":"hi"}`, status: invalid, says: "model is required"})
		}
		for _, c := range cases {
			t.Run(r.path+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				g := Start(t, Options{Config: wide})
				a := g.Do("POST", r.url(c.model, false), c.body, "Content-Type", "application/json")
				r.refused(t, g, a, c.status, c.says)
				rows := g.Rows()
				if c.unlogged {
					return
				}
				if len(rows) != 1 || rows[0].Status != "error" || rows[0].StatusCode != c.status {
					t.Errorf("rows: %+v", rows)
				}
			})
		}
	}
}

// TestBadUpstreams: whatever is wrong with a provider's answer is said in the client's own words and seen in the log.
func TestBadUpstreams(t *testing.T) {
	page := fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "text/html"}, Body: htmlAnswer}
	for _, r := range routes {
		for _, model := range []string{r.model, "mistral/mistral-small-latest", "anthropic/claude-haiku-4-5"} {
			t.Run(r.path+"/"+model+"/a web page", func(t *testing.T) {
				t.Parallel()
				g := Start(t, Options{Config: wide, Script: func(*transport.Request) fake.Reply { return page }})
				a := g.Do("POST", r.url(model, false), r.body(t, model, false), "Content-Type", "application/json")
				r.refused(t, g, a, 502, "HTML response received from provider")
				if rows := g.Rows(); len(rows) != 1 || rows[0].Status != "error" {
					t.Errorf("rows: %+v", rows)
				}
			})
			t.Run(r.path+"/"+model+"/a cut stream", func(t *testing.T) {
				t.Parallel()
				r.cut(t, model)
			})
		}
	}
}

// cut has a provider end its stream in the middle of the answer.
func (r route) cut(t *testing.T, model string) {
	upstream := r.provider()
	for d, m := range upstreams {
		if m == model {
			upstream = d
		}
	}
	g := Start(t, Options{Config: wide, Script: func(*transport.Request) fake.Reply {
		reply := said(spoken[upstream], true)
		reply.Pieces, reply.Cut = reply.Pieces[:len(reply.Pieces)*2/5], true
		return reply
	}})
	a := g.Do("POST", r.url(model, true), r.body(t, model, true), "Content-Type", "application/json")
	if a.Status == 502 { // there was nothing yet that this client can be told
		r.refused(t, g, a, 502, "ended its answer before it was complete")
		return
	}
	events := dialecttest.Decode(r.own(), []byte(a.Body))
	if a.Status != 200 || len(events) == 0 {
		t.Fatalf("%d %q", a.Status, a.Body)
	}
	at := slices.IndexFunc(events, func(e llm.Event) bool { return e.Type == llm.EventError })
	if at < 0 || !strings.Contains(events[at].Err.Message, "ended its answer before it was complete") {
		t.Errorf("the client was not told: %q", a.Body)
	}
	if rows := g.Rows(); len(rows) != 1 || rows[0].Status != "error" || rows[0].ErrorDetails == nil {
		t.Errorf("rows: %+v", rows)
	}
}

// TestDone: a provider that forgets or repeats the mark of the end has still answered.
func TestDone(t *testing.T) {
	const mark = "data: [DONE]\n\n"
	for name, end := range map[string]string{"left out": "", "twice": mark + mark} {
		for _, r := range routes {
			if r.dialect == "completions" {
				continue
			}
			t.Run(r.path+"/"+name, func(t *testing.T) {
				t.Parallel()
				g := Start(t, Options{Config: wide, Script: func(*transport.Request) fake.Reply {
					whole := ""
					for _, p := range said(spoken["chat"], true).Pieces {
						whole += p.Data
					}
					return streams(strings.TrimSuffix(whole, mark) + end)
				}})
				a := g.Do("POST", r.url("mistral/m", true), r.body(t, "mistral/m", true), "Content-Type", "application/json")
				got, err := read(r.own(), a.Body, true)
				if err != nil || !strings.Contains(dialecttest.Text(got), "Hello") {
					t.Errorf("%v in %q", err, a.Body)
				}
				if rows := g.Rows(); len(rows) != 1 || rows[0].Status != "success" {
					t.Errorf("rows: %+v", rows)
				}
			})
		}
	}
}
