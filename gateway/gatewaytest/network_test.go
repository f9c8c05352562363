package gatewaytest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestRealNetwork goes through the real transport: one answer, one stream, and one that goes silent.
func TestRealNetwork(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	left := make(chan struct{}, 1)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case !strings.Contains(string(body), `"stream":true`):
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, chatAnswer)
		case strings.Contains(string(body), `silent`):
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, join(chatFrames[:2]))
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				left <- struct{}{}
			case <-hold:
			}
		default:
			w.Header().Set("Content-Type", "text/event-stream")
			for _, f := range append(chatFrames[:len(chatFrames):len(chatFrames)], usageChunk, "[DONE]") {
				fmt.Fprint(w, sse(f))
				w.(http.Flusher).Flush()
			}
		}
	}))
	t.Cleanup(func() { close(hold); upstream.Close() })
	g := Start(t, Options{Network: true, Config: `{"providers":{"openai":{
		"network_config":{"base_url":"` + upstream.URL + `","stream_idle_timeout_in_seconds":5},
		"keys":[{"name":"main","value":"k","models":["*"],"weight":1}]}}}`})
	const path = "/openai/chat/completions"
	if a := g.Do("POST", path, chatRequest); a.Status != 200 || a.Body != chatAnswer {
		t.Errorf("answer: %d %s", a.Status, a.Body)
	}
	if a := g.Do("POST", path, chatStream); a.Status != 200 || a.Body != join(chatFrames, "[DONE]") {
		t.Errorf("stream: %d %s", a.Status, a.Body)
	}
	a := g.Do("POST", path, strings.Replace(chatStream, `"hi"`, `"silent"`, 1))
	if !strings.HasPrefix(a.Body, join(chatFrames[:2])+`data: {"error":{"message":"openai went silent`) || !strings.Contains(a.Body, "stream_idle_timeout_in_seconds") {
		t.Errorf("a silent stream: %d %s", a.Status, a.Body)
	}
	<-left
	rows := g.Rows()
	if len(rows) != 3 || rows[2].Status != "error" || rows[2].ErrorDetails.Kind != "provider_timeout" {
		t.Errorf("rows: %s", encoded(rows))
	}
	upstream.Close()
	if a := g.Do("POST", path, chatRequest); a.Status != 502 || !strings.Contains(a.Body, "cannot connect to openai") {
		t.Errorf("nobody there: %d %s", a.Status, a.Body)
	}
}
