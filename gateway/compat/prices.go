package compat

import (
	"encoding/json"
	"maps"
	"math"
	"time"

	"heimdall/gateway/config"
	"heimdall/providers/catalog"
)

// Price reads the body of POST /api/governance/pricing-overrides and of PUT below it.
func (d *Decoder) Price(body []byte) (e config.PriceEdit, warnings []string, err error) {
	r := &report{strict: true}
	o, err := r.parse(body)
	if err != nil {
		return e, nil, err
	}
	e = price(o)
	return e, r.texts(), config.Invalid(r.errors)
}

func price(o *object) config.PriceEdit {
	var e config.PriceEdit
	o.text("id", &e.ID)
	for name, to := range map[string]**string{
		"name": &e.Name, "scope_kind": &e.Kind, "virtual_key_id": &e.Key, "provider_id": &e.Provider,
		"provider_key_id": &e.KeyID, "match_type": &e.Match, "pattern": &e.Pattern,
	} {
		var text string
		if o.text(name, &text) {
			*to = &text
		}
	}
	var requests []string
	if o.list("request_types", &requests) {
		e.Requests = []string{}
		for _, name := range requests {
			if knownRequest(o, o.at("request_types"), name) {
				e.Requests = append(e.Requests, name)
			}
		}
	}
	e.Patch = patch(o)
	o.skip("config_hash", "created_at", "updated_at", "message", "warnings")
	o.done()
	return e
}

// patch reads prices by Bifrost's names, as an object or as its text, or per million tokens; nil where none are given.
// Where both are given they have to agree, as they do in what was read before.
func patch(o *object) map[string]float64 {
	perMillion, _ := o.child("per_1m")
	all, _ := o.child("patch")
	if raw, ok := o.value("pricing_patch"); ok && all == nil {
		var text string
		all = &object{report: o.report, path: o.at("pricing_patch")}
		if json.Unmarshal(raw, &text) != nil || json.Unmarshal([]byte(text), &all.fields) != nil {
			o.fail(all.path, "must be text that holds a JSON object")
			return nil
		}
	}
	switch {
	case all == nil && perMillion == nil:
		return nil
	case all == nil:
		return perMillion.perToken()
	case perMillion == nil:
		return all.prices()
	}
	given := all.prices()
	if !maps.EqualFunc(given, perMillion.perToken(), near) {
		o.fail(perMillion.path, "says something else than patch; give one of the two")
	}
	return given
}

// near allows for what scaling adds behind the digits that people write.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(a) }

// prices are the object's fields, by Bifrost's names; null means that there is none.
func (o *object) prices() map[string]float64 {
	return o.pricesBy(func(one map[string]float64) (map[string]float64, error) { return one, catalog.ValidatePatch(one) })
}

// perToken is prices for an object whose fields are classes of tokens, per million of them.
func (o *object) perToken() map[string]float64 {
	return o.pricesBy(func(one map[string]float64) (map[string]float64, error) {
		patch, err := catalog.PerToken(one)
		if err == nil {
			err = catalog.ValidatePatch(patch)
		}
		return patch, err
	})
}

func (o *object) pricesBy(read func(map[string]float64) (map[string]float64, error)) map[string]float64 {
	all := map[string]float64{}
	for _, name := range sortedKeys(o.fields) {
		var usd float64
		if !o.number(name, &usd) {
			continue
		}
		one, err := read(map[string]float64{name: usd})
		if err != nil {
			o.unserved(o.at(name), "%s", err)
			continue
		}
		maps.Copy(all, one)
	}
	return all
}

// prices reads governance.pricing_overrides.
func (p *fileParser) prices(o *object) {
	g, _ := o.child("governance")
	if g == nil {
		return
	}
	overrides, given := g.elements("pricing_overrides")
	if given {
		p.file.Holders = append(p.file.Holders, config.HolderPrice)
	}
	for _, one := range overrides {
		e := price(one)
		if len(e.Patch) == 0 {
			p.warn(one.at("patch"), "sets no price that counts, so the whole override has no effect")
			continue
		}
		id := e.ID
		switch {
		case id != "":
		case e.Name != nil:
			id = *e.Name
		case e.Pattern != nil:
			id, e.Name = *e.Pattern, e.Pattern
		}
		p.piece(config.HolderPrice+"/"+id, one.fields, false, func(d *config.Draft) error {
			d.PutPrice(config.SourceFile, time.Now(), e)
			return nil
		})
	}
}

const builtInPrices = "prices are built into this version; set others in governance.pricing_overrides"

// framework reads the section about where prices come from.
func (p *fileParser) framework(o *object) {
	f, _ := o.child("framework")
	if f == nil {
		return
	}
	f.idle(builtInPrices, "pricing")
	for _, name := range sortedKeys(f.fields) {
		if name != "pricing" && !empty(f.fields[name]) {
			p.warn(f.at(name), "is not served by this version")
		}
	}
}
