// Package messages is the dialect of the Messages endpoint, in both directions.
//
// It may import llm, rawjson, sse and the dialect contract. Its one invariant: what it decodes it encodes again to the
// same canonical value; fields that it does not know travel in Extra["messages"] at their level, and blocks that it
// does not know as opaque parts.
//
// Requests from other dialects are fitted to the endpoint's rules: turns of one role in a row merge, system text that
// does not come first becomes a user turn, max_tokens and room for thinking are filled in.
package messages
