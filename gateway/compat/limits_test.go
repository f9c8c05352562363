package compat_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/gateway/period"
	"heimdall/providers/llm"
)

func TestLimitBodies(t *testing.T) {
	e, warnings, err := decoder().ModelLimit([]byte(`{"id":"m1","model_name":"*","provider":null,"scope":"virtual_key","scope_id":"vk-1","calendar_aligned":true,
		"budget_ids":["b"],"budgets":[{"id":"b","max_limit":5,"reset_duration":"1d","current_usage":2}],
		"rate_limit":{"request_max_limit":10,"request_reset_duration":"1m","token_max_limit":null},"created_at":"x"}`))
	if err != nil || len(warnings) != 0 {
		t.Fatal(warnings, err)
	}
	star, none, vk, yes, five := "*", "", "vk-1", true, 5.0
	want := config.ModelLimitEdit{ID: "m1", Model: &star, Provider: &none, Key: &vk, Allowance: config.AllowanceEdit{
		Aligned: &yes, Budgets: []config.BudgetEdit{{ID: "b", Max: &five, Every: period.Period{N: 1, Unit: 'd'}}},
		Rate: &config.RateEdit{Requests: &config.Quota{Max: 10, Every: period.Period{N: 1, Unit: 'm'}}},
	}}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
	for body, want := range map[string]*string{`{}`: nil, `{"scope":"global"}`: &none, `{"scope":"global","scope_id":""}`: &none, `{"scope_id":"vk-1"}`: &vk, `{"scope":null}`: &none} {
		if e, _, err := decoder().ModelLimit([]byte(body)); err != nil || !cmp.Equal(want, e.Key) {
			t.Errorf("%s: %v %v", body, e.Key, err)
		}
	}
	for body, param := range map[string]string{
		`{"scope":"planet"}`:                   "scope",
		`{"scope":"virtual_key"}`:              "scope_id",
		`{"scope":"global","scope_id":"vk-1"}`: "scope_id",
		`{"model":"m"}`:                        "model",
		`{"budgets":[{"reset_duration":"x"}]}`: "budgets[0].reset_duration",
		`{"rate_limit_ids":["r"]}`:             "rate_limit_ids",
	} {
		if _, _, err := decoder().ModelLimit([]byte(body)); err == nil || llm.AsError(err).Param != param {
			t.Errorf("%s: %v", body, err)
		}
	}
	p, _, err := decoder().ProviderLimit([]byte(`{"provider":"openai","reset_budget_usage":true,"budget":{"max_limit":5,"reset_duration":"1d"}}`))
	if err != nil || !p.ResetUsage || len(p.Allowance.Budgets) != 1 || *p.Allowance.Budgets[0].Max != 5 {
		t.Errorf("%+v %v", p, err)
	}
	if _, _, err := decoder().ProviderLimit([]byte(`{"bugdet":{}}`)); err == nil || llm.AsError(err).Param != "bugdet" {
		t.Error(err)
	}
}

func TestTheFilesLimits(t *testing.T) {
	const file = `{
		"providers": {"openai": {"keys": [{"name": "k1", "value": "env.ADMIN_PW", "models": ["*"]}]}},
		"governance": {
			"virtual_keys": [{"id": "vk-1", "name": "dev", "value": "sk-bf-limits", "provider_configs": []}],
			"budgets": [{"id": "b-shared", "max_limit": 50, "reset_duration": "1M"}, {"id": "b-owned", "max_limit": 7, "reset_duration": "1d", "model_config_id": "mc-2"}],
			"rate_limits": [{"id": "r-1", "metric": "requests", "request_max_limit": 15, "request_reset_duration": "1m"},
				{"id": "r-2", "metric": "tokens", "token_max_limit": 1000, "token_reset_duration": "1h"}, {"id": "r-3", "request_max_limit": 9, "request_reset_duration": "1h"}],
			"model_configs": [
				{"id": "mc-1", "model_name": "gpt-4o", "provider": "openai", "budget_id": "b-shared", "rate_limit_ids": ["r-1", "r-2"]},
				{"id": "mc-2", "model_name": "*", "scope": "virtual_key", "scope_id": "vk-1", "calendar_aligned": true},
				{"model_name": "gpt-5", "scope": "virtual_key", "scope_id": "gone", "budgets": [{"max_limit": 1, "reset_duration": "1h"}]}],
			"providers": [{"name": "openai", "budget_id": "b-shared", "rate_limit_id": "r-3"}]
		}
	}`
	store, secrets := &shelf{entities: map[string]config.Entity{}}, chain{}
	start := func(text string) *config.Snapshot {
		t.Helper()
		f, err := decoder().ParseFile([]byte(text), "/app")
		if err != nil {
			t.Fatal(err)
		}
		m := config.NewManager(config.ManagerOptions{Store: store, Secrets: secrets, Kinds: kinds, Env: func(string) string { return "value" }})
		if err := m.Load(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		return m.Snapshot()
	}
	s := start(file)
	all := map[string]*config.ModelLimit{}
	for _, l := range s.ModelLimits {
		all[l.Model] = l
	}
	one, two := all["gpt-4o"], all["*"]
	if r := one.Allowance.Rate; one.ID != "mc-1" || one.Allowance.Budgets[0].Max != 50 || r.Requests.Max != 15 || r.Tokens.Max != 1000 {
		t.Errorf("%+v", one)
	}
	if two.Key != "vk-1" || !two.Allowance.Aligned || two.Allowance.Budgets[0].ID != "b-owned" {
		t.Errorf("%+v", two)
	}
	p := s.ProviderLimits[0]
	if p.Provider != "openai" || p.Allowance.Budgets[0].Max != 50 || p.Allowance.Budgets[0].ID == one.Allowance.Budgets[0].ID || p.Allowance.Rate.Requests.Max != 9 {
		t.Errorf("%+v", p)
	}
	said := strings.Join(paths(s.Problems), " ")
	for _, path := range []string{`governance.model_configs["gpt-5"].scope_id`, "governance.budgets[0]"} {
		if !strings.Contains(said, path) {
			t.Errorf("nobody says what is wrong with %s: %s", path, said)
		}
	}
	version := store.version
	if start(file); store.version != version {
		t.Error("the same file changed something")
	}
	s = start(strings.Replace(file, `"max_limit": 50`, `"max_limit": 60`, 1))
	if s.ProviderLimits[0].Allowance.Budgets[0].Max != 60 {
		t.Error("a changed row does not reach its owner")
	}
	without := strings.Replace(strings.Replace(file, `{"id": "mc-1", "model_name": "gpt-4o", "provider": "openai", "budget_id": "b-shared", "rate_limit_ids": ["r-1", "r-2"]},`, "", 1), `{`, `{"source_of_truth": "config.json",`, 1)
	if s = start(without); len(s.ModelLimits) != 2 {
		t.Errorf("an authoritative file leaves %d limits", len(s.ModelLimits))
	}
	_, err := decoder().ParseFile([]byte(`{"governance":{"model_configs":[{"provider":"openai"}],"providers":[{}]}}`), "/app")
	if err == nil || !strings.Contains(err.Error(), "governance.model_configs[0].model_name") || !strings.Contains(err.Error(), "governance.providers[0].name") {
		t.Error(err)
	}
}
