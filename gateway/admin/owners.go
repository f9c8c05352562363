package admin

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
)

// HolderShapes reads the bodies that describe virtual keys, teams and customers, as Shapes does.
type HolderShapes interface {
	VirtualKey(body []byte, create bool) (e config.VirtualKeyEdit, warnings []string, err error)
	Team(body []byte) (e config.OwnerEdit, warnings []string, err error)
	Customer(body []byte) (e config.OwnerEdit, warnings []string, err error)
}

// ownerRows are the routes of teams and customers.
func (a *Admin) ownerRows(manage func(method, path string, h exchange.Handler)) {
	manage("GET", "/api/governance/teams", a.listTeams)
	manage("POST", "/api/governance/teams", a.createTeam)
	manage("GET", "/api/governance/teams/{team_id}", a.getTeam)
	manage("PUT", "/api/governance/teams/{team_id}", a.putTeam)
	manage("DELETE", "/api/governance/teams/{team_id}", a.deleteTeam)
	manage("GET", "/api/governance/customers", a.listCustomers)
	manage("POST", "/api/governance/customers", a.createCustomer)
	manage("GET", "/api/governance/customers/{customer_id}", a.getCustomer)
	manage("PUT", "/api/governance/customers/{customer_id}", a.putCustomer)
	manage("DELETE", "/api/governance/customers/{customer_id}", a.deleteCustomer)
}

// holderPath is how the paths of the fields of virtual keys, teams and customers begin in errors.
const holderPath = `governance\.(virtual_keys|teams|customers)\[".*?"\]\.`

// owner is what may be shown of a team or a customer.
func (a *Admin) owner(s *config.Snapshot, o *config.Owner) Owner {
	budgets := a.budgets(o.Allowance)
	out := Owner{
		ID: o.ID, Name: o.Name, CustomerID: o.CustomerID, Customer: ownerRef(s.Customers, o.CustomerID),
		Budget: first(budgets), Budgets: budgets, RateLimit: a.rateLimit(o.Allowance), CalendarAligned: o.Allowance.Aligned,
		Source: string(o.Source), CreatedAt: o.Created, UpdatedAt: o.Updated,
	}
	for _, k := range s.VirtualKeys {
		if k.TeamID == o.ID || k.CustomerID == o.ID {
			out.VirtualKeys++
		}
	}
	for _, t := range s.Teams {
		if t.CustomerID == o.ID {
			out.Teams++
		}
	}
	return out
}

func ownerRef(list []*config.Owner, id string) *OwnerRef {
	for _, o := range list {
		if o.ID == id {
			return &OwnerRef{o.ID, o.Name}
		}
	}
	return nil
}

// owners is the page of a list that a request asks for, and how many there are in all.
func (a *Admin) owners(x *exchange.Exchange, of func(*config.Snapshot) []*config.Owner) (page []Owner, total int, err error) {
	q := query{values: x.Query}
	search, customer := strings.ToLower(q.text("search")), q.text("customer_id")
	limit, offset := q.page(maxPage)
	q.text("from_memory")
	if err := q.done(); err != nil {
		return nil, 0, err
	}
	page = []Owner{}
	s := a.Config.Snapshot()
	for _, o := range of(s) {
		if (customer != "" && customer != o.CustomerID) || !strings.Contains(strings.ToLower(o.Name), search) {
			continue
		}
		total++
		if total > offset && len(page) < limit {
			page = append(page, a.owner(s, o))
		}
	}
	return page, total, nil
}

func teams(s *config.Snapshot) []*config.Owner     { return s.Teams }
func customers(s *config.Snapshot) []*config.Owner { return s.Customers }

func (a *Admin) listTeams(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	page, total, err := a.owners(x, teams)
	if err != nil {
		return nil, err
	}
	return answer(Teams{page, len(page), total})
}

func (a *Admin) listCustomers(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	page, total, err := a.owners(x, customers)
	if err != nil {
		return nil, err
	}
	return answer(Customers{page, len(page), total})
}

func (a *Admin) findOwner(list []*config.Owner, noun, id string) (Owner, error) {
	s := a.Config.Snapshot()
	for _, o := range list {
		if o.ID == id {
			return a.owner(s, o), nil
		}
	}
	return Owner{}, refuseWith(http.StatusNotFound, "there is no %s with the id %q", noun, id)
}

func (a *Admin) answerTeam(id, message string, warnings []string) (*exchange.Reply, error) {
	t, err := a.findOwner(a.Config.Snapshot().Teams, "team", id)
	if err != nil {
		return nil, err
	}
	return answer(TeamAnswer{message, t, warnings})
}

func (a *Admin) answerCustomer(id, message string, warnings []string) (*exchange.Reply, error) {
	c, err := a.findOwner(a.Config.Snapshot().Customers, "customer", id)
	if err != nil {
		return nil, err
	}
	return answer(CustomerAnswer{message, c, warnings})
}

func (a *Admin) getTeam(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	return a.answerTeam(x.Params["team_id"], "", nil)
}

func (a *Admin) getCustomer(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	return a.answerCustomer(x.Params["customer_id"], "", nil)
}

// change stores what a body asks of an owner, "" = a new one, and returns its id.
func (a *Admin) change(ctx context.Context, id string, e config.OwnerEdit, add addOwner, edit editOwner) (string, error) {
	err := a.Config.Update(ctx, func(d *config.Draft) error {
		if id != "" {
			return edit(d, id, a.now(), e)
		}
		made, err := add(d, config.SourceAPI, a.now(), e)
		if err == nil {
			e.ID = made // an edit that runs again makes the same one
		}
		return err
	})
	if err != nil {
		return "", relative(err, holderPath)
	}
	if id == "" {
		return e.ID, nil
	}
	if e.ResetUsage {
		a.resetUsage(id)
	}
	return id, nil
}

func (a *Admin) createTeam(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	return a.saveTeam(ctx, x, "", "team created")
}

func (a *Admin) putTeam(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	return a.saveTeam(ctx, x, x.Params["team_id"], "team updated")
}

func (a *Admin) saveTeam(ctx context.Context, x *exchange.Exchange, id, message string) (*exchange.Reply, error) {
	e, warnings, err := a.Shapes.Team(x.Raw)
	if err != nil {
		return nil, err
	}
	if id, err = a.change(ctx, id, e, (*config.Draft).AddTeam, (*config.Draft).EditTeam); err != nil {
		return nil, err
	}
	return a.answerTeam(id, message, warnings)
}

func (a *Admin) createCustomer(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	return a.saveCustomer(ctx, x, "", "customer created")
}

func (a *Admin) putCustomer(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	return a.saveCustomer(ctx, x, x.Params["customer_id"], "customer updated")
}

func (a *Admin) saveCustomer(ctx context.Context, x *exchange.Exchange, id, message string) (*exchange.Reply, error) {
	e, warnings, err := a.Shapes.Customer(x.Raw)
	if err != nil {
		return nil, err
	}
	if id, err = a.change(ctx, id, e, (*config.Draft).AddCustomer, (*config.Draft).EditCustomer); err != nil {
		return nil, err
	}
	return a.answerCustomer(id, message, warnings)
}

func (a *Admin) deleteTeam(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	keys := 0
	err := a.Config.Update(ctx, func(d *config.Draft) (err error) {
		keys, err = d.DeleteTeam(x.Params["team_id"])
		return err
	})
	if err != nil {
		return nil, err
	}
	return answer(Saved{Status: "success", Message: "team deleted" + freed(keys, 0)})
}

func (a *Admin) deleteCustomer(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	keys, teams := 0, 0
	err := a.Config.Update(ctx, func(d *config.Draft) (err error) {
		keys, teams, err = d.DeleteCustomer(x.Params["customer_id"])
		return err
	})
	if err != nil {
		return nil, err
	}
	return answer(Saved{Status: "success", Message: "customer deleted" + freed(keys, teams)})
}

// freed says what belonged to somebody who was deleted.
func freed(keys, teams int) string {
	switch {
	case keys+teams == 0:
		return ""
	case teams == 0:
		return fmt.Sprintf("; virtual keys that belong to nobody now, and have its limits no more: %d", keys)
	case keys == 0:
		return fmt.Sprintf("; teams that belong to nobody now, and have its limits no more: %d", teams)
	}
	return fmt.Sprintf("; what belongs to nobody now, and has its limits no more: %d virtual keys, %d teams", keys, teams)
}

type (
	addOwner  func(*config.Draft, config.Source, time.Time, config.OwnerEdit) (id string, err error)
	editOwner func(d *config.Draft, id string, now time.Time, e config.OwnerEdit) error
)
