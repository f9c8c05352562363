// Package cassette keeps recorded requests as a folder that people can read and edit, and answers from such a folder in
// the place of all providers.
//
// It may import exchange, jsondiff, providers and what is below. Its one invariant: a folder holds what was said, never
// who said it: no header of a request, and of an answer's only fields that say how it is to be read or retried.
package cassette
