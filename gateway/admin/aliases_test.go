package admin

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
)

func TestAliasesAndRetries(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	do[ProviderSaved](w, "POST", "/api/providers", `{"provider":"big-cloud","network_config":{"max_retries":0,"retry_backoff_initial":"1s"}}`)
	k := do[KeySaved](w, "POST", "/api/providers/big-cloud/keys", `{"name":"k","models":["regex:^m-.*"],"big_cloud_key_config":{"deployments":{"old":"m-0"}},
		"aliases":{"fast":"m-1","eu":{"model_id":"m-2","description":"in Europe","region":"eu","single":true}}}`)
	want := Aliases{"old": "m-0", "fast": "m-1", "eu": map[string]any{"model_id": "m-2", "description": "in Europe", "region": "eu", "single": "true"}}
	if diff := cmp.Diff(want, k.Aliases); diff != "" {
		t.Error(diff)
	}
	p := do[Provider](w, "GET", "/api/providers/big-cloud", "")
	if n := p.NetworkConfig; n.MaxRetries != 0 || n.RetryBackoffInitial != 1000 || n.RetryBackoffMax != 5000 {
		t.Errorf("network: %+v", n)
	}
	if n := do[Provider](w, "GET", "/api/providers/play", "").NetworkConfig; n.MaxRetries != 2 || n.RetryBackoffInitial != 500 {
		t.Errorf("defaults: %+v", n)
	}
	version := w.Config.Snapshot().Version
	for at, v := range map[string]any{"/api/providers/big-cloud": p, "/api/providers/big-cloud/keys/" + k.ID: p.Keys[0]} {
		echo, _ := json.Marshal(v)
		do[Provider](w, "PUT", at, string(echo))
	}
	if w.Config.Snapshot().Version != version {
		t.Error("an echo changed something")
	}
	at := "/api/providers/big-cloud/keys/" + k.ID
	if got := do[KeySaved](w, "PUT", at, `{"weight":2}`); len(got.Aliases) != 3 {
		t.Errorf("aliases that were not named: %+v", got.Aliases)
	}
	if got := do[KeySaved](w, "PUT", at, `{"aliases":{"one":"m-1"}}`); len(got.Aliases) != 1 {
		t.Errorf("replaced: %+v", got.Aliases)
	}
	if got := do[KeySaved](w, "PUT", at, `{"aliases":null}`); got.Aliases == nil || len(got.Aliases) != 0 {
		t.Errorf("cleared: %+v", got.Aliases)
	}
	w.fail("PUT", at, `{"aliases":{"a":{"model_id":"m","api_version":"1"}}}`, 400, "aliases.a.api_version")
	w.fail("PUT", at, `{"aliases":{"a":""}}`, 400, "aliases.a.model_id")
	w.fail("PUT", at, `{"models":["regex:("]}`, 400, "models")
	w.fail("PUT", "/api/providers/big-cloud", `{"network_config":{"max_retries":11}}`, 400, "network_config.max_retries")
	w.fail("PUT", "/api/config", `{"client_config":{"required_headers":["no header"]}}`, 400, "client_config.required_headers[0]")
	w.fail("PUT", "/api/config", `{"client_config":{"routing_chain_max_depth":1000}}`, 400, "client_config.routing_chain_max_depth")
	do[Saved](w, "PUT", "/api/config", `{"client_config":{"enforce_auth_on_inference":true,"required_headers":["X-Tenant"]}}`)
	if c := do[Config](w, "GET", "/api/config", "").ClientConfig; !c.EnforceAuthOnInference || !c.EnforceGovernanceHeader || c.RequiredHeaders[0] != "X-Tenant" || c.RoutingChainMaxDepth != 10 {
		t.Errorf("client: %+v", c)
	}
}
