// Package coherechat is the dialect of Cohere's v2 chat endpoint, in both directions.
//
// It may import llm, rawjson, sse and the dialect contract. Its one invariant: what it decodes it encodes again to the
// same canonical value; fields that it does not know travel in Extra["coherechat"] at their level, and parts that it
// does not know as opaque parts.
//
// The plan that explains a turn's tool calls is a part of reasoning, and so is a thinking part; marks in their Extra
// tell them apart. A document part is text for every other dialect. Citations, which are of the caller's own
// documents, and log probabilities stay with the choice; pages that other dialects cite have no place here. The input
// counts what the model read, which is more than what is billed.
package coherechat
