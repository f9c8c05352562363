package dialect

import "heimdall/providers/llm"

// SameCounts reports whether two reports count the same tokens.
func SameCounts(a, b llm.Usage) bool {
	return a.Input == b.Input && a.Output == b.Output && a.CacheRead == b.CacheRead && a.CacheWrite == b.CacheWrite &&
		a.Reasoning == b.Reasoning
}
