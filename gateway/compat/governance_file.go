package compat

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"heimdall/gateway/config"
)

// governed are the members of the file's section governance that somebody reads, and those that mean nothing here.
var governed = []string{
	"auth_config", "virtual_keys", "teams", "customers", "budgets", "rate_limits", "pricing_overrides", "routing_rules",
	"complexity_analyzer_config", "model_configs", "providers",
}

// ungoverned names the members of governance that nobody reads.
func (p *fileParser) ungoverned(g *object) {
	for _, name := range sortedKeys(g.fields) {
		if !slices.Contains(governed, name) && !empty(g.fields[name]) {
			p.warn(g.at(name), "is not served by this version")
		}
	}
}

// holders reads governance.customers, teams, virtual_keys, model_configs and providers, and the rows that they refer to.
func (p *fileParser) holders(o *object) {
	g, _ := o.child("governance")
	if g == nil {
		return
	}
	rows := p.rowsOf(g)
	p.owners(g, "customers", config.HolderCustomer, "customer_id", rows, (*config.Draft).PutCustomer)
	p.owners(g, "teams", config.HolderTeam, "team_id", rows, (*config.Draft).PutTeam)
	p.virtualKeys(g, rows, keyNames(o))
	p.limits(g, rows)
	for _, row := range slices.Concat(rows.budgets, rows.rates) {
		if !row.taken {
			p.warn(row.path, "belongs to nobody in this file, so it has no effect")
		}
	}
}

func (p *fileParser) rowsOf(g *object) *rowSet {
	var s rowSet
	for name, to := range map[string]*[]*fileRow{"budgets": &s.budgets, "rate_limits": &s.rates} {
		list, _ := g.elements(name)
		for _, one := range list {
			*to = append(*to, &fileRow{object: one, id: ident(one, "id")})
		}
	}
	return &s
}

// keyNames are the names of the file's provider keys, by their ids in it: a key that was there already has another id.
func keyNames(o *object) map[string]string {
	names := map[string]string{}
	var all map[string]struct {
		Keys []struct {
			ID    string `json:"id"`
			KeyID string `json:"key_id"`
			Name  string `json:"name"`
		}
	}
	_ = json.Unmarshal(o.fields["providers"], &all) // whoever reads the section says what is wrong with it
	for _, provider := range all {
		for _, k := range provider.Keys {
			for _, id := range []string{k.ID, k.KeyID} {
				if id != "" && k.Name != "" {
					names[id] = k.Name
				}
			}
		}
	}
	return names
}

type putOwner func(*config.Draft, config.Source, time.Time, config.OwnerEdit) error

func (p *fileParser) owners(g *object, section, kind, field string, rows *rowSet, put putOwner) {
	list, given := g.elements(section)
	if given {
		p.file.Holders = append(p.file.Holders, kind)
	}
	for _, o := range list {
		var used []*fileRow
		e := owner(o, kind == config.HolderTeam, holder{rows, field, ident(o, "id"), &used})
		if p.unusable(o, e.Name, kind, e.ResetUsage) {
			continue
		}
		p.piece(kind+"/"+*e.Name, content(o, used), false, func(d *config.Draft) error {
			return put(d, config.SourceFile, time.Now(), e)
		})
	}
}

// unusable says what is wrong with an entity of the file.
func (p *fileParser) unusable(o *object, name *string, kind string, reset bool) bool {
	if reset {
		p.warn(o.at("reset_budget_usage"), "has no effect in a file")
	}
	switch {
	case text(name) == "":
		p.fail(o.at("name"), "is missing; give it a name")
	case slices.ContainsFunc(p.file.Pieces, func(other config.Piece) bool { return other.ID == kind+"/"+*name }):
		p.fail(o.at("name"), "%q is there twice; choose a different one", *name)
	default:
		return false
	}
	return true
}

func (p *fileParser) virtualKeys(g *object, rows *rowSet, names map[string]string) {
	list, given := g.elements("virtual_keys")
	if given {
		p.file.Holders = append(p.file.Holders, config.HolderVirtualKey)
	}
	for _, o := range list {
		r := keyReader{env: p.env, seed: p.empty == emptyIsAll || seedShape(o), create: true, rows: rows, names: names}
		e := r.read(o)
		if p.unusable(o, e.Name, config.HolderVirtualKey, e.ResetUsage) {
			continue
		}
		value := ""
		if e.Value != nil {
			value = e.Value.Reveal()
			p.readable(o)
		} else if _, given := o.value("value"); !given {
			p.warn(o.at("value"), "is absent, so one is made; rotate the key to see its value")
		}
		all := map[string]any{"key": content(o, r.used), "value": value, "seed": r.seed}
		p.piece(config.HolderVirtualKey+"/"+*e.Name, all, false, func(d *config.Draft) error {
			return d.PutVirtualKey(config.SourceFile, time.Now(), e)
		})
	}
}

// readable points out a value that stands in the file.
func (p *fileParser) readable(o *object) {
	written, _ := secretText(o, "value", o.fields["value"])
	if !strings.HasPrefix(written, "env.") {
		p.warn(o.at("value"), "the value is readable in the file; its hash is stored now, so replace it by env.NAME or take it out")
	}
}

// content is what a file says of an entity, with the rows that belong to it.
func content(o *object, used []*fileRow) any {
	rows := make([]map[string]json.RawMessage, len(used))
	for i, row := range used {
		rows[i] = row.fields
	}
	return map[string]any{"entity": o.fields, "rows": rows}
}
