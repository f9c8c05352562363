// Package responses is the dialect of the Responses endpoint, in both directions, and of the small endpoints beside it.
//
// It may import llm, rawjson, sse and the dialect contract. Its one invariant: what it decodes it encodes again to the
// same canonical value; fields that it does not know travel in Extra["responses"] at their level, and items that it
// does not know as opaque parts.
//
// The items of one assistant's turn are one message. What a request, an answer, a tool or a thought of this dialect has
// in Extra["responses"] may be an empty object: that says where it is from. Tools in a namespace and free-form tools
// have a flat name and a schema, so that every dialect can carry them.
package responses
