package gatewaytest

import (
	"strings"
	"testing"

	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

func lists(r *transport.Request) fake.Reply {
	switch {
	case strings.Contains(r.URL, "api.openai.com"):
		return answers(`{"data":[{"id":"gpt-5-mini"}]}`)
	case strings.Contains(r.URL, "googleapis"):
		return answers(`{"models":[{"name":"models/gemini-2.5-flash"}]}`)
	case strings.Contains(r.URL, "cohere"):
		return answers(`{"models":[{"name":"command-a-03-2025"}]}`)
	case strings.Contains(r.URL, "bedrock"):
		return answers(`{"modelSummaries":[{"modelId":"amazon.nova-micro-v1:0"}]}`)
	}
	return answers(`{"data":[{"id":"claude-haiku-4-5"}]}`)
}

// TestModelLists: each client gets the list in its own shape, its own provider's models under their bare names.
func TestModelLists(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Config: wide, Script: lists})
	for path, want := range map[string][]string{
		"/v1/models":                             {`"id":"openai/gpt-5-mini"`, `"id":"bedrock/amazon.nova-micro-v1:0"`, `"extra_fields"`},
		"/openai/v1/models":                      {`"object":"list"`, `"id":"gpt-5-mini","object":"model"`, `"id":"anthropic/claude-haiku-4-5"`},
		"/openai/models/gpt-5-mini":              {`{"id":"gpt-5-mini","object":"model"`},
		"/anthropic/v1/models?limit=1000":        {`"type":"model","id":"claude-haiku-4-5","display_name"`, `"has_more":false`, `"first_id":"claude-haiku-4-5"`},
		"/anthropic/v1/models/openai/gpt-5-mini": {`"id":"openai/gpt-5-mini"`},
		"/genai/v1beta/models":                   {`"name":"models/gemini-2.5-flash"`, `"supportedGenerationMethods"`, `"name":"models/openai/gpt-5-mini"`},
		"/genai/v1beta/models/gemini-2.5-flash":  {`{"name":"models/gemini-2.5-flash"`},
		"/cohere/v1/models":                      {`"name":"command-a-03-2025"`, `"endpoints":["chat"]`},
		"/langchain/anthropic/v1/models":         {`"id":"claude-haiku-4-5"`},
	} {
		if a := g.Do("GET", path, ""); a.Status != 200 {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		} else {
			for _, part := range want {
				if !strings.Contains(a.Body, part) {
					t.Errorf("%s lacks %s: %s", path, part, a.Body)
				}
			}
		}
	}
	if a := g.Do("GET", "/openai/v1/models/nothing", ""); a.Status != 404 || !strings.Contains(a.Body, "no configured provider lists the model nothing") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// TestOwnCredential: a client's own credential reaches the route's own provider where the setting allows it and no key
// is configured; nowhere else, and a key of the gateway never.
func TestOwnCredential(t *testing.T) {
	keyless := `{"client":{"allow_direct_keys":true},"providers":{"anthropic":{"keys":[]},"openai":{"keys":[]}}}`
	const token = "Bearer sk-ant-oat01-own-token"
	for _, c := range []struct {
		name, config, path, model string
		header                    []string
		sent                      map[string]string // nil = no upstream call
		status                    int
	}{
		{"a subscription", keyless, "/anthropic/v1/messages?beta=true", "claude-haiku-4-5", []string{"Authorization", token, "Anthropic-Beta", "oauth-2025-04-20"},
			map[string]string{"Authorization": token, "X-Api-Key": "", "Anthropic-Beta": "oauth-2025-04-20"}, 200},
		{"an API key", keyless, "/anthropic/v1/messages", "claude-haiku-4-5", []string{"X-Api-Key", "sk-ant-own"}, map[string]string{"X-Api-Key": "sk-ant-own"}, 200},
		{"not allowed", strings.Replace(keyless, "true", "false", 1), "/anthropic/v1/messages", "claude-haiku-4-5", []string{"Authorization", token}, nil, 502},
		{"for another provider", keyless, "/anthropic/v1/messages", "openai/gpt-5-mini", []string{"Authorization", token}, nil, 502},
		{"a virtual key", keyless, "/anthropic/v1/messages", "claude-haiku-4-5", []string{"X-Api-Key", "sk-bf-1234"}, nil, 401},
		{"a configured key counts more", Config, "/anthropic/v1/messages", "claude-haiku-4-5", []string{"Authorization", token}, map[string]string{"X-Api-Key": AnthropicKey, "Authorization": ""}, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := Start(t, Options{Config: c.config, Script: func(*transport.Request) fake.Reply { return answers(messagesAnswer) }})
			a := g.Do("POST", c.path, strings.Replace(messagesRequest, "claude-haiku-4-5", c.model, 1), c.header...)
			seen := g.Upstream.Seen()
			if a.Status != c.status || len(seen) != 1 && c.sent != nil || len(seen) != 0 && c.sent == nil {
				t.Fatalf("%d %s %+v", a.Status, a.Body, seen)
			}
			for name, want := range c.sent {
				if got := seen[0].Header[name]; got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if log := g.Log.String(); strings.Contains(log, "own-token") || strings.Contains(log, "sk-ant-own") {
				t.Error("the log tells the client's credential")
			}
		})
	}
}

// TestResourceOfOnesOwn: a client's own key may come with where it is used. Both reach that place and nothing else does.
func TestResourceOfOnesOwn(t *testing.T) {
	azure := `{"client":{"allow_direct_keys":true},"providers":{"azure":{"keys":[],"network_config":{"extra_headers":{"X-Team":"secret-team"}}}}}`
	bedrock := `{"client":{"allow_direct_keys":true},"providers":{"bedrock":{"keys":[]}}}`
	deployment := "/openai/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"
	own := []string{"X-Bf-Direct-Key", "true", "X-Bf-Azure-Endpoint", "https://r.test", "Api-Key", "sk-own-key"}
	aws := []string{"X-Bf-Direct-Key", "true", "X-Bf-Bedrock-Access-Key", "AKIDOWN", "X-Bf-Bedrock-Secret-Key", "sk-own-secret", "X-Bf-Bedrock-Region", "eu-west-1"}
	for _, c := range []struct {
		name, config, path, model string
		header                    []string
		url                       string // "" = no call
		sent                      map[string]string
		status                    int
		says                      string
	}{
		{"a deployment", azure, deployment, "", own, "https://r.test/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21", map[string]string{"Api-Key": "sk-own-key", "X-Team": ""}, 200, ""},
		{"with the usual field", azure, "/v1/chat/completions", "azure/my-gpt", append(own[:4:4], "Authorization", "Bearer sk-own-key"), "https://r.test/openai/v1/chat/completions", map[string]string{"Api-Key": "sk-own-key", "Authorization": ""}, 200, ""},
		{"an address that is none", azure, deployment, "", append([]string{"X-Bf-Azure-Endpoint", "http://r.test"}, append(own[:2:2], own[4:]...)...), "", nil, 400, "x-bf-azure-endpoint: must begin with https://"},
		{"not asked for", azure, deployment, "", own[2:], "", nil, 502, ""},
		{"usual", strings.Replace(azure, `"allow`, `"direct_keys_without_header":true,"allow`, 1), deployment, "", own[2:], "https://r.test/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21", map[string]string{"Api-Key": "sk-own-key"}, 200, ""},
		{"not allowed", strings.Replace(azure, "true", "false", 1), deployment, "", own, "", nil, 502, ""},
		{"not configured", bedrock, deployment, "", own, "", nil, 400, "azure is not configured"},
		{"keys of AWS", bedrock, "/v1/chat/completions", "bedrock/amazon.nova-micro-v1:0", aws, "https://bedrock-runtime.eu-west-1.amazonaws.com/model/amazon.nova-micro-v1%3A0/converse", nil, 200, ""},
		{"half of them", bedrock, "/v1/chat/completions", "bedrock/amazon.nova-micro-v1:0", aws[:4], "", nil, 400, "belong together"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			answer := chatAnswer
			if strings.HasPrefix(c.model, "bedrock/") {
				answer = `{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}`
			}
			g := Start(t, Options{Config: c.config, Script: func(*transport.Request) fake.Reply { return answers(answer) }})
			body := chat(c.model)
			if c.model == "" {
				body = chatRequest
			}
			a := g.Do("POST", c.path, body, c.header...)
			if a.Status != c.status || !strings.Contains(a.Body, c.says) {
				t.Fatalf("%d %s", a.Status, a.Body)
			}
			seen := g.Upstream.Seen()
			posted := ""
			for _, s := range seen {
				if s.Method == "POST" {
					posted += s.URL
				}
				for name := range s.Header {
					if strings.HasPrefix(name, "X-Bf-") {
						t.Errorf("%s went upstream", name)
					}
				}
			}
			if posted != c.url {
				t.Errorf("called %q", posted)
			}
			for name, want := range c.sent {
				if got := seen[0].Header[name]; got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			for _, e := range g.Rows() {
				if c.url != "" && e.SelectedKeyName != "header-provided" {
					t.Errorf("the row's key is %q", e.SelectedKeyName)
				}
				if strings.Contains(encoded(g.Detail(e.ID)), "sk-own") {
					t.Error("the row tells the client's credential")
				}
			}
			if strings.Contains(g.Log.String(), "sk-own") {
				t.Error("the log tells the client's credential")
			}
		})
	}
}

// TestHeaderGroups: beta headers and what a client wants to be sent on arrive; what is the gateway's does not.
func TestHeaderGroups(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Script: func(*transport.Request) fake.Reply { return answers(messagesAnswer) }})
	vk := g.key(`{"name":"k","provider_configs":[{"provider":"anthropic","allowed_models":["*"],"key_ids":["*"],"weight":1}]}`).Value
	g.Do("POST", "/anthropic/v1/messages", messagesRequest, "Anthropic-Beta", "a-2026-01-01,b-2026-02-02", "Anthropic-Dangerous-Direct-Browser-Access", "true",
		"X-Bf-Eh-X-Team", "blue", "X-Bf-Eh-Cookie", "c=1", "X-Bf-Eh-X-Api-Key", "stolen", "X-Api-Key", "dummy", "X-Bf-Vk", vk)
	h := g.Upstream.Seen()[0].Header
	for name, want := range map[string]string{"Anthropic-Beta": "a-2026-01-01,b-2026-02-02", "Anthropic-Dangerous-Direct-Browser-Access": "true", "X-Team": "blue",
		"Cookie": "", "X-Api-Key": AnthropicKey, "X-Bf-Vk": "", "X-Bf-Eh-X-Team": ""} {
		if h[name] != want {
			t.Errorf("%s: %q, want %q", name, h[name], want)
		}
	}
}

// TestWarnings: what cannot be carried is named in a header, in extra_fields and in the log.
func TestWarnings(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Script: func(*transport.Request) fake.Reply { return answers(messagesAnswer) }})
	a := g.Do("POST", "/v1/chat/completions", `{"model":"anthropic/claude-haiku-4-5","seed":7,"x_knob":1,"messages":[{"role":"user","content":"hi"}]}`)
	for _, field := range []string{"seed", "x_knob"} {
		if !strings.Contains(a.Header.Get("X-Heimdall-Warnings"), field+": ") || !strings.Contains(a.Body, `{"field":"`+field+`","why":"`) {
			t.Errorf("%s: %s %s", field, a.Header.Get("X-Heimdall-Warnings"), a.Body)
		}
	}
	if rows := g.Rows(); len(g.Detail(rows[0].ID).Warnings) < 2 {
		t.Errorf("the log: %+v", g.Detail(rows[0].ID).Warnings)
	}
	if a := g.Do("POST", "/anthropic/v1/messages", messagesRequest); a.Header.Get("X-Heimdall-Warnings") != "" {
		t.Errorf("nothing was lost: %s", a.Header.Get("X-Heimdall-Warnings"))
	}
}

// TestRawBodies: the bodies of the call to the provider are shown where its settings say so, and only there.
func TestRawBodies(t *testing.T) {
	shown := `{"providers":{"anthropic":{"send_back_raw_request":true,"send_back_raw_response":true,"keys":[{"name":"main","value":"` + AnthropicKey + `","models":["*"],"weight":1}]}}}`
	asking := strings.Replace(Config, `{"providers"`, `{"client":{"allow_per_request_raw_override":true},"providers"`, 1)
	ask := []string{"X-Bf-Send-Back-Raw-Request", "true", "X-Bf-Send-Back-Raw-Response", "true"}
	for _, c := range []struct {
		name, config string
		header       []string
		want         bool
	}{{"by the settings", shown, nil, true}, {"on demand", asking, ask, true}, {"on demand, not allowed", Config, ask, false}, {"nobody asked", asking, nil, false}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := Start(t, Options{Config: c.config, Script: func(*transport.Request) fake.Reply { return answers(messagesAnswer) }})
			a := g.Do("POST", "/v1/chat/completions", `{"model":"anthropic/claude-haiku-4-5","messages":[{"role":"user","content":"hi"}]}`, c.header...)
			for _, part := range []string{`"raw_request":{"model":"claude-haiku-4-5"`, `"raw_response":` + messagesAnswer} {
				if strings.Contains(a.Body, part) != c.want {
					t.Errorf("%s: %s", part, a.Body)
				}
			}
			if strings.Contains(a.Body, AnthropicKey) {
				t.Error("the key is shown")
			}
		})
	}
}
