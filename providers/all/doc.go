// Package all is the list of the provider folders, generated from the folders themselves.
//
// It imports every provider. Its one invariant: no other list of providers exists.
package all
