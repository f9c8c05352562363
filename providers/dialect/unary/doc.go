// Package unary holds the small dialects whose answers come in one piece, a file each: embeddings and embed, rerank and
// rerank.v2, and tokenize. They follow the references of the endpoints /v1/embeddings, Cohere's /v2/embed, /v2/rerank
// and /v1/tokenize, and Bifrost's /v1/rerank.
//
// It may import llm, rawjson and the dialect contract. Its one invariant: what a format decodes it encodes again to the
// same canonical value; fields that it does not know travel in Extra under its name.
//
// Readers are lenient, because the endpoints have many speakers with words of their own. A client gets its vectors in
// the form that it asked for, whatever the provider gave.
package unary
