package providertest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/all"
	"heimdall/providers/llm"
)

// TestUsageIsTold: tokens with a price of their own reach clients of every dialect that has a field for them.
func TestUsageIsTold(t *testing.T) {
	media := llm.Usage{InputAudio: 1, InputImage: 1, OutputAudio: 1, OutputImage: 1}
	for name, want := range map[string]llm.Usage{
		"chat":      media,
		"responses": media,
		"messages":  {CacheWriteHour: 1},
		"converse":  {CacheWriteHour: 1},
		"generate":  {InputAudio: 1, InputImage: 1, OutputAudio: 1, OutputImage: 1, CacheReadAudio: 1},
	} {
		got := counted(all.Dialects()[name])
		got.Raw, got.Input, got.CacheRead, got.CacheWrite, got.Output, got.Reasoning = nil, 0, 0, 0, 0, 0
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
