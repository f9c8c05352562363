package converse

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/llm"
)

func TestUsage(t *testing.T) {
	for in, want := range map[string]llm.Usage{
		`{"inputTokens":3,"outputTokens":9,"cacheWriteInputTokens":50,"cacheDetails":[{"inputTokens":20,"ttl":"5m"},{"inputTokens":30,"ttl":"1h"}]}`: {
			Input: 53, CacheWrite: 50, CacheWriteHour: 30, Output: 9},
		`{"inputTokens":3,"outputTokens":9,"cacheReadInputTokens":2,"cacheReadInputTokenCount":2,"cacheDetails":[null,{"ttl":"1h"}]}`: {
			Input: 5, CacheRead: 2, Output: 9},
	} {
		if diff := cmp.Diff(want, readUsage([]byte(in))); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}
