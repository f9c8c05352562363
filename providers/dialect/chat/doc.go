// Package chat is the dialect of the Chat Completions endpoint, in both directions.
//
// It may import llm, rawjson, sse and the dialect contract. Its one invariant: what it decodes it encodes again to the
// same canonical value; fields that it does not know travel in Extra["chat"] at their level.
//
// Beyond the endpoint's own reference it reads and writes what its many speakers agree on: top_k, reasoning, reasoning
// text beside the content (reasoning_content, reasoning) and reasoning_details, which carry signatures.
package chat
