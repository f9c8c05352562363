package govern

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// Policy is one configuration. It does not change.
type Policy struct {
	ledger         *Ledger
	pause          *Switch
	now            func() time.Time
	mandatory      bool
	required       []string
	refuseUnpriced bool
	price          func(provider, model, virtualKeyID string, u llm.Usage) (float64, bool)

	keys      map[string]*key
	values    map[Hash]value
	providers map[string]*level
	models    map[string][]modelLevel // by the model's name, or *
	everybody bool                    // some limits bind those without a key
}

// key is a Key that is ready to be used.
type key struct {
	Key
	identity exchange.Identity
	steps    []exchange.Step
	grants   map[string]*grant
	shared   []*grant // those with a weight, by provider
	own      []*level // of the key, its team, its customer
	unpriced *atomic.Int64
}

func (k *key) id() string {
	if k == nil {
		return ""
	}
	return k.ID
}

// value is what a virtual key's value stands for.
type value struct {
	hash  Hash
	key   *key
	until time.Time // zero = as long as the key is there
}

// modelLevel is the level of a ModelLimit; provider and key "" = any.
type modelLevel struct {
	provider, key string
	level         *level
}

// New makes a policy and tells the ledger what there is to count. It fails, and nothing changes, where a pattern of a
// grant is none.
func New(o Options) (*Policy, error) {
	p := &Policy{
		ledger: o.Ledger, pause: o.Switch, now: o.Now, mandatory: o.Mandatory, required: o.RequiredHeaders,
		refuseUnpriced: o.RefuseUnpriced, price: o.Price, keys: map[string]*key{}, values: map[Hash]value{},
		providers: map[string]*level{}, models: map[string][]modelLevel{},
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.price == nil {
		p.price = func(string, string, string, llm.Usage) (float64, bool) { return 0, false }
	}
	a := o.Ledger.adopt()
	p.addLimits(a, o)
	owners := newOwners(a, o)
	for _, k := range o.Keys {
		if err := p.addKey(a, k, owners); err != nil {
			return nil, fmt.Errorf("virtual key %q: %w", k.Name, err)
		}
	}
	a.commit()
	return p, nil
}

func (p *Policy) addLimits(a *adoption, o Options) {
	for _, one := range o.ProviderLimits {
		if lv := a.level("provider '"+one.Provider+"'", false, one.Allowance); lv != nil {
			p.providers[one.Provider] = lv
			p.everybody = true
		}
	}
	for _, one := range o.ModelLimits {
		lv := a.level(whose(one, o.Keys), false, one.Allowance)
		if lv == nil {
			continue
		}
		p.models[one.Model] = append(p.models[one.Model], modelLevel{one.Provider, one.KeyID, lv})
		if provider, name, ok := strings.Cut(one.Model, "/"); ok && one.Provider == "" {
			p.models[name] = append(p.models[name], modelLevel{provider, one.KeyID, lv})
		}
		p.everybody = p.everybody || one.KeyID == ""
	}
}

func whose(m ModelLimit, keys []Key) string {
	who := "model '" + m.Model + "'"
	if m.Model == "*" {
		who = "all models"
	}
	if m.Provider != "" {
		who += " of provider '" + m.Provider + "'"
	}
	if at := slices.IndexFunc(keys, func(k Key) bool { return k.ID == m.KeyID }); at >= 0 && m.KeyID != "" {
		who += " for virtual key '" + keys[at].Name + "'"
	}
	return who
}

// owners are the teams and customers by ID, with their levels.
type owners struct{ teams, customers map[string]owner }

type owner struct {
	Owner
	level *level
}

func newOwners(a *adoption, o Options) owners {
	out := owners{map[string]owner{}, map[string]owner{}}
	for _, t := range o.Teams {
		out.teams[t.ID] = owner{t, a.level("team '"+t.Name+"'", true, t.Allowance)}
	}
	for _, c := range o.Customers {
		out.customers[c.ID] = owner{c, a.level("customer '"+c.Name+"'", true, c.Allowance)}
	}
	return out
}

func (p *Policy) addKey(a *adoption, from Key, all owners) error {
	k := &key{Key: from, grants: map[string]*grant{}, unpriced: p.ledger.unpricedOf(from.ID)}
	for _, g := range from.Grants {
		lv := a.level("provider '"+g.Provider+"' of virtual key '"+from.Name+"'", false, g.Allowance)
		one, err := newGrant(g, lv)
		if err != nil {
			return fmt.Errorf("provider %q: %w", g.Provider, err)
		}
		k.grants[g.Provider] = one
	}
	for _, g := range k.grants {
		if g.Weight != nil {
			k.shared = append(k.shared, g)
		}
	}
	slices.SortFunc(k.shared, func(a, b *grant) int { return strings.Compare(a.Provider, b.Provider) })
	team := all.teams[from.TeamID]
	customer := all.customers[cmp.Or(from.CustomerID, team.CustomerID)]
	for _, lv := range []*level{a.level("virtual key '"+from.Name+"'", true, from.Allowance), team.level, customer.level} {
		if lv != nil {
			k.own = append(k.own, lv)
		}
	}
	k.identity = exchange.Identity{
		VirtualKeyID: from.ID, VirtualKeyName: from.Name,
		TeamID: team.ID, TeamName: team.Name, CustomerID: customer.ID, CustomerName: customer.Name,
	}
	k.steps = []exchange.Step{{Engine: "identity", Message: k.introduced()}}
	p.keys[from.ID] = k
	p.values[from.Hash] = value{hash: from.Hash, key: k}
	if from.Previous != (Hash{}) {
		p.values[from.Previous] = value{hash: from.Previous, key: k, until: from.PreviousUntil}
	}
	return nil
}

func (k *key) introduced() string {
	s := "virtual key '" + k.Name + "'"
	if k.identity.TeamName != "" {
		s += ", team '" + k.identity.TeamName + "'"
	}
	if k.identity.CustomerName != "" {
		s += ", customer '" + k.identity.CustomerName + "'"
	}
	return s
}

// levels appends the levels that a call counts for, in the order in which they are asked.
func (p *Policy) levels(list []*level, k *key, provider, model string) []*level {
	list = p.outer(list, k, provider, model)
	if k != nil {
		list = append(list, k.own...)
	}
	return list
}

// outer appends those of a provider: its own, its models', the key's grant.
func (p *Policy) outer(list []*level, k *key, provider, model string) []*level {
	if lv := p.providers[provider]; lv != nil {
		list = append(list, lv)
	}
	if len(p.models) > 0 {
		for _, name := range [...]string{model, "*"} {
			for _, m := range p.models[name] {
				if (m.provider == "" || m.provider == provider) && (m.key == "" || k != nil && m.key == k.ID) {
					list = append(list, m.level)
				}
			}
		}
	}
	if k != nil {
		if g := k.grants[provider]; g != nil && g.level != nil {
			list = append(list, g.level)
		}
	}
	return list
}

// KeyState is whether a virtual key works now.
type KeyState string

const (
	KeyActive      KeyState = "active"
	KeyInactive    KeyState = "inactive"
	KeyExpired     KeyState = "expired"
	KeyOverBudget  KeyState = "over_budget"
	KeyRateLimited KeyState = "rate_limited"
)

// State is the state of a virtual key with its team and its customer; "" where there is no such key.
func (p *Policy) State(virtualKeyID string) KeyState {
	k := p.keys[virtualKeyID]
	now := p.now()
	switch {
	case k == nil:
		return ""
	case !k.Active:
		return KeyInactive
	case k.expired(now):
		return KeyExpired
	}
	p.ledger.mu.Lock()
	defer p.ledger.mu.Unlock()
	var limited, broke bool
	for _, lv := range k.own {
		rate, budget := lv.exhausted(now)
		limited, broke = limited || rate, broke || budget
	}
	switch {
	case broke:
		return KeyOverBudget
	case limited:
		return KeyRateLimited
	}
	return KeyActive
}

func (k *key) expired(now time.Time) bool { return !k.Expires.IsZero() && !now.Before(k.Expires) }

// Percent is how much of the limits of a provider, its model and a virtual key's grant is used, in percent of the one
// of which most is used; 0 where there is none.
type Percent struct{ Budget, Tokens, Requests float64 }

// Used tells how much is used of what bounds a call, but for the key's own limits and its owners'. virtualKeyID "" =
// nobody's.
func (p *Policy) Used(virtualKeyID, provider, model string) Percent {
	var buf [16]*level
	var out Percent
	now := p.now()
	p.ledger.mu.Lock()
	defer p.ledger.mu.Unlock()
	for _, lv := range p.outer(buf[:0], p.keys[virtualKeyID], provider, model) {
		out.Tokens = max(out.Tokens, lv.tokens.percent(now))
		out.Requests = max(out.Requests, lv.requests.percent(now))
		for _, c := range lv.budgets {
			out.Budget = max(out.Budget, c.percent(now))
		}
	}
	return out
}

func (c *counter) percent(now time.Time) float64 {
	if c == nil {
		return 0
	}
	c.roll(now)
	if c.limit == 0 {
		return 100
	}
	return float64(c.used) / float64(c.limit) * 100
}
