// Package keychain keeps small secrets by name: in the keychain of the operating system, or, where none answers, in
// one age-encrypted file in the app folder.
//
// It is a leaf: it imports the standard library, the OS bindings and age, and nothing of this module; only main and
// app import it. Its one invariant: the place is chosen once. A keychain that is locked or gone later is an error of
// each call, never a reason to look or to write elsewhere.
package keychain
