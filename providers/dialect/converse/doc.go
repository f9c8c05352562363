// Package converse is the dialect of the Converse endpoints of Amazon Bedrock's runtime API: converse and
// converse-stream, count-tokens, and invoke, whose bodies are those of the model.
//
// It may import llm, rawjson, sse, eventstream and the dialect contract. Its one invariant: what it decodes it encodes
// again to the same canonical value; fields that it does not know travel in Extra["converse"] at their level, and blocks
// that it does not know as opaque parts.
//
// A cache point belongs to the block before it: it is that part's cache_control, in the words of the messages dialect.
// So are the thinking and the effort of the models that speak it. Requests from other dialects are fitted to the
// endpoint's rules: turns of one role in a row merge, system text that does not come first becomes a user turn, blank
// text is left out, and tools that were called are declared.
package converse
