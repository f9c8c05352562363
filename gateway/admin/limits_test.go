package admin

import (
	"encoding/json"
	"testing"

	"heimdall/gateway/config"
)

func TestModelLimits(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	const at = "/api/governance/model-configs"
	made := do[ModelLimitAnswer](w, "POST", at, `{"model_name":"gpt-4o","provider":"play","budgets":[{"max_limit":5,"reset_duration":"1d"}],
		"rate_limit":{"request_max_limit":10,"request_reset_duration":"1m"}}`).ModelConfig
	if made.Scope != "global" || made.Budgets[0].MaxLimit != 5 || made.BudgetIDs[0] != made.Budgets[0].ID || *made.RateLimit.RequestMaxLimit != 10 || made.RateLimitID == "" || made.CreatedAt.IsZero() {
		t.Errorf("created: %+v", made)
	}
	one := at + "/" + made.ID
	version := w.Config.Snapshot().Version
	echo, _ := json.Marshal(do[ModelLimitAnswer](w, "GET", one, "").ModelConfig)
	do[ModelLimitAnswer](w, "PUT", one, string(echo))
	if w.Config.Snapshot().Version != version {
		t.Error("an echo changed something")
	}
	got := do[ModelLimitAnswer](w, "PUT", one, `{"budgets":[{"max_limit":8,"reset_duration":"1d"}],"provider":null}`).ModelConfig
	if got.Provider != "" || got.Budgets[0].MaxLimit != 8 || got.Budgets[0].ID != made.Budgets[0].ID || got.RateLimit == nil {
		t.Errorf("changed: %+v", got)
	}
	if got := do[ModelLimitAnswer](w, "PUT", one, `{"budgets":[],"rate_limit":null}`).ModelConfig; len(got.Budgets) != 0 || got.RateLimit != nil {
		t.Errorf("emptied: %+v", got)
	}
	do[ModelLimitAnswer](w, "POST", at, `{"model_name":"*","budget":{"max_limit":1,"reset_duration":"1h"}}`)
	if all := do[ModelLimits](w, "GET", at, ""); all.Count != 2 || all.TotalCount != 2 {
		t.Errorf("list: %+v", all)
	}
	if some := do[ModelLimits](w, "GET", at+"?search=GPT&scope=global&limit=1", ""); some.Count != 1 || some.ModelConfigs[0].ID != made.ID {
		t.Errorf("search: %+v", some)
	}
	for body, param := range map[string]string{
		`{}`:                                "model_name",
		`{"model_name":"*"}`:                "model_name",
		`{"model_name":"m","scope":"team"}`: "scope",
		`{"model_name":"m","provider":"x"}`: "provider",
		`{"model_name":"m","scope_id":"x"}`: "scope_id",
		`{"model_name":"m","budgets":[{"max_limit":-1,"reset_duration":"1d"}]}`: "budgets[0].max_limit",
		`{"model_name":"m","budgets":[{"max_limit":1}]}`:                        "budgets[0].reset_duration",
		`{"model_name":"m","bugdets":[]}`:                                       "bugdets",
	} {
		w.fail("POST", at, body, 400, param)
	}
	w.fail("PUT", at+"/none", `{}`, 404, "")
	do[Saved](w, "DELETE", one, "")
	w.fail("DELETE", one, "", 404, "")
}

func TestProviderLimits(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	const one = "/api/governance/providers/play"
	if got := do[ProviderLimitAnswer](w, "GET", one, "").Provider; got.Provider != "play" || len(got.Budgets) != 0 {
		t.Errorf("without limits: %+v", got)
	}
	got := do[ProviderLimitAnswer](w, "PUT", one, `{"budget":{"max_limit":5,"reset_duration":"1M"},"calendar_aligned":true}`).Provider
	if got.Budgets[0].MaxLimit != 5 || !got.CalendarAligned || got.RateLimit != nil {
		t.Errorf("changed: %+v", got)
	}
	version := w.Config.Snapshot().Version
	echo, _ := json.Marshal(do[ProviderLimitAnswer](w, "GET", one, "").Provider)
	do[ProviderLimitAnswer](w, "PUT", one, string(echo))
	if w.Config.Snapshot().Version != version {
		t.Error("an echo changed something")
	}
	if all := do[ProviderLimits](w, "GET", "/api/governance/providers", ""); all.Count != 1 || all.Providers[0].Provider != "play" {
		t.Errorf("list: %+v", all)
	}
	w.fail("PUT", one, `{"budgets":[{"max_limit":-1,"reset_duration":"1M"}]}`, 400, "budgets[0].max_limit")
	w.fail("PUT", "/api/governance/providers/none", `{}`, 404, "")
	do[Saved](w, "DELETE", one, "")
	if all := do[ProviderLimits](w, "GET", "/api/governance/providers", ""); all.Count != 0 {
		t.Errorf("after the end: %+v", all)
	}
}
