// Package rawjson reads and edits JSON as bytes: it looks keys up, walks members, and splices values, without decoding
// the rest.
//
// It imports only the standard library. Its one invariant: it never changes its input, and what an edit does not name
// comes out byte for byte.
//
// Reading is lenient where that is safe: a nested value that is only skipped has its strings and brackets balanced but
// not its grammar checked. Valid checks everything.
package rawjson
