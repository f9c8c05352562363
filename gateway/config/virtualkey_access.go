package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// setAccess changes what a virtual key may reach and spend.
func (d *Draft) setAccess(k *VirtualKey, now time.Time, e VirtualKeyEdit) (err error) {
	if k.Allowance, err = k.Allowance.with(strings.TrimSuffix(k.at(""), "."), now, e.Allowance); err != nil {
		return err
	}
	if e.AllProviders != nil && !(e.LooseEmpty && len(k.Grants) == 0) {
		k.AllProviders = *e.AllProviders
	}
	if e.Grants != nil {
		if err := d.setGrants(k, now, e.Grants); err != nil {
			return err
		}
	}
	if e.Keys != nil {
		if err := d.narrow(k, *e.Keys); err != nil {
			return err
		}
	}
	if e.Tools != nil {
		k.Tools = tools(k.Tools, e.Tools)
	}
	for i, g := range k.Grants {
		if g.Allowance.Aligned != k.Allowance.Aligned {
			c := *g
			c.Allowance.Aligned = k.Allowance.Aligned
			k.Grants = slices.Clone(k.Grants)
			k.Grants[i] = &c
		}
	}
	return nil
}

func (d *Draft) setGrants(k *VirtualKey, now time.Time, edits []GrantEdit) error {
	old := k.Grants
	k.Grants = nil
	for i, e := range edits {
		g := grant(old, e)
		if err := d.setGrant(g, fmt.Sprintf("%s[%d]", k.at("provider_configs"), i), now, e); err != nil {
			return err
		}
		k.Grants = append(k.Grants, g)
	}
	return nil
}

// grant is a copy of the grant that an edit means, or a new one.
func grant(old []*Grant, e GrantEdit) *Grant {
	i := slices.IndexFunc(old, func(g *Grant) bool { return e.ID != "" && g.ID == e.ID })
	if i < 0 {
		i = slices.IndexFunc(old, func(g *Grant) bool { return g.Provider == strings.TrimSpace(e.Provider) })
	}
	if i < 0 {
		return newGrant(e.ID, e.Provider)
	}
	c := *old[i]
	return &c
}

func newGrant(id, provider string) *Grant {
	one := 1.0
	return &Grant{ID: cmp.Or(id, uuid.NewString()), Provider: provider, Weight: &one, Models: ModelList{All: true}, Keys: KeyList{All: true}}
}

func (d *Draft) setGrant(g *Grant, at string, now time.Time, e GrantEdit) (err error) {
	if e.Provider != "" {
		g.Provider = strings.TrimSpace(e.Provider)
	}
	if e.Weight != nil {
		g.Weight = *e.Weight
	}
	if e.Models != nil && !(e.LooseModels && !g.Models.All && len(g.Models.List) == 0) {
		g.Models = ModelList{All: e.Models.All, List: slices.Clone(e.Models.List)}
	}
	if e.Denied != nil {
		g.Denied = slices.Clone(e.Denied)
	}
	if len(g.Denied) == 0 {
		g.Denied = nil
	}
	if e.Keys != nil && !(e.LooseKeys && !g.Keys.All && len(g.Keys.List) == 0) {
		g.Keys = d.keyIDs(g.Provider, *e.Keys)
	}
	g.Allowance, err = g.Allowance.with(at, now, e.Allowance)
	return err
}

// keyIDs puts ids where there are names. Those of no key stay as they are.
func (d *Draft) keyIDs(provider string, given KeyList) KeyList {
	if given.All {
		return KeyList{All: true}
	}
	var list KeyList
	for _, ref := range given.List {
		if _, id := d.findKey(provider, ref); id != "" {
			ref = id
		}
		if !slices.Contains(list.List, ref) {
			list.List = append(list.List, ref)
		}
	}
	return list
}

// narrow lets every grant use these keys and no others. Where there is no grant, each provider of them is granted.
func (d *Draft) narrow(k *VirtualKey, keys KeyList) error {
	of, unknown := map[string][]string{}, []string{}
	for _, ref := range keys.List {
		found := false
		for _, p := range d.Providers {
			if _, id := d.findKey(p.Name, ref); id != "" {
				of[p.Name] = append(of[p.Name], id)
				found = true
			}
		}
		if !found {
			unknown = append(unknown, ref)
		}
	}
	grants := copies(k.Grants)
	if len(grants) == 0 && !keys.All {
		if len(of) == 0 {
			return invalid(k.at("key_ids"), "there is no key %s", strings.Join(quoted(unknown), ", "))
		}
		for _, p := range d.Providers {
			if of[p.Name] != nil {
				grants = append(grants, newGrant("", p.Name))
			}
		}
	}
	for _, g := range grants {
		g.Keys = KeyList{All: keys.All, List: slices.Concat(of[g.Provider], unknown)}
	}
	k.Grants = grants
	return nil
}

func quoted(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strconv.Quote(s)
	}
	return out
}

// tools keep the id of the server that they are of.
func tools(old, given []ToolGrant) []ToolGrant {
	var out []ToolGrant
	for _, t := range given {
		i := slices.IndexFunc(old, func(o ToolGrant) bool { return o.Server == t.Server })
		switch {
		case i >= 0:
			t.ID = old[i].ID
		case t.ID == "":
			t.ID = uuid.NewString()
		}
		out = append(out, t)
	}
	return out
}

// lostByKey names what a virtual key means and is not there.
func (d *Draft) lostByKey(k *VirtualKey) (lost []Problem) {
	say := func(path, format string, args ...any) {
		lost = append(lost, Problem{k.at(path), fmt.Sprintf(format, args...)})
	}
	if k.TeamID != "" && ownerByID(d.Teams, k.TeamID) == nil {
		say("team_id", "there is no team %q", k.TeamID)
	}
	if k.CustomerID != "" && ownerByID(d.Customers, k.CustomerID) == nil {
		say("customer_id", "there is no customer %q", k.CustomerID)
	}
	for i, g := range k.Grants {
		at := fmt.Sprintf("provider_configs[%d].", i)
		if d.Provider(g.Provider) == nil {
			say(at+"provider", "there is no provider %q", g.Provider)
			continue
		}
		for _, id := range g.Keys.List {
			if _, found := d.findKey(g.Provider, id); found != id {
				say(at+"key_ids", "the provider %q has no key %q", g.Provider, id)
			}
		}
	}
	return lost
}
