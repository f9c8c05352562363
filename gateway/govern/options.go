package govern

import (
	"time"

	"heimdall/gateway/period"
	"heimdall/providers/llm"
)

// Options is what a policy is made of. The slices and what they point to are not changed afterwards.
type Options struct {
	Ledger *Ledger
	Switch *Switch
	Now    func() time.Time // nil = the clock

	Keys           []Key
	Teams          []Owner
	Customers      []Owner
	ProviderLimits []ProviderLimit
	ModelLimits    []ModelLimit

	Mandatory       bool     // every exchange needs a virtual key
	RequiredHeaders []string // names of header fields that every exchange must have
	RefuseUnpriced  bool     // where a budget counts it, a call whose price is unknown is refused

	// Price is what a usage costs in US dollars; known is false where there is no price. nil = there is none at all.
	Price func(provider, model, virtualKeyID string, u llm.Usage) (usd float64, known bool)
}

// Hash is the SHA-256 of a virtual key's value.
type Hash [32]byte

// Key is one virtual key. Previous is the hash of the value before the last rotation, which works until PreviousUntil.
// A key belongs to a team, to a customer or to nobody.
type Key struct {
	ID            string
	Name          string
	Hash          Hash
	Previous      Hash
	PreviousUntil time.Time
	Active        bool
	Expires       time.Time // zero = never
	TeamID        string
	CustomerID    string
	Allowance     Allowance
	AllProviders  bool // providers without a grant are open
	Grants        []Grant
	NoBodies      *bool // whether the log keeps no bodies; nil = as everywhere
}

// Grant is what a virtual key may have of one provider. Entries of Models and Denied are names, also with a provider
// before them, or patterns that begin with regex: (RE2, the whole name, whatever its case); Denied wins.
type Grant struct {
	Provider  string
	Weight    *float64 // nil = only by name or by rule
	AllModels bool
	Models    []string
	Denied    []string
	AllKeys   bool
	KeyIDs    []string
	Allowance Allowance
}

// Owner is a team or a customer. CustomerID is a team's.
type Owner struct {
	ID         string
	Name       string
	CustomerID string
	Allowance  Allowance
}

// ProviderLimit bounds what all use of a provider.
type ProviderLimit struct {
	Provider  string
	Allowance Allowance
}

// ModelLimit bounds what is used of a model, * = of each together, at a provider, "" = any, by a virtual key, "" = all.
type ModelLimit struct {
	Model     string
	Provider  string
	KeyID     string
	Allowance Allowance
}

// Allowance is what may be used within windows of time.
type Allowance struct {
	Aligned bool // windows follow the calendar
	Budgets []Budget
	Rate    *RateLimit
}

// Budget is an amount of US dollars for each window. IDs are unique among all budgets. Since is the beginning of a
// window where windows follow no calendar.
type Budget struct {
	ID           string
	Max          float64
	Every        period.Period
	QuarterStart time.Month
	Override     *Override
	Since        time.Time
}

// Override adds to a budget: for Cycles windows from the one that holds Since, or forever where Cycles is 0.
type Override struct {
	Amount float64
	Cycles int
	Since  time.Time
}

// RateLimit bounds tokens and requests; nil = no bound. IDs are unique among all rate limits.
type RateLimit struct {
	ID       string
	Tokens   *Quota
	Requests *Quota
	Since    time.Time
}

// Quota is a number for each window.
type Quota struct {
	Max   int64
	Every period.Period
}
