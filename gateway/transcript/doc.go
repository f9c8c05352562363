// Package transcript reads the bodies of a record: what was said in it, in the canonical form of the dialects.
//
// It may import providers and exchange. Its one invariant: what can't be read is left out; it never fails.
package transcript
