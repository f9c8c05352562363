// Package providers is the contract of an upstream: data, the endpoints it offers, and how a request is signed; and
// Call, which makes one attempt at one of them.
//
// It imports floors 0 and 1 and auth and transport. Its one invariant: it knows no vendor; each vendor is a folder
// below that nothing but the generated list names.
package providers
