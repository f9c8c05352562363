// Package observe keeps records: the batched log writer and the queries over what it wrote.
//
// It may import providers and exchange, never a sibling; it declares the Store it needs. Its one invariant: an
// exchange never waits for the log. When memory for waiting records runs out it drops bodies, then rows, and counts
// both.
package observe
