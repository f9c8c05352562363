package compat

import (
	"cmp"
	"time"

	"heimdall/gateway/config"
)

// ModelLimit reads the body of POST /api/governance/model-configs and of PUT below it.
func (d *Decoder) ModelLimit(body []byte) (e config.ModelLimitEdit, warnings []string, err error) {
	r := &report{strict: true}
	o, err := r.parse(body)
	if err != nil {
		return e, nil, err
	}
	e = modelLimit(o, holder{})
	return e, r.texts(), config.Invalid(r.errors)
}

// ProviderLimit reads the body of PUT /api/governance/providers/{provider_name}.
func (d *Decoder) ProviderLimit(body []byte) (e config.ProviderLimitEdit, warnings []string, err error) {
	r := &report{strict: true}
	o, err := r.parse(body)
	if err != nil {
		return e, nil, err
	}
	e = providerLimit(o, holder{})
	return e, r.texts(), config.Invalid(r.errors)
}

func modelLimit(o *object, h holder) config.ModelLimitEdit {
	e := config.ModelLimitEdit{ID: ident(o, "id")}
	e.Model, e.Provider = words(o, "model_name"), words(o, "provider")
	e.Key = limitScope(o)
	o.truth("reset_budget_usage", &e.ResetUsage)
	e.Allowance = h.allowance(o)
	if rate := h.rates(o); rate != nil {
		e.Allowance.Rate = rate
	}
	o.skip("config_hash", "created_at", "updated_at", "message", "warnings")
	o.done()
	return e
}

// rates reads the rows of rate limits of one number each, which newer files name as a list; nil = there are none.
func (h holder) rates(o *object) *config.RateEdit {
	var ids []string
	if !o.list("rate_limit_ids", &ids) || len(ids) == 0 {
		return nil
	}
	e := &config.RateEdit{}
	for _, id := range ids {
		row := h.rows.rateRow(id)
		if row == nil {
			h.dangling(o, "rate_limit_ids", id)
			continue
		}
		r := h.take(row)
		r.skip("metric")
		e.ID = cmp.Or(e.ID, ident(r, "id"))
		for what, to := range map[string]**config.Quota{"token": &e.Tokens, "request": &e.Requests} {
			q := quota(r, what)
			if q != nil && *to != nil {
				o.unserved(o.at("rate_limit_ids"), "%s: a model has one limit of tokens and one of requests here", id)
				continue
			}
			*to = cmp.Or(*to, q)
		}
		r.done()
	}
	return e
}

func (s *rowSet) rateRow(id string) *fileRow {
	if s == nil {
		return nil
	}
	for _, row := range s.rates {
		if row.id == id {
			return row
		}
	}
	return nil
}

// limitScope is the virtual key whose spending counts; "" = everybody's, nil = as it is.
func limitScope(o *object) *string {
	scope, id := words(o, "scope"), words(o, "scope_id")
	everybody := ""
	switch {
	case scope == nil && id == nil:
		return nil
	case scope != nil && *scope != "" && *scope != "global" && *scope != "virtual_key":
		o.fail(o.at("scope"), `must be "global" or "virtual_key"`)
	case id != nil && *id != "" && scope != nil && *scope == "global":
		o.fail(o.at("scope_id"), "has no place in the scope global; leave it out")
	case id != nil && *id != "":
		return id
	case scope != nil && *scope == "virtual_key":
		o.fail(o.at("scope_id"), "is missing; give the id of the virtual key")
	}
	return &everybody
}

func providerLimit(o *object, h holder) config.ProviderLimitEdit {
	e := config.ProviderLimitEdit{Allowance: h.allowance(o)}
	o.truth("reset_budget_usage", &e.ResetUsage)
	o.skip("name", "provider", "provider_name", "id", "config_hash", "created_at", "updated_at", "message", "warnings")
	o.done()
	return e
}

// limits reads governance.model_configs and governance.providers, and the rows that they refer to.
func (p *fileParser) limits(g *object, rows *rowSet) {
	models, given := g.elements("model_configs")
	if given {
		p.file.Holders = append(p.file.Holders, config.HolderModel)
	}
	for _, o := range models {
		var used []*fileRow
		e := modelLimit(o, holder{rows, "model_config_id", ident(o, "id"), &used})
		if e.Model == nil || *e.Model == "" {
			p.fail(o.at("model_name"), "must be a model's name, or * for every model")
			continue
		}
		p.unreset(o, e.ResetUsage)
		id := e.ID
		if id == "" {
			id = config.LimitName(*e.Model, text(e.Provider), text(e.Key))
		}
		p.piece(config.HolderModel+"/"+id, content(o, used), false, func(d *config.Draft) error {
			return d.PutModelLimit(config.SourceFile, time.Now(), e)
		})
	}
	providers, given := g.elements("providers")
	if given {
		p.file.Holders = append(p.file.Holders, config.HolderProvider)
	}
	for _, o := range providers {
		p.providerLimit(o, rows)
	}
}

func (p *fileParser) providerLimit(o *object, rows *rowSet) {
	var name string
	for _, field := range []string{"name", "provider", "provider_name"} {
		if name == "" {
			o.text(field, &name)
		}
	}
	if name == "" {
		p.fail(o.at("name"), "must be the name of a provider")
		return
	}
	var used []*fileRow
	e := providerLimit(o, holder{rows, "provider_name", name, &used})
	p.unreset(o, e.ResetUsage)
	p.piece(config.HolderProvider+"/"+name, content(o, used), false, func(d *config.Draft) error {
		return d.EditProviderLimit(name, time.Now(), e)
	})
}

func (p *fileParser) unreset(o *object, asked bool) {
	if asked {
		p.warn(o.at("reset_budget_usage"), "has no effect in a file")
	}
}
