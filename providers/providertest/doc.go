// Package providertest holds the laws that every provider keeps. Run checks one provider against all of them.
//
// Only tests import it. It may import everything below it, the list of all providers included. Its one invariant: it
// knows no provider by name; what does not apply to one is skipped by what it says of itself.
package providertest
