package gatewaytest

import (
	"strings"
	"testing"

	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

func TestLogging(t *testing.T) {
	script := func(r *transport.Request) fake.Reply {
		if r.Stream {
			return streams(join(chatFrames, usageChunk, "[DONE]"))
		}
		return answers(chatAnswer)
	}
	with := func(client string) string { return strings.TrimSuffix(Config, "}") + `,"client":` + client + `}` }
	t.Run("off", func(t *testing.T) {
		t.Parallel()
		g := Start(t, Options{Config: with(`{"enable_logging":false}`), Script: script})
		events := g.Listen()
		for _, body := range []string{chatRequest, chatStream} {
			if a := g.Do("POST", "/openai/chat/completions", body); a.Status != 200 {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		}
		if rows := g.Rows(); len(rows) != 0 {
			t.Errorf("rows: %s", encoded(rows))
		}
		if frames := events.Settled(); len(frames) == 0 {
			t.Error("the live view saw nothing")
		}
	})
	t.Run("without content", func(t *testing.T) {
		t.Parallel()
		g := Start(t, Options{Config: with(`{"disable_content_logging":true}`), Script: script})
		for _, body := range []string{chatRequest, chatStream, `{"model":`} {
			g.Do("POST", "/openai/chat/completions", body)
		}
		rows := g.Rows()
		if len(rows) != 3 {
			t.Fatalf("%d rows", len(rows))
		}
		for _, e := range rows {
			d := g.Detail(e.ID)
			if d.RawRequest.Text != "" || d.RawResponse.Text != "" || d.RawRequest.Missing == "" || d.RawRequest.Size == 0 || string(d.InputHistory) != "null" {
				t.Errorf("detail: %s", encoded(d))
			}
		}
		if rows[0].TokenUsage == nil || rows[1].TokenUsage == nil {
			t.Error("usage is lost with the content")
		}
	})
	t.Run("with content", func(t *testing.T) {
		t.Parallel()
		g := Start(t, Options{Script: script})
		g.Do("POST", "/openai/chat/completions", chatStream)
		d := g.Detail(g.Rows()[0].ID)
		if d.RawRequest.Text != chatStream || d.RawResponse.Text != join(chatFrames, usageChunk, "[DONE]") || d.RawRequest.Cut || d.RawResponse.Cut {
			t.Errorf("detail: %s", encoded(d))
		}
		if !strings.Contains(string(d.InputHistory), `"hi"`) || !strings.Contains(string(d.OutputMessage), "Hello") {
			t.Errorf("conversation: %s %s", d.InputHistory, d.OutputMessage)
		}
		if d.TTFT == nil || d.Latency == nil || d.UpstreamLatency == nil {
			t.Errorf("timing: %s", encoded(d))
		}
	})
}
