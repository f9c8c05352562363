// Package route decides which provider, key and model serve an exchange, and makes the attempt.
//
// It may import providers, exchange and what is below, never a sibling. Its one invariant: an answer or an error
// leaves it with everything about the attempt in the record.
package route
