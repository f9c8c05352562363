// Package filtertest has the cases that say what filters mean: requests, filters, and which requests each selects. The
// stores, the page and filter.Match are all held to them.
//
// Tests import it, and nothing else does. It may import exchange and what is below. Its one invariant: it holds no
// opinion of its own, all of them are in ../testdata/cases.json.
package filtertest
