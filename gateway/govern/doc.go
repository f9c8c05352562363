// Package govern knows who calls and what they may reach and spend: virtual keys, teams, customers, limits of providers
// and models, and the switch that stops all of it.
//
// A Policy is one configuration; a new one is made for each. The Ledger, which outlives them, counts: what a call may
// cost is held before it is made and settled after it, on all levels at once or on none, so that calls that run at the
// same time cannot spend the same money. What the Store keeps of a counter is always a little more than what was
// spent, so that after a crash nothing is forgotten.
//
// It may import exchange, period and providers, never a sibling; it declares the Store it needs. Its one invariant: of
// a limit, no more is used than its maximum and what calls in flight use beyond their estimates; of requests, never
// more than the maximum.
package govern
