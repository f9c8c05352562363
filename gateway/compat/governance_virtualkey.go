package compat

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"heimdall/gateway/config"
)

// VirtualKey reads the body of POST /api/governance/virtual-keys, create, and of PUT below it, in all its shapes.
func (d *Decoder) VirtualKey(body []byte, create bool) (e config.VirtualKeyEdit, warnings []string, err error) {
	r := &report{strict: true}
	o, err := r.parse(body)
	if err != nil {
		return e, nil, err
	}
	reader := keyReader{env: d.env, seed: seedShape(o), create: create}
	e = reader.read(o)
	return e, r.texts(), config.Invalid(r.errors)
}

// Team reads the body of POST /api/governance/teams and of PUT below it; Customer that of customers.
func (d *Decoder) Team(body []byte) (e config.OwnerEdit, warnings []string, err error) {
	return d.owner(body, true)
}

// Customer reads the body of POST /api/governance/customers and of PUT below it.
func (d *Decoder) Customer(body []byte) (e config.OwnerEdit, warnings []string, err error) {
	return d.owner(body, false)
}

func (d *Decoder) owner(body []byte, team bool) (e config.OwnerEdit, warnings []string, err error) {
	r := &report{strict: true}
	o, err := r.parse(body)
	if err != nil {
		return e, nil, err
	}
	e = owner(o, team, holder{})
	return e, r.texts(), config.Invalid(r.errors)
}

// owner reads a team or a customer.
func owner(o *object, team bool, h holder) config.OwnerEdit {
	e := config.OwnerEdit{ID: ident(o, "id"), Name: words(o, "name"), Allowance: h.allowance(o)}
	o.truth("reset_budget_usage", &e.ResetUsage)
	if team {
		e.CustomerID = words(o, "customer_id")
	} else {
		o.neutral("belongs to teams", "customer_id")
	}
	o.skip("customer", "teams", "virtual_keys", "virtual_key_count", "team_count", "source", "config_hash",
		"created_at", "updated_at", "created_by_user_id", "message", "warnings")
	for _, name := range []string{"profile", "config", "claims"} {
		o.neutral("is not served by this version", name)
	}
	o.done()
	return e
}

// seedShape reports whether a virtual key is described as in old versions: with one budget, or with keys beside the
// provider configs. An empty list means all there. Answers carry budgets beside their older names, and so are not.
func seedShape(o *object) bool {
	for _, name := range []string{"keys", "key_ids"} {
		if raw, ok := o.fields[name]; ok && !null(raw) {
			return true
		}
	}
	if singular(o.fields) {
		return true
	}
	var grants []map[string]json.RawMessage
	_ = json.Unmarshal(o.fields["provider_configs"], &grants) // whoever reads the list says what is wrong with it
	return slices.ContainsFunc(grants, singular)
}

func singular(fields map[string]json.RawMessage) bool {
	one := fields["budget"]
	if one == nil {
		one = fields["budget_id"]
	}
	_, several := fields["budgets"]
	return one != nil && !null(one) && !several
}

// keyReader reads virtual keys. seed: an empty list means all; create: there is no such key yet, or a file describes
// all of it.
type keyReader struct {
	env          func(string) string
	seed, create bool
	rows         *rowSet
	used         []*fileRow
	names        map[string]string // of a file's keys, by their ids there
}

func (r *keyReader) read(o *object) config.VirtualKeyEdit {
	e := config.VirtualKeyEdit{ID: ident(o, "id"), Name: words(o, "name"), Description: words(o, "description")}
	if text, ok := r.value(o); ok {
		v := config.NewSecret(text)
		e.Value = &v
	}
	e.Active = flag(o, "is_active")
	e.Expires = instant(o, "expires_at")
	e.DeleteAfterExpire, e.DisableContentLogging = tristate(o, "delete_after_expire"), tristate(o, "disable_content_logging")
	e.TeamID, e.CustomerID = words(o, "team_id"), words(o, "customer_id")
	if text(e.TeamID) != "" && text(e.CustomerID) != "" {
		o.fail(o.at("team_id"), "a key belongs to a team or to a customer, not to both; leave one of them out")
	}
	e.Allowance = r.holder("virtual_key_id", e.ID).allowance(o)
	e.AllProviders = flag(o, "allow_all_providers")
	r.grants(o, &e)
	r.tools(o, &e)
	e.Metadata = metadata(o)
	o.truth("reset_budget_usage", &e.ResetUsage)
	o.skip("team", "customer", "config_hash", "created_at", "updated_at", "created_by_user_id", "state", "source",
		"unpriced_requests", "previous_valid_until", "message", "warnings", "value_hash", "encryption_status")
	o.neutral("access profiles are not served by this version", "access_profile_id")
	o.done()
	return e
}

func (r *keyReader) holder(field, id string) holder { return holder{r.rows, field, id, &r.used} }

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// value reads the key's own value, or a reference to it.
func (r *keyReader) value(o *object) (string, bool) {
	raw, ok := o.value("value")
	if !ok {
		return "", false
	}
	if written, ok := secretText(o, "value", raw); ok && strings.HasPrefix(written, "vault.") {
		o.fail(o.at("value"), "references to a vault are not served by this version; use env.NAME, or the value itself")
		return "", false
	}
	value, ok := credential(o, "value", r.env)
	if !ok && o.strict {
		o.fail(o.at("value"), "must be the value itself, or env.NAME of a variable that is set")
	}
	return value, ok
}

// words reads a text that null takes away.
func words(o *object, name string) *string {
	var s string
	raw, ok := o.get(name)
	switch {
	case !ok:
		return nil
	case null(raw):
		return &s
	}
	s = ident(o, name)
	return &s
}

func tristate(o *object, name string) **bool {
	raw, ok := o.get(name)
	if !ok {
		return nil
	}
	var to *bool
	if !null(raw) {
		to = flag(o, name)
	}
	return &to
}

func instant(o *object, name string) *time.Time {
	written := words(o, name)
	if written == nil {
		return nil
	}
	var at time.Time
	if *written != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, *written); err != nil {
			o.fail(o.at(name), "must be a time such as 2026-12-31T23:59:59Z, or null for never")
		}
	}
	return &at
}

func metadata(o *object) map[string]string {
	m, given := o.child("metadata")
	if !given {
		return nil
	}
	all := map[string]string{}
	if m == nil {
		return all
	}
	for _, name := range sortedKeys(m.fields) {
		var s string
		if m.text(name, &s) {
			all[name] = s
		}
	}
	return all
}

// grants reads what providers the key may have, and which keys of them.
func (r *keyReader) grants(o *object, e *config.VirtualKeyEdit) {
	list, given := o.elements("provider_configs")
	e.Keys = r.keys(o)
	open := e.Keys == nil || e.Keys.All
	if given || (r.create && open) {
		e.Grants = []config.GrantEdit{}
	}
	for _, one := range list {
		e.Grants = append(e.Grants, r.grant(one, e.Allowance.Aligned))
	}
	none := e.Grants != nil && len(e.Grants) == 0 && open
	switch {
	case !none || e.AllProviders != nil:
	case r.seed:
		all := true
		e.AllProviders, e.LooseEmpty = &all, r.loose()
	case r.create:
		o.warn(o.at("provider_configs"), "names no provider, so the key may use none; add some, or set allow_all_providers")
	}
}

// keys reads the keys beside the provider configs, as old versions have them.
func (r *keyReader) keys(o *object) *config.KeyList {
	ids := r.keyRefs(o, "key_ids")
	if ids == nil {
		ids = r.keyRefs(o, "keys")
	}
	o.skip("keys")
	return r.keyList(ids)
}

func (r *keyReader) keyList(refs []string) *config.KeyList {
	switch {
	case refs == nil:
		return nil
	case slices.Contains(refs, "*"), len(refs) == 0 && r.seed:
		return &config.KeyList{All: true}
	}
	return &config.KeyList{List: refs}
}

// keyRefs reads a list of keys: ids, names, or objects that have one. nil = it is not given.
func (r *keyReader) keyRefs(o *object, name string) []string {
	raw, ok := o.value(name)
	if !ok {
		return nil
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		o.fail(o.at(name), "must be a list")
		return nil
	}
	refs := []string{}
	for i, item := range items {
		ref := unquote(item)
		var row struct {
			KeyID any `json:"key_id"`
			ID    any `json:"id"` // a number where it is that of a row
			Name  any `json:"name"`
		}
		if json.Unmarshal(item, &row) == nil {
			ref = firstText(row.KeyID, row.ID, row.Name)
		}
		if ref == "" {
			o.fail(fmt.Sprintf("%s[%d]", o.at(name), i), "must be the id or the name of a key")
			continue
		}
		if known, ok := r.names[ref]; ok {
			ref = known
		}
		refs = append(refs, ref)
	}
	return refs
}

func firstText(all ...any) string {
	for _, one := range all {
		if s, ok := one.(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// grant reads one provider config. aligned is what the virtual key says of windows.
func (r *keyReader) grant(o *object, aligned *bool) config.GrantEdit {
	g := config.GrantEdit{ID: ident(o, "id")}
	if !o.text("provider", &g.Provider) {
		o.fail(o.at("provider"), "is missing; name the provider")
	}
	g.Weight = weight(o)
	r.models(o, &g)
	var denied []string
	if o.list("blacklisted_models", &denied) {
		g.Denied = append([]string{}, denied...)
	}
	r.grantKeys(o, &g)
	g.Allowance = r.holder("provider_config_id", g.ID).allowance(o)
	if a := g.Allowance.Aligned; a != nil && *a && (aligned == nil || !*aligned) {
		o.warn(o.at("calendar_aligned"), "has no effect: calendar_aligned of the virtual key decides")
	}
	g.Allowance.Aligned = nil
	o.skip("virtual_key_id", "config_hash", "created_at", "updated_at")
	o.done()
	return g
}

func weight(o *object) **float64 {
	raw, ok := o.get("weight")
	if !ok {
		return nil
	}
	var to *float64
	var n float64
	if !null(raw) && o.number("weight", &n) {
		to = &n
	}
	return &to
}

// loose reports whether an empty list that means all may open only what is new. A file means what it says.
func (r *keyReader) loose() bool { return !r.create }

func (r *keyReader) models(o *object, g *config.GrantEdit) {
	var list []string
	if _, given := o.value("allowed_models"); !given {
		if !r.seed {
			o.warn(o.at("allowed_models"), `is absent, so every model is allowed, or what was allowed before; write ["*"] to say so`)
		}
		return
	}
	if !o.list("allowed_models", &list) {
		return
	}
	g.LooseModels = len(list) == 0 && r.seed && r.loose()
	g.Models = &config.ModelList{List: list}
	if slices.Contains(list, "*") || (len(list) == 0 && r.seed) {
		g.Models = &config.ModelList{All: true}
	}
}

// grantKeys reads which keys of the provider may be used, by the newest name and older ones.
func (r *keyReader) grantKeys(o *object, g *config.GrantEdit) {
	all := flag(o, "allow_all_keys")
	o.skip("key_ids", "allowed_keys", "keys")
	for _, name := range []string{"key_ids", "allowed_keys", "keys"} {
		if refs := r.keyRefs(o, name); refs != nil {
			g.Keys, g.LooseKeys = r.keyList(refs), len(refs) == 0 && r.seed && r.loose()
			return
		}
	}
	if all != nil && *all {
		g.Keys = &config.KeyList{All: true}
	}
}

// tools reads which tools of MCP servers the key may run. Where an old shape names no server, it is all.
func (r *keyReader) tools(o *object, e *config.VirtualKeyEdit) {
	list, given := o.elements("mcp_configs")
	if given || (r.create && r.seed) {
		e.Tools = []config.ToolGrant{}
	}
	if e.Tools != nil && len(list) == 0 && r.seed {
		e.Tools = append(e.Tools, config.ToolGrant{Server: "*", All: true})
	}
	for _, one := range list {
		t := config.ToolGrant{ID: ident(one, "id")}
		one.text("mcp_client_name", &t.Server)
		if c, _ := one.child("mcp_client"); c != nil && t.Server == "" {
			c.text("name", &t.Server)
		}
		if t.Server == "" {
			one.fail(one.at("mcp_client_name"), "is missing; name the MCP server")
		}
		var tools []string
		if !one.list("tools_to_execute", &tools) && !r.seed {
			one.warn(one.at("tools_to_execute"), `is absent, so no tool may be run; write ["*"] for all`)
		}
		t.All = slices.Contains(tools, "*") || (len(tools) == 0 && r.seed)
		if !t.All {
			t.Tools = tools
		}
		one.skip("virtual_key_id", "mcp_client_id", "created_at", "updated_at")
		one.done()
		e.Tools = append(e.Tools, t)
	}
}
