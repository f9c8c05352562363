package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

const vks = "/api/governance/virtual-keys"

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// office is a management API at noon, with a provider and its key.
func office(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, config.Fixed{})
	w.Now = func() time.Time { return noon }
	do[map[string]any](w, "POST", "/api/providers", `{"provider": "alpha", "keys": [{"name": "a1", "value": "`+canary+`"}]}`)
	return w
}

// everything is all that the store and later answers of the API say.
func (w *world) everything() string {
	var b strings.Builder
	for _, e := range w.store.entities {
		b.Write(e.Data)
	}
	for _, path := range []string{vks, vks + "?export=csv", "/api/governance/teams", "/api/governance/customers", "/api/governance/budgets", "/api/governance/rate-limits", "/api/config"} {
		r, err := w.send(w.t.Context(), "GET", path, "", fields{})
		if err != nil {
			w.t.Fatal(err)
		}
		b.Write(r.Body)
	}
	for _, k := range w.Config.Snapshot().VirtualKeys {
		fmt.Fprintf(&b, "%+v", k)
		b.WriteString(k.Hint)
	}
	return b.String()
}

func TestAValueIsShownOnce(t *testing.T) {
	w := office(t)
	made := do[VirtualKeyAnswer](w, "POST", vks, `{"name": "k", "provider_configs": [{"provider": "alpha", "allowed_models": ["*"]}]}`)
	value := made.VirtualKey.Value
	if !strings.HasPrefix(value, "sk-bf-") || len(value) != len("sk-bf-")+36 {
		t.Fatalf("the value is %q", value)
	}
	id := made.VirtualKey.ID
	short := "sk-bf-…" + value[len(value)-4:]
	if got := do[VirtualKeyAnswer](w, "GET", vks+"/"+id, ""); got.VirtualKey.Value != short {
		t.Errorf("later it is %q", got.VirtualKey.Value)
	}
	if got := do[VirtualKeyAnswer](w, "PUT", vks+"/"+id, `{"value": "`+short+`", "description": "d"}`); got.VirtualKey.Value != short || got.VirtualKey.Description != "d" {
		t.Errorf("after an echo: %+v", got.VirtualKey)
	}
	next := do[VirtualKeyAnswer](w, "POST", vks+"/"+id+"/rotate", `{"grace_period": "10m"}`).VirtualKey
	if next.Value == value || len(next.Value) != len(value) || !next.PreviousValidUntil.Equal(noon.Add(10*time.Minute)) {
		t.Errorf("rotated: %+v", next)
	}
	all := w.everything()
	for _, secret := range []string{value, next.Value, value[6:], next.Value[6:]} {
		if strings.Contains(all, secret) {
			t.Errorf("a value is shown or stored again")
		}
	}
	if copied, err := w.Config.VirtualKeyValue(id); err != nil || copied.Reveal() != next.Value {
		t.Errorf("the sealed copy: %v", err)
	}
}

func TestRotationsGrace(t *testing.T) {
	w := office(t)
	id := do[VirtualKeyAnswer](w, "POST", vks, `{"name": "k", "allow_all_providers": true}`).VirtualKey.ID
	for body, want := range map[string]time.Duration{
		``: time.Hour, `{"grace_period": "0s"}`: 0, `{"grace_period": 0}`: 0, `{"grace_period": 90}`: 90 * time.Second,
		`{"grace_period": "7d"}`: 168 * time.Hour, `{"grace_period": "1w"}`: 168 * time.Hour, `{"grace_period": "60"}`: time.Minute,
	} {
		k := do[VirtualKeyAnswer](w, "POST", vks+"/"+id+"/reload", body).VirtualKey
		switch {
		case want == 0 && k.PreviousValidUntil != nil:
			t.Errorf("%s: until %s", body, k.PreviousValidUntil)
		case want != 0 && (k.PreviousValidUntil == nil || !k.PreviousValidUntil.Equal(noon.Add(want))):
			t.Errorf("%s: until %v", body, k.PreviousValidUntil)
		}
	}
	for _, body := range []string{`{"grace_period": "31d"}`, `{"grace_period": "-1s"}`, `{"grace_period": "soon"}`, `{"grace_period": true}`, `{"grace_period": 1e12}`} {
		w.fail("POST", vks+"/"+id+"/rotate", body, 400, "grace_period")
	}
	w.fail("POST", vks+"/none/rotate", "", 404, "")
	w.fail("POST", vks+"/"+id+"/rotate", `{"grace": "1h"}`, 400, "grace")
}

// bank is Spending by a table.
type bank struct {
	used  map[string]float64
	reset []string
}

func (b *bank) Budget(id string) (used, held float64, start, end time.Time) {
	return b.used[id], 0.25, noon.Add(-time.Hour), noon.Add(time.Hour)
}
func (b *bank) Quota(id, kind string) (used, held int64, start, end time.Time) {
	return int64(len(kind)), 2, noon.Add(-time.Minute), noon.Add(time.Minute)
}
func (b *bank) KeyState(string) string { return "over_budget" }
func (b *bank) Unpriced(string) int64  { return 3 }
func (b *bank) Reset(ids []string)     { b.reset = append(b.reset, ids...) }

// TestAnAnswerIsExact compares a whole answer; ids are replaced by their kind.
func TestAnAnswerIsExact(t *testing.T) {
	w := office(t)
	w.Spending = &bank{}
	do[TeamAnswer](w, "POST", "/api/governance/teams", `{"id": "t-1", "name": "blue"}`)
	made := do[VirtualKeyAnswer](w, "POST", vks, `{"id": "vk-1", "name": "k", "team_id": "t-1", "value": "vk-prod-main",
		"provider_configs": [{"id": "g-1", "provider": "alpha", "weight": 0.5, "allowed_models": ["a-1"], "key_ids": ["a1"]}],
		"budgets": [{"id": "b-1", "max_limit": 10, "reset_duration": "1d", "override_amount": 5}], "rate_limit": {"id": "r-1", "token_max_limit": 7, "token_reset_duration": "1m"}}`)
	got, err := json.MarshalIndent(made, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	keyID := w.Config.Snapshot().Provider("alpha").Keys[0].ID
	budget := `{
   "id": "b-1",
   "max_limit": 10,
   "reset_duration": "1d",
   "current_usage": 0,
   "held": 0.25,
   "effective_max_limit": 15,
   "last_reset": "2026-11-22T11:00:00Z",
   "resets_at": "2026-11-22T13:00:00Z",
   "calendar_aligned": false,
   "override_amount": 5,
   "override_mode": "forever"
  }`
	want := `{
 "message": "virtual key created; its value is shown this once",
 "virtual_key": {
  "id": "vk-1",
  "name": "k",
  "value": "vk-prod-main",
  "description": "",
  "is_active": true,
  "state": "over_budget",
  "expires_at": null,
  "delete_after_expire": null,
  "disable_content_logging": null,
  "allow_all_providers": false,
  "calendar_aligned": false,
  "team_id": "t-1",
  "team": {
   "id": "t-1",
   "name": "blue"
  },
  "budget_id": "b-1",
  "budget": ` + budget + `,
  "budgets": [
   ` + strings.ReplaceAll(budget, "\n", "\n ") + `
  ],
  "rate_limit_id": "r-1",
  "rate_limit": {
   "id": "r-1",
   "token_max_limit": 7,
   "token_reset_duration": "1m",
   "token_current_usage": 6,
   "token_held": 2,
   "token_last_reset": "2026-11-22T11:59:00Z",
   "token_resets_at": "2026-11-22T12:01:00Z",
   "request_max_limit": null,
   "request_reset_duration": null,
   "request_current_usage": 0
  },
  "provider_configs": [
   {
    "id": "g-1",
    "virtual_key_id": "vk-1",
    "provider": "alpha",
    "weight": 0.5,
    "allowed_models": [
     "a-1"
    ],
    "blacklisted_models": [],
    "allow_all_keys": false,
    "key_ids": [
     "` + keyID + `"
    ],
    "keys": [
     {
      "key_id": "` + keyID + `",
      "name": "a1",
      "provider": "alpha",
      "models": [
       "*"
      ]
     }
    ],
    "budgets": []
   }
  ],
  "mcp_configs": [],
  "unpriced_requests": 3,
  "source": "api",
  "created_at": "2026-11-22T12:00:00Z",
  "updated_at": "2026-11-22T12:00:00Z"
 }
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	// What was read can be written back, and changes nothing but the date of the change.
	before := w.Config.Snapshot().VirtualKeys[0]
	read := do[map[string]json.RawMessage](w, "GET", vks+"/vk-1", "")
	do[VirtualKeyAnswer](w, "PUT", vks+"/vk-1", string(read["virtual_key"]))
	if after := w.Config.Snapshot().VirtualKeys[0]; cmp.Diff(before, after, cmp.AllowUnexported(config.VirtualKey{}, config.Secret{})) != "" {
		t.Errorf("an echo changed the key: %s", cmp.Diff(before, after, cmp.AllowUnexported(config.VirtualKey{}, config.Secret{})))
	}
}

func TestAPartialPutKeepsTheRest(t *testing.T) {
	w := office(t)
	b := &bank{}
	w.Spending = b
	old := do[VirtualKeyAnswer](w, "POST", vks, `{"name": "k", "description": "d", "metadata": {"a": "b"}, "budgets": [{"max_limit": 1, "reset_duration": "1d"}],
		"provider_configs": [{"provider": "alpha", "allowed_models": ["*"], "budgets": [{"max_limit": 2, "reset_duration": "1w"}]}]}`).VirtualKey
	k := do[VirtualKeyAnswer](w, "PUT", vks+"/"+old.ID, `{"is_active": false, "budgets": [{"max_limit": 3, "reset_duration": "1d"}], "reset_budget_usage": true}`).VirtualKey
	if k.IsActive || k.State != "inactive" || k.Description != "d" || k.Metadata["a"] != "b" || k.Budgets[0].ID != old.Budgets[0].ID || k.Budgets[0].MaxLimit != 3 || len(k.ProviderConfigs) != 1 {
		t.Errorf("after the PUT: %+v", k)
	}
	want := []string{old.Budgets[0].ID, old.ProviderConfigs[0].Budgets[0].ID}
	if diff := cmp.Diff(want, b.reset); diff != "" {
		t.Errorf("reset: %s", diff)
	}
	w.fail("PUT", vks+"/"+old.ID, `{"id": "other"}`, 400, "id")
	w.fail("PUT", vks+"/"+old.ID, `{"provider_configs": [{"provider": "nobody", "allowed_models": ["*"]}]}`, 400, "provider_configs[0].provider")
	w.fail("PUT", vks+"/none", `{}`, 404, "")
	w.fail("POST", vks, `{"name": "k"}`, 409, "name")
	w.fail("POST", vks, `{"name": "k2", "id": "`+old.ID+`"}`, 409, "id")
	if got := do[Saved](w, "DELETE", vks+"/"+old.ID, ""); got.Message != "virtual key deleted" || len(w.Config.Snapshot().VirtualKeys) != 0 {
		t.Errorf("deleted: %+v", got)
	}
	w.fail("GET", vks+"/"+old.ID, "", 404, "")
}

func TestTheListOfKeys(t *testing.T) {
	w := office(t)
	b := &bank{used: map[string]float64{}}
	w.Spending = b
	do[CustomerAnswer](w, "POST", "/api/governance/customers", `{"id": "c-1", "name": "acme"}`)
	for i, name := range []string{"beta", "Alpha", "=gamma"} {
		w.Now = func() time.Time { return noon.Add(-time.Duration(i) * time.Hour) }
		k := do[VirtualKeyAnswer](w, "POST", vks, `{"name": "`+name+`", "allow_all_providers": true, "budgets": [{"max_limit": 10, "reset_duration": "1d"}]`+[]string{"", `, "customer_id": "c-1"`, `, "is_active": false`}[i]+`}`)
		b.used[k.VirtualKey.Budgets[0].ID] = float64(i)
	}
	for query, want := range map[string]string{
		"": "=gamma Alpha beta", "?order=desc": "beta Alpha =gamma", "?sort_by=created_at": "=gamma Alpha beta",
		"?sort_by=budget_spent&order=desc": "=gamma Alpha beta", "?sort_by=status": "=gamma Alpha beta", "?search=ALP": "Alpha",
		"?customer_id=c-1": "Alpha", "?team_id=none": "", "?limit=1&offset=1": "Alpha", "?offset=9": "", "?limit=1000&from_memory=true": "=gamma Alpha beta",
	} {
		list := do[VirtualKeys](w, "GET", vks+query, "")
		var names []string
		for _, k := range list.VirtualKeys {
			names = append(names, k.Name)
		}
		if got := strings.Join(names, " "); got != want || list.Count != len(names) {
			t.Errorf("%s: %s, want %s (%+v)", query, got, want, list.Count)
		}
	}
	if l := do[VirtualKeys](w, "GET", vks+"?limit=1000", ""); l.Limit != 100 || l.TotalCount != 3 {
		t.Errorf("limit %d, total %d", l.Limit, l.TotalCount)
	}
	w.fail("GET", vks+"?sort_by=age", "", 400, "sort_by")
	w.fail("GET", vks+"?order=up", "", 400, "order")
	w.fail("GET", vks+"?sort=name", "", 400, "sort")
	r, err := w.send(t.Context(), "GET", vks+"?export=csv&limit=1", "", fields{})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(r.Body)), "\n")
	id := w.Config.Snapshot().VirtualKeys[0].ID
	want := id + ",'=gamma," + w.Config.Snapshot().VirtualKeys[0].Hint + ",,inactive,false,,,,10,2,1d,,2026-11-22T10:00:00Z"
	if len(lines) != 4 || lines[1] != want || r.ContentType != "text/csv; charset=utf-8" {
		t.Errorf("table:\n%s\nwant %s", r.Body, want)
	}
}

func TestAHolderSeesItsOwnQuota(t *testing.T) {
	w := office(t)
	id := do[VirtualKeyAnswer](w, "POST", vks, `{"name": "k", "budgets": [{"max_limit": 1, "reset_duration": "1d"}], "provider_configs": [{"provider": "alpha", "allowed_models": ["*"], "key_ids": ["a1"]}]}`).VirtualKey.ID
	other := do[VirtualKeyAnswer](w, "POST", vks, `{"name": "other", "allow_all_providers": true}`).VirtualKey.ID
	w.fail("GET", vks+"/quota", "", 401, "")
	w.Holder = func(h exchange.Header) (string, bool) { return id, h.Get("x-bf-vk") == "mine" }
	w.fail("GET", vks+"/quota", "", 401, "")
	for _, path := range []string{"/quota", "/" + id + "/quota"} {
		row := func(r exchange.Row) bool { _, ok := params(r.Path, vks+path); return ok && r.Method == "GET" }
		if rows := w.Rows(); !slices.ContainsFunc(rows, func(r exchange.Row) bool { return row(r) && r.Guard == exchange.GuardHolder }) {
			t.Errorf("%s is not for holders", path)
		}
		r, err := w.getQuota(t.Context(), &exchange.Exchange{Header: fields{"X-Bf-Vk": "mine"}, Params: map[string]string{"vk_id": strings.Trim(strings.TrimSuffix(path, "quota"), "/")}})
		if err != nil {
			t.Fatal(err)
		}
		var q Quota
		if err := json.Unmarshal(r.Body, &q); err != nil || q.VirtualKeyName != "k" || q.Budgets[0].MaxLimit != 1 || len(q.ProviderConfigs[0].KeyIDs)+len(q.ProviderConfigs[0].Keys) != 0 {
			t.Errorf("%s: %s %v", path, r.Body, err)
		}
	}
	_, err := w.send(context.Background(), "GET", vks+"/"+other+"/quota", "", fields{"X-Bf-Vk": "mine"})
	if e := llm.AsError(err); e == nil || e.Status != 403 {
		t.Errorf("another key's quota: %v", err)
	}
}
