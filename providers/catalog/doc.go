// Package catalog knows what models cost: the prices that the program was built with, and what the user puts in their
// place.
//
// The prices are the lines of prices.jsonl, which a tool writes from a published package: a header, then each vendor
// followed by its models. They stay text until somebody asks for a vendor's model; a Book remembers what it found.
//
// It may import llm. Its one invariant: a price that nobody knows is unknown, never zero.
package catalog
