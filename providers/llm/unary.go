package llm

import "encoding/json"

// Embed asks for one vector for each input.
type Embed struct {
	Inputs     []EmbedInput
	Dimensions *int64
	Encoding   string // how the client wants the numbers: "" (unset), float or base64
	Task       string // what the vectors are for, as TaskQuery and so on; "" = unset; other words are a provider's own
}

// EmbedInput is one thing to embed: Text, or Tokens, or Media.
type EmbedInput struct {
	Text   string
	Tokens []int64
	Media  *Media
}

const (
	TaskDocument       = "document" // a text that will be searched
	TaskQuery          = "query"    // a text that searches
	TaskClassification = "classification"
	TaskClustering     = "clustering"
	TaskSimilarity     = "similarity"
)

// Vector is the embedding of the input with the same index. The numbers are in one of two forms, as the provider wrote
// them: Floats is a JSON array of numbers; Base64 is little-endian 32-bit floats.
type Vector struct {
	Index  int
	Floats json.RawMessage
	Base64 string
	Extra  Extra
}

// Rerank asks to order documents by how well they answer a query.
type Rerank struct {
	Query           string
	Documents       []RerankDocument
	TopN            *int64
	MaxTokensPerDoc *int64
	ReturnDocuments *bool
}

// RerankDocument is one document: its Text, or where it was an object its whole JSON in Raw too.
type RerankDocument struct {
	Text string
	Raw  json.RawMessage
}

// Rank is the place of the document with that index; a Response lists them best first. Document is the document as the
// provider gave it back, if it did.
type Rank struct {
	Index    int
	Score    json.Number
	Document json.RawMessage
}
