package compat_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
)

func TestAliases(t *testing.T) {
	plain := map[string]config.Alias{"fast": {Model: "m-1"}}
	eu := map[string]config.Alias{"eu": {Model: "m-2", Description: "in Europe", Options: map[string]string{"region": "eu", "single": "true"}}}
	cases := []struct {
		name, body string
		want       map[string]config.Alias
		warnings   int
	}{
		{"absent", `{}`, nil, 0},
		{"null", `{"aliases":null}`, map[string]config.Alias{}, 0},
		{"none", `{"aliases":{}}`, map[string]config.Alias{}, 0},
		{"a name", `{"aliases":{"fast":" m-1 "}}`, plain, 0},
		{"an object", `{"aliases":{"fast":{"model_id":"m-1","region":"","force_single_region":false}}}`, plain, 0},
		{"options", `{"aliases":{"eu":{"model_id":"m-2","description":"in Europe","region":"eu","single":true}}}`, eu, 0},
		{"for people", `{"aliases":{"fast":{"model_id":"m-1","model_family":"gpt","model_name":"M"}}}`, plain, 2},
		{"the older way", `{"region_al_key_config":{"deployments":{"fast":"m-1"}}}`, plain, 0},
		{"both ways", `{"aliases":{"fast":"m-1"},"region_al_key_config":{"deployments":{"fast":"m-9"}}}`, plain, 0},
		{"nothing the older way", `{"region_al_key_config":{"deployments":{}}}`, nil, 0},
	}
	for _, c := range cases {
		e, warnings, err := decoder().Key("region-al", []byte(c.body))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, e.Aliases); diff != "" || len(warnings) != c.warnings {
			t.Errorf("%s: %s %v", c.name, diff, warnings)
		}
	}
	for body, says := range map[string]string{
		`{"aliases":{"a":{"model_id":"m","endpoint":"https://x.test"}}}`:     "aliases.a.endpoint: can't be set for one model here; what can: model_id, description, region, scopes, single",
		`{"aliases":{"a":{"model_id":"m","inference_profile_arn":"arn:x"}}}`: "aliases.a.inference_profile_arn: ",
		`{"aliases":{"a":{"model_id":"m","client_secret":"x"}}}`:             "aliases.a.client_secret: ",
		`{"aliases":{"a":{"model_id":"m","region":"env.REGION"}}}`:           "aliases.a.region: must be the value itself",
		`{"aliases":{"a":{"modle_id":"m"}}}`:                                 `did you mean "model_id"?`,
		`{"aliases":{"a":7}}`:                                                "aliases.a: must be an object",
	} {
		if _, _, err := decoder().Key("region-al", []byte(body)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestRetriesAreMilliseconds(t *testing.T) {
	for body, want := range map[string][2]time.Duration{
		`{"retry_backoff_initial":250,"retry_backoff_max":4000}`:      {250 * time.Millisecond, 4 * time.Second},
		`{"retry_backoff_initial":"250ms","retry_backoff_max":"1m"}`:  {250 * time.Millisecond, time.Minute},
		`{"retry_backoff_initial":"1.5s","retry_backoff_max":"2000"}`: {1500 * time.Millisecond, 2 * time.Second},
		`{"retry_backoff_initial":null,"max_retries":3}`:              {},
	} {
		e, _, err := decoder().EditProvider("openai", []byte(`{"network_config":`+body+`}`))
		if err != nil || e.Network.RetryInitial != want[0] || e.Network.RetryMax != want[1] {
			t.Errorf("%s: %+v %v", body, e.Network, err)
		}
		if three := strings.Contains(body, "max_retries"); three != (e.Network.Retries != nil) || three && *e.Network.Retries != 3 {
			t.Errorf("%s: %v retries", body, e.Network.Retries)
		}
	}
}

func TestCallersSettings(t *testing.T) {
	apply := func(body string, c config.Client) config.Client {
		t.Helper()
		edit, _, err := decoder().Config([]byte(`{"client_config":` + body + `}`))
		d := config.Draft{Client: c}
		if err != nil || edit(&d) != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return d.Client
	}
	got := apply(`{"enforce_auth_on_inference":true,"required_headers":["x-tenant-id"],"delete_expired_virtual_keys":true,"routing_chain_max_depth":3,
		"allow_direct_keys":true,"direct_keys_without_header":true,"refuse_unpriced":true,"enable_governance":true}`, config.Client{})
	want := config.Client{EnforceKey: true, RequiredHeaders: []string{"x-tenant-id"}, DeleteExpiredKeys: true, RoutingDepth: 3,
		AllowDirectKeys: true, DirectKeysUnasked: true, RefuseUnpriced: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		body          string
		before, after bool
	}{
		{`{"enforce_governance_header":true}`, false, true},
		{`{"enforce_auth_on_inference":true,"enforce_governance_header":true}`, false, true},
		// Who echoes both names may have changed either.
		{`{"enforce_auth_on_inference":true,"enforce_governance_header":false}`, false, true},
		{`{"enforce_auth_on_inference":true,"enforce_governance_header":false}`, true, false},
		{`{}`, true, true},
	} {
		if got := apply(c.body, config.Client{EnforceKey: c.before}).EnforceKey; got != c.after {
			t.Errorf("%s on %v: %v", c.body, c.before, got)
		}
	}
	if _, warnings, err := decoder().Config([]byte(`{"client_config":{"enable_governance":false}}`)); err != nil || len(warnings) != 1 {
		t.Errorf("governance can't be off: %v %v", warnings, err)
	}
}
