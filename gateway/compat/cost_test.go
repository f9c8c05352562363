package compat

import (
	"io"
	"strings"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/catalog"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/llm"
)

func TestCostStandsInTheUsage(t *testing.T) {
	cost := catalog.Cost{Known: true, Input: 1.4999999999999999e-7, CacheRead: 0.5e-7, Output: 6e-7, Total: 8e-7}
	for _, c := range []struct{ name, body, want string }{
		{"usage", `{"id":"a","usage":{"prompt_tokens":1}}`,
			`{"id":"a","usage":{"prompt_tokens":1,"cost":{"input_tokens_cost":0.0000002,"output_tokens_cost":0.0000006,"reasoning_tokens_cost":0,"request_cost":0,"total_cost":0.0000008}}}`},
		{"the last event of a responses stream", `{"type":"response.completed","response":{"id":"r","usage":{"input_tokens":1}}}`,
			`{"type":"response.completed","response":{"id":"r","usage":{"input_tokens":1,"cost":{"input_tokens_cost":0.0000002,"output_tokens_cost":0.0000006,"reasoning_tokens_cost":0,"request_cost":0,"total_cost":0.0000008}}}}`},
		{"no usage", `{"id":"a"}`, `{"id":"a"}`},
		{"null usage", `{"usage":null}`, `{"usage":null}`},
		{"the provider says it itself", `{"usage":{"cost":0.1}}`, `{"usage":{"cost":0.1}}`},
	} {
		if got := string(appendCosted(nil, []byte(c.body), cost)); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
	body := `{"usage":{"prompt_tokens":1}}`
	if got := string(appendCosted(nil, []byte(body), catalog.Cost{})); got != body {
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

func TestAStreamsCostStandsWhereItsUsageDoes(t *testing.T) {
	x := &exchange.Exchange{Row: &exchange.Row{Decorate: exchange.DecorateAlways}, Start: time.Now(), Record: &exchange.Record{Op: llm.OpChat, Dialect: "chat", UpstreamDialect: "chat"}}
	x.SetDialect(chat.New())
	price := func(_ *exchange.Exchange, u llm.Usage) catalog.Cost {
		return catalog.Cost{Known: true, Input: float64(u.Input), Total: float64(u.Input)}
	}
	d := &decorated{x: x, price: price, src: io.NopCloser(strings.NewReader("data: {\"choices\":[{\"delta\":{\"content\":\"the \\\"usage\\\"\"}}],\"usage\":null}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n"))}
	out, err := io.ReadAll(d)
	if err != nil {
		t.Fatal(err)
	}
	frames := strings.Split(string(out), "\n\n")
	if strings.Contains(frames[0], "cost") || !strings.Contains(frames[1], `"total_cost":3}}`) || !strings.Contains(frames[1], `"cost":3}`) || frames[2] != "data: [DONE]" {
		t.Errorf("%s", out)
	}
}

func TestMoneyHasTheDigitsThatCount(t *testing.T) {
	for usd, want := range map[float64]string{
		0: "0", 1: "1", 0.1 + 0.2: "0.3", 1.4999999999999999e-7: "0.00000015", 123456.5: "123456.5", 1e15: "1000000000000000",
		0.9999999999999999: "1", 12.000000000001: "12", 0.00000000000123456: "0.00000000000123456",
	} {
		if got := string(appendMoney(nil, usd)); got != want {
			t.Errorf("%v: %s, want %s", usd, got, want)
		}
	}
}

func TestWhatIsNoWholeObjectStaysAsItIs(t *testing.T) {
	for _, body := range []string{`{"id":"a"`, `[1]`, ``, ` {"id":"a"} tail`} {
		reply := &exchange.Reply{Body: []byte(body)}
		if got := decorateBody(&exchange.Exchange{Record: &exchange.Record{}}, reply); string(got.Body) != body {
			t.Errorf("%q became %q", body, got.Body)
		}
	}
}
