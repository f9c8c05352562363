package admin

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
)

func TestGuardOfStreams(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	const at, guard = "/api/providers/play", "network_config.stream_throughput_guard."
	set := func(body string) *StreamGuard {
		t.Helper()
		do[Provider](w, "PUT", at, `{"network_config":`+body+`}`)
		return do[Provider](w, "GET", at, "").NetworkConfig.StreamThroughputGuard
	}
	for _, c := range []struct {
		body string
		want *StreamGuard
	}{
		{`{"stream_throughput_guard":{"minimum_output_characters_per_second":50}}`, &StreamGuard{50, 5}},
		{`{"stream_throughput_guard":{"minimum_output_characters_per_second":1,"probe_window_in_seconds":60}}`, &StreamGuard{1, 60}},
		{`{"stream_throughput_guard":null}`, nil},
		{`{"stream_throughput_guard":{"minimum_output_characters_per_second":100000,"probe_window_in_seconds":1}}`, &StreamGuard{100_000, 1}},
		{`{}`, nil},
	} {
		if diff := cmp.Diff(c.want, set(c.body)); diff != "" {
			t.Errorf("%s: %s", c.body, diff)
		}
	}
	set(`{"stream_throughput_guard":{"minimum_output_characters_per_second":50,"probe_window_in_seconds":7}}`)
	version := w.Config.Snapshot().Version
	echo, _ := json.Marshal(do[Provider](w, "GET", at, ""))
	do[Provider](w, "PUT", at, string(echo))
	if w.Config.Snapshot().Version != version {
		t.Error("an echo changed something")
	}
	for body, field := range map[string]string{
		`{}`: "minimum_output_characters_per_second",
		`{"minimum_output_characters_per_second":100001}`:                          "minimum_output_characters_per_second",
		`{"minimum_output_characters_per_second":50,"probe_window_in_seconds":0}`:  "probe_window_in_seconds",
		`{"minimum_output_characters_per_second":50,"probe_window_in_seconds":61}`: "probe_window_in_seconds",
		`{"minimum_output_characters_per_second":50,"window":5}`:                   "window",
	} {
		w.fail("PUT", at, `{"network_config":{"stream_throughput_guard":`+body+`}}`, 400, guard+field)
	}
}
