package catalog

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
