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

// OwnerEdit is a wished change of a team or a customer. What is nil stays.
type OwnerEdit struct {
	ID         string // of a new one; "" = make one
	Name       *string
	CustomerID *string // of a team, or a name; "" = none
	Allowance  AllowanceEdit

	ResetUsage bool // what was spent of its budgets is forgotten; whoever counts does it
}

// owners are all teams, or all customers.
type owners struct {
	draft *Draft
	noun  string
	list  *[]*Owner
}

func (d *Draft) teams() owners     { return owners{d, "team", &d.Teams} }
func (d *Draft) customers() owners { return owners{d, "customer", &d.Customers} }

// AddTeam makes a team and returns its id.
func (d *Draft) AddTeam(source Source, now time.Time, e OwnerEdit) (id string, err error) {
	return d.teams().add(source, now, e)
}

// EditTeam changes the team with that id.
func (d *Draft) EditTeam(id string, now time.Time, e OwnerEdit) error {
	return d.teams().edit(id, now, e)
}

// PutTeam changes the team of that id or else of that name, or makes it. Its customer may be missing.
func (d *Draft) PutTeam(source Source, now time.Time, e OwnerEdit) error {
	return d.teams().put(source, now, e)
}

// DeleteTeam removes a team. Its virtual keys stay, and belong to nobody then; keys counts them.
func (d *Draft) DeleteTeam(id string) (keys int, err error) {
	if err := d.teams().remove(id); err != nil {
		return 0, err
	}
	for _, k := range d.VirtualKeys {
		if k.TeamID == id {
			k.TeamID = ""
			keys++
		}
	}
	return keys, nil
}

// AddCustomer makes a customer and returns its id.
func (d *Draft) AddCustomer(source Source, now time.Time, e OwnerEdit) (id string, err error) {
	return d.customers().add(source, now, e)
}

// EditCustomer changes the customer with that id.
func (d *Draft) EditCustomer(id string, now time.Time, e OwnerEdit) error {
	return d.customers().edit(id, now, e)
}

// PutCustomer changes the customer of that id or else of that name, or makes it.
func (d *Draft) PutCustomer(source Source, now time.Time, e OwnerEdit) error {
	return d.customers().put(source, now, e)
}

// DeleteCustomer removes a customer. Its virtual keys and teams stay, and belong to nobody then; they are counted.
func (d *Draft) DeleteCustomer(id string) (keys, teams int, err error) {
	if err := d.customers().remove(id); err != nil {
		return 0, 0, err
	}
	for _, k := range d.VirtualKeys {
		if k.CustomerID == id {
			k.CustomerID = ""
			keys++
		}
	}
	for _, t := range d.Teams {
		if t.CustomerID == id {
			t.CustomerID = ""
			teams++
		}
	}
	return keys, teams, nil
}

func (l owners) add(source Source, now time.Time, e OwnerEdit) (string, error) {
	if e.ID != "" && ownerByID(*l.list, e.ID) != nil {
		return "", conflict("id", "there is a %s with the id %q already", l.noun, e.ID)
	}
	o, err := l.make(source, now, e)
	if err != nil {
		return "", err
	}
	return o.ID, Invalid(l.draft.lostByOwner(l.noun, o))
}

func (l owners) make(source Source, now time.Time, e OwnerEdit) (*Owner, error) {
	o := &Owner{ID: cmp.Or(e.ID, uuid.NewString()), Source: source, Created: now.UTC()}
	*l.list = append(*l.list, o)
	return o, l.set(o, now, e)
}

func (l owners) edit(id string, now time.Time, e OwnerEdit) error {
	o := ownerByID(*l.list, id)
	switch {
	case o == nil:
		return notFound("there is no %s with the id %q", l.noun, id)
	case e.ID != "" && e.ID != id:
		return invalid(o.at(l.noun, "id"), "can't be changed")
	}
	if err := l.set(o, now, e); err != nil {
		return err
	}
	return Invalid(l.draft.lostByOwner(l.noun, o))
}

func (l owners) put(source Source, now time.Time, e OwnerEdit) error {
	o := ownerByID(*l.list, e.ID)
	if o == nil && e.Name != nil {
		o = ownerByID(*l.list, ownerID(*l.list, strings.TrimSpace(*e.Name)))
	}
	if o == nil {
		_, err := l.make(source, now, e)
		return err
	}
	return l.set(o, now, e)
}

func (l owners) remove(id string) error {
	o := ownerByID(*l.list, id)
	if o == nil {
		return notFound("there is no %s with the id %q", l.noun, id)
	}
	*l.list = slices.DeleteFunc(*l.list, func(other *Owner) bool { return other == o })
	return nil
}

func (l owners) set(o *Owner, now time.Time, e OwnerEdit) (err error) {
	old := *o
	setText(&o.Name, e.Name)
	if o.Name == "" {
		return invalid(o.at(l.noun, "name"), "is missing; give the %s a name", l.noun)
	}
	if slices.ContainsFunc(*l.list, func(other *Owner) bool { return other != o && other.Name == o.Name }) {
		return conflict("name", "there is a %s of the name %q already; choose a different one", l.noun, o.Name)
	}
	if e.CustomerID != nil {
		o.CustomerID = ownerID(l.draft.Customers, strings.TrimSpace(*e.CustomerID))
	}
	at := strings.TrimSuffix(o.at(l.noun, ""), ".")
	if o.Allowance, err = o.Allowance.with(at, now, e.Allowance); err != nil {
		return err
	}
	if !reflect.DeepEqual(old, *o) {
		o.Updated = now.UTC()
	}
	l.draft.Governance.sort()
	return nil
}

func ownerByID(list []*Owner, id string) *Owner {
	for _, o := range list {
		if o.ID == id {
			return o
		}
	}
	return nil
}

// ownerID is the id of the owner that is meant by it, or else by its name; what is meant itself where there is none.
func ownerID(list []*Owner, what string) string {
	for _, o := range list {
		if o.ID != what && o.Name == what && ownerByID(list, what) == nil {
			return o.ID
		}
	}
	return what
}

// lostByOwner names the customer of a team that is not there.
func (d *Draft) lostByOwner(noun string, o *Owner) []Problem {
	if o.CustomerID == "" || ownerByID(d.Customers, o.CustomerID) != nil {
		return nil
	}
	return []Problem{{o.at(noun, "customer_id"), "there is no customer " + strconv.Quote(o.CustomerID)}}
}

func (o *Owner) at(noun, field string) string {
	return "governance." + noun + "s[" + strconv.Quote(o.Name) + "]." + field
}

func (v *validator) owner(noun string, o *Owner) {
	v.label(o.at(noun, "name"), o.Name)
	v.id(o.at(noun, "id"), o.ID)
	if noun == "customer" && o.CustomerID != "" {
		v.say(o.at(noun, "customer_id"), "belongs to teams; a customer has none")
	}
	v.allowance(strings.TrimSuffix(o.at(noun, ""), "."), o.Allowance)
}
