// Package fake is an upstream without a network: a transport.Doer that answers by script and can trickle, stall and cut.
//
// It may import transport and what is below. Its one invariant: it obeys the same contract as the real transport, so
// that a call cannot tell the difference.
package fake
