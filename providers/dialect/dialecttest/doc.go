// Package dialecttest holds what the tests of dialects share: recorded exchanges and the laws that every dialect keeps.
//
// Only tests import it. It may import the dialect contract and the floor below. Its one invariant: a law knows no
// dialect by name.
package dialecttest
