package admin

import (
	"context"
	"net/http"
	"time"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/gateway/period"
)

// Spending is what is used of budgets and limits. Times are zero where nobody counts. Kind of a quota is tokens or
// requests.
type Spending interface {
	Budget(id string) (used, held float64, start, end time.Time)
	Quota(id, kind string) (used, held int64, start, end time.Time)
	KeyState(id string) string // active, inactive, expired, over_budget or rate_limited
	Unpriced(id string) int64  // calls of a virtual key without a known price
	Reset(ids []string)        // forgets what was spent of these budgets
}

// unspent is Spending where nobody counts.
type unspent struct{}

func (unspent) Budget(string) (used, held float64, start, end time.Time)      { return }
func (unspent) Quota(string, string) (used, held int64, start, end time.Time) { return }
func (unspent) KeyState(string) string                                        { return "" }
func (unspent) Unpriced(string) int64                                         { return 0 }
func (unspent) Reset([]string)                                                {}

func (a *Admin) spent() Spending {
	if a.Spending == nil {
		return unspent{}
	}
	return a.Spending
}

func (a *Admin) now() time.Time {
	if a.Now == nil {
		return time.Now()
	}
	return a.Now()
}

// allowanceRows are the routes of budgets and rate limits.
func (a *Admin) allowanceRows(manage func(method, path string, h exchange.Handler)) {
	manage("GET", "/api/governance/budgets", a.listBudgets)
	manage("GET", "/api/governance/rate-limits", a.listRateLimits)
	for path, param := range map[string]string{
		"virtual-keys/{vk_id}": "vk_id", "teams/{team_id}": "team_id", "customers/{customer_id}": "customer_id",
	} {
		path = "/api/governance/" + path + "/budgets/{budget_id}/override"
		manage("PUT", path, a.putOverride(param))
		manage("DELETE", path, a.deleteOverride(param))
	}
}

// budgets are what may be shown of an allowance's budgets.
func (a *Admin) budgets(w config.Allowance) []Budget {
	all := []Budget{}
	for _, b := range w.Budgets {
		all = append(all, a.budget(b, w.Aligned))
	}
	return all
}

func (a *Admin) budget(b config.Budget, aligned bool) Budget {
	now := a.now()
	out := Budget{
		ID: b.ID, MaxLimit: b.Max, ResetDuration: b.Every.String(), EffectiveMaxLimit: b.Effective(now, aligned), CalendarAligned: aligned,
	}
	out.CurrentUsage, out.Held, out.LastReset, out.ResetsAt = a.spent().Budget(b.ID)
	if out.ResetsAt.IsZero() {
		out.LastReset, out.ResetsAt = b.Window(now, aligned)
	}
	if b.QuarterStart != 0 {
		out.ResetConfig = &ResetConfig{int(b.QuarterStart)}
	}
	if o := b.Override; o != nil {
		out.OverrideAmount, out.OverrideMode, out.OverrideCycles = o.Amount, "forever", o.Cycles
		if o.Cycles > 0 {
			out.OverrideMode = "cycles"
		}
	}
	return out
}

// first is the budget for clients of older versions, which know one.
func first(all []Budget) *Budget {
	if len(all) == 0 {
		return nil
	}
	return &all[0]
}

// rateLimit is what may be shown of an allowance's rate limit; nil = there is none.
func (a *Admin) rateLimit(w config.Allowance) *RateLimit {
	r := w.Rate
	if r == nil {
		return nil
	}
	out := &RateLimit{ID: r.ID}
	if q := a.quota(r, r.Tokens, "tokens", w.Aligned); q != nil {
		out.TokenMaxLimit, out.TokenResetDuration, out.TokenLastReset, out.TokenResetsAt = &q.limit, &q.every, &q.start, &q.end
		out.TokenCurrentUsage, out.TokenHeld = q.used, q.held
	}
	if q := a.quota(r, r.Requests, "requests", w.Aligned); q != nil {
		out.RequestMaxLimit, out.RequestResetDuration, out.RequestLastReset, out.RequestResetsAt = &q.limit, &q.every, &q.start, &q.end
		out.RequestCurrentUsage = q.used + q.held
	}
	return out
}

type quota struct {
	limit, used, held int64
	every             string
	start, end        time.Time
}

func (a *Admin) quota(r *config.RateLimit, c *config.Quota, kind string, aligned bool) *quota {
	if c == nil {
		return nil
	}
	q := quota{limit: c.Max, every: c.Every.String()}
	q.used, q.held, q.start, q.end = a.spent().Quota(r.ID, kind)
	if q.end.IsZero() {
		q.start, q.end = c.Every.Window(a.now(), r.Since, period.Calendar{Aligned: aligned})
	}
	return &q
}

func rateLimitID(w config.Allowance) string {
	if w.Rate == nil {
		return ""
	}
	return w.Rate.ID
}

func (a *Admin) listBudgets(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	q := query{values: x.Query}
	q.text("from_memory")
	if err := q.done(); err != nil {
		return nil, err
	}
	out := Budgets{Budgets: []OwnedBudget{}}
	for _, o := range a.Config.Snapshot().Allowances() {
		for _, b := range a.budgets(*o.Allowance) {
			out.Budgets = append(out.Budgets, OwnedBudget{b, o.Kind, o.ID, o.Name})
		}
	}
	out.Count = len(out.Budgets)
	return answer(out)
}

func (a *Admin) listRateLimits(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	q := query{values: x.Query}
	q.text("from_memory")
	if err := q.done(); err != nil {
		return nil, err
	}
	out := RateLimits{RateLimits: []OwnedRateLimit{}}
	for _, o := range a.Config.Snapshot().Allowances() {
		if r := a.rateLimit(*o.Allowance); r != nil {
			out.RateLimits = append(out.RateLimits, OwnedRateLimit{*r, o.Kind, o.ID, o.Name})
		}
	}
	out.Count = len(out.RateLimits)
	return answer(out)
}

// putOverride adds to a budget of the owner that the parameter names.
func (a *Admin) putOverride(param string) exchange.Handler {
	return func(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
		var body struct {
			Amount *float64 `json:"amount"`
			Mode   string   `json:"mode"`
			Cycles int      `json:"cycles"`
		}
		if err := decode(x.Raw, &body); err != nil {
			return nil, err
		}
		switch {
		case body.Amount == nil || *body.Amount <= 0:
			return nil, refuse("amount", "must be more than 0; it is added to the budget, in US dollars")
		case body.Mode != "cycles" && body.Mode != "forever":
			return nil, refuse("mode", `must be "cycles" or "forever"`)
		case body.Mode == "cycles" && body.Cycles < 1:
			return nil, refuse("cycles", "must be 1 or more: the windows that the override lasts")
		case body.Mode == "forever" && body.Cycles != 0:
			return nil, refuse("cycles", "goes against the mode forever; leave it out")
		}
		return a.override(ctx, x.Params[param], x.Params["budget_id"], *body.Amount, body.Cycles)
	}
}

func (a *Admin) deleteOverride(param string) exchange.Handler {
	return func(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
		return a.override(ctx, x.Params[param], x.Params["budget_id"], 0, 0)
	}
}

func (a *Admin) override(ctx context.Context, owner, id string, amount float64, cycles int) (*exchange.Reply, error) {
	err := a.Config.Update(ctx, func(d *config.Draft) error { return d.SetOverride(owner, id, amount, cycles, a.now()) })
	if err != nil {
		return nil, relative(err, `governance\..*?\.budgets\[\d+\]\.override_`)
	}
	for _, o := range a.Config.Snapshot().Allowances() {
		for _, b := range o.Allowance.Budgets {
			if o.Owner == owner && b.ID == id {
				out := a.budget(b, o.Allowance.Aligned)
				return answer(BudgetAnswer{out, out.EffectiveMaxLimit})
			}
		}
	}
	return nil, refuseWith(http.StatusNotFound, "there is no budget %q here", id)
}

// resetUsage forgets what the owner has spent of its budgets.
func (a *Admin) resetUsage(owner string) {
	var ids []string
	for _, o := range a.Config.Snapshot().Allowances() {
		for _, b := range o.Allowance.Budgets {
			if o.Owner == owner {
				ids = append(ids, b.ID)
			}
		}
	}
	a.spent().Reset(ids)
}
