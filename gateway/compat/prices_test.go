package compat_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/providers/llm"
)

func TestTheFilesPricesAndPlugins(t *testing.T) {
	const file = `{
		"client": {"enforce_auth_on_inference": false, "enforce_governance_header": true},
		"plugins": [{"name": "governance", "enabled": true, "config": {"is_vk_mandatory": true}}, {"name": "maxim", "enabled": true}, {"name": "otel", "enabled": false}],
		"framework": {"pricing": {"pricing_url": "https://prices.test"}},
		"providers": {"openai": {"keys": [{"name": "k1", "value": "env.ADMIN_PW", "models": ["*"]}]}},
		"governance": {"pricing_overrides": [
			{"id": "p1", "name": "mine", "scope_kind": "provider_key", "provider_key_id": "k1", "match_type": "wildcard", "pattern": "gpt-*",
				"request_types": ["chat_completion"], "pricing_patch": "{\"input_cost_per_token\": 0.000001, \"input_cost_per_pixel\": 1}"},
			{"name": "pixels", "scope_kind": "global", "match_type": "exact", "pattern": "x", "patch": {"input_cost_per_pixel": 1}},
			{"name": "lost", "scope_kind": "provider", "provider_id": "gone", "match_type": "exact", "pattern": "x", "patch": {"output_cost_per_token": 1}}]}
	}`
	store, secrets := &shelf{entities: map[string]config.Entity{}}, chain{}
	start := func(text string) *config.Manager {
		t.Helper()
		f, err := decoder().ParseFile([]byte(text), "/app")
		if err != nil {
			t.Fatal(err)
		}
		m := config.NewManager(config.ManagerOptions{Store: store, Secrets: secrets, Kinds: kinds, Env: func(string) string { return "value" }})
		if err := m.Load(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		return m
	}
	s := start(file).Snapshot()
	if s.Client.EnforceKey || len(s.Prices) != 2 {
		t.Fatalf("%+v %+v", s.Client, s.Prices)
	}
	mine := s.Prices[1]
	if mine.ID != "p1" || mine.KeyID != s.Provider("openai").Keys[0].ID || mine.Source != config.SourceFile || len(mine.Patch) != 1 {
		t.Errorf("%+v", mine)
	}
	want := []string{
		"framework.pricing", "governance.pricing_overrides[0].pricing_patch.input_cost_per_pixel", "governance.pricing_overrides[1].patch",
		"governance.pricing_overrides[1].patch.input_cost_per_pixel", `governance.pricing_overrides["lost"].provider_id`, "plugins[1]",
	}
	if diff := cmp.Diff(want, paths(s.Problems), cmp.Transformer("sorted", sorted)); diff != "" {
		t.Error(diff)
	}

	// What is changed elsewhere stays while the file stays the same.
	m := start(file)
	err := m.Update(t.Context(), func(d *config.Draft) error {
		return d.EditPrice("p1", time.Now(), config.PriceEdit{Patch: map[string]float64{"output_cost_per_token": 2}})
	})
	if err != nil {
		t.Fatal(err)
	}
	if p := start(file).Snapshot().Prices[1]; p.Patch["output_cost_per_token"] != 2 {
		t.Errorf("the same file changed %+v", p)
	}
	if p := start(strings.Replace(file, `"gpt-*"`, `"gpt-5*"`, 1)).Snapshot().Prices[1]; p.Pattern != "gpt-5*" || p.Patch["input_cost_per_token"] != 0.000001 {
		t.Errorf("another file left %+v", p)
	}

	_, err = decoder().ParseFile([]byte(`{"governance":{"pricing_overrides":[{"patch":{"input_cost_per_token":"much"}}]}}`), "/app")
	if e := llm.AsError(err); err == nil || e.Param != "governance.pricing_overrides[0].patch.input_cost_per_token" {
		t.Errorf("%v", err)
	}
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }
