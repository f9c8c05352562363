package gatewaytest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"heimdall/gateway/admin"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// governed configures three providers that speak for themselves: each answers with its own name.
const governed = `{"providers":{
	"openai":{"network_config":{"max_retries":0},"keys":[{"name":"main","value":"k-openai","models":["*"],"weight":1}]},
	"azure":{"network_config":{"max_retries":0},"keys":[{"name":"main","value":"k-azure","models":["*"],"weight":1,"azure_key_config":{"endpoint":"https://res.openai.azure.com"}}]},
	"anthropic":{"network_config":{"max_retries":0},"keys":[{"name":"main","value":"k-anthropic","models":["*"],"weight":1}]}}`

// speaks answers in the dialect of the provider that is called.
func speaks(r *transport.Request) fake.Reply {
	if strings.Contains(r.URL, "anthropic") {
		return answers(messagesAnswer)
	}
	return answers(chatAnswer)
}

// hosts counts the upstream calls by the first word of their host.
func hosts(g *Gateway) map[string]int {
	out := map[string]int{}
	for _, s := range g.Upstream.Seen() {
		u, err := url.Parse(s.URL)
		if err != nil {
			panic(err)
		}
		out[u.Host]++
	}
	return out
}

// key creates a virtual key.
func (g *Gateway) key(body string) admin.VirtualKey {
	g.t.Helper()
	var a admin.VirtualKeyAnswer
	g.JSON("POST", "/api/governance/virtual-keys", body, &a)
	return a.VirtualKey
}

func chat(model string) string {
	return `{"model":"` + model + `","messages":[{"role":"user","content":"hi"}]}`
}

// The seed: a key with a budget and limits for each provider, and what it may reach.
func TestSeedVirtualKey(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Config: governed + "}", Script: speaks})
	k := g.key(`{"name":"Engineering Team API","provider_configs":[
		{"provider":"openai","weight":0.5,"allowed_models":["gpt-4o-mini"],
		 "budget":{"max_limit":500.00,"reset_duration":"1M"},
		 "rate_limit":{"token_max_limit":1000000,"token_reset_duration":"1h","request_max_limit":1000,"request_reset_duration":"1h"}},
		{"provider":"anthropic","weight":0.5,"allowed_models":["claude-3-sonnet-20240229"]}],
		"budget":{"max_limit":1000.00,"reset_duration":"1M"},"is_active":true}`)
	if !strings.HasPrefix(k.Value, "sk-bf-") {
		t.Fatalf("value %q", k.Value)
	}
	for _, c := range []struct {
		header, value string
		path, body    string
		status        int
		contains      string
	}{
		{"x-bf-vk", k.Value, "/v1/chat/completions", chat("gpt-4o-mini"), 200, `"provider":"openai"`},
		{"Authorization", "Bearer " + k.Value, "/v1/chat/completions", chat("gpt-4o-mini"), 200, `"provider":"openai"`},
		{"x-api-key", k.Value, "/anthropic/v1/messages", messagesRequest, 403, `{"type":"error","error":{"type":"permission_error","message":"Model 'claude-haiku-4-5' is not allowed for virtual key 'Engineering Team API'"}}`},
		{"x-goog-api-key", k.Value, "/v1/chat/completions", chat("openai/gpt-4o-mini"), 200, `"provider":"openai"`},
		{"api-key", k.Value, "/v1/chat/completions", chat("openai/gpt-4o"), 403, `"type":"model_blocked"`},
		{"x-bf-vk", k.Value, "/v1/chat/completions", chat("azure/gpt-4o-mini"), 403, `Provider 'azure' is not allowed for virtual key 'Engineering Team API'`},
		{"x-bf-vk", "sk-bf-wrong", "/v1/chat/completions", chat("gpt-4o-mini"), 401, `"type":"virtual_key_not_found"`},
	} {
		a := g.Do("POST", c.path, c.body, c.header, c.value)
		if a.Status != c.status || !strings.Contains(a.Body, c.contains) {
			t.Errorf("%s %s: %d %s", c.header, c.body, a.Status, a.Body)
		}
		if c.status >= 400 && a.Header.Get("X-Should-Retry") != "false" {
			t.Errorf("%s: the refusal may be retried", c.body)
		}
	}
	if got := hosts(g); len(got) != 1 || got["api.openai.com"] != 3 {
		t.Errorf("upstream calls: %v", got)
	}
	var q admin.Quota
	if a := g.Do("GET", "/api/governance/virtual-keys/quota", "", "x-bf-vk", k.Value); a.Status != 200 || json.Unmarshal([]byte(a.Body), &q) != nil {
		t.Fatalf("quota: %d %s", a.Status, a.Body)
	}
	if len(q.ProviderConfigs) != 2 || q.Budgets[0].CurrentUsage <= 0 || q.Budgets[0].Held != 0 {
		t.Errorf("quota: %+v", q)
	}
	for _, c := range q.ProviderConfigs {
		if c.Provider == "openai" && (c.RateLimit == nil || c.RateLimit.RequestCurrentUsage != 3 || c.RateLimit.TokenCurrentUsage != 3*18 || c.Budgets[0].CurrentUsage != q.Budgets[0].CurrentUsage) {
			t.Errorf("the grant's quota: %+v", c)
		}
	}
	for _, e := range g.Rows() {
		if e.StatusCode == 200 && (e.VirtualKeyName != "Engineering Team API" || e.Cost == nil || *e.Cost <= 0) {
			t.Errorf("row: %+v", e)
		}
	}
	if text := g.Do("GET", "/api/governance/virtual-keys", "").Body; strings.Contains(text, k.Value) || !strings.Contains(text, k.Value[len(k.Value)-4:]) {
		t.Errorf("the list shows the value, or nothing of it: %s", text)
	}
}

// The seed: gpt-4o goes to azure four times in five, gpt-4o-mini to openai alone; a named provider is taken as it is;
// where the chosen one fails, the other serves.
func TestSeedWeightedRouting(t *testing.T) {
	t.Parallel()
	var broken atomic.Value
	broken.Store("none")
	g := Start(t, Options{Config: governed + "}", Script: func(r *transport.Request) fake.Reply {
		if strings.Contains(r.URL, broken.Load().(string)) {
			return refuses(500, `{"error":{"message":"broken"}}`)
		}
		return speaks(r)
	}})
	k := g.key(`{"name":"routed","provider_configs":[],"value":"vk-prod-main"}`)
	g.JSON("PUT", "/api/governance/virtual-keys/"+k.ID, `{"provider_configs":[
		{"provider":"openai","allowed_models":["gpt-4o","gpt-4o-mini"],"weight":0.2},
		{"provider":"azure","allowed_models":["gpt-4o"],"weight":0.8}]}`, nil)
	ask := func(model string) Answer {
		return g.Do("POST", "/v1/chat/completions", chat(model), "x-bf-vk", "vk-prod-main")
	}
	const n = 300
	for range n {
		if a := ask("gpt-4o"); a.Status != 200 {
			t.Fatal(a.Status, a.Body)
		}
	}
	azure := hosts(g)["res.openai.azure.com"]
	if azure < n*8/10-50 || azure > n*8/10+50 { // seven standard deviations
		t.Errorf("azure got %d of %d", azure, n)
	}
	for range 20 {
		if a := ask("gpt-4o-mini"); a.Status != 200 || !strings.Contains(a.Body, `"provider":"openai"`) {
			t.Fatalf("gpt-4o-mini: %d %s", a.Status, a.Body)
		}
		if a := ask("openai/gpt-4o"); a.Status != 200 || !strings.Contains(a.Body, `"provider":"openai"`) {
			t.Fatalf("openai/gpt-4o: %d %s", a.Status, a.Body)
		}
	}
	broken.Store("azure")
	fallbacks := 0
	for range 20 {
		a := ask("gpt-4o")
		if a.Status != 200 || !strings.Contains(a.Body, `"provider":"openai"`) {
			t.Fatalf("azure is down: %d %s", a.Status, a.Body)
		}
		if strings.Contains(a.Body, `"is_fallback":true,"primary_provider":"azure","primary_model":"gpt-4o"`) {
			fallbacks++
		}
	}
	if fallbacks == 0 {
		t.Error("nothing fell back")
	}
	broken.Store("openai")
	if a := ask("openai/gpt-4o"); a.Status != 500 || !strings.Contains(a.Body, "broken") {
		t.Errorf("a named provider has no fallback: %d %s", a.Status, a.Body)
	}
	// Values without the usual prefix are for their own header only.
	if a := g.Do("POST", "/v1/chat/completions", chat("openai/gpt-4o-mini"), "Authorization", "Bearer vk-prod-main"); a.Status != 500 {
		t.Errorf("without a key: %d %s", a.Status, a.Body)
	}
	for _, e := range g.Rows() {
		if e.VirtualKeyName == "" && e.StatusCode != 500 {
			t.Errorf("a row without its key: %+v", e)
		}
	}
}

// Every refusal of the contract, with its status, type and words, in the dialect of each route.
func TestGovernanceRefusals(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Config: governed + `,"client":{"required_headers":["X-Tenant-Id"],"enforce_auth_on_inference":true}}`, Script: speaks})
	made := func(name, more string) string {
		return g.key(`{"name":"` + name + `","allow_all_providers":true` + more + `}`).Value
	}
	spent := made("spent", `,"budgets":[{"max_limit":0.000001,"reset_duration":"1d"}]`)
	few := made("few", `,"rate_limit":{"request_max_limit":1,"request_reset_duration":"1h"}`)
	small := made("small", `,"rate_limit":{"token_max_limit":10,"token_reset_duration":"1h"}`)
	for _, warm := range []string{spent, few, small} {
		if a := g.Do("POST", "/v1/chat/completions", chat("openai/gpt-4o-mini"), "x-bf-vk", warm, "x-tenant-id", "t"); a.Status != 200 {
			t.Fatalf("the first call: %d %s", a.Status, a.Body)
		}
	}
	for _, c := range []struct {
		name, key string
		status    int
		kind      string
		message   string
	}{
		{"none", "", 401, "virtual_key_required", "virtual key is required. Provide a virtual key via the x-bf-vk header."},
		{"unknown", "sk-bf-nobody", 401, "virtual_key_not_found", "virtual key"},
		{"inactive", made("off", `,"is_active":false`), 403, "access_blocked", "virtual key is inactive"},
		{"expired", made("old", `,"expires_at":"2020-01-01T00:00:00Z"`), 403, "access_blocked", "virtual key has expired"},
		{"provider", g.key(`{"name":"azure only","provider_configs":[{"provider":"azure","allowed_models":["*"],"key_ids":["*"],"weight":1}]}`).Value, 403, "provider_blocked", "Provider 'openai' is not allowed for virtual key 'azure only'"},
		{"model", g.key(`{"name":"one model","provider_configs":[{"provider":"openai","allowed_models":["gpt-4o"],"key_ids":["*"],"weight":1}]}`).Value, 403, "model_blocked", "Model 'gpt-4o-mini' is not allowed for virtual key 'one model'"},
		{"budget", spent, 402, "budget_exceeded", "Budget exceeded: "},
		{"requests", few, 429, "request_limited", "request limit exceeded (1/1, resets every 1h)"},
		{"tokens", small, 429, "token_limited", "token limit exceeded (18/10, resets every 1h)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(g.Upstream.Seen())
			header := []string{"x-tenant-id", "t", "x-bf-vk", c.key}
			if c.key == "" {
				header = header[:2]
			}
			a := g.Do("POST", "/v1/chat/completions", chat("openai/gpt-4o-mini"), header...)
			var body struct {
				Type    string `json:"type"`
				Status  int    `json:"status_code"`
				Bifrost bool   `json:"is_bifrost_error"`
				Error   struct{ Type, Message string }
			}
			if err := json.Unmarshal([]byte(a.Body), &body); err != nil {
				t.Fatal(err, a.Body)
			}
			if a.Status != c.status || body.Type != c.kind || body.Status != c.status || !body.Bifrost || !strings.Contains(body.Error.Message, c.message) {
				t.Errorf("unified: %d %s", a.Status, a.Body)
			}
			if a.Header.Get("X-Should-Retry") != "false" {
				t.Errorf("the refusal may be retried")
			}
			a = g.Do("POST", "/anthropic/v1/messages", strings.Replace(messagesRequest, "claude-haiku-4-5", "openai/gpt-4o-mini", 1), header...)
			if a.Status != c.status || !strings.HasPrefix(a.Body, `{"type":"error","error":{"type":"`) || !strings.Contains(a.Body, c.message) {
				t.Errorf("messages: %d %s", a.Status, a.Body)
			}
			if n := len(g.Upstream.Seen()); n != before {
				t.Errorf("%d calls went upstream", n-before)
			}
		})
	}
	if a := g.Do("POST", "/v1/chat/completions", chat("openai/gpt-4o-mini"), "x-bf-vk", few); a.Status != 400 || !strings.Contains(strings.ToLower(a.Body), "x-tenant-id") {
		t.Errorf("a missing header: %d %s", a.Status, a.Body)
	}
}

func TestKillSwitch(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Config: governed + "}", Script: speaks})
	ask := func() Answer { return g.Do("POST", "/v1/chat/completions", chat("openai/gpt-4o-mini")) }
	if a := ask(); a.Status != 200 {
		t.Fatal(a.Body)
	}
	var k admin.KillSwitch
	g.JSON("PUT", "/api/kill-switch", `{"paused":true}`, &k)
	if !k.Paused || k.Since == nil {
		t.Errorf("%+v", k)
	}
	if a := ask(); a.Status != 403 || !strings.Contains(a.Body, `"type":"gateway_paused"`) || a.Header.Get("X-Should-Retry") != "false" {
		t.Errorf("paused: %d %s", a.Status, a.Body)
	}
	if a := g.Do("POST", "/anthropic/v1/messages", messagesRequest); a.Status != 403 {
		t.Errorf("paused, messages: %d %s", a.Status, a.Body)
	}
	g.JSON("PUT", "/api/kill-switch", `{"paused":false}`, &k)
	if a := ask(); a.Status != 200 {
		t.Errorf("resumed: %d %s", a.Status, a.Body)
	}
	if n := len(g.Upstream.Seen()); n != 2 {
		t.Errorf("%d calls went upstream", n)
	}
	// The first call that costs more than that in a minute trips it.
	g.JSON("PUT", "/api/kill-switch", `{"max_per_minute":0.000001}`, nil)
	ask()
	Eventually(t, "it trips", func() bool { g.JSON("GET", "/api/kill-switch", "", &k); return k.Paused })
	if a := ask(); a.Status != 403 || k.Reason == "" {
		t.Errorf("tripped: %d %s %+v", a.Status, a.Body, k)
	}
}

// What calls cost stands in the answer, in the log and in the budget, and all three agree.
func TestCost(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Config: governed + "}", Script: func(r *transport.Request) fake.Reply {
		if strings.Contains(r.URL, "anthropic") {
			return answers(messagesAnswer)
		}
		if strings.Contains(string(r.Body), `"stream":true`) {
			return streams(join(chatFrames, usageChunk, "[DONE]"))
		}
		return answers(chatAnswer)
	}})
	k := g.key(`{"name":"k","allow_all_providers":true,"budgets":[{"max_limit":1,"reset_duration":"1d"}]}`)
	type usage struct {
		Usage struct {
			Cost struct {
				Total float64 `json:"total_cost"`
			}
		}
		Extra struct {
			Cost *float64 `json:"cost"`
		} `json:"extra_fields"`
	}
	total := 0.0
	for _, model := range []string{"openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"} {
		a := g.Do("POST", "/v1/chat/completions", chat(model), "x-bf-vk", k.Value)
		var u usage
		if err := json.Unmarshal([]byte(a.Body), &u); err != nil || u.Usage.Cost.Total <= 0 || u.Extra.Cost == nil || *u.Extra.Cost != u.Usage.Cost.Total {
			t.Errorf("%s: %v %s", model, err, a.Body)
		}
		total += u.Usage.Cost.Total
	}
	stream := strings.Replace(chatStreamAsked, "gpt-4o-mini", "openai/gpt-4o-mini", 1)
	a := g.Do("POST", "/v1/chat/completions", stream, "x-bf-vk", k.Value)
	if i := strings.Index(a.Body, `"total_cost":`); i < 0 {
		t.Errorf("stream: %s", a.Body)
	} else {
		var cost float64
		fmt.Sscanf(a.Body[i:], `"total_cost":%g`, &cost)
		total += cost
	}
	logged := 0.0
	for _, e := range g.Rows() {
		if e.Cost == nil {
			t.Fatalf("a row without cost: %+v", e)
		}
		logged += *e.Cost
	}
	var b admin.Budgets
	g.JSON("GET", "/api/governance/budgets", "", &b)
	if diff := logged - total; diff > 1e-12 || diff < -1e-12 || len(b.Budgets) != 1 || b.Budgets[0].CurrentUsage-total > 1e-8 || b.Budgets[0].CurrentUsage-total < -1e-8 {
		t.Errorf("answers %g, log %g, budget %+v", total, logged, b.Budgets)
	}
	// An unknown price is unknown, not nothing.
	a = g.Do("POST", "/v1/chat/completions", chat("openai/my-own-finetune"), "x-bf-vk", k.Value)
	if a.Status != 200 || strings.Contains(a.Body, "cost") {
		t.Errorf("an unknown price: %d %s", a.Status, a.Body)
	}
	var after admin.VirtualKeyAnswer
	g.JSON("GET", "/api/governance/virtual-keys/"+k.ID, "", &after)
	if after.VirtualKey.Unpriced != 1 {
		t.Errorf("unpriced calls: %+v", after.VirtualKey)
	}
}

// A key that may have all models of two providers asks each for what it has.
func TestAllModelsAreThoseThatAProviderHas(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Config: governed + "}", Script: speaks})
	k := g.key(`{"name":"all","provider_configs":[
		{"provider":"openai","allowed_models":["*"],"key_ids":["*"],"weight":1},{"provider":"anthropic","allowed_models":["*"],"key_ids":["*"],"weight":1}]}`)
	for range 20 {
		if a := g.Do("POST", "/anthropic/v1/messages", messagesRequest, "x-api-key", k.Value); a.Status != 200 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		if a := g.Do("POST", "/v1/chat/completions", chat("gpt-4o-mini"), "x-bf-vk", k.Value); a.Status != 200 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	if got := hosts(g); got["api.openai.com"] != 20 || got["api.anthropic.com"] != 20 {
		t.Errorf("upstream calls: %v", got)
	}
}

// What a call cost is asked again, by a price that came later; a call that had a price keeps it where only the missing
// ones are wanted, and nothing is called.
func TestPastCostsAreRecalculated(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Config: governed + "}", Script: speaks})
	g.Do("POST", "/v1/chat/completions", chat("openai/of-our-own"))
	g.Do("POST", "/v1/chat/completions", chat("openai/gpt-4o-mini"))
	costs := func() string {
		out := ""
		for _, e := range g.Rows() {
			out += " unknown"
			if e.Cost != nil {
				out = strings.TrimSuffix(out, "unknown") + fmt.Sprint(*e.Cost)
			}
		}
		return out
	}
	before := costs()
	known, ok := strings.CutPrefix(before, " unknown ")
	if !ok || known == "unknown" {
		t.Fatalf("the log says%s", before)
	}
	g.JSON("POST", "/api/governance/pricing-overrides", `{"name":"ours","scope_kind":"provider","provider_id":"openai","match_type":"wildcard","pattern":"*",
		"per_1m":{"input":1e6,"output":2e6}}`, nil)
	if got := costs(); got != before {
		t.Errorf("a price changes the past by itself: %s", got)
	}
	var r admin.Recalculated
	g.JSON("POST", "/api/logs/recalculate-cost", `{"missing_cost_only":true}`, &r)
	usage := g.Rows()[0].TokenUsage
	want := fmt.Sprint(float64(usage.PromptTokens + 2*usage.CompletionTokens))
	if got := costs(); got != " "+want+" "+known || r.Updated != 1 {
		t.Errorf("only the missing one: %s, %+v", got, r)
	}
	g.JSON("POST", "/api/logs/recalculate-cost", `{}`, &r)
	if got := costs(); got != " "+want+" "+want || r.Updated != 1 {
		t.Errorf("all: %s, %+v", got, r)
	}
	if n := len(g.Upstream.Seen()); n != 2 {
		t.Errorf("%d calls", n)
	}
}
