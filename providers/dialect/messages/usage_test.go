package messages

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/llm"
)

func TestUsage(t *testing.T) {
	for in, want := range map[string]llm.Usage{
		`{"input_tokens":3,"cache_read_input_tokens":40,"cache_creation_input_tokens":50,"cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":30},` +
			`"output_tokens":9,"output_tokens_details":{"thinking_tokens":4}}`: {Input: 93, CacheRead: 40, CacheWrite: 50, CacheWriteHour: 30, Output: 9, Reasoning: 4},
		`{"input_tokens":3,"output_tokens":9,"cache_creation":null,"output_tokens_details":null}`: {Input: 3, Output: 9},
	} {
		if diff := cmp.Diff(want, readUsage([]byte(in))); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}

// What was written to the cache is said when a stream starts, and stays true when it ends.
func TestUsageOfAStreamKeepsTheCache(t *testing.T) {
	stream := "event: message_start\n" +
		`data: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"x","content":[],"usage":{"input_tokens":3,"cache_creation_input_tokens":50,"cache_creation":{"ephemeral_1h_input_tokens":30},"output_tokens":1}}}` + "\n\n" +
		"event: message_delta\n" +
		`data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}` + "\n\n" +
		"event: message_stop\n" + `data: {"type":"message_stop"}` + "\n\n"
	tee := New().Client.Tee()
	tee.Feed([]byte(stream))
	want := llm.Usage{Input: 53, CacheWrite: 50, CacheWriteHour: 30, Output: 9}
	got := tee.Result().Usage
	got.Raw = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
