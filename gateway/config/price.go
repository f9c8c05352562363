package config

import (
	"cmp"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"heimdall/providers/catalog"
)

// PriceEdit is a wished change of a price override. What is nil stays. Key and KeyID may be names too.
type PriceEdit struct {
	ID       string // of a new one; "" = make one
	Name     *string
	Kind     *string // "" = as the ids say
	Key      *string
	Provider *string
	KeyID    *string
	Match    *string
	Pattern  *string
	Requests []string
	Patch    map[string]float64 // replaces all prices
}

// scopeIDs are what names the scope of a price override, by its kind.
var scopeIDs = map[string][]string{
	"global":                   {},
	"provider":                 {"provider_id"},
	"provider_key":             {"provider_key_id"},
	"virtual_key":              {"virtual_key_id"},
	"virtual_key_provider":     {"virtual_key_id", "provider_id"},
	"virtual_key_provider_key": {"virtual_key_id", "provider_id", "provider_key_id"},
}

// AddPrice makes a price override and returns its id.
func (d *Draft) AddPrice(source Source, now time.Time, e PriceEdit) (id string, err error) {
	if e.ID != "" && d.price(e.ID) != nil {
		return "", conflict("id", "there is a price override with the id %q already", e.ID)
	}
	p := d.addPrice(source, now, e)
	return p.ID, Invalid(d.lostPrice(p))
}

func (d *Draft) addPrice(source Source, now time.Time, e PriceEdit) *PriceOverride {
	p := &PriceOverride{ID: cmp.Or(e.ID, uuid.NewString()), Match: "exact", Source: source, Created: now.UTC()}
	d.Prices = append(d.Prices, p)
	d.setPrice(p, now, e)
	return p
}

// EditPrice changes the price override with that id.
func (d *Draft) EditPrice(id string, now time.Time, e PriceEdit) error {
	p := d.price(id)
	if p == nil {
		return notFound("there is no price override with the id %q", id)
	}
	d.setPrice(p, now, e)
	return Invalid(d.lostPrice(p))
}

// PutPrice changes the price override of that id or, without one, of that name; or makes it. What its scope names may
// be missing.
func (d *Draft) PutPrice(source Source, now time.Time, e PriceEdit) {
	for _, p := range d.Prices {
		if e.ID != "" && p.ID == e.ID || e.ID == "" && e.Name != nil && p.Name == *e.Name {
			d.setPrice(p, now, e)
			return
		}
	}
	d.addPrice(source, now, e)
}

// DeletePrice removes the price override with that id.
func (d *Draft) DeletePrice(id string) error {
	p := d.price(id)
	if p == nil {
		return notFound("there is no price override with the id %q", id)
	}
	d.Prices = slices.DeleteFunc(d.Prices, func(o *PriceOverride) bool { return o == p })
	return nil
}

func (d *Draft) price(id string) *PriceOverride {
	for _, p := range d.Prices {
		if p.ID == id {
			return p
		}
	}
	return nil
}

func (d *Draft) setPrice(p *PriceOverride, now time.Time, e PriceEdit) {
	old := *p
	for _, s := range []struct{ value, place *string }{
		{e.Kind, &p.Kind}, {e.Match, &p.Match}, {e.Pattern, &p.Pattern}, {e.Name, &p.Name},
		{e.Key, &p.Key}, {e.Provider, &p.Provider}, {e.KeyID, &p.KeyID},
	} {
		if s.value != nil {
			*s.place = strings.TrimSpace(*s.value)
		}
	}
	p.dropIDs(e)
	if p.Kind == "" {
		p.Kind = p.kindByIDs()
	}
	p.Name = cmp.Or(p.Name, p.Pattern)
	if e.Requests != nil {
		p.Requests = slices.Clone(e.Requests)
	}
	if e.Patch != nil {
		p.Patch = maps.Clone(e.Patch)
	}
	d.resolvePrice(p)
	if len(p.Requests) == 0 {
		p.Requests = nil
	}
	if !reflect.DeepEqual(old, *p) {
		p.Updated = now.UTC()
	}
	d.Governance.sort()
}

// dropIDs takes away what named a scope of another kind before.
func (p *PriceOverride) dropIDs(e PriceEdit) {
	wanted, known := scopeIDs[p.Kind]
	if !known || e.Kind == nil {
		return
	}
	for name, id := range map[string]struct{ given, place *string }{
		"virtual_key_id": {e.Key, &p.Key}, "provider_id": {e.Provider, &p.Provider}, "provider_key_id": {e.KeyID, &p.KeyID},
	} {
		if id.given == nil && !slices.Contains(wanted, name) {
			*id.place = ""
		}
	}
}

func (p *PriceOverride) kindByIDs() string {
	kind := "global"
	switch {
	case p.KeyID != "":
		kind = "provider_key"
	case p.Provider != "":
		kind = "provider"
	}
	switch {
	case p.Key == "":
		return kind
	case kind == "global":
		return "virtual_key"
	}
	return "virtual_key_" + kind
}

// resolvePrice puts ids where there are names, and the provider of the key where both are asked for.
func (d *Draft) resolvePrice(p *PriceOverride) {
	if k := d.findVirtualKey(p.Key); k != nil {
		p.Key = k.ID
	}
	provider, id := d.findKey(p.Provider, p.KeyID)
	if id == "" {
		return
	}
	p.KeyID = id
	switch p.Kind {
	case "virtual_key_provider_key":
		p.Provider = provider
	case "provider_key":
		p.Provider = ""
	}
}

// lostPrice names what the scope of a price override means and is not there.
func (d *Draft) lostPrice(p *PriceOverride) (lost []Problem) {
	if p.Key != "" && d.findVirtualKey(p.Key) == nil {
		lost = append(lost, Problem{p.at("virtual_key_id"), "there is no virtual key " + strconv.Quote(p.Key)})
	}
	if p.Provider != "" && d.Provider(p.Provider) == nil {
		lost = append(lost, Problem{p.at("provider_id"), "there is no provider " + strconv.Quote(p.Provider)})
	}
	if _, id := d.findKey(p.Provider, p.KeyID); id == "" && p.KeyID != "" {
		lost = append(lost, Problem{p.at("provider_key_id"), "there is no such key " + strconv.Quote(p.KeyID)})
	}
	return lost
}

// lost names what governance means and is not there any more: it works, but does nothing.
func (d *Draft) lost() (lost []Problem) {
	for _, p := range d.Prices {
		lost = append(lost, d.lostPrice(p)...)
	}
	for _, l := range d.ModelLimits {
		lost = append(lost, d.lostLimit(l)...)
	}
	for _, r := range d.Rules {
		lost = append(lost, d.lostRule(r)...)
	}
	return append(lost, d.lostByHolders()...)
}

// findVirtualKey finds a virtual key by its id, or else by its name; nil where there is none.
func (d *Draft) findVirtualKey(what string) *VirtualKey {
	for _, k := range d.VirtualKeys {
		if k.ID == what {
			return k
		}
	}
	for _, k := range d.VirtualKeys {
		if k.Name == what {
			return k
		}
	}
	return nil
}

// findKey finds a key of a provider, "" = of any, by its id, or by its name where only one has that.
func (d *Draft) findKey(provider, what string) (owner, id string) {
	named := 0
	for _, p := range d.Providers {
		for _, k := range p.Keys {
			switch {
			case provider != "" && provider != p.Name:
			case k.ID == what:
				return p.Name, k.ID
			case k.Name == what:
				owner, id = p.Name, k.ID
				named++
			}
		}
	}
	if named != 1 {
		return "", ""
	}
	return owner, id
}

func (p *PriceOverride) at(field string) string {
	return "governance.pricing_overrides[" + strconv.Quote(p.Name) + "]." + field
}

func (v *validator) price(p *PriceOverride) {
	if p.Name == "" || len(p.Name) > 128 || !oneWord(p.Name) {
		v.say(p.at("name"), "must be at most 128 characters on one line")
	}
	v.priceScope(p)
	switch {
	case p.Pattern == "":
		v.say(p.at("pattern"), "is missing; give a model's name, or what its name begins with and *")
	case p.Match == "exact" && strings.Contains(p.Pattern, "*"):
		v.say(p.at("pattern"), `has a *; set match_type to "wildcard", or name the model`)
	case p.Match == "wildcard" && strings.Index(p.Pattern, "*") != len(p.Pattern)-1:
		v.say(p.at("pattern"), "must end in *, and have no other one")
	case p.Match == "regex":
		if _, err := regexp.Compile(p.Pattern); err != nil {
			v.say(p.at("pattern"), "is no valid RE2 pattern: %s", err)
		}
	}
	v.oneOf(p.at("match_type"), p.Match, "exact", "wildcard", "regex")
	if err := catalog.ValidatePatch(p.Patch); err != nil {
		v.say(p.at("patch"), "%s", err)
	}
}

func (v *validator) priceScope(p *PriceOverride) {
	wanted, known := scopeIDs[p.Kind]
	if !known {
		v.say(p.at("scope_kind"), "must be one of %s", strings.Join(slices.Sorted(maps.Keys(scopeIDs)), ", "))
		return
	}
	ids := map[string]string{"virtual_key_id": p.Key, "provider_id": p.Provider, "provider_key_id": p.KeyID}
	for _, name := range slices.Sorted(maps.Keys(ids)) {
		switch needs := slices.Contains(wanted, name); {
		case needs && ids[name] == "":
			v.say(p.at(name), "is missing; the scope %s needs it", p.Kind)
		case !needs && ids[name] != "":
			v.say(p.at(name), "has no place in the scope %s; leave it out", p.Kind)
		}
	}
}
