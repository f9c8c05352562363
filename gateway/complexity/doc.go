// Package complexity grades how much a request asks of a model, by the words of its question: SIMPLE, MEDIUM, COMPLEX
// or REASONING.
//
// It imports rawjson only. Its one invariant: the same body and settings give the same grade, and no body, however long,
// has more than a fixed amount of its text looked at.
package complexity
