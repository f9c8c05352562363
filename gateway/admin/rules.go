package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/gateway/rule"
)

// RuleShapes reads the bodies that describe routing rules, as Shapes does.
type RuleShapes interface {
	Rule(body []byte) (e config.RuleEdit, warnings []string, err error)
}

// ruleRows are the routes of routing rules, under their newest path and an older one.
func (a *Admin) ruleRows(manage func(method, path string, h exchange.Handler)) {
	for _, path := range []string{"/api/routing/rules", "/api/governance/routing-rules"} {
		manage("GET", path, a.listRules)
		manage("POST", path, a.createRule)
		manage("GET", path+"/{rule_id}", a.getRule)
		manage("PUT", path+"/{rule_id}", a.putRule)
		manage("DELETE", path+"/{rule_id}", a.deleteRule)
	}
	manage("POST", "/api/routing/check", a.checkExpression)
	manage("POST", "/api/routing/simulate", a.simulate)
	manage("GET", "/api/health-state", a.healthState)
}

// rulePath is how the paths of a rule's fields begin in errors.
const rulePath = `governance\.routing_rules\[".*?"\]\.`

func (a *Admin) listRules(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	q := query{values: x.Query}
	scope, id := q.text("scope"), q.text("scope_id")
	if err := q.done(); err != nil {
		return nil, err
	}
	rules := []Rule{}
	for _, r := range a.Config.Snapshot().Rules {
		if (scope == "" || scope == string(r.Scope)) && (id == "" || id == r.ScopeID) {
			rules = append(rules, routingRule(r))
		}
	}
	return answer(Rules{rules, len(rules)})
}

func routingRule(r *config.Rule) Rule {
	out := Rule{
		ID: r.ID, Name: r.Name, Description: r.Description, Enabled: r.Enabled, ChainRule: r.Chain, CELExpression: r.Expression,
		Targets: []RuleTarget{}, Fallbacks: list(r.Fallbacks), Scope: string(r.Scope), ScopeID: r.ScopeID, Priority: r.Priority,
		Error: mistake(r.Expression), CreatedAt: r.Created, UpdatedAt: r.Updated,
	}
	if len(r.Query) > 0 {
		out.Query = r.Query
	}
	for _, t := range r.Targets {
		out.Targets = append(out.Targets, RuleTarget{t.Provider, t.Model, t.Key, t.Weight})
	}
	if len(r.Targets) == 1 {
		out.Provider, out.Model = r.Targets[0].Provider, r.Targets[0].Model
	}
	return out
}

func mistake(expression string) *RuleError {
	if _, err := rule.Compile(expression); err != nil {
		return &RuleError{err.Message, err.Line, err.Column}
	}
	return nil
}

func (a *Admin) getRule(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	return a.answerRule(x.Params["rule_id"], "", nil)
}

func (a *Admin) answerRule(id, message string, warnings []string) (*exchange.Reply, error) {
	all := a.Config.Snapshot().Rules
	i := slices.IndexFunc(all, func(r *config.Rule) bool { return r.ID == id })
	if i < 0 {
		return nil, refuseWith(http.StatusNotFound, "there is no rule with the id %q", id)
	}
	return answer(RuleAnswer{message, routingRule(all[i]), warnings})
}

func (a *Admin) createRule(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	edit, warnings, err := a.Shapes.Rule(x.Raw)
	if err != nil {
		return nil, err
	}
	var id string
	err = a.Config.Update(ctx, func(d *config.Draft) (err error) {
		id, err = d.AddRule(config.SourceAPI, time.Now(), edit)
		return err
	})
	if err != nil {
		return nil, relative(err, rulePath)
	}
	return a.answerRule(id, "routing rule created", warnings)
}

func (a *Admin) putRule(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	edit, warnings, err := a.Shapes.Rule(x.Raw)
	if err != nil {
		return nil, err
	}
	id := x.Params["rule_id"]
	err = a.Config.Update(ctx, func(d *config.Draft) error { return d.EditRule(id, time.Now(), edit) })
	if err != nil {
		return nil, relative(err, rulePath)
	}
	return a.answerRule(id, "routing rule updated", warnings)
}

func (a *Admin) deleteRule(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	id := x.Params["rule_id"]
	if err := a.Config.Update(ctx, func(d *config.Draft) error { return d.DeleteRule(id) }); err != nil {
		return nil, err
	}
	return answer(Saved{Status: "success", Message: "routing rule deleted"})
}

func (a *Admin) checkExpression(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	var body struct {
		CELExpression *string `json:"cel_expression"`
	}
	if err := decode(x.Raw, &body); err != nil {
		return nil, err
	}
	if body.CELExpression == nil {
		return nil, refuse("cel_expression", "is missing; an empty one always matches")
	}
	return answer(ExpressionCheck{mistake(*body.CELExpression)})
}

func (a *Admin) simulate(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	var s Simulation
	if err := decode(x.Raw, &s); err != nil {
		return nil, err
	}
	if strings.TrimSpace(s.Model) == "" {
		return nil, refuse("model", "is missing; name a model, or provider/model")
	}
	if id := s.VirtualKeyID; id != "" {
		keys := a.Config.Snapshot().VirtualKeys
		if !slices.ContainsFunc(keys, func(k *config.VirtualKey) bool { return k.ID == id }) {
			return nil, refuse("virtual_key_id", "there is no virtual key %q", id)
		}
	}
	for _, f := range s.Fallbacks {
		if name, _, ok := strings.Cut(f, "/"); !ok || name == "" {
			return nil, refuse("fallbacks", "must be provider/model, unlike %q", f)
		}
	}
	if s.RequestType == "" {
		s.RequestType = "chat_completion"
	}
	out, err := a.Simulate(ctx, s)
	if err != nil {
		return nil, err
	}
	return answer(out)
}

func (a *Admin) healthState(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	return answer(a.Breakers())
}
