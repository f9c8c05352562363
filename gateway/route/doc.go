// Package route decides which providers, models and keys may serve an exchange, and makes the calls: it tries again,
// takes another key, and falls back, until the first byte has left. It knows how providers and their keys do, and leaves
// out who fails.
//
// It may import rule, exchange, providers and what is below, never a sibling. Its one invariant: whatever the end, each
// call is in the record, and what it held (a place, a budget, a probe) is given back once.
package route
