package gatewaytest

import (
	"fmt"
	"strings"
	"testing"

	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// openaiKeys is a config.json with these keys for openai.
func openaiKeys(keys string) string { return `{"providers":{"openai":{"keys":[` + keys + `]}}}` }

func TestKeys(t *testing.T) {
	by := func(key string) []Sent {
		return []Sent{{URL: openaiChat, Body: chatRequest, Header: map[string]string{"Authorization": "Bearer " + key}}}
	}
	named := func(name string) func(*Record) { return func(r *Record) { r.Key = name } }
	untried := func(kind string, code int) []Record {
		return openaiOK(failed(kind, code), func(r *Record) { r.Key, r.Attempts = "", 0 })
	}
	const path = "/openai/chat/completions"
	Run(t, []Scenario{
		{
			Name: "weight 0 is for pinned calls only", Config: openaiKeys(`{"name":"idle","value":"k-idle","models":["*"],"weight":0},{"name":"busy","value":"k-busy","models":["*"],"weight":1}`),
			Path: path, Body: chatRequest, Script: answers(chatAnswer), Status: 200, Upstream: by("k-busy"), Records: openaiOK(named("busy")),
		},
		{
			Name: "denied models win over allowed ones", Config: openaiKeys(`{"name":"no","value":"k-no","models":["*"],"blacklisted_models":["gpt-4o-mini"],"weight":1},{"name":"yes","value":"k-yes","models":["gpt-4o-mini"],"weight":1}`),
			Path: path, Body: chatRequest, Script: answers(chatAnswer), Status: 200, Upstream: by("k-yes"), Records: openaiOK(named("yes")),
		},
		{
			Name: "no key may serve the model", Config: openaiKeys(`{"name":"other","value":"k","models":["gpt-4o"],"weight":1}`), Path: path, Body: chatRequest,
			Status: 400, Contains: []string{"no keys found that support model: gpt-4o-mini"}, Records: untried("caller_model_not_available", 400),
		},
		{
			Name: "an empty list is none", Config: openaiKeys(`{"name":"other","value":"k","models":[],"weight":1}`), Path: path, Body: chatRequest,
			Status: 400, Contains: []string{"no keys found that support model"}, Records: untried("caller_model_not_available", 400),
		},
		{
			Name: "in a file of version 1 it is all", Config: `{"version":1,` + openaiKeys(`{"name":"main","value":"k","models":[],"weight":1}`)[1:], Path: path, Body: chatRequest,
			Script: answers(chatAnswer), Status: 200, Upstream: by("k"), Records: openaiOK(),
		},
		{
			Name: "disabled keys do not serve", Config: openaiKeys(`{"name":"off","value":"k-off","models":["*"],"weight":1,"enabled":false},{"name":"on","value":"k-on","models":["*"],"weight":1}`),
			Path: path, Body: chatRequest, Script: answers(chatAnswer), Status: 200, Upstream: by("k-on"), Records: openaiOK(named("on")),
		},
		{
			Name: "no key at all", Config: openaiKeys(``), Path: path, Body: chatRequest,
			Status: 502, Contains: []string{"openai has no key yet"}, Records: untried("provider_credentials_exhausted", 502),
		},
		{
			Name: "a variable that is not set", Config: openaiKeys(`{"name":"main","value":"env.OPENAI_HERE","models":["*"],"weight":1}`), Path: path, Body: chatRequest,
			Status: 502, Contains: []string{"OPENAI_HERE is not set"}, Records: untried("provider_credentials_exhausted", 502),
		},
		{
			Name: "a variable", Config: openaiKeys(`{"name":"main","value":"env.OPENAI_HERE","models":["*"],"weight":1}`), Env: map[string]string{"OPENAI_HERE": "k-env"},
			Path: path, Body: chatRequest, Script: answers(chatAnswer), Status: 200, Upstream: by("k-env"), Records: openaiOK(),
		},
		{
			Name: "no configuration but a variable", Config: `{}`, Env: map[string]string{"OPENAI_API_KEY": "k-env"},
			Path: path, Body: chatRequest, Script: answers(chatAnswer), Status: 200, Upstream: by("k-env"), Records: openaiOK(named("environment")),
		},
		{
			Name: "the route's provider is not configured, and no other lists the model", Config: openaiKeys(`{"name":"main","value":"k","models":["*"],"weight":1}`), Path: "/anthropic/v1/messages", Body: messagesRequest,
			Upstream: []Sent{{Method: "GET", URL: "https://api.openai.com/v1/models"}}, Script: answers(`{"data":[{"id":"gpt-4o-mini"}]}`), Status: 400, Contains: []string{`"type":"error"`, "anthropic is not configured"}, Records: refusal("caller_invalid_request", 400, asked("claude-haiku-4-5")),
		},
		{
			Name: "headers of the provider's own", Config: `{"providers":{"openai":{"network_config":{"base_url":"https://proxy.test/v1","extra_headers":{"X-Team":"blue"}},"keys":[{"name":"main","value":"k","models":["*"],"weight":1}]}}}`,
			Path: path, Body: chatRequest, Script: answers(chatAnswer), Status: 200, Records: openaiOK(),
			Upstream: []Sent{{URL: "https://proxy.test/v1/chat/completions", Body: chatRequest, Header: map[string]string{"X-Team": "blue", "Authorization": "Bearer k"}}},
		},
		{
			Name: "a user's own provider without a key", Config: `{"providers":{"local":{"custom_provider_config":{"base_provider_type":"openai","is_key_less":true},"network_config":{"base_url":"http://local.test:11434"}}}}`,
			Path: "/v1/chat/completions", Body: strings.Replace(unifiedRequest, "openai/", "local/", 1), Script: answers(chatAnswer), Status: 200,
			Upstream: []Sent{{URL: "http://local.test:11434/v1/chat/completions", Body: chatRequest, Header: map[string]string{"Authorization": ""}}},
			Records:  openaiOK(asked("local/gpt-4o-mini"), named(""), func(r *Record) { r.Provider = "local" }),
		},
	})
}

func TestWeights(t *testing.T) {
	t.Parallel()
	config := openaiKeys(`{"name":"most","value":"k-most","models":["*"],"weight":3},{"name":"some","value":"k-some","models":["*"],"weight":1}`)
	g := Start(t, Options{Config: config, Script: func(*transport.Request) fake.Reply { return answers(chatAnswer) }})
	const n = 400
	for range n {
		if a := g.Do("POST", "/openai/chat/completions", chatRequest); a.Status != 200 {
			t.Fatal(a.Status, a.Body)
		}
	}
	most := 0
	for _, s := range g.Upstream.Seen() {
		if s.Header["Authorization"] == "Bearer k-most" {
			most++
		}
	}
	if most < n*3/4-60 || most > n*3/4+60 { // seven standard deviations
		t.Errorf("the key with 3 of 4 parts got %d of %d calls", most, n)
	}
}

func TestQueue(t *testing.T) {
	t.Parallel()
	config := `{"providers":{"openai":{"concurrency_and_buffer_size":{"concurrency":1,"buffer_size":1},"keys":[{"name":"main","value":"k","models":["*"],"weight":1}]}}}`
	upstream := newHeld()
	g := Start(t, Options{Config: config, Doer: upstream})
	type result struct {
		a   Answer
		err error
	}
	results := make(chan result, 2)
	ask := func() {
		a, err := g.Try(t.Context(), "POST", "/openai/chat/completions", chatRequest)
		results <- result{a, err}
	}
	go ask()
	<-upstream.arrived
	go ask()
	// The second waits in the queue, so nothing tells when it is there; the third is refused from then on.
	Eventually(t, "the queue is full", func() bool {
		return strings.Count(g.Do("GET", "/api/logs", "").Body, `"status":"processing"`) == 2
	})
	a := g.Do("POST", "/openai/chat/completions", chatRequest)
	if a.Status != 503 || !strings.Contains(a.Body, "queue is full") || !strings.Contains(a.Body, `"type":"queue_full"`) {
		t.Errorf("the third: %d %s", a.Status, a.Body)
	}
	upstream.release <- answers(chatAnswer)
	<-upstream.arrived
	upstream.release <- answers(chatAnswer)
	for range 2 {
		if r := <-results; r.err != nil || r.a.Status != 200 {
			t.Errorf("%+v", r)
		}
	}
	got := ""
	for _, e := range g.Rows() {
		got += fmt.Sprint(e.StatusCode, " ")
	}
	if strings.Count(got, "200") != 2 || strings.Count(got, "503") != 1 {
		t.Errorf("rows: %s", got)
	}
}
