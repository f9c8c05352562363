package govern

import (
	"fmt"
	"time"

	"heimdall/gateway/period"
	"heimdall/providers/llm"
)

// level is one place where usage is bounded: a provider, a model, a grant, a key, a team or a customer. Whose it is,
// who says in words.
type level struct {
	who      string
	exchange bool     // its requests are exchanges; else calls, of which an exchange may need many
	tokens   *counter // nil = no bound
	requests *counter
	budgets  []*counter
}

// level makes the level of an allowance; nil where it bounds nothing.
func (a *adoption) level(who string, exchange bool, w Allowance) *level {
	if len(w.Budgets) == 0 && w.Rate == nil {
		return nil
	}
	lv := &level{who: who, exchange: exchange}
	if r := w.Rate; r != nil {
		c := period.Calendar{Aligned: w.Aligned}
		if q := r.Tokens; q != nil {
			lv.tokens = a.counter(newSpec(tokens, r.ID, q.Max, q.Every, r.Since, c))
		}
		if q := r.Requests; q != nil {
			lv.requests = a.counter(newSpec(requests, r.ID, q.Max, q.Every, r.Since, c))
		}
	}
	for _, b := range w.Budgets {
		lv.budgets = append(lv.budgets, a.counter(budgetSpec(b, w.Aligned)))
	}
	return lv
}

// need is what a call may use.
type need struct {
	tokens int64
	money  int64
	first  bool // nothing was held for its exchange yet
}

// limited refuses what goes beyond a limit of tokens or requests.
func (lv *level) limited(n need, now time.Time) *llm.Error {
	if c := lv.tokens; c != nil {
		c.roll(now)
		if !c.room(n.tokens) {
			return lv.refuseRate(c, "token", n.tokens, now)
		}
	}
	if c := lv.requests; c != nil && lv.counts(n) {
		c.roll(now)
		if !c.room(1) {
			return lv.refuseRate(c, "request", 1, now)
		}
	}
	return nil
}

// counts reports whether a call is one more of the level's requests.
func (lv *level) counts(n need) bool { return n.first || !lv.exchange }

// unaffordable refuses what goes beyond a budget.
func (lv *level) unaffordable(n need, now time.Time) *llm.Error {
	for _, c := range lv.budgets {
		c.roll(now)
		if !c.room(n.money) {
			return lv.refuseBudget(c, n.money)
		}
	}
	return nil
}

// exhausted reports whether no more may be used of the level, however little.
func (lv *level) exhausted(now time.Time) (rate, budget bool) {
	for _, c := range [...]*counter{lv.tokens, lv.requests} {
		if c != nil {
			c.roll(now)
			rate = rate || c.used >= c.limit
		}
	}
	for _, c := range lv.budgets {
		c.roll(now)
		budget = budget || c.used >= c.limit
	}
	return rate, budget
}

func (lv *level) refuseRate(c *counter, what string, need int64, now time.Time) *llm.Error {
	var e *llm.Error
	if c.used >= c.limit {
		e = refuse(llm.KindRateLimited, what+"_limited", "Rate limit exceeded: %s %s limit exceeded (%d/%d, resets every %s)",
			lv.who, what, c.used, c.limit, c.every)
	} else {
		e = refuse(llm.KindRateLimited, what+"_limited",
			"Rate limit exceeded: %s %s limit would be exceeded (%d used + %d held by calls in flight + %d for this call > %d, resets every %s)",
			lv.who, what, c.used, c.held, need, c.limit, c.every)
	}
	e.RetryAfter = c.end.Sub(now)
	return e
}

func (lv *level) refuseBudget(c *counter, need int64) *llm.Error {
	if c.used >= c.limit {
		return refuse(llm.KindBudgetExceeded, "budget_exceeded", "Budget exceeded: %s budget exceeded: %s >= %s dollars", lv.who, shown(c.used), shown(c.limit))
	}
	return refuse(llm.KindBudgetExceeded, "budget_exceeded",
		"Budget exceeded: %s budget would be exceeded: %s used + %s held by calls in flight + %s for this call > %s dollars",
		lv.who, shown(c.used), shown(c.held), shown(need), shown(c.limit))
}

func refuse(kind llm.ErrorKind, name, format string, args ...any) *llm.Error {
	return &llm.Error{Kind: kind, Status: kind.Status(), Type: name, Message: fmt.Sprintf(format, args...)}
}

// hold is what one call has reserved.
type hold struct {
	policy   *Policy
	key      *key // nil = nobody's
	model    model
	need     need
	counters []*counter
	room     [12]*counter // for counters, as long as they are few
	ended    bool
}

// reserve holds what a call may use on all levels, or refuses it and holds nothing. It returns when the store knows of
// enough.
func (l *Ledger) reserve(h *hold, levels []*level) *llm.Error {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := beyond(h.need, levels, now); err != nil {
		return err
	}
	h.counters = h.room[:0]
	for _, lv := range levels {
		if lv.tokens != nil {
			h.take(lv.tokens)
		}
		if lv.requests != nil && lv.counts(h.need) {
			h.take(lv.requests)
		}
		for _, c := range lv.budgets {
			h.take(c)
		}
	}
	l.keepUp(h.counters, now)
	return nil
}

// beyond is the first limit that a call would go beyond, or else the first budget; the ledger is locked.
func beyond(n need, levels []*level, now time.Time) *llm.Error {
	for _, lv := range levels {
		if err := lv.limited(n, now); err != nil {
			return err
		}
	}
	for _, lv := range levels {
		if err := lv.unaffordable(n, now); err != nil {
			return err
		}
	}
	return nil
}

func (h *hold) take(c *counter) {
	c.reserve(h.need.of(c.unit))
	h.counters = append(h.counters, c)
}

func (n need) of(u unit) int64 {
	switch u {
	case tokens:
		return n.tokens
	case requests:
		return 1
	case money:
	}
	return n.money
}

// settle replaces what is held by what was used. It returns when the store knows of enough; false where the hold had
// ended before.
func (l *Ledger) settle(h *hold, usedTokens, usedMoney, output int64) bool {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if h.ended {
		return false
	}
	h.ended = true
	for _, c := range h.counters {
		c.roll(now)
		switch c.unit {
		case tokens:
			c.held -= h.need.tokens
			c.used += usedTokens
		case money:
			c.held -= h.need.money
			c.used += usedMoney
		case requests:
		}
	}
	l.answered(h.model, output)
	l.keepUp(h.counters, now)
	return true
}

// keepUp moves the marks that should move, and waits where the store knows of less than there is.
func (l *Ledger) keepUp(counters []*counter, now time.Time) {
	late := false
	for _, c := range counters {
		if c.gone || !c.stale() {
			continue
		}
		l.ask(c, now)
		late = late || c.mark < c.level()
	}
	if late {
		l.wait()
	}
}
