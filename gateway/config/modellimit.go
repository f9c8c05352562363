package config

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ModelLimitEdit is a wished change of what may be spent on a model. What is nil stays. Key may be a name too.
type ModelLimitEdit struct {
	ID        string // of a new one; "" = make one
	Model     *string
	Provider  *string
	Key       *string
	Allowance AllowanceEdit

	ResetUsage bool // what was spent of its budgets is forgotten; whoever counts does it
}

// ProviderLimitEdit is a wished change of what may be spent at a provider.
type ProviderLimitEdit struct {
	Allowance  AllowanceEdit
	ResetUsage bool // as in ModelLimitEdit
}

// AddModelLimit makes a model's limits and returns their id.
func (d *Draft) AddModelLimit(source Source, now time.Time, e ModelLimitEdit) (id string, err error) {
	if e.ID != "" && d.modelLimit(e.ID) != nil {
		return "", conflict("id", "there are limits with the id %q already", e.ID)
	}
	l, err := d.addModelLimit(source, now, e)
	if err != nil {
		return "", err
	}
	return l.ID, Invalid(d.lostLimit(l))
}

func (d *Draft) addModelLimit(source Source, now time.Time, e ModelLimitEdit) (*ModelLimit, error) {
	l := &ModelLimit{ID: cmp.Or(e.ID, uuid.NewString()), Source: source, Created: now.UTC()}
	d.ModelLimits = append(d.ModelLimits, l)
	return l, d.setModelLimit(l, now, e)
}

// EditModelLimit changes the limits with that id.
func (d *Draft) EditModelLimit(id string, now time.Time, e ModelLimitEdit) error {
	l := d.modelLimit(id)
	if l == nil {
		return notFound("there are no limits with the id %q", id)
	}
	if err := d.setModelLimit(l, now, e); err != nil {
		return err
	}
	return Invalid(d.lostLimit(l))
}

// PutModelLimit changes the limits of that id or, without one, of that model, provider and virtual key; or makes them.
// Provider and virtual key may be missing.
func (d *Draft) PutModelLimit(source Source, now time.Time, e ModelLimitEdit) error {
	for _, l := range d.ModelLimits {
		if e.ID != "" && l.ID == e.ID || e.ID == "" && d.means(e, l) {
			return d.setModelLimit(l, now, e)
		}
	}
	_, err := d.addModelLimit(source, now, e)
	return err
}

// means reports whether an edit without an id is of those limits.
func (d *Draft) means(e ModelLimitEdit, l *ModelLimit) bool {
	var model, provider, key string
	for to, given := range map[*string]*string{&model: e.Model, &provider: e.Provider, &key: e.Key} {
		if given != nil {
			*to = strings.TrimSpace(*given)
		}
	}
	if k := d.findVirtualKey(key); k != nil {
		key = k.ID
	}
	return model == l.Model && provider == l.Provider && key == l.Key
}

// DeleteModelLimit removes the limits with that id.
func (d *Draft) DeleteModelLimit(id string) error {
	l := d.modelLimit(id)
	if l == nil {
		return notFound("there are no limits with the id %q", id)
	}
	d.ModelLimits = slices.DeleteFunc(d.ModelLimits, func(o *ModelLimit) bool { return o == l })
	return nil
}

// dropLimitsOf removes the models' limits and the prices of a virtual key that goes.
func (d *Draft) dropLimitsOf(virtualKey string) {
	d.ModelLimits = slices.DeleteFunc(d.ModelLimits, func(l *ModelLimit) bool { return l.Key == virtualKey })
	d.Prices = slices.DeleteFunc(d.Prices, func(p *PriceOverride) bool { return p.Key == virtualKey })
}

func (d *Draft) modelLimit(id string) *ModelLimit {
	for _, l := range d.ModelLimits {
		if l.ID == id {
			return l
		}
	}
	return nil
}

func (d *Draft) setModelLimit(l *ModelLimit, now time.Time, e ModelLimitEdit) (err error) {
	old := *l
	setText(&l.Model, e.Model)
	setText(&l.Provider, e.Provider)
	setText(&l.Key, e.Key)
	if k := d.findVirtualKey(l.Key); k != nil {
		l.Key = k.ID
	}
	if l.Allowance, err = l.Allowance.with(l.path(), now, e.Allowance); err != nil {
		return err
	}
	if !reflect.DeepEqual(old, *l) {
		l.Updated = now.UTC()
	}
	d.Governance.sort()
	return nil
}

// lostLimit names what limits mean and is not there.
func (d *Draft) lostLimit(l *ModelLimit) (lost []Problem) {
	if l.Key != "" && d.findVirtualKey(l.Key) == nil {
		lost = append(lost, Problem{l.at("scope_id"), "there is no virtual key " + strconv.Quote(l.Key)})
	}
	if l.Provider != "" && d.Provider(l.Provider) == nil {
		lost = append(lost, Problem{l.at("provider"), "there is no provider " + strconv.Quote(l.Provider)})
	}
	return lost
}

func (l *ModelLimit) path() string { return "governance.model_configs[" + strconv.Quote(l.Model) + "]" }

func (l *ModelLimit) at(field string) string { return l.path() + "." + field }

// limits checks those of models and of providers.
func (v *validator) limits() {
	for i := range v.draft.ModelLimits {
		v.modelLimit(i)
	}
	for _, l := range v.draft.ProviderLimits {
		v.allowance(l.path(), l.Allowance)
	}
}

func (v *validator) modelLimit(i int) {
	l := v.draft.ModelLimits[i]
	if l.Model == "" || !oneWord(l.Model) {
		v.say(l.at("model_name"), "must be a model's name, or * for every model")
	}
	for _, o := range v.draft.ModelLimits[:i] {
		if o.Model == l.Model && o.Provider == l.Provider && o.Key == l.Key {
			v.say(l.at("model_name"), "has limits for the same provider and scope already; change those")
		}
	}
	v.id(l.at("id"), l.ID)
	v.allowance(l.path(), l.Allowance)
}

// EditProviderLimit changes what may be spent at a provider.
func (d *Draft) EditProviderLimit(provider string, now time.Time, e ProviderLimitEdit) error {
	i := slices.IndexFunc(d.ProviderLimits, func(l *ProviderLimit) bool { return l.Provider == provider })
	if i < 0 {
		i = len(d.ProviderLimits)
		d.ProviderLimits = append(d.ProviderLimits, &ProviderLimit{Provider: provider})
	}
	l := d.ProviderLimits[i]
	a, err := l.Allowance.with(l.path(), now, e.Allowance)
	l.Allowance = a
	d.Governance.sort()
	return err
}

// DeleteProviderLimit takes all limits of a provider away.
func (d *Draft) DeleteProviderLimit(provider string) {
	d.ProviderLimits = slices.DeleteFunc(d.ProviderLimits, func(l *ProviderLimit) bool { return l.Provider == provider })
}

func (l *ProviderLimit) path() string { return "governance.providers." + l.Provider }
