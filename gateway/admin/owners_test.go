package admin

import (
	"strings"
	"testing"
	"time"
)

func TestTeamsAndCustomers(t *testing.T) {
	w := office(t)
	c := do[CustomerAnswer](w, "POST", "/api/governance/customers", `{"name": "acme", "budget": {"max_limit": 100, "reset_duration": "1M"}, "calendar_aligned": true}`)
	if c.Customer.Budget == nil || c.Customer.Budgets[0].MaxLimit != 100 || !c.Customer.CalendarAligned || c.Message != "customer created" {
		t.Fatalf("customer: %+v", c)
	}
	if b := c.Customer.Budgets[0]; !b.LastReset.Equal(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) || !b.ResetsAt.Equal(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("its window: %s to %s", b.LastReset, b.ResetsAt)
	}
	team := do[TeamAnswer](w, "POST", "/api/governance/teams", `{"name": "blue", "customer_id": "`+c.Customer.ID+`", "rate_limit": {"request_max_limit": 5, "request_reset_duration": "1m"}}`).Team
	if team.Customer == nil || team.Customer.Name != "acme" || *team.RateLimit.RequestMaxLimit != 5 {
		t.Errorf("team: %+v", team)
	}
	do[VirtualKeyAnswer](w, "POST", vks, `{"name": "k", "allow_all_providers": true, "team_id": "`+team.ID+`"}`)
	do[VirtualKeyAnswer](w, "POST", vks, `{"name": "k2", "allow_all_providers": true, "customer_id": "`+c.Customer.ID+`"}`)
	if l := do[Teams](w, "GET", "/api/governance/teams?search=BL&customer_id="+c.Customer.ID, ""); l.Count != 1 || l.TotalCount != 1 || l.Teams[0].VirtualKeys != 1 {
		t.Errorf("teams: %+v", l)
	}
	if l := do[Customers](w, "GET", "/api/governance/customers", ""); l.Count != 1 || l.Customers[0].VirtualKeys != 1 || l.Customers[0].Teams != 1 {
		t.Errorf("customers: %+v", l)
	}
	if got := do[TeamAnswer](w, "PUT", "/api/governance/teams/"+team.ID, `{"name": "red"}`).Team; got.Name != "red" || got.RateLimit == nil || got.CustomerID == "" {
		t.Errorf("after the PUT: %+v", got)
	}
	w.fail("POST", "/api/governance/teams", `{"name": "red"}`, 409, "name")
	w.fail("POST", "/api/governance/teams", `{"name": "x", "customer_id": "none"}`, 400, "customer_id")
	w.fail("POST", "/api/governance/teams", `{"nam": "x"}`, 400, "nam")
	w.fail("POST", "/api/governance/teams", `{}`, 400, "name")
	w.fail("GET", "/api/governance/teams/none", "", 404, "")
	w.fail("DELETE", "/api/governance/customers/none", "", 404, "")
	if m := do[Saved](w, "DELETE", "/api/governance/customers/"+c.Customer.ID, "").Message; m != "customer deleted; what belongs to nobody now, and has its limits no more: 1 virtual keys, 1 teams" {
		t.Error(m)
	}
	if m := do[Saved](w, "DELETE", "/api/governance/teams/"+team.ID, "").Message; !strings.HasPrefix(m, "team deleted; virtual keys") || !strings.HasSuffix(m, ": 1") {
		t.Error(m)
	}
	for _, k := range w.Config.Snapshot().VirtualKeys {
		if k.TeamID != "" || k.CustomerID != "" {
			t.Errorf("%s still belongs to somebody", k.Name)
		}
	}
}

func TestBudgetsAndTheirOverrides(t *testing.T) {
	w := office(t)
	do[TeamAnswer](w, "POST", "/api/governance/teams", `{"id": "t-1", "name": "blue", "budgets": [{"id": "b-t", "max_limit": 10, "reset_duration": "1d"}]}`)
	do[VirtualKeyAnswer](w, "POST", vks, `{"id": "vk-1", "name": "k", "rate_limit": {"id": "r-1", "token_max_limit": 1, "token_reset_duration": "1d"},
		"provider_configs": [{"id": "g-1", "provider": "alpha", "allowed_models": ["*"], "budgets": [{"id": "b-g", "max_limit": 1, "reset_duration": "1d"}]}]}`)
	list := do[Budgets](w, "GET", "/api/governance/budgets?from_memory=true", "")
	if list.Count != 2 || list.Budgets[0].OwnerKind != "team" || list.Budgets[1].OwnerKind != "provider_config" || list.Budgets[1].OwnerID != "g-1" || list.Budgets[1].OwnerName != "k: alpha" {
		t.Errorf("budgets: %+v", list)
	}
	if l := do[RateLimits](w, "GET", "/api/governance/rate-limits", ""); l.Count != 1 || l.RateLimits[0].ID != "r-1" || l.RateLimits[0].OwnerID != "vk-1" {
		t.Errorf("rate limits: %+v", l)
	}
	for path, want := range map[string]float64{vks + "/vk-1/budgets/b-g/override": 3, "/api/governance/teams/t-1/budgets/b-t/override": 12} {
		got := do[BudgetAnswer](w, "PUT", path, `{"amount": 2, "mode": "cycles", "cycles": 1}`)
		if got.EffectiveMaxLimit != want || got.Budget.OverrideMode != "cycles" || got.Budget.OverrideCycles != 1 {
			t.Errorf("%s: %+v", path, got)
		}
		if got := do[BudgetAnswer](w, "DELETE", path, ""); got.EffectiveMaxLimit != want-2 || got.Budget.OverrideMode != "" {
			t.Errorf("%s: %+v", path, got)
		}
		w.fail("PUT", path, `{"amount": 0, "mode": "forever"}`, 400, "amount")
		w.fail("PUT", path, `{"amount": 1}`, 400, "mode")
		w.fail("PUT", path, `{"amount": 1, "mode": "cycles"}`, 400, "cycles")
		w.fail("PUT", path, `{"amount": 1, "mode": "forever", "cycles": 2}`, 400, "cycles")
		w.fail("PUT", path, `{"amount": 1e12, "mode": "forever"}`, 400, "amount")
	}
	w.fail("PUT", vks+"/vk-1/budgets/b-t/override", `{"amount": 1, "mode": "forever"}`, 404, "")
}
