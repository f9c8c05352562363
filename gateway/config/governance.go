package config

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"heimdall/gateway/complexity"
	"heimdall/gateway/period"
)

// Governance says who may reach what, and what they may spend.
type Governance struct {
	VirtualKeys    []*VirtualKey    // sorted by name
	Teams          []*Owner         // sorted by name
	Customers      []*Owner         // sorted by name
	ProviderLimits []*ProviderLimit // sorted by provider
	ModelLimits    []*ModelLimit
	Rules          []*Rule // in the order in which they are asked: by scope, priority, name
	Prices         []*PriceOverride
	Complexity     complexity.Config // how rules grade requests; zero parts are as built in
}

func (g Governance) clone() Governance {
	return Governance{
		VirtualKeys: copies(g.VirtualKeys), Teams: copies(g.Teams), Customers: copies(g.Customers), ProviderLimits: copies(g.ProviderLimits),
		ModelLimits: copies(g.ModelLimits), Rules: copies(g.Rules), Prices: copies(g.Prices),
		Complexity: g.Complexity,
	}
}

// scopes is the order in which rules are asked.
var scopes = []Scope{ScopeKey, ScopeTeam, ScopeCustomer, ScopeGlobal}

func (g Governance) sort() {
	slices.SortFunc(g.VirtualKeys, func(a, b *VirtualKey) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	owners := func(a, b *Owner) int { return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID)) }
	slices.SortFunc(g.Teams, owners)
	slices.SortFunc(g.Customers, owners)
	slices.SortFunc(g.ProviderLimits, func(a, b *ProviderLimit) int { return strings.Compare(a.Provider, b.Provider) })
	slices.SortFunc(g.ModelLimits, func(a, b *ModelLimit) int {
		return cmp.Or(strings.Compare(a.Model, b.Model), strings.Compare(a.ID, b.ID))
	})
	slices.SortFunc(g.Rules, func(a, b *Rule) int {
		return cmp.Or(slices.Index(scopes, a.Scope)-slices.Index(scopes, b.Scope), a.Priority-b.Priority, strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	slices.SortFunc(g.Prices, func(a, b *PriceOverride) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
}

func copies[T any](list []*T) []*T {
	out := make([]*T, len(list))
	for i, one := range list {
		c := *one
		out[i] = &c
	}
	return out
}

// Allowance is what an owner may spend and ask for in each window of time. Budgets have distinct periods.
type Allowance struct {
	Aligned bool       `json:"aligned,omitempty"` // windows begin with the day, the week, the month …
	Budgets []Budget   `json:"budgets,omitempty"`
	Rate    *RateLimit `json:"rate,omitempty"`
}

// Budget is an amount of US dollars for each window. Since is where a window begins that follows no calendar.
type Budget struct {
	ID           string        `json:"id"`
	Max          float64       `json:"max"`
	Every        period.Period `json:"every"`
	QuarterStart time.Month    `json:"quarter_start,omitempty"` // 0 = January
	Override     *Override     `json:"override,omitempty"`
	Since        time.Time     `json:"since"`
}

// Override adds to a budget: for a number of windows from Since on, or forever where Cycles is 0.
type Override struct {
	Amount float64   `json:"amount"`
	Cycles int       `json:"cycles,omitempty"`
	Since  time.Time `json:"since"`
}

// RateLimit bounds tokens and requests in each window; nil = no bound.
type RateLimit struct {
	ID       string    `json:"id"`
	Tokens   *Quota    `json:"tokens,omitempty"`
	Requests *Quota    `json:"requests,omitempty"`
	Since    time.Time `json:"since"`
}

// Quota is a number for each window.
type Quota struct {
	Max   int64         `json:"max"`
	Every period.Period `json:"every"`
}

// VirtualKey is a key that clients of the gateway use. Its value is nowhere: Hash finds it, Hint shows its last letters,
// and Sealed names the copy that the gateway's own wiring of agents uses ("" = there is none).
type VirtualKey struct {
	ID          string    `json:"id,omitempty"`
	Name        string    `json:"name,omitempty"`
	Description string    `json:"description,omitempty"`
	Hash        string    `json:"hash,omitempty"`  // SHA-256 of the value, in hex
	Hint        string    `json:"hint,omitempty"`  // how the value is shown
	Loose       bool      `json:"loose,omitempty"` // the value has not the usual prefix: only the header x-bf-vk carries it
	Sealed      Ref       `json:"sealed,omitempty"`
	Previous    *Retired  `json:"previous,omitempty"` // the value before the last rotation, while it still works
	Active      bool      `json:"active"`
	Expires     time.Time `json:"expires,omitzero"` // zero = never

	DeleteAfterExpire     *bool `json:"delete_after_expire,omitempty"`     // nil = as the client settings say
	DisableContentLogging *bool `json:"disable_content_logging,omitempty"` // nil = as the client settings say

	TeamID     string    `json:"team_id,omitempty"`
	CustomerID string    `json:"customer_id,omitempty"`
	Allowance  Allowance `json:"allowance,omitzero"`

	AllProviders bool              `json:"all_providers,omitempty"` // providers without a grant are open
	Grants       []*Grant          `json:"grants,omitempty"`
	Tools        []ToolGrant       `json:"tools,omitempty"`
	Metadata     map[string]string `json:"metadata,omitempty"`

	Source  Source    `json:"source,omitempty"`
	Created time.Time `json:"created,omitzero"`
	Updated time.Time `json:"updated,omitzero"`

	fresh Secret // a new value, until the manager has sealed it
}

// kept reports whether there is a sealed copy of the value.
func (k *VirtualKey) kept() bool { return k.Sealed != "" }

// owner is what the sealed copy is bound to.
func (k *VirtualKey) owner() string { return "virtual key " + k.ID }

// Retired is a value that was replaced and works until Until.
type Retired struct {
	Hash  string    `json:"hash"`
	Until time.Time `json:"until"`
}

// Grant is what a virtual key may have of one provider.
type Grant struct {
	ID        string    `json:"id,omitempty"`
	Provider  string    `json:"provider,omitempty"`
	Weight    *float64  `json:"weight,omitempty"` // nil = only by name or by rule
	Models    ModelList `json:"models,omitzero"`  // entries may begin with regex:
	Denied    []string  `json:"denied,omitempty"`
	Keys      KeyList   `json:"keys,omitzero"`
	Allowance Allowance `json:"allowance,omitzero"`
}

// KeyList are ids of a provider's keys: All, or just those in List.
type KeyList struct {
	All  bool     `json:"all,omitempty"`
	List []string `json:"list,omitempty"`
}

// ToolGrant is what a virtual key may run of one MCP server.
type ToolGrant struct {
	ID     string   `json:"id"`
	Server string   `json:"server"`
	All    bool     `json:"all,omitempty"`
	Tools  []string `json:"tools,omitempty"`
}

// Owner is a team or a customer. A team may belong to a customer.
type Owner struct {
	ID         string    `json:"id,omitempty"`
	Name       string    `json:"name,omitempty"`
	CustomerID string    `json:"customer_id,omitempty"`
	Allowance  Allowance `json:"allowance,omitzero"`
	Source     Source    `json:"source,omitempty"`
	Created    time.Time `json:"created,omitzero"`
	Updated    time.Time `json:"updated,omitzero"`
}

// ProviderLimit bounds what all spend at a provider.
type ProviderLimit struct {
	Provider  string    `json:"provider,omitempty"`
	Allowance Allowance `json:"allowance,omitzero"`
}

// ModelLimit bounds what is spent on a model, * = every one, at a provider, "" = any. Key is the id of the virtual key
// whose spending counts, "" = everybody's.
type ModelLimit struct {
	ID        string    `json:"id,omitempty"`
	Model     string    `json:"model,omitempty"`
	Provider  string    `json:"provider,omitempty"`
	Key       string    `json:"key,omitempty"`
	Allowance Allowance `json:"allowance,omitzero"`
	Source    Source    `json:"source,omitempty"`
	Created   time.Time `json:"created,omitzero"`
	Updated   time.Time `json:"updated,omitzero"`
}

// Scope is whose requests a rule is asked for.
type Scope string

const (
	ScopeKey      Scope = "virtual_key"
	ScopeTeam     Scope = "team"
	ScopeCustomer Scope = "customer"
	ScopeGlobal   Scope = "global"
)

// Rule is one routing rule. Expression is CEL; "" always matches.
type Rule struct {
	ID          string          `json:"id,omitempty"`
	Name        string          `json:"name,omitempty"`
	Description string          `json:"description,omitempty"`
	Enabled     bool            `json:"enabled"`
	Chain       bool            `json:"chain,omitempty"` // where it matched, all rules are asked again
	Expression  string          `json:"expression,omitempty"`
	Targets     []Target        `json:"targets,omitempty"`
	Fallbacks   []string        `json:"fallbacks,omitempty"` // provider/model, or provider/ to keep the model
	Scope       Scope           `json:"scope,omitempty"`
	ScopeID     string          `json:"scope_id,omitempty"` // "" = global
	Priority    int             `json:"priority,omitempty"` // lower first
	Query       json.RawMessage `json:"query,omitempty"`    // what a visual editor keeps beside the expression, as JSON
	Source      Source          `json:"source,omitempty"`
	Created     time.Time       `json:"created,omitzero"`
	Updated     time.Time       `json:"updated,omitzero"`
}

// Target is where a rule sends a request. "" leaves provider or model as they are; Key is the id of the key to use.
type Target struct {
	Provider string  `json:"provider,omitempty"`
	Model    string  `json:"model,omitempty"`
	Key      string  `json:"key,omitempty"`
	Weight   float64 `json:"weight"`
}

// PriceOverride replaces prices of the catalogue for models that match, in a scope. Patch is by Bifrost's names of
// prices, in US dollars per token or piece.
type PriceOverride struct {
	ID       string             `json:"id,omitempty"`
	Name     string             `json:"name,omitempty"`
	Kind     string             `json:"kind,omitempty"` // of the scope: global, provider, provider_key, virtual_key, virtual_key_provider, virtual_key_provider_key
	Key      string             `json:"key,omitempty"`  // the virtual key's id
	Provider string             `json:"provider,omitempty"`
	KeyID    string             `json:"key_id,omitempty"` // the provider key's id
	Match    string             `json:"match,omitempty"`  // exact, wildcard or regex
	Pattern  string             `json:"pattern,omitempty"`
	Requests []string           `json:"requests,omitempty"` // request types; none = all
	Patch    map[string]float64 `json:"patch,omitempty"`
	Source   Source             `json:"source,omitempty"`
	Created  time.Time          `json:"created,omitzero"`
	Updated  time.Time          `json:"updated,omitzero"`
}

// Pause is the kill switch: while Paused no call is made. It trips by itself when more than MaxPerMinute US dollars are
// spent within a minute; 0 = never.
type Pause struct {
	Paused       bool      `json:"paused,omitempty"`
	Reason       string    `json:"reason,omitempty"`
	Since        time.Time `json:"since,omitzero"`
	MaxPerMinute float64   `json:"max_per_minute,omitempty"`
}
