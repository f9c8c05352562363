package importer

import (
	"fmt"
	"slices"
)

// governance reads who may spend what, in the shape of the file: budgets and rate limits are rows of their own.
func (b *bifrostDB) governance() fields {
	owners := b.budgetOwners()
	out := fields{}
	put := func(name string, list []fields) {
		if len(list) > 0 {
			out[name] = list
		}
	}
	put("customers", b.owners("governance_customers"))
	put("teams", b.owners("governance_teams"))
	put("virtual_keys", b.virtualKeys())
	put("model_configs", b.modelConfigs())
	put("providers", b.providerLimits())
	put("budgets", b.budgets(owners))
	put("rate_limits", b.rateLimits())
	put("routing_rules", b.routingRules())
	put("pricing_overrides", b.prices())
	if out["budgets"] != nil || out["rate_limits"] != nil {
		b.leave("counters start at zero in Heimdall", "what was already spent of budgets and limits")
	}
	return out
}

// some copies the columns that hold something.
func some(r row, out fields, columns ...string) fields {
	for _, c := range columns {
		if text := r.text(c); text != "" {
			out[c] = text
		}
	}
	return out
}

func (b *bifrostDB) owners(table string) (out []fields) {
	for _, r := range b.rows(table) {
		o := some(r, fields{}, "id", "name", "customer_id", "rate_limit_id")
		if r.truth("calendar_aligned") {
			o["calendar_aligned"] = true
		}
		out = append(out, o)
	}
	return out
}

func (b *bifrostDB) virtualKeys() (out []fields) {
	for _, r := range b.rows("governance_virtual_keys") {
		if r.encrypted() {
			b.leave("its value "+sealedByBifrost+", or make a new virtual key", "the virtual key %s", r.text("name"))
			continue
		}
		k := some(r, fields{"is_active": r["is_active"] == nil || r.truth("is_active")},
			"id", "name", "description", "value", "team_id", "customer_id", "rate_limit_id", "expires_at")
		for _, flag := range []string{"calendar_aligned", "allow_all_providers", "delete_after_expire", "disable_content_logging"} {
			if r.truth(flag) {
				k[flag] = true
			}
		}
		r.json(k, "metadata", "metadata")
		k["provider_configs"] = b.grants(r.text("id"))
		out = append(out, k)
	}
	return out
}

func (b *bifrostDB) grants(virtualKey string) []fields {
	out := []fields{}
	for _, r := range b.rows("governance_virtual_key_provider_configs") {
		if r.text("virtual_key_id") != virtualKey {
			continue
		}
		g := some(r, fields{"id": r["id"], "weight": nil, "allowed_models": []string{}}, "provider", "rate_limit_id")
		if w, ok := r.number("weight"); ok {
			g["weight"] = w
		}
		r.json(g, "allowed_models", "allowed_models")
		r.json(g, "blacklisted_models", "blacklisted_models")
		g["key_ids"] = b.grantedKeys(r)
		out = append(out, g)
	}
	return out
}

// grantedKeys names the keys that a grant is for. Databases without the column allow_all_keys mean all keys where none
// is named.
func (b *bifrostDB) grantedKeys(grant row) []string {
	if grant.truth("allow_all_keys") {
		return []string{"*"}
	}
	names := []string{}
	for _, r := range b.rows("governance_virtual_key_provider_config_keys") {
		if r.text("table_virtual_key_provider_config_id") == grant.text("id") {
			if name := b.keyRows[r.text("table_key_id")]; name != "" {
				names = append(names, name)
			}
		}
	}
	if _, newer := grant["allow_all_keys"]; !newer && len(names) == 0 {
		return []string{"*"}
	}
	return names
}

func (b *bifrostDB) modelConfigs() (out []fields) {
	for _, r := range b.rows("governance_model_configs") {
		m := some(r, fields{}, "id", "model_name", "provider", "scope", "scope_id", "rate_limit_id")
		if r.truth("calendar_aligned") {
			m["calendar_aligned"] = true
		}
		out = append(out, m)
	}
	return out
}

func (b *bifrostDB) providerLimits() (out []fields) {
	for _, r := range b.rows("config_providers") {
		if p := some(r, fields{}, "budget_id", "rate_limit_id"); len(p) > 0 {
			p["name"] = r.text("name")
			out = append(out, p)
		}
	}
	return out
}

// budgetOwners finds the owners of budgets in databases where the owner names the budget.
func (b *bifrostDB) budgetOwners() map[string]fields {
	out := map[string]fields{}
	for table, field := range map[string]string{
		"governance_customers": "customer_id", "governance_teams": "team_id", "governance_virtual_keys": "virtual_key_id",
		"governance_virtual_key_provider_configs": "provider_config_id", "governance_model_configs": "model_config_id",
	} {
		for _, r := range b.rows(table) {
			if id := r.text("budget_id"); id != "" {
				out[id] = fields{field: r["id"]}
			}
		}
	}
	return out
}

func (b *bifrostDB) budgets(owners map[string]fields) (out []fields) {
	for _, r := range b.rows("governance_budgets") {
		o := some(r, fields{}, "id", "reset_duration", "team_id", "customer_id", "virtual_key_id", "model_config_id")
		if n, ok := r.number("max_limit"); ok {
			o["max_limit"] = n
		}
		if r["provider_config_id"] != nil {
			o["provider_config_id"] = r["provider_config_id"]
		}
		for field, id := range owners[r.text("id")] {
			o[field] = id
		}
		if n, ok := r.number("override_amount"); ok && n > 0 {
			b.leave("what was added to a budget for a time is not taken; add it again in Heimdall", "the override of the budget %s", r.text("id"))
		}
		out = append(out, o)
	}
	return out
}

func (b *bifrostDB) rateLimits() (out []fields) {
	for _, r := range b.rows("governance_rate_limits") {
		o := some(r, fields{}, "id", "token_reset_duration", "request_reset_duration")
		for _, name := range []string{"token_max_limit", "request_max_limit"} {
			if n, ok := r.number(name); ok {
				o[name] = n
			}
		}
		out = append(out, o)
	}
	return out
}

// routingRules gives rules names of their own; Bifrost wants that only within a scope.
func (b *bifrostDB) routingRules() (out []fields) {
	taken := map[any]bool{}
	for _, r := range b.rows("routing_rules") {
		o := some(r, fields{"enabled": r.truth("enabled")}, "id", "name", "description", "cel_expression", "scope", "scope_id")
		if n, ok := r.number("priority"); ok {
			o["priority"] = n
		}
		if r.truth("chain_rule") {
			o["chain_rule"] = true
		}
		r.json(o, "fallbacks", "fallbacks")
		r.json(o, "query", "query")
		o["targets"] = b.targets(r)
		if name := r.text("name"); taken[name] {
			o["name"] = name + " (" + r.text("scope") + " " + r.text("scope_id") + ")"
			b.leave("another rule has it; this one is called "+fmt.Sprint(o["name"])+" here", "the name of the rule %s", name)
		}
		taken[o["name"]] = true
		out = append(out, o)
	}
	return out
}

// targets are rows of their own, or the columns of an older rule that has but one.
func (b *bifrostDB) targets(rule row) []fields {
	out := []fields{}
	rows := slices.DeleteFunc(b.rows("routing_targets"), func(r row) bool { return r.text("rule_id") != rule.text("id") })
	if len(rows) == 0 {
		rows = []row{rule}
	}
	for _, r := range rows {
		t := some(r, fields{"weight": 1.0}, "provider", "model")
		if w, ok := r.number("weight"); ok {
			t["weight"] = w
		}
		if name := b.keyNames[r.text("key_id")]; name != "" {
			t["provider_key_name"] = name
		}
		out = append(out, t)
	}
	return out
}

func (b *bifrostDB) prices() (out []fields) {
	for _, r := range b.rows("governance_pricing_overrides") {
		o := some(r, fields{}, "id", "name", "scope_kind", "virtual_key_id", "provider_id", "match_type", "pattern")
		if name := b.keyNames[r.text("provider_key_id")]; name != "" {
			o["provider_key_id"] = name
		}
		r.json(o, "request_types", "request_types_json")
		r.json(o, "patch", "pricing_patch_json")
		out = append(out, o)
	}
	return out
}
