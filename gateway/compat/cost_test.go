package compat

import (
	"strings"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/catalog"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/llm"
)

func TestCostStandsInTheUsage(t *testing.T) {
	cost := catalog.Cost{Known: true, Input: 1.5e-7, CacheRead: 0.5e-7, Output: 6e-7, Total: 8e-7}
	for _, c := range []struct{ name, body, want string }{
		{"usage", `{"id":"a","usage":{"prompt_tokens":1}}`,
			`{"id":"a","usage":{"prompt_tokens":1,"cost":{"input_tokens_cost":0.0000002,"output_tokens_cost":0.0000006,"reasoning_tokens_cost":0,"request_cost":0,"total_cost":0.0000008}}}`},
		{"no usage", `{"id":"a"}`, `{"id":"a"}`},
		{"null usage", `{"usage":null}`, `{"usage":null}`},
		{"the provider says it itself", `{"usage":{"cost":0.1}}`, `{"usage":{"cost":0.1}}`},
	} {
		if got := string(withCost([]byte(c.body), cost)); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
	body := `{"usage":{"prompt_tokens":1}}`
	if got := string(withCost([]byte(body), catalog.Cost{})); got != body {
		t.Errorf("an unknown price: %s", got)
	}
}

func TestARefusalSaysThatARetryIsNoUse(t *testing.T) {
	x := &exchange.Exchange{Start: time.Now(), Record: &exchange.Record{Op: llm.OpChat}}
	e := &llm.Error{Kind: llm.KindRateLimited, Status: 429, Type: "token_limited", Message: "too much", RetryAfter: time.Minute}
	r := ErrorReply(&exchange.Row{Decorate: exchange.DecorateAlways}, chat.New(), x, e)
	want := []exchange.Field{{Name: "X-Should-Retry", Value: "false"}, {Name: "Retry-After", Value: "60"}}
	if len(r.Header) != 2 || r.Header[0] != want[0] || r.Header[1] != want[1] {
		t.Errorf("header: %v", r.Header)
	}
	if !strings.Contains(string(r.Body), `"is_bifrost_error":true,"status_code":429,"type":"token_limited"`) {
		t.Errorf("body: %s", r.Body)
	}
	e.Kind = llm.KindProviderLimited
	if r := ErrorReply(&exchange.Row{Decorate: exchange.DecorateAlways}, chat.New(), x, e); len(r.Header) != 1 {
		t.Errorf("a provider's own limit: %v", r.Header)
	}
}
