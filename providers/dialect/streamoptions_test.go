package dialect

import "testing"

func TestAskUsage(t *testing.T) {
	for body, want := range map[string]string{
		`{"model":"m","stream":true}`:                                  `{"model":"m","stream":true,"stream_options":{"include_usage":true}}`,
		`{"stream_options":{"include_obfuscation":false},"model":"m"}`: `{"stream_options":{"include_obfuscation":false,"include_usage":true},"model":"m"}`,
		`{"stream_options":{"include_usage":false}}`:                   `{"stream_options":{"include_usage":true}}`,
		`{"stream_options":null}`:                                      `{"stream_options":{"include_usage":true}}`,
	} {
		got, err := StreamOptions{}.AskUsage(nil, []byte(body))
		if err != nil || string(got) != want {
			t.Errorf("AskUsage(%s)\n got %s, %v\nwant %s", body, got, err, want)
		}
	}
}

func TestUsageOnly(t *testing.T) {
	for frame, want := range map[string]bool{
		"data: {\"choices\":[],\"usage\":{\"total_tokens\":1}}\n\n":              true,
		"data: {\"choices\": [ ],\"usage\": {\"total_tokens\":1}}\n\n":           true,
		"data: {\"choices\":[{\"index\":0}],\"usage\":{\"total_tokens\":1}}\n\n": false, // some send both in one chunk
		"data: {\"choices\":[],\"usage\":null}\n\n":                              false,
		"data: {\"choices\":[{\"delta\":{\"content\":\"usage\"}}]}\n\n":          false,
		"data: [DONE]\n\n": false,
	} {
		if got := (StreamOptions{}).UsageOnly([]byte(frame)); got != want {
			t.Errorf("UsageOnly(%q) = %v", frame, got)
		}
	}
}
