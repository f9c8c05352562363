// Package completions is the dialect of the older Completions endpoint, which goes on with one text, in both directions.
//
// It may import llm, rawjson, sse and the dialect contract. Its one invariant: what it decodes it encodes again to the
// same canonical value; fields that it does not know travel in Extra["completions"] at their level.
//
// A prompt is a conversation of one user's turn, and the text that follows it is the answer. A conversation of more
// turns becomes one prompt, turn after turn. Several prompts, or prompts of token numbers, pass through as they are, but
// have no canonical form.
package completions
