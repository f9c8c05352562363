// Package dialect is the contract of a wire format: pure functions on bytes, both directions, no HTTP, no context,
// no logger, no clock.
//
// It imports only the floor below (llm, rawjson, sse). Its one invariant: what a dialect cannot carry is a warning,
// never silence.
package dialect
