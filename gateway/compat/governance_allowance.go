package compat

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"heimdall/gateway/config"
	"heimdall/gateway/period"
)

// rowSet are budgets and rate limits that a file lists apart from their owners. A nil set has none.
type rowSet struct {
	budgets, rates []*fileRow
}

// fileRow is one of them. taken: an owner was found.
type fileRow struct {
	*object
	id    string
	taken bool
}

// holder is whose allowance is read: field is what rows call their owner, id the owner's. rows that belong to it are
// collected in used.
type holder struct {
	rows      *rowSet
	field, id string
	used      *[]*fileRow
}

// allowance reads what somebody may spend: budgets by their newest name and an older one, and a rate limit.
func (h holder) allowance(o *object) config.AllowanceEdit {
	var e config.AllowanceEdit
	e.Aligned = flag(o, "calendar_aligned")
	given, aligned := h.budgets(o)
	e.Budgets = given
	if e.Aligned == nil {
		e.Aligned = aligned
	}
	e.Rate = h.rate(o)
	return e
}

// budgets are nil where none are given. aligned is what they say of their windows.
func (h holder) budgets(o *object) (all []config.BudgetEdit, aligned *bool) {
	list, several := o.elements("budgets")
	one, single := o.child("budget")
	if single && !several {
		all = []config.BudgetEdit{}
		if one != nil && !empty(o.fields["budget"]) {
			list = append(list, one)
		}
	}
	if several {
		all = []config.BudgetEdit{}
	}
	list = append(list, h.rows.owned(o, h)...)
	for _, b := range list {
		all = append(all, budget(b))
		var on bool
		if b.truth("calendar_aligned", &on) {
			aligned = &on
		}
		b.done()
	}
	if one != nil && several {
		echoed(o, one, all)
		one.done()
	}
	h.reference(o, "budget_id", len(list) > 0)
	h.references(o, "budget_ids", len(list) > 0)
	return all, aligned
}

// echoed checks that a budget by the older name is one of those by the newest.
func echoed(o, one *object, all []config.BudgetEdit) {
	b := budget(one)
	same := func(other config.BudgetEdit) bool {
		return b.Max != nil && other.Max != nil && *b.Max == *other.Max && b.Every == other.Every
	}
	if !slices.ContainsFunc(all, same) {
		o.fail(o.at("budget"), "says something else than budgets; give budgets alone")
	}
}

// budget reads one budget. Fields that only answers have may be echoed.
func budget(o *object) config.BudgetEdit {
	e := config.BudgetEdit{ID: ident(o, "id")}
	var most float64
	if o.number("max_limit", &most) {
		e.Max = &most
	}
	e.Every = duration(o, "reset_duration")
	if c, given := o.child("reset_config"); given {
		month := 0
		if c != nil {
			if c.integer("quarter_start_month", &month) && (month < 1 || month > 12) {
				c.fail(c.at("quarter_start_month"), "must be between 1 (January) and 12")
			}
			c.done()
		}
		e.QuarterStart = &month
	}
	e.Override = override(o)
	o.skip("current_usage", "last_reset", "held", "effective_max_limit", "resets_at", "calendar_aligned", "config_hash",
		"virtual_key_id", "provider_config_id", "team_id", "customer_id", "model_config_id", "provider_name", "created_at", "updated_at",
		"owner_kind", "owner_id", "owner_name")
	return e
}

func override(o *object) *config.Override {
	var e config.Override
	mode := ""
	given := o.number("override_amount", &e.Amount)
	o.text("override_mode", &mode)
	o.integer("override_cycles", &e.Cycles)
	o.skip("override_cycles_remaining", "override_started_at")
	switch {
	case !given:
		return nil
	case mode == "" || mode == "forever":
		e.Cycles = 0
	case mode != "cycles":
		o.fail(o.at("override_mode"), `must be "cycles" or "forever"`)
	case e.Cycles < 1:
		o.fail(o.at("override_cycles"), "must be 1 or more")
	}
	return &e
}

func duration(o *object, name string) period.Period {
	var text string
	if !o.text(name, &text) {
		return period.Period{}
	}
	p, err := period.Parse(strings.TrimSpace(text))
	if err != nil {
		o.fail(o.at(name), "%s", err)
	}
	return p
}

// rate reads the rate limit; nil where none is given.
func (h holder) rate(o *object) *config.RateEdit {
	c, given := o.child("rate_limit")
	if row := h.rows.rate(o, h); row != nil && !given {
		c, given = row, true
	}
	h.reference(o, "rate_limit_id", given)
	if !given {
		return nil
	}
	e := &config.RateEdit{}
	if c == nil {
		return e
	}
	e.ID = ident(c, "id")
	e.Tokens, e.Requests = quota(c, "token"), quota(c, "request")
	c.skip("calendar_aligned", "config_hash", "created_at", "updated_at", "virtual_key_id", "provider_config_id", "model_config_id", "team_id", "customer_id",
		"owner_kind", "owner_id", "owner_name")
	c.done()
	return e
}

func quota(o *object, what string) *config.Quota {
	var q config.Quota
	limited := whole(o, what+"_max_limit", &q.Max)
	q.Every = duration(o, what+"_reset_duration")
	o.skip(what+"_current_usage", what+"_last_reset", what+"_held", what+"_resets_at")
	switch {
	case limited && q.Every.Zero():
		if _, given := o.value(what + "_reset_duration"); !given {
			o.fail(o.at(what+"_reset_duration"), "is missing; give a number and a unit, such as 1h")
		}
	case !limited && !q.Every.Zero():
		if _, given := o.value(what + "_max_limit"); !given {
			o.fail(o.at(what+"_max_limit"), "is missing; give a number, or leave out both for no limit")
		}
	case limited:
		return &q
	}
	return nil
}

// whole is object.integer for large numbers.
func whole(o *object, name string, to *int64) bool {
	raw, ok := o.value(name)
	if !ok {
		return false
	}
	text := strings.TrimSpace(unquote(raw))
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		// A large number may be written with an exponent.
		f, ferr := strconv.ParseFloat(text, 64)
		if ferr != nil || f != float64(int64(f)) {
			o.fail(o.at(name), "must be a whole number")
			return false
		}
		n = int64(f)
	}
	*to = n
	return true
}

// ident reads an id: text, or the number of a row.
func ident(o *object, name string) string {
	raw, ok := o.value(name)
	if !ok {
		return ""
	}
	var n json.Number
	var text string
	if json.Unmarshal(raw, &text) != nil && json.Unmarshal(raw, &n) != nil {
		o.fail(o.at(name), "must be text")
		return ""
	}
	return strings.TrimSpace(unquote(raw))
}

// reference takes the id of a budget or a rate limit beside the thing itself, found: it is there.
func (h holder) reference(o *object, name string, found bool) {
	if id := ident(o, name); id != "" && !found {
		h.dangling(o, name, id)
	}
}

func (h holder) references(o *object, name string, found bool) {
	var ids []string
	if o.list(name, &ids) && len(ids) > 0 && !found {
		h.dangling(o, name, strings.Join(ids, ", "))
	}
}

func (h holder) dangling(o *object, name, id string) {
	if h.rows == nil {
		o.fail(o.at(name), "can't be set by its id; give the limit itself, in budgets or rate_limit")
		return
	}
	o.fail(o.at(name), "the file has no such row as %s", id)
}

// owned are the rows of budgets that belong to an owner: those that it names, and those that name it.
func (s *rowSet) owned(o *object, h holder) (list []*object) {
	if s == nil {
		return nil
	}
	var ids []string
	if raw, ok := o.fields["budget_ids"]; ok {
		json.Unmarshal(raw, &ids)
	}
	ids = append(ids, ident(o, "budget_id"))
	for _, row := range s.budgets {
		if mine(row, h, ids...) {
			list = append(list, h.take(row))
		}
	}
	return list
}

func (s *rowSet) rate(o *object, h holder) *object {
	if s == nil {
		return nil
	}
	for _, row := range s.rates {
		if mine(row, h, ident(o, "rate_limit_id")) {
			return h.take(row)
		}
	}
	return nil
}

func mine(row *fileRow, h holder, ids ...string) bool {
	return row.id != "" && slices.Contains(ids, row.id) || h.id != "" && ident(row.object, h.field) == h.id
}

func (h holder) take(row *fileRow) *object {
	*h.used = append(*h.used, row)
	if !row.taken {
		row.taken = true
		return row.object
	}
	row.warn(row.path, "belongs to several owners; each of them has one of its own now")
	own := *row.object
	own.fields = maps.Clone(row.fields)
	delete(own.fields, "id")
	return &own
}
