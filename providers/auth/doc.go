// Package auth holds the ways in which a credential is put on an outgoing request.
//
// It imports nothing of ours. Its one invariant: it is the only place, besides a provider's own Sign, where a key
// touches a request.
package auth
