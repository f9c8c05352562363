package gatewaytest

import (
	"strings"
	"testing"

	"heimdall/gateway/admin"
	"heimdall/keychain"
)

// tiered sends simple questions to one provider and hard ones to another.
const tiered = governed + `,"governance":{"routing_rules":[
	{"name":"easy","cel_expression":"complexity_tier == 'SIMPLE'","targets":[{"provider":"openai","model":"gpt-4o-mini","weight":1}],"priority":1},
	{"name":"hard","cel_expression":"complexity_tier in ['COMPLEX', 'REASONING']","targets":[{"provider":"anthropic","model":"claude-opus-4-5","weight":1}],"priority":2}]}}`

const (
	easyQuestion = "What is the capital of France?"
	hardQuestion = "Prove step by step that the square root of two is irrational."
)

func question(model, text string) string {
	return `{"model":"` + model + `","messages":[{"role":"user","content":"` + text + `"}]}`
}

// A question goes to who is good enough for it, in whatever dialect it is asked; its body changes in nothing but the
// model.
func TestComplexityRoutes(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Config: tiered, Script: speaks})
	for _, c := range []struct {
		name, path, body string
		host, sent       string // sent "" = encoded anew
		grade            string
	}{
		{"easy", "/v1/chat/completions", question("azure/gpt-4o", easyQuestion), "api.openai.com", question("gpt-4o-mini", easyQuestion), "SIMPLE"},
		{"hard", "/v1/chat/completions", question("azure/gpt-4o", hardQuestion), "api.anthropic.com", "", "REASONING"},
		{"between", "/v1/chat/completions", question("azure/gpt-4o", "Write a Python function."), "res.openai.azure.com", "", "MEDIUM"},
		{"a picture", "/v1/chat/completions", `{"model":"azure/gpt-4o","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}]}`, "res.openai.azure.com", "", ""},
		{"easy, by responses", "/v1/responses", `{"model":"azure/gpt-4o","input":"` + easyQuestion + `"}`, "api.openai.com", "", "SIMPLE"},
		{"hard, by messages", "/anthropic/v1/messages", `{"model":"claude-haiku-4-5","max_tokens":64,"messages":[{"role":"user","content":"` + hardQuestion + `"}]}`, "api.anthropic.com",
			`{"model":"claude-opus-4-5","max_tokens":64,"messages":[{"role":"user","content":"` + hardQuestion + `"}]}`, "REASONING"},
	} {
		before := len(g.Upstream.Seen())
		a := g.Do("POST", c.path, c.body)
		seen := g.Upstream.Seen()[before:]
		if a.Status != 200 && c.path != "/v1/responses" || len(seen) != 1 || !strings.Contains(seen[0].URL, c.host) {
			t.Errorf("%s: %d %s, %d calls", c.name, a.Status, a.Body, len(seen))
			continue
		}
		if got := string(seen[0].Body); c.sent != "" && got != c.sent {
			t.Errorf("%s: sent %s", c.name, got)
		}
		steps := ""
		for _, s := range g.Detail(g.Rows()[before].ID).Routing {
			steps += s.Message + "\n"
		}
		if want := "the request is graded " + c.grade + " (score"; c.grade != "" && strings.Count(steps, want) != 1 || c.grade == "" && !strings.Contains(steps, "no text to grade") {
			t.Errorf("%s: steps: %s", c.name, steps)
		}
	}
	for prompt, provider := range map[string]string{easyQuestion: "openai", hardQuestion: "anthropic", "": "azure"} {
		var s admin.Simulated
		g.JSON("POST", "/api/routing/simulate", `{"model":"azure/gpt-4o","prompt":"`+prompt+`"}`, &s)
		if s.Candidates[0].Provider != provider {
			t.Errorf("simulated %q: %+v", prompt, s)
		}
	}
}

// New settings count from the next request on, are there after a restart, and go with a reset.
func TestComplexitySettingsCountAtOnce(t *testing.T) {
	t.Parallel()
	o := Options{Config: tiered, Script: speaks, Dir: t.TempDir(), Secrets: keychain.NewMem()}
	g := Start(t, o)
	goes := func(when, host string) {
		t.Helper()
		before := len(g.Upstream.Seen())
		g.Do("POST", "/v1/chat/completions", question("azure/gpt-4o", easyQuestion))
		if seen := g.Upstream.Seen()[before:]; len(seen) != 1 || !strings.Contains(seen[0].URL, host) {
			t.Errorf("%s: %+v", when, seen)
		}
	}
	goes("built in", "openai.com")
	var c admin.Complexity
	g.JSON("PUT", "/api/governance/complexity", `{"keywords":{"reasoning_keywords":["capital of","france"]}}`, &c)
	goes("with other keywords", "anthropic")
	g.Close()
	g = Start(t, o)
	goes("after a restart", "anthropic")
	g.JSON("POST", "/api/governance/complexity/reset", "", &c)
	goes("after a reset", "openai.com")
}
