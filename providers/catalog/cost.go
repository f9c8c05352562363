package catalog

import (
	"time"

	"heimdall/providers/llm"
)

// Query asks what a call costs. Vendor is the catalogue's id of the provider; Provider, KeyID and VirtualKey are what
// overrides are scoped to. Request is the type of the request, such as chat_completion. At is when the call was made.
// A Batch has prices of its own, or none.
type Query struct {
	Vendor     string
	Provider   string
	Model      string
	Request    string
	KeyID      string
	VirtualKey string
	Usage      llm.Usage
	At         time.Time
	Batch      bool
}

// Cost is what a call costs in US dollars, by class; Total is their sum. Reasoning is counted where it has a price of its
// own, else it is part of Output. Known is false where there is no price; all else is zero then.
type Cost struct {
	Known      bool
	Input      float64
	CacheRead  float64
	CacheWrite float64
	Output     float64
	Reasoning  float64
	Request    float64
	Total      float64
}
