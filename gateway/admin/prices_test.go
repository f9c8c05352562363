package admin

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
)

func TestPriceOverrides(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	p := do[ProviderSaved](w, "POST", "/api/providers", `{"provider":"alpha","keys":[{"name":"k1","value":"v"}]}`)
	const at = "/api/governance/pricing-overrides"
	made := do[PriceOverrideAnswer](w, "POST", at, `{"name":"cheap","scope_kind":"provider","provider_id":"alpha","match_type":"wildcard","pattern":"a-*",
		"request_types":["chat_completion"],"patch":{"input_cost_per_token":0.0000025,"output_cost_per_token":0}}`).PricingOverride
	want := PriceOverride{
		ID: made.ID, Name: "cheap", ScopeKind: "provider", ProviderID: "alpha", MatchType: "wildcard", Pattern: "a-*", RequestTypes: []string{"chat_completion"},
		Patch: map[string]float64{"input_cost_per_token": 0.0000025, "output_cost_per_token": 0}, Per1M: map[string]float64{"input": 2.5, "output": 0},
		CreatedAt: made.CreatedAt, UpdatedAt: made.UpdatedAt,
	}
	if diff := cmp.Diff(want, made); diff != "" || made.ID == "" || made.CreatedAt.IsZero() {
		t.Errorf("created: %s", diff)
	}
	one := at + "/" + made.ID
	version := w.Config.Snapshot().Version
	echo, _ := json.Marshal(do[PriceOverrideAnswer](w, "GET", one, "").PricingOverride)
	do[PriceOverrideAnswer](w, "PUT", one, string(echo))
	if w.Config.Snapshot().Version != version {
		t.Error("an echo changed something")
	}

	// Prices are replaced as a whole; all else stays.
	got := do[PriceOverrideAnswer](w, "PUT", one, `{"per_1m":{"cache_read":0.3,"request":0.01}}`).PricingOverride
	want.Patch = map[string]float64{"cache_read_input_token_cost": 0.0000003, "cost_per_request": 0.01}
	want.Per1M = map[string]float64{"cache_read": 0.3, "request": 0.01}
	want.UpdatedAt = got.UpdatedAt
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("changed:", diff)
	}
	got = do[PriceOverrideAnswer](w, "PUT", one, `{"scope_kind":"provider_key","provider_key_id":"k1"}`).PricingOverride
	if got.ProviderID != "" || got.ProviderKeyID != p.Keys[0].ID {
		t.Errorf("another scope: %+v", got)
	}
	do[PriceOverrideAnswer](w, "POST", at, `{"pattern":"a-1","pricing_patch":"{\"input_cost_per_token\":0.000001}"}`)
	if all := do[PriceOverrides](w, "GET", at, ""); all.Count != 2 || all.PricingOverrides[0].ScopeKind != "global" || all.PricingOverrides[0].Name != "a-1" {
		t.Errorf("list: %+v", all)
	}
	if some := do[PriceOverrides](w, "GET", at+"?scope_kind=provider_key", ""); some.Count != 1 {
		t.Errorf("filtered: %+v", some)
	}

	for body, param := range map[string]string{
		`{"pattern":"m"}`: "patch",
		`{"pattern":"m","patch":{"input_cost_per_tokne":1}}`:                                                                       "patch.input_cost_per_tokne",
		`{"pattern":"m","per_1m":{"inptu":1}}`:                                                                                     "per_1m.inptu",
		`{"pattern":"m","patch":{"input_cost_per_token":1},"per_1m":{"input":1}}`:                                                  "per_1m",
		`{"pattern":"m","pricing_patch":"{"}`:                                                                                      "pricing_patch",
		`{"pattern":"m","patch":{"input_cost_per_token":-1}}`:                                                                      "patch.input_cost_per_token",
		`{"pattern":"m*","patch":{"input_cost_per_token":1}}`:                                                                      "pattern",
		`{"pattern":"m","match_type":"wildcard","patch":{"input_cost_per_token":1}}`:                                               "pattern",
		`{"pattern":"(","match_type":"regex","patch":{"input_cost_per_token":1}}`:                                                  "pattern",
		`{"pattern":"m","match_type":"glob","patch":{"input_cost_per_token":1}}`:                                                   "match_type",
		`{"patch":{"input_cost_per_token":1}}`:                                                                                     "name",
		`{"pattern":"m","scope_kind":"planet","patch":{"input_cost_per_token":1}}`:                                                 "scope_kind",
		`{"pattern":"m","scope_kind":"virtual_key","patch":{"input_cost_per_token":1}}`:                                            "virtual_key_id",
		`{"pattern":"m","scope_kind":"provider","provider_id":"alpha","provider_key_id":"k1","patch":{"output_cost_per_token":1}}`: "provider_key_id",
		`{"pattern":"m","provider_id":"beta","patch":{"input_cost_per_token":1}}`:                                                  "provider_id",
		`{"pattern":"m","virtual_key_id":"nobody","patch":{"input_cost_per_token":1}}`:                                             "virtual_key_id",
		`{"pattern":"m","request_types":["chat"],"patch":{"input_cost_per_token":1}}`:                                              "request_types",
		`{"patern":"m"}`: "patern",
	} {
		w.fail("POST", at, body, 400, param)
	}
	w.fail("POST", at, `{"id":"`+made.ID+`","pattern":"m","patch":{"input_cost_per_token":1}}`, 409, "id")
	w.fail("PUT", at+"/none", `{}`, 404, "")

	// What an override means may go; then it does nothing, and the problem is shown.
	do[Saved](w, "DELETE", "/api/providers/alpha", "")
	if c := do[Config](w, "GET", "/api/config", ""); len(c.Problems) != 1 || !strings.HasSuffix(c.Problems[0].Path, "provider_key_id") {
		t.Errorf("problems: %v", c.Problems)
	}
	do[Saved](w, "DELETE", one, "")
	w.fail("GET", one, "", 404, "")
}

func TestPricesOfModels(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	if p := do[ModelPrices](w, "GET", "/api/models/prices?query=gpt&provider=alpha&limit=5&offset=10", ""); p.Dated != "gpt alpha 5 10" || p.Models == nil {
		t.Errorf("%+v", p)
	}
	w.fail("GET", "/api/models/prices?limit=0", "", 400, "limit")
	r := do[Recalculated](w, "POST", "/api/logs/recalculate-cost", `{"start_time":"2026-11-01T00:00:00Z","end_time":"2026-11-02T00:00:00Z","providers":["alpha"],"missing_cost_only":true}`)
	want := Recalculation{
		Since: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC),
		Providers: []string{"alpha"}, MissingOnly: true,
	}
	if diff := cmp.Diff(want, w.recalculation); diff != "" || r.Updated != 2 {
		t.Error(diff, r)
	}
	if do[Recalculated](w, "POST", "/api/logs/recalculate-cost", ``); !cmp.Equal(Recalculation{}, w.recalculation) {
		t.Errorf("without filters: %+v", w.recalculation)
	}
	w.fail("POST", "/api/logs/recalculate-cost", `{"start_time":"2026-11-02T00:00:00Z","end_time":"2026-11-01T00:00:00Z"}`, 400, "end_time")
	w.fail("POST", "/api/logs/recalculate-cost", `{"provider":"alpha"}`, 400, "provider")
}
