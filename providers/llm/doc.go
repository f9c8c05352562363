// Package llm holds the canonical form of a model call: what every dialect decodes to and encodes from.
//
// It sits on the lowest floor and imports only the standard library. Its one invariant: nothing a dialect
// understood is lost. What has no canonical field travels in Extra, keyed by the dialect that understands it.
package llm
