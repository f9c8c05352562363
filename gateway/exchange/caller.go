package exchange

import "heimdall/providers/llm"

// Identity is who sends an exchange, as the record names it. The zero value is nobody in particular.
type Identity struct {
	VirtualKeyID   string
	VirtualKeyName string
	TeamID         string
	TeamName       string
	CustomerID     string
	CustomerName   string
}

// Caller is what the sender of an exchange may reach and spend. Its errors are *llm.Error and mean a refusal. An
// exchange without a Caller may do everything.
type Caller interface {
	// Shares are the providers among which a model that was named without one is divided, in the order of their names;
	// those that may not have it, or may not spend any more, are not among them. None = the caller leaves it open.
	Shares(model string) []Share
	// May refuses a model of a provider that the caller may not have.
	May(provider, model string) error
	// Keys are the ids of the provider's keys that may be used; nil = all.
	Keys(provider string) []string
	// Hold reserves what a call may cost and use; it refuses what would go beyond a limit.
	Hold(Need) (Hold, error)
	// Afford refuses what Hold would refuse now, and reserves nothing.
	Afford(Need) error
}

// Share is a provider's part of the traffic: Weight over the sum of all.
type Share struct {
	Provider string
	Weight   float64
}

// Need is what is known of a call before it is made. Attempt counts the calls of one exchange from 0. Input is an
// estimate in tokens, MaxOutput what the client allows, 0 = it does not say.
type Need struct {
	Provider  string
	Model     string
	Attempt   int
	Input     int64
	MaxOutput int64
}

// Hold is a reservation. Settle ends it, once, with what was used; the zero Spent gives tokens and money back, but the
// request stays counted.
type Hold interface{ Settle(Spent) }

// Spent is what a call used. Cost is in US dollars and counts where Priced is true.
type Spent struct {
	Usage  llm.Usage
	Cost   float64
	Priced bool
}
