// Package generate is the dialect of the generateContent and streamGenerateContent endpoints, in both directions, and
// of the endpoints beside them: countTokens, embedContent, batchEmbedContents and predict. It follows the public
// reference at ai.google.dev/api.
//
// It may import llm, rawjson, sse and the dialect contract. Its one invariant: what it decodes it encodes again to the
// same canonical value; fields that it does not know travel in Extra["generate"] at their level, and parts that it does
// not know as opaque parts.
//
// The URL names the model. Signatures stand on parts of any kind here; signature.go says how they travel through
// dialects that know them on thoughts only. The pages of groundingMetadata are citations of the texts, and all of it stays
// with the choice. A schema in the older notation is read as JSON schema and written as such.
package generate
