// Package sse splits, reads and writes server-sent events.
//
// It imports only the standard library. Its one invariant: the frames that a Splitter yields, put together with what
// it still holds, are exactly the bytes that it was fed.
package sse
