package compat

import (
	"net/textproto"
	"testing"
)

// The headers are those that the programs send (gateway/agenttest runs them).
func TestSession(t *testing.T) {
	for name, c := range map[string]struct {
		header map[string]string
		want   string
	}{
		"nobody":         {map[string]string{"X-Client-Request-Id": "r", "Thread-Id": "t"}, ""},
		"Claude Code":    {map[string]string{"x-claude-code-session-id": "c"}, "c"},
		"Codex":          {map[string]string{"session-id": "s", "thread-id": "t", "x-client-request-id": "r", "x-codex-window-id": "s:0"}, "s"},
		"an older Codex": {map[string]string{"session_id": "s", "conversation_id": "t"}, "s"},
		"opencode":       {map[string]string{"x-session-id": "ses_1", "x-session-affinity": "ses_1", "x-parent-session-id": "ses_0"}, "ses_1"},
		"ours wins":      {map[string]string{"x-session-id": "a", "session-id": "b", "x-claude-code-session-id": "c", "x-bf-session-id": "d"}, "d"},
	} {
		h := fields{}
		for name, value := range c.header {
			h[textproto.CanonicalMIMEHeaderKey(name)] = value
		}
		if got := Session(h); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
