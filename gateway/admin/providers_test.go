package admin

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

func TestEveryRowHasAGuardAndAHandler(t *testing.T) {
	public := map[string]bool{}
	for _, row := range newWorld(t, config.Fixed{}).Rows() {
		if row.Handler == nil || row.Guard == "" {
			t.Errorf("%s %s: %+v", row.Method, row.Path, row)
		}
		switch {
		case row.Guard == exchange.GuardPublic:
			public[row.Path] = true
		case row.Guard == exchange.GuardHolder && strings.HasSuffix(row.Path, "/quota"): // the virtual key itself opens it
		case row.Guard == exchange.GuardSocket && strings.HasPrefix(row.Path, "/ws"):
		case row.Guard != exchange.GuardManage:
			t.Errorf("%s is guarded by %s", row.Path, row.Guard)
		}
	}
	want := map[string]bool{
		"/api/session/login": true, "/api/session/logout": true, "/api/session/exchange": true, "/api/session/is-auth-enabled": true,
	}
	if diff := cmp.Diff(want, public); diff != "" {
		t.Error("public rows:", diff)
	}
}

func TestProviders(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	made := do[ProviderSaved](w, "POST", "/api/providers", `{"provider":"alpha","keys":[{"name":"k1","value":"`+canary+`","models":["*"]},{"name":"k2","value":"env.SET"}]}`)
	if made.Name != "alpha" || made.Title != "Alpha" || made.Source != "api" || made.ProviderStatus != "active" {
		t.Errorf("created: %+v", made)
	}
	k1, k2 := made.Keys[0], made.Keys[1]
	if k1.Value.FromEnv || k1.Value.Value != "sk-c********6789" || k1.Status != "unknown" {
		t.Errorf("k1: %+v", k1)
	}
	if diff := cmp.Diff(SecretValue{"sk-c********6789", "env.SET", true}, k2.Value); diff != "" {
		t.Error("k2:", diff)
	}
	if diff := cmp.Diff([]string{"*"}, k1.Models); diff != "" || k1.BlacklistedModels == nil {
		t.Error("models:", diff)
	}
	w.fail("POST", "/api/providers", `{"provider":"alpha"}`, 409, "provider")
	w.fail("POST", "/api/providers", `{"provider":"beta"}`, 400, "provider")
	w.fail("POST", "/api/providers", `{"provider":"alpha","keis":[]}`, 400, "keis")
	w.fail("PUT", "/api/providers/alpha", `{"network_config":{"base_url":"nowhere"}}`, 400, "network_config.base_url")
	w.fail("PUT", "/api/providers/beta", `{}`, 404, "")
	w.fail("GET", "/api/providers/beta", ``, 404, "")

	put := do[ProviderSaved](w, "PUT", "/api/providers/alpha", `{"network_config":{"base_url":"https://alpha.example","allow_private_network":true}}`)
	if len(put.Warnings) != 1 {
		t.Errorf("a field without effect gave %v", put.Warnings)
	}
	got := do[Provider](w, "GET", "/api/providers/alpha", "")
	if got.NetworkConfig.BaseURL != "https://alpha.example" || len(got.Keys) != 2 {
		t.Errorf("after a PUT: %+v", got)
	}
	if all := do[Providers](w, "GET", "/api/providers", ""); all.Total != 2 {
		t.Errorf("list: %+v", all)
	}

	// What a GET gives can be sent back, and changes nothing.
	echo, _ := json.Marshal(got)
	do[ProviderSaved](w, "PUT", "/api/providers/alpha", string(echo))
	if diff := cmp.Diff(got, do[Provider](w, "GET", "/api/providers/alpha", "")); diff != "" {
		t.Error("an echoed provider:", diff)
	}
	for _, k := range got.Keys {
		echo, _ := json.Marshal(k)
		do[KeySaved](w, "PUT", "/api/providers/alpha/keys/"+k.ID, string(echo))
	}
	if p := w.Config.Snapshot().Provider("alpha"); p.Keys[0].Value.Reveal() != canary || p.Keys[1].Ref != "env.SET" {
		t.Errorf("echoed keys: %+v", p.Keys)
	}
	config, _ := json.Marshal(do[Config](w, "GET", "/api/config", ""))
	do[Saved](w, "PUT", "/api/config", string(config))

	do[Saved](w, "DELETE", "/api/providers/alpha", "")
	w.fail("DELETE", "/api/providers/alpha", "", 404, "")
	if len(w.chain) != 0 {
		t.Error("the keychain keeps a deleted provider's key")
	}
}

func TestKeys(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	do[ProviderSaved](w, "POST", "/api/providers", `{"provider":"alpha"}`)
	if p := do[Provider](w, "GET", "/api/providers/alpha", ""); p.ProviderStatus != "error" || !strings.Contains(p.Description, "key") {
		t.Errorf("without a key: %+v", p)
	}
	do[KeySaved](w, "POST", "/api/providers/alpha/keys", `{"name":"k0","value":"env.UNSET"}`)
	if p := do[Provider](w, "GET", "/api/providers/alpha", ""); p.ProviderStatus != "error" || !strings.Contains(p.Description, "UNSET") {
		t.Errorf("with a key that has no value: %+v", p)
	}
	k := do[KeySaved](w, "POST", "/api/providers/alpha/keys", `{"name":"k1","value":"`+canary+`","models":["a-1"],"weight":0.5}`)
	at := "/api/providers/alpha/keys/" + k.ID
	p := do[Provider](w, "GET", "/api/providers/alpha", "")
	if p.ProviderStatus != "active" || p.Keys[0].Status != "error" {
		t.Errorf("one of two keys can be used: %+v", p)
	}
	do[Saved](w, "DELETE", "/api/providers/alpha/keys/"+p.Keys[0].ID, "")
	w.fail("POST", "/api/providers/alpha/keys", `{"name":"k1","value":"x"}`, 400, "name")
	w.fail("POST", "/api/providers/alpha/keys", `{"name":"k2"}`, 400, "value")
	w.fail("POST", "/api/providers/alpha/keys", `{"name":"k2","value":"x","wieght":1}`, 400, "wieght")
	w.fail("PUT", at, `{"weight":-1}`, 400, "weight")
	w.fail("PUT", "/api/providers/alpha/keys/none", `{}`, 404, "")

	changed := do[KeySaved](w, "PUT", at, `{"weight":1}`)
	if changed.Weight != 1 || changed.Name != "k1" || changed.Models[0] != "a-1" {
		t.Errorf("a PUT of the weight changed more: %+v", changed)
	}
	if list := do[Keys](w, "GET", "/api/providers/alpha/keys", ""); list.Total != 1 || list.Keys[0].ID != k.ID {
		t.Errorf("list: %+v", list)
	}
	if diff := cmp.Diff([]FlatKey{{k.ID, "k1", "alpha", []string{"a-1"}}}, do[[]FlatKey](w, "GET", "/api/keys", "")); diff != "" {
		t.Error(diff)
	}
	do[Saved](w, "DELETE", at, "")
	w.fail("GET", at, "", 404, "")
}

// TestNoAnswerHoldsASecret puts a key in through every shape and reads every row that gives something back.
func TestNoAnswerHoldsASecret(t *testing.T) {
	w := newWorld(t, config.Fixed{AdminPassword: canary})
	var seen strings.Builder
	send := func(method, target, body string) {
		t.Helper()
		r, err := w.send(t.Context(), method, target, body, fields{"Authorization": "Bearer " + canary, "Cookie": "token=" + canary})
		switch {
		case err != nil:
			seen.WriteString(err.Error())
			data, _ := json.Marshal(llm.AsError(err))
			seen.Write(data)
		case r.Stream != nil:
			r.Stream.Close()
		default:
			seen.Write(r.Body)
		}
	}
	send("POST", "/api/providers", `{"provider":"alpha","keys":[{"name":"k1","value":"`+canary+`"},{"name":"k2","value":"env.SET"}],"network_config":{"extra_headers":{"X-Api-Key":"`+canary+`"}}}`)
	send("POST", "/api/providers", `{"provider":"mine","custom_provider_config":{"base_provider_type":"alpha"},"network_config":{"base_url":"https://u:`+canary+`@h"}}`)
	send("POST", "/api/providers/alpha/keys", `{"name":"v2","value":{"value":"`+canary+`","env_var":"","from_env":false}}`)
	send("POST", "/api/providers/alpha/keys", `{"name":"v3","value":{"value":"`+canary+`","env_var":"env.SET","from_env":true}}`)
	send("POST", "/api/providers/alpha/keys", `{"name":"v4","value":["`+canary+`"]}`)
	send("PUT", "/api/providers/alpha", `{"keys":[{"name":"k1","value":"`+canary+`","weight":"x"}]}`)
	send("POST", "/api/providers/alpha/keys", `{"name":"k3","value":"`+canary+`"}`)
	send("POST", "/api/providers/alpha/keys", `{"name":"k3","value":"`+canary+`"}`)
	send("POST", "/api/providers/alpha/keys", `{"name":"k4","value":"`+canary+`","weight":-1}`)
	send("POST", "/api/providers/alpha/keys", `{"name":"k4","value":"`+canary+`\n"`)
	send("POST", "/api/providers/alpha/keys", `{"name":"k5","value":"line\nbreak`+canary+`"}`)
	send("POST", "/api/providers", `{"provider":"beta","keys":[{"value":"`+canary+`"}]}`)
	send("POST", "/api/providers", `{"provider":"big-cloud","proxy_config":{"type":"http","url":"http://p.test","username":"me","password":"`+canary+`"},"keys":[{"name":"k6","big_cloud_key_config":{"client_secret":"`+canary+`","credentials":{"value":"`+canary+`"}}}]}`)
	send("POST", "/api/providers/big-cloud/keys", `{"name":"k7","options":{"client_secret":"`+canary+`","credentials":"env.SET"}}`)
	send("POST", "/api/providers/big-cloud/keys", `{"name":"k8","big_cloud_key_config":{"client_secret":["`+canary+`",1],"credentials":{"private_key":"`+canary+`"}}}`)
	send("PUT", "/api/providers/big-cloud", `{"proxy_config":{"type":"http","url":"http://me:`+canary+`@p.test"}}`)
	send("PUT", "/api/config", `{"auth_config":{"admin_username":"admin","admin_password":"`+canary+`x","is_enabled":true}}`)
	send("POST", "/api/session/login", `{"username":"admin","password":"`+canary+`x"}`)
	for _, row := range w.Rows() {
		if row.Method == "GET" {
			send("GET", strings.ReplaceAll(row.Path, "{provider}", "big-cloud"), "")
			send("GET", strings.ReplaceAll(row.Path, "{provider}", "alpha"), "")
		}
	}
	if !strings.Contains(seen.String(), "k3") || !strings.Contains(seen.String(), "k7") {
		t.Fatal("nothing was read")
	}
	if strings.Contains(seen.String(), canary) || strings.Contains(seen.String(), canary[8:24]) {
		t.Fatal("an answer holds the key")
	}
}

// TestOptionsOfKeys writes a key's options in Bifrost's shape and sends back what it reads.
func TestOptionsOfKeys(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	do[ProviderSaved](w, "POST", "/api/providers", `{"provider":"mine","custom_provider_config":{"base_provider_type":"big-cloud","allowed_requests":{}},"network_config":{"base_url":"http://mine.test"},
		"proxy_config":{"type":"http","url":"http://p.test","username":"me","password":"`+canary+`"}}`)
	saved := do[map[string]any](w, "POST", "/api/providers/mine/keys", `{"name":"k","value":"","big_cloud_key_config":{"region":"env.SET","endpoint":"https://e.test","single":true,"client_secret":"`+canary+`"}}`)
	want := map[string]any{
		"region": map[string]any{"value": "sk-c********6789", "env_var": "env.SET", "from_env": true}, "endpoint": "https://e.test", "single": true,
		"client_secret": map[string]any{"value": "sk-c********6789", "from_env": false},
	}
	if diff := cmp.Diff(want, saved["big_cloud_key_config"]); diff != "" || saved["message"] != "key created" || saved["name"] != "k" {
		t.Errorf("saved: %s in %v", diff, saved)
	}
	flat := map[string]any{"region": "env.SET", "endpoint": "https://e.test", "single": "true", "client_secret": "sk-c********6789"}
	if diff := cmp.Diff(flat, saved["options"]); diff != "" {
		t.Error(diff)
	}
	whole := do[map[string]any](w, "GET", "/api/providers/mine", "")
	before := w.Config.Snapshot().Provider("mine")
	for _, method := range []func(){
		func() {
			echo, _ := json.Marshal(whole)
			do[ProviderSaved](w, "PUT", "/api/providers/mine", string(echo))
		},
		func() {
			echo, _ := json.Marshal(saved)
			do[KeySaved](w, "PUT", "/api/providers/mine/keys/"+saved["id"].(string), string(echo))
		},
	} {
		method()
		if diff := cmp.Diff(before, w.Config.Snapshot().Provider("mine"), cmp.Comparer(func(a, b config.Secret) bool { return a == b })); diff != "" {
			t.Error("an echo changed something:", diff)
		}
	}
	if diff := cmp.Diff(whole, do[map[string]any](w, "GET", "/api/providers/mine", "")); diff != "" {
		t.Error(diff)
	}
	proxy := map[string]any{"type": "http", "url": "http://p.test", "username": "me", "password": "<REDACTED>"}
	if diff := cmp.Diff(proxy, whole["proxy_config"]); diff != "" || whole["custom_provider_config"].(map[string]any)["allowed_requests"] == nil {
		t.Errorf("%s in %v", diff, whole)
	}
	w.fail("PUT", "/api/providers/mine", `{"proxy_config":{"type":"http"}}`, 400, "proxy_config.url")
	w.fail("POST", "/api/providers/mine/keys", `{"big_cloud_key_config":{"endpoint":"nowhere"}}`, 400, "endpoint")
	w.fail("POST", "/api/providers/mine/keys", `{"big_cloud_key_config":{"regoin":"x"}}`, 400, "big_cloud_key_config.regoin")
	do[Saved](w, "DELETE", "/api/providers/mine", "")
	if len(w.chain) != 0 {
		t.Error("the keychain keeps a deleted provider's secrets")
	}
}

func TestModels(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	w.models = []ModelEntry{{"gpt-4o", "alpha", []string{"k"}}, {"gpt-5-mini", "alpha", nil}, {"echo", "play", nil}}
	cases := map[string][]string{
		"":                             {"gpt-4o", "gpt-5-mini", "echo"},
		"?query=g5m":                   {"gpt-5-mini"},
		"?query=GPT":                   {"gpt-4o", "gpt-5-mini"},
		"?query=xx":                    nil,
		"?provider=play":               {"echo"},
		"?keys=k":                      {"gpt-4o"},
		"?limit=1&provider=alpha":      {"gpt-4o"},
		"?unfiltered=true&query=tpg-4": nil,
	}
	for query, want := range cases {
		var names []string
		for _, m := range do[Models](w, "GET", "/api/models"+query, "").Models {
			names = append(names, m.Name)
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
	if m := do[Models](w, "GET", "/api/models?limit=1", ""); m.Total != 3 {
		t.Errorf("total %d", m.Total)
	}
	w.fail("GET", "/api/models?limit=many", "", 400, "limit")
	w.fail("GET", "/api/models?qurey=x", "", 400, "qurey")
}

func TestTestCall(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	p := do[ProviderSaved](w, "POST", "/api/providers", `{"provider":"alpha","keys":[{"name":"k1","value":"v","models":["a-2","a-9"]}]}`)
	w.outcome = TestOutcome{Status: 200, Text: "hi", LogID: "id", Latency: 1500}
	r := do[TestResult](w, "POST", "/api/providers/alpha/test", `{}`)
	if !r.OK || r.Message != "hi" || r.Model != "a-2" || r.LatencyMS != 0.001 || w.call != (TestCall{"alpha", "a-2", ""}) {
		t.Errorf("%+v after %+v", r, w.call)
	}
	w.outcome = TestOutcome{Status: 401, Err: llm.Errorf(llm.KindAuthFailed, "bad key")}
	r = do[TestResult](w, "POST", "/api/providers/alpha/test", `{"model":"m","key_id":"`+p.Keys[0].ID+`"}`)
	if r.OK || !strings.HasPrefix(r.Message, "bad key. Check the key") || r.Status != 401 || w.call.KeyID != p.Keys[0].ID {
		t.Errorf("%+v", r)
	}
	w.fail("POST", "/api/providers/alpha/test", `{"key_id":"x"}`, 400, "key_id")
	w.fail("POST", "/api/providers/alpha/test", `{"modell":"x"}`, 400, "modell")
	do[Saved](w, "POST", "/api/providers/alpha/refresh-models", "")
}

func TestGatewayAndConfig(t *testing.T) {
	w := newWorld(t, config.Fixed{Port: 9999, By: map[string]string{"port": "flag"}})
	if v := do[string](w, "GET", "/api/version", ""); v != "v0.1.0" {
		t.Errorf("version %q", v)
	}
	if g := do[Gateway](w, "POST", "/api/gateway/stop", ""); g.State != "stopped" || !w.Config.Snapshot().Settings.Stopped {
		t.Errorf("stopped: %+v", g)
	}
	if g := do[Gateway](w, "POST", "/api/gateway/start", ""); g.State != "running" || w.Config.Snapshot().Settings.Stopped {
		t.Errorf("started: %+v", g)
	}
	w.port.state.Controllable = false
	w.fail("POST", "/api/gateway/stop", "", 409, "")

	c := do[Config](w, "GET", "/api/config?from_db=true", "")
	if c.Settings.Port != 9999 || c.Settings.Locked["port"] != "flag" || c.Settings.Theme != "system" || c.ClientConfig.LogRetentionDays != 365 {
		t.Errorf("config: %+v", c)
	}
	w.fail("PUT", "/api/config", `{"settings":{"port":1234}}`, 400, "settings.port")
	do[Saved](w, "PUT", "/api/config", `{"settings":{"port":9999,"theme":"dark"}}`)
	if s := w.store.entities["settings/settings"]; !strings.Contains(string(s.Data), `"port":8080`) || !strings.Contains(string(s.Data), "dark") {
		t.Errorf("stored: %s", s.Data)
	}
	if k := do[Kinds](w, "GET", "/api/provider-kinds", ""); len(k.Kinds) != 3 {
		t.Errorf("kinds: %+v", k)
	}
	if s := do[Saved](w, "POST", "/api/keychain/retry", ""); s.Status != "success" {
		t.Errorf("retry: %+v", s)
	}
}

func TestEveryKindOfErrorHasAHint(t *testing.T) {
	for _, kind := range []llm.ErrorKind{
		llm.KindModelUnavailable, llm.KindModelUnknown, llm.KindInvalidRequest, llm.KindCancelled, llm.KindModelBlocked,
		llm.KindProviderBlocked, llm.KindAccessDenied, llm.KindBudgetExceeded, llm.KindRateLimited, llm.KindToolBlocked,
		llm.KindAuthFailed, llm.KindBilling, llm.KindProviderLimited, llm.KindOverloaded, llm.KindServerError, llm.KindTimeout,
		llm.KindConnection, llm.KindNoCredentials, llm.KindDropped, llm.KindInternal, llm.KindOther, llm.KindTruncated,
	} {
		if h := hint(kind); !strings.HasSuffix(h, ".") {
			t.Errorf("%s: %q", kind, h)
		}
	}
}
