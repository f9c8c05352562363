package govern

import (
	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// caller is the sender of one exchange.
type caller struct {
	policy *Policy
	key    *key // nil = nobody, whom only the limits of providers and models bind
	held   bool // a call of the exchange was admitted
	first  hold // the hold of that call
}

// Shares are the grants with a weight that may have the model and have something left. Where none has, they are all of
// them: the call is refused then with the reason.
func (c *caller) Shares(model string) []exchange.Share {
	if c.key == nil || len(c.key.shared) == 0 {
		return nil
	}
	p := c.policy
	var open, all []exchange.Share
	var buf [16]*level
	now := p.now()
	l := p.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range c.key.shared {
		if !g.may(model) {
			continue
		}
		share := exchange.Share{Provider: g.Provider, Weight: *g.Weight}
		all = append(all, share)
		left := true
		for _, lv := range p.outer(buf[:0], c.key, g.Provider, model) {
			rate, budget := lv.exhausted(now)
			left = left && !rate && !budget
		}
		if left {
			open = append(open, share)
		}
	}
	if len(open) == 0 {
		return all
	}
	return open
}

func (c *caller) May(provider, model string) error {
	if c.key == nil {
		return nil
	}
	g := c.key.grants[provider]
	switch {
	case g == nil && !c.key.AllProviders:
		return refuse(llm.KindProviderBlocked, "provider_blocked", "Provider '%s' is not allowed for virtual key '%s'", provider, c.key.Name)
	case g != nil && !g.may(model):
		return refuse(llm.KindModelBlocked, "model_blocked", "Model '%s' is not allowed for virtual key '%s'", model, c.key.Name)
	}
	return nil
}

func (c *caller) Keys(provider string) []string {
	if c.key == nil {
		return nil
	}
	g := c.key.grants[provider]
	if g == nil || g.AllKeys {
		return nil
	}
	return g.keyIDs
}

// Hold reserves what a call may use of each limit that it counts for. Its tokens are those of Need.Input and of an
// answer as long as this model's usually are, or as the client allows, if that is less. For keys, teams and customers
// an exchange is one request, however many calls it takes; it counts with the first call that is admitted.
func (c *caller) Hold(n exchange.Need) (exchange.Hold, error) {
	p := c.policy
	var buf [16]*level
	levels := p.levels(buf[:0], c.key, n.Provider, n.Model)
	h := &c.first
	if c.held {
		h = new(hold)
	}
	if err := c.prepare(h, n, levels); err != nil {
		return nil, err
	}
	if err := p.ledger.reserve(h, levels); err != nil {
		return nil, err
	}
	c.held = true
	return h, nil
}

func (c *caller) Afford(n exchange.Need) error {
	p := c.policy
	var h hold
	levels := p.levels(nil, c.key, n.Provider, n.Model)
	if err := c.prepare(&h, n, levels); err != nil {
		return err
	}
	l := p.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := beyond(h.need, levels, l.now()); err != nil {
		return err
	}
	return nil
}

// prepare makes of h a hold that has not reserved yet what it needs.
func (c *caller) prepare(h *hold, n exchange.Need, levels []*level) error {
	*h = hold{policy: c.policy, key: c.key, model: model{n.Provider, n.Model}}
	h.need.first = !c.held
	return c.policy.estimate(h, n, levels)
}

// estimate finds what a call may use. Where nothing bounds it, nothing needs to be known.
func (p *Policy) estimate(h *hold, n exchange.Need, levels []*level) error {
	if len(levels) == 0 {
		return nil
	}
	output := p.ledger.likely(h.model, n.MaxOutput)
	h.need.tokens = max(n.Input, 0) + output
	for _, lv := range levels {
		if len(lv.budgets) == 0 {
			continue
		}
		cost, known := p.price(n.Provider, n.Model, h.key.id(), llm.Usage{Input: max(n.Input, 0), Output: output})
		if !known && p.refuseUnpriced {
			return refuse(llm.KindModelBlocked, "price_unknown",
				"The price of model '%s' of provider '%s' is unknown and %s has a budget. Add a price for the model, or allow models without a price in the client settings",
				n.Model, n.Provider, lv.who)
		}
		if known {
			h.need.money = nano(cost)
		}
		break
	}
	return nil
}

// Settle ends the hold. A request that was made stays counted, whatever came of it.
func (h *hold) Settle(s exchange.Spent) {
	p := h.policy
	used := s.Usage.Input + s.Usage.Output
	var cost int64
	if s.Priced {
		cost = nano(s.Cost)
	}
	if !p.ledger.settle(h, used, cost, s.Usage.Output) {
		return
	}
	p.pause.Spent(s, p.now())
	if h.key != nil && unpriced(s) {
		h.key.unpriced.Add(1)
	}
}

// unpriced reports whether something was used whose price is unknown.
func unpriced(s exchange.Spent) bool {
	return !s.Priced && s.Usage.Input+s.Usage.Output > 0
}

var (
	_ exchange.Caller = (*caller)(nil)
	_ exchange.Hold   = (*hold)(nil)
)
