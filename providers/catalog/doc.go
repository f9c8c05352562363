// Package catalog knows what models cost: the prices that the program was built with, and what the user puts in their
// place.
//
// It may import llm. Its one invariant: a price that nobody knows is unknown, never zero.
package catalog
