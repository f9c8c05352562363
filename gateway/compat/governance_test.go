package compat_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"heimdall/gateway/compat"
	"heimdall/gateway/config"
	"heimdall/gateway/period"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// house is a configuration with two providers, their keys, a team and a customer.
type house struct {
	t     *testing.T
	store *shelf
	chain chain
	m     *config.Manager
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, store: &shelf{entities: map[string]config.Entity{}}, chain: chain{}}
	h.load(`{"providers": {
		"openai": {"keys": [{"id": "file-1", "name": "o1", "value": "env.ADMIN_PW", "models": ["*"]}, {"id": "file-2", "name": "o2", "value": "env.ADMIN_PW", "models": ["*"]}]},
		"region-al": {"keys": [{"name": "r1", "value": "env.ADMIN_PW", "models": ["*"]}]}},
		"governance": {"teams": [{"id": "t-1", "name": "blue"}], "customers": [{"id": "c-1", "name": "acme"}]}}`)
	return h
}

func (h *house) load(file string) *config.Snapshot {
	h.t.Helper()
	env := func(name string) string {
		return map[string]string{"ADMIN_PW": "correct horse", "VK_MAIN": "vk-prod-main"}[name]
	}
	f, err := compat.NewDecoder(kinds, env).ParseFile([]byte(file), "/app")
	if err != nil {
		h.t.Fatal(err)
	}
	h.m = config.NewManager(config.ManagerOptions{Store: h.store, Secrets: h.chain, Kinds: kinds, Env: env})
	if err := h.m.Load(h.t.Context(), f); err != nil {
		h.t.Fatal(err)
	}
	return h.m.Snapshot()
}

// keyIDs are the ids of the providers' keys by their names.
func (h *house) keyIDs() map[string]string {
	ids := map[string]string{}
	for _, p := range h.m.Snapshot().Providers {
		for _, k := range p.Keys {
			ids[k.Name] = k.ID
		}
	}
	return ids
}

// create makes the virtual key that a body describes; a name is added.
func (h *house) create(body string) (*config.VirtualKey, []string) {
	h.t.Helper()
	body = h.fill(strings.Replace(body, "{", `{"name": "k",`, 1))
	body = strings.Replace(body, ",}", "}", 1)
	e, warnings, err := decoder().VirtualKey([]byte(body), true)
	if err != nil {
		h.t.Fatalf("%s: %v", body, err)
	}
	err = h.m.Update(h.t.Context(), func(d *config.Draft) error {
		_, _, err := d.AddVirtualKey(config.SourceAPI, noon, e)
		return err
	})
	if err != nil {
		h.t.Fatalf("%s: %v", body, err)
	}
	return h.m.Snapshot().VirtualKeys[0], warnings
}

// put changes the only virtual key.
func (h *house) put(body string) *config.VirtualKey {
	h.t.Helper()
	e, _, err := decoder().VirtualKey([]byte(h.fill(body)), false)
	if err != nil {
		h.t.Fatalf("%s: %v", body, err)
	}
	id := h.m.Snapshot().VirtualKeys[0].ID
	if err := h.m.Update(h.t.Context(), func(d *config.Draft) error { return d.EditVirtualKey(id, noon, e) }); err != nil {
		h.t.Fatalf("%s: %v", body, err)
	}
	return h.m.Snapshot().VirtualKeys[0]
}

// fill puts the ids of keys where their names are in $.
func (h *house) fill(body string) string {
	for name, id := range h.keyIDs() {
		body = strings.ReplaceAll(body, "$"+name, id)
	}
	return body
}

// made are the fields that are made, not given.
var made = []cmp.Option{
	cmpopts.IgnoreFields(config.VirtualKey{}, "ID", "Hash", "Hint", "Sealed", "Source", "Created", "Updated"),
	cmpopts.IgnoreUnexported(config.VirtualKey{}), cmpopts.IgnoreFields(config.Grant{}, "ID"), cmpopts.IgnoreFields(config.Budget{}, "ID", "Since"),
	cmpopts.IgnoreFields(config.RateLimit{}, "ID", "Since"), cmpopts.IgnoreFields(config.ToolGrant{}, "ID"), cmpopts.EquateEmpty(),
}

func ptr[T any](v T) *T { return &v }

func per(s string) period.Period {
	p, err := period.Parse(s)
	if err != nil {
		panic(err)
	}
	return p
}

var (
	allModels = config.ModelList{All: true}
	allKeys   = config.KeyList{All: true}
	allTools  = []config.ToolGrant{{Server: "*", All: true}}
)

// TestVirtualKeyShapes has every shape of a new key, and what it means exactly.
func TestVirtualKeyShapes(t *testing.T) {
	h := newHouse(t)
	ids := h.keyIDs()
	plain := func(provider string) *config.Grant {
		return &config.Grant{Provider: provider, Weight: ptr(1.0), Models: allModels, Keys: allKeys}
	}
	for _, c := range []struct {
		name, body string
		want       config.VirtualKey
		warned     string
	}{
		{"nothing", `{}`, config.VirtualKey{}, `[provider_configs: names no provider, so the key may use none; add some, or set allow_all_providers]`},
		{"the seed's", `{"provider_configs": [
			{"provider": "openai", "weight": 0.5, "allowed_models": ["gpt-4o-mini"], "budget": {"max_limit": 500.00, "reset_duration": "1M"},
			 "rate_limit": {"token_max_limit": 1000000, "token_reset_duration": "1h", "request_max_limit": 1000, "request_reset_duration": "1h"}},
			{"provider": "region-al", "weight": 0.5, "allowed_models": []}],
			"budget": {"max_limit": 1000.00, "reset_duration": "1M"}, "is_active": true}`,
			config.VirtualKey{
				Grants: []*config.Grant{
					{Provider: "openai", Weight: ptr(0.5), Models: config.ModelList{List: []string{"gpt-4o-mini"}}, Keys: allKeys, Allowance: config.Allowance{
						Budgets: []config.Budget{{Max: 500, Every: per("1M")}},
						Rate:    &config.RateLimit{Tokens: &config.Quota{Max: 1000000, Every: per("1h")}, Requests: &config.Quota{Max: 1000, Every: per("1h")}},
					}},
					{Provider: "region-al", Weight: ptr(0.5), Models: allModels, Keys: allKeys},
				},
				Tools: allTools, Allowance: config.Allowance{Budgets: []config.Budget{{Max: 1000, Every: per("1M")}}},
			}, `[]`},
		{"the seed's without providers", `{"budget": {"max_limit": 1, "reset_duration": "1d"}}`,
			config.VirtualKey{AllProviders: true, Tools: allTools, Allowance: config.Allowance{Budgets: []config.Budget{{Max: 1, Every: per("1d")}}}}, `[]`},
		{"the seed's with no provider", `{"value": "sk-bf-0123456789", "budget": {"max_limit": 1, "reset_duration": "1d"}, "provider_configs": []}`,
			config.VirtualKey{AllProviders: true, Tools: allTools, Allowance: config.Allowance{Budgets: []config.Budget{{Max: 1, Every: per("1d")}}}}, `[]`},
		{"old keys without providers", `{"key_ids": ["$o2"]}`,
			config.VirtualKey{Tools: allTools, Grants: []*config.Grant{{Provider: "openai", Weight: ptr(1.0), Models: allModels, Keys: config.KeyList{List: []string{ids["o2"]}}}}}, `[]`},
		{"old keys as objects", `{"keys": [{"id": 7, "key_id": "$o1", "name": "x"}], "provider_configs": [{"provider": "openai", "allowed_models": []}, {"provider": "region-al"}]}`,
			config.VirtualKey{Tools: allTools, Grants: []*config.Grant{
				{Provider: "openai", Weight: ptr(1.0), Models: allModels, Keys: config.KeyList{List: []string{ids["o1"]}}},
				{Provider: "region-al", Weight: ptr(1.0), Models: allModels},
			}}, `[]`},
		{"old keys, any", `{"key_ids": []}`, config.VirtualKey{AllProviders: true, Tools: allTools}, `[]`},
		{"newer lists", `{"provider_configs": [{"provider": "openai", "weight": null, "allowed_models": [], "blacklisted_models": ["m"], "key_ids": []}], "mcp_configs": [{"mcp_client_name": "fs", "tools_to_execute": ["read"]}, {"mcp_client_name": "none", "tools_to_execute": []}]}`,
			config.VirtualKey{Grants: []*config.Grant{{Provider: "openai", Denied: []string{"m"}}}, Tools: []config.ToolGrant{{Server: "fs", Tools: []string{"read"}}, {Server: "none"}}}, `[]`},
		{"newer lists of all", `{"provider_configs": [{"provider": "openai", "allowed_models": ["*"], "key_ids": ["*"]}], "mcp_configs": [{"mcp_client_name": "fs", "tools_to_execute": ["*"]}]}`,
			config.VirtualKey{Grants: []*config.Grant{plain("openai")}, Tools: []config.ToolGrant{{Server: "fs", All: true}}}, `[]`},
		{"absent models", `{"provider_configs": [{"provider": "openai", "allowed_keys": ["o1"]}]}`,
			config.VirtualKey{Grants: []*config.Grant{{Provider: "openai", Weight: ptr(1.0), Models: allModels, Keys: config.KeyList{List: []string{ids["o1"]}}}}},
			`[provider_configs[0].allowed_models: is absent, so every model is allowed, or what was allowed before; write ["*"] to say so]`},
		{"everything newer", `{"description": "d", "is_active": false, "expires_at": "2027-01-01T00:00:00+01:00", "delete_after_expire": true, "disable_content_logging": false,
			"team_id": "t-1", "allow_all_providers": true, "calendar_aligned": true, "metadata": {"a": "b"}, "provider_configs": [],
			"budgets": [{"max_limit": 1, "reset_duration": "1Q", "reset_config": {"quarter_start_month": 4}, "override_amount": 2, "override_mode": "cycles", "override_cycles": 3}, {"max_limit": 0, "reset_duration": "1m"}],
			"rate_limit": {"request_max_limit": "5", "request_reset_duration": "1d"}}`,
			config.VirtualKey{
				Description: "d", Expires: time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC), DeleteAfterExpire: ptr(true), DisableContentLogging: ptr(false),
				TeamID: "t-1", AllProviders: true, Metadata: map[string]string{"a": "b"},
				Allowance: config.Allowance{Aligned: true, Rate: &config.RateLimit{Requests: &config.Quota{Max: 5, Every: per("1d")}}, Budgets: []config.Budget{
					{Max: 1, Every: per("1Q"), QuarterStart: time.April, Override: &config.Override{Amount: 2, Cycles: 3, Since: noon}}, {Max: 0, Every: per("1m")},
				}},
			}, `[]`},
		{"nulls", `{"description": null, "expires_at": null, "delete_after_expire": null, "team_id": null, "budgets": null, "rate_limit": null, "metadata": null, "provider_configs": null, "allow_all_providers": true}`,
			config.VirtualKey{AllProviders: true}, `[]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			for name, id := range ids {
				c.body = strings.ReplaceAll(c.body, id, "$"+name)
			}
			k, warnings := h.create(c.body)
			fresh := h.keyIDs()
			for _, g := range c.want.Grants {
				for i, id := range g.Keys.List {
					for name, old := range ids {
						if old == id {
							g.Keys.List[i] = fresh[name]
						}
					}
				}
			}
			c.want.Name = "k"
			if c.name != "everything newer" {
				c.want.Active = true
			}
			if diff := cmp.Diff(&c.want, k, made...); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
			if got := fmt.Sprint(warnings); got != c.warned {
				t.Errorf("warned %s, want %s", got, c.warned)
			}
		})
	}
}

// The seed's PUT changes how traffic is divided and nothing else.
func TestTheSeedsPut(t *testing.T) {
	h := newHouse(t)
	old, _ := h.create(`{"provider_configs": [{"provider": "openai", "weight": 0.5, "allowed_models": ["gpt-4o-mini"], "budget": {"max_limit": 500, "reset_duration": "1M"}}], "budget": {"max_limit": 1000, "reset_duration": "1M"}}`)
	k := h.put(`{"provider_configs": [{"provider": "openai", "allowed_models": ["gpt-4o", "gpt-4o-mini"], "weight": 0.2}, {"provider": "region-al", "allowed_models": ["gpt-4o"], "weight": 0.8}]}`)
	if len(k.Grants) != 2 || *k.Grants[0].Weight != 0.2 || *k.Grants[1].Weight != 0.8 || len(k.Grants[0].Models.List) != 2 {
		t.Fatalf("grants: %+v", k.Grants)
	}
	if k.Grants[0].ID != old.Grants[0].ID || cmp.Diff(old.Grants[0].Allowance, k.Grants[0].Allowance) != "" || cmp.Diff(old.Allowance, k.Allowance) != "" {
		t.Error("limits have changed")
	}
	h.put(`{"mcp_configs": [{"mcp_client_name": "filesystem", "tools_to_execute": ["read_file", "list_directory"]}]}`)
	k = h.put(`{"budget": {"max_limit": 7, "reset_duration": "1M"}, "rate_limit": {"token_max_limit": 1, "token_reset_duration": "1h"}}`)
	if len(k.Tools) != 1 || k.Tools[0].Server != "filesystem" || len(k.Grants) != 2 || k.Allowance.Budgets[0].ID != old.Allowance.Budgets[0].ID || k.Allowance.Budgets[0].Max != 7 {
		t.Errorf("after the third: %+v", k)
	}
	k = h.put(`{"budget": {}, "rate_limit": {}}`)
	if len(k.Allowance.Budgets) != 0 || k.Allowance.Rate != nil {
		t.Errorf("what was cleared is there: %+v", k.Allowance)
	}
	if k = h.put(`{"provider_configs": []}`); len(k.Grants) != 0 || k.AllProviders {
		t.Errorf("an empty list opened the key: %+v", k)
	}
}

// An empty list in the old way opens what is new; it opens nothing that was closed.
func TestAnOldEmptyListOpensNothing(t *testing.T) {
	h := newHouse(t)
	old := `"budget": {"max_limit": 1, "reset_duration": "1d"}, `
	h.create(`{"provider_configs": []}`)
	if k := h.put(`{` + old + `"provider_configs": []}`); k.AllProviders || len(k.Grants) != 0 {
		t.Errorf("a key without providers: %+v", k)
	}
	h.put(`{"provider_configs": [{"provider": "openai", "allowed_models": [], "key_ids": []}]}`)
	k := h.put(`{` + old + `"provider_configs": [{"provider": "openai", "allowed_models": [], "key_ids": []}, {"provider": "region-al", "allowed_models": [], "key_ids": []}]}`)
	if closed, fresh := k.Grants[0], k.Grants[1]; closed.Models.All || closed.Keys.All || !fresh.Models.All || !fresh.Keys.All {
		t.Errorf("grants: %+v %+v", closed, fresh)
	}
	k = h.put(`{` + old + `"provider_configs": [{"provider": "openai", "allowed_models": ["*"], "key_ids": ["*"]}]}`)
	if g := k.Grants[0]; !g.Models.All || !g.Keys.All {
		t.Errorf("a star opens it: %+v", g)
	}
}

func TestWrongShapesAreRefused(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`{"budgets": [{"max_limit": 1, "reset_duration": "1 month"}]}`, "budgets[0].reset_duration: must be a number and a unit: s, m (minutes), h, d, w, M (months), Q (quarters) or Y, such as 1h or 1M"},
		{`{"provider_config": []}`, `provider_config: is no known field; did you mean "provider_configs"?`},
		{`{"provider_configs": [{"provider": "openai", "allowed_model": []}]}`, `provider_configs[0].allowed_model: is no known field; did you mean "allowed_models"?`},
		{`{"provider_configs": [{"allowed_models": ["*"]}]}`, "provider_configs[0].provider: is missing; name the provider"},
		{`{"budgets": [{"max": 1, "max_limit": 1, "reset_duration": "1d"}]}`, "budgets[0].max: is no known field"},
		{`{"budget": {"max_limit": 1, "reset_duration": "1d"}, "budgets": [{"max_limit": 2, "reset_duration": "1d"}]}`, "budget: says something else than budgets; give budgets alone"},
		{`{"budget_id": "b-1"}`, "budget_id: can't be set by its id; give the limit itself, in budgets or rate_limit"},
		{`{"rate_limit_id": "r-1"}`, "rate_limit_id: can't be set by its id; give the limit itself, in budgets or rate_limit"},
		{`{"rate_limit": {"token_max_limit": 5}}`, "rate_limit.token_reset_duration: is missing; give a number and a unit, such as 1h"},
		{`{"rate_limit": {"request_reset_duration": "1h"}}`, "rate_limit.request_max_limit: is missing; give a number, or leave out both for no limit"},
		{`{"budgets": [{"max_limit": 1, "reset_duration": "1Q", "reset_config": {"quarter_start_month": 13}}]}`, "budgets[0].reset_config.quarter_start_month: must be between 1 (January) and 12"},
		{`{"expires_at": "tomorrow"}`, "expires_at: must be a time such as 2026-12-31T23:59:59Z, or null for never"},
		{`{"metadata": {"a": 1}}`, "metadata.a: must be text"},
		{`{"team_id": "a", "customer_id": "b"}`, "team_id: a key belongs to a team or to a customer, not to both; leave one of them out"},
		{`{"value": "vault.keys#a"}`, "value: references to a vault are not served by this version; use env.NAME, or the value itself"},
		{`{"value": "env.UNSET"}`, "value: must be the value itself, or env.NAME of a variable that is set"},
		{`{"mcp_configs": [{"tools_to_execute": []}]}`, "mcp_configs[0].mcp_client_name: is missing; name the MCP server"},
		{`{"key_ids": [{}]}`, "key_ids[0]: must be the id or the name of a key"},
		{`{"access_profile_id": "p"}`, "access_profile_id: access profiles are not served by this version; leave it out"},
	} {
		_, _, err := decoder().VirtualKey([]byte(c.body), false)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.body, err, c.want)
		}
	}
	for body, want := range map[string]string{
		`{"nam": "x"}`:         `nam: is no known field; did you mean "name"?`,
		`{"customer_id": "x"}`: "customer_id: belongs to teams; leave it out",
	} {
		if _, _, err := decoder().Customer([]byte(body)); err == nil || err.Error() != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

const governedFile = `{
	"source_of_truth": "SOURCE",
	"providers": {"openai": {"keys": [{"id": "file-1", "name": "o1", "value": "env.ADMIN_PW", "models": ["*"]}]}, "region-al": {"keys": [{"name": "r1", "value": "env.ADMIN_PW", "models": ["*"]}]}},
	"governance": {
		"budgets": [{"id": "b-key", "max_limit": 10, "reset_duration": "1M", "current_usage": 3.5}, {"id": "b-team", "team_id": "t-9", "max_limit": 100, "reset_duration": "1Y"},
			{"id": "b-grant", "provider_config_id": 4, "max_limit": 1, "reset_duration": "1d"}, {"id": "b-lost", "max_limit": 1, "reset_duration": "1d"}],
		"rate_limits": [{"id": "r-key", "token_max_limit": 50, "token_reset_duration": "1h", "token_current_usage": 7}],
		"customers": [{"id": "c-9", "name": "corp", "budget": {"max_limit": 1000, "reset_duration": "1Y"}}],
		"teams": [{"id": "t-9", "name": "red", "customer_id": "c-9"}],
		"virtual_keys": [
			{"id": "vk-9", "name": "main", "value": "sk-bf-readable-in-the-file", "team_id": "t-9", "budget_id": "b-key", "rate_limit_id": "r-key", "calendar_aligned": true,
			 "provider_configs": [{"id": 4, "provider": "openai", "weight": 1, "allowed_models": ["gpt-4o"], "key_ids": ["file-1"]}]},
			{"name": "other", "value": "env.VK_MAIN", "provider_configs": [{"provider": "region-al", "allowed_models": ["*"], "key_ids": ["*"]}]}
		]
	}
}`

func TestTheFilesHolders(t *testing.T) {
	h := newHouse(t)
	file := strings.Replace(governedFile, "SOURCE", "split", 1)
	s := h.load(file)
	main := s.VirtualKeys[0]
	want := &config.VirtualKey{
		ID: "vk-9", Name: "main", Hint: "sk-bf-…file", Active: true, TeamID: "t-9", Source: config.SourceFile, Tools: allTools,
		Allowance: config.Allowance{Aligned: true, Budgets: []config.Budget{{ID: "b-key", Max: 10, Every: per("1M")}}, Rate: &config.RateLimit{ID: "r-key", Tokens: &config.Quota{Max: 50, Every: per("1h")}}},
		Grants: []*config.Grant{{ID: "4", Provider: "openai", Weight: ptr(1.0), Models: config.ModelList{List: []string{"gpt-4o"}}, Keys: config.KeyList{List: []string{h.keyIDs()["o1"]}},
			Allowance: config.Allowance{Aligned: true, Budgets: []config.Budget{{ID: "b-grant", Max: 1, Every: per("1d")}}}}},
	}
	exact := []cmp.Option{
		cmpopts.IgnoreFields(config.VirtualKey{}, "Hash", "Sealed", "Created", "Updated"), cmpopts.IgnoreUnexported(config.VirtualKey{}),
		cmpopts.IgnoreFields(config.Budget{}, "Since"), cmpopts.IgnoreFields(config.RateLimit{}, "Since"), cmpopts.IgnoreFields(config.ToolGrant{}, "ID"), cmpopts.EquateEmpty(),
	}
	if diff := cmp.Diff(want, main, exact...); diff != "" {
		t.Errorf("main (-want +got):\n%s", diff)
	}
	if other := s.VirtualKeys[1]; other.Name != "other" || other.Hash == "" || !other.Loose {
		t.Errorf("other: %+v", other)
	}
	red := s.Teams[1]
	if red.ID != "t-9" || red.CustomerID != "c-9" || len(red.Allowance.Budgets) != 1 || red.Allowance.Budgets[0].ID != "b-team" || s.Customers[1].Allowance.Budgets[0].Max != 1000 {
		t.Errorf("team %+v, customer %+v", red, s.Customers[1])
	}
	problems := fmt.Sprint(s.Problems)
	for _, want := range []string{
		"{governance.virtual_keys[0].value the value is readable in the file; its hash is stored now, so replace it by env.NAME or take it out}",
		"{governance.budgets[3] belongs to nobody in this file, so it has no effect}",
	} {
		if !strings.Contains(problems, want) {
			t.Errorf("nobody says %s: %s", want, problems)
		}
	}
	if strings.Contains(problems, "virtual_keys is not served") || strings.Contains(problems, "[1].value") {
		t.Errorf("too many problems: %s", problems)
	}
	for id, e := range h.store.entities {
		if strings.Contains(string(e.Data), "readable-in-the-file") || strings.Contains(string(e.Data), "vk-prod-main") {
			t.Errorf("%s holds a value", id)
		}
	}
}

// What is changed elsewhere stays while the file says the same of it; what the file says anew is applied.
func TestTheFileIsReconciled(t *testing.T) {
	h := newHouse(t)
	file := strings.Replace(governedFile, "SOURCE", "split", 1)
	h.load(file)
	err := h.m.Update(t.Context(), func(d *config.Draft) error {
		for _, id := range []string{d.VirtualKeys[0].ID, d.VirtualKeys[1].ID} {
			if err := d.EditVirtualKey(id, noon, config.VirtualKeyEdit{Description: ptr("mine"), Grants: []config.GrantEdit{}}); err != nil {
				return err
			}
		}
		_, _, err := d.AddVirtualKey(config.SourceAPI, noon, config.VirtualKeyEdit{Name: ptr("third")})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	grants := func(s *config.Snapshot) string {
		var out []string
		for _, k := range s.VirtualKeys {
			out = append(out, fmt.Sprintf("%s:%d%s", k.Name, len(k.Grants), k.Description))
		}
		return strings.Join(out, " ")
	}
	if got := grants(h.load(file)); got != "main:0mine other:0mine third:0" {
		t.Errorf("an unchanged file: %s", got)
	}
	file = strings.Replace(file, `"max_limit": 10, "reset_duration": "1M"`, `"max_limit": 11, "reset_duration": "1M"`, 1)
	s := h.load(file)
	if got := grants(s); got != "main:1mine other:0mine third:0" || s.VirtualKeys[0].Allowance.Budgets[0].Max != 11 {
		t.Errorf("after a changed row: %s", got)
	}
	s = h.load(strings.Replace(file, "split", "config.json", 1))
	if got := grants(s); got != "main:1mine other:1mine" {
		t.Errorf("an authoritative file: %s", got)
	}
	if len(s.Teams) != 1 || len(s.Customers) != 1 {
		t.Errorf("teams %v, customers %v", s.Teams, s.Customers)
	}
}

// Version 1 of the file has the seed's meaning of empty lists.
func TestAnOldFilesEmptyLists(t *testing.T) {
	h := newHouse(t)
	s := h.load(`{"version": 1, "governance": {"virtual_keys": [{"name": "a", "value": "sk-bf-1234567890", "provider_configs": []}, {"name": "b", "value": "sk-bf-2234567890", "provider_configs": [{"provider": "openai", "allowed_models": [], "key_ids": []}]}]}}`)
	if a, b := s.VirtualKeys[0], s.VirtualKeys[1]; !a.AllProviders || !b.Grants[0].Models.All || !b.Grants[0].Keys.All {
		t.Errorf("version 1: %+v %+v", a, b.Grants[0])
	}
	s = h.load(`{"governance": {"virtual_keys": [{"name": "c", "value": "sk-bf-3234567890", "provider_configs": [{"provider": "openai", "allowed_models": [], "key_ids": []}]}]}}`)
	if g := s.VirtualKeys[2].Grants[0]; g.Models.All || g.Keys.All {
		t.Errorf("version 2: %+v", g)
	}
}
