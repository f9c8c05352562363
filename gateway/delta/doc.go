// Package delta says one body by what it differs in from another: what a provider got from what the client sent, what
// the client got from what the provider answered. Mostly they are equal, differ in one place, or are streams in which
// every event got something inserted.
//
// It imports the standard library only. Its one invariant: what Append makes of two bodies, Apply makes the second of.
package delta
