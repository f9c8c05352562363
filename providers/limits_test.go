package providers_test

import (
	"slices"
	"strings"
	"testing"

	"heimdall/providers"
	"heimdall/providers/llm"
)

// TestLimits: what a provider would refuse is left out of a request that was made for another one, and named; a client
// of its own dialect hears of it from the provider.
func TestLimits(t *testing.T) {
	yes := func(string) bool { return true }
	user := strings.Repeat("u", 65)
	for _, c := range []struct {
		name, sent string
		limits     providers.Limits
		gone       []string
	}{
		{"top_k", `"top_k":7`, providers.Limits{NoTopK: true}, []string{"top_k"}},
		{"a long user", `"metadata":{"user_id":"` + user + `"}`, providers.Limits{UserLength: 64}, []string{"user"}},
		{"both ways to sample", `"temperature":0.5,"top_p":0.9`, providers.Limits{OneSampling: yes}, []string{"top_p"}},
		{"no way to sample", `"temperature":0.5,"top_p":0.9`, providers.Limits{FixedSampling: yes}, []string{"temperature", "top_p"}},
		{"nothing to refuse", `"temperature":0.5`, providers.Limits{NoTopK: true, UserLength: 64, OneSampling: yes}, nil},
	} {
		for _, client := range []string{"messages", "chat"} {
			p := table("chat")
			p.Limits = c.limits
			upstream := says(chatAnswer)
			call := newCall(t, p, client, `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}],`+c.sent+`}`, upstream)
			a, err := call.Do(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			body := upstream.Seen()[0].Body
			if client == "chat" && !strings.Contains(body, c.sent) {
				t.Errorf("%s: a client of the same dialect lost it: %s", c.name, body)
			}
			for _, field := range c.gone {
				if client == "messages" && (strings.Contains(body, `"`+field+`":`) || !named(a.Seen.Warnings, field)) {
					t.Errorf("%s: %s %v", c.name, body, a.Seen.Warnings)
				}
			}
			if c.gone == nil && len(a.Seen.Warnings) > 0 {
				t.Errorf("%s: %v", c.name, a.Seen.Warnings)
			}
		}
	}
}

func named(warnings []llm.Warning, field string) bool {
	return slices.ContainsFunc(warnings, func(w llm.Warning) bool { return w.Field == field })
}
