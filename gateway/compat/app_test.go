package compat

import "testing"

func TestApp(t *testing.T) {
	for agent, want := range map[string]string{
		"claude-cli/2.1 (external, cli)": "claude-cli", "codex_exec/0.169 (Debian; x86_64)": "codex_exec", "curl/8.5.0": "curl",
		"OpenAI/JS 6.1.0": "openai", " Go-http-client/1.1": "go-http-client", "plain": "plain", "": "",
	} {
		if got := App(agent); got != want {
			t.Errorf("%q is %q, not %q", agent, got, want)
		}
	}
}
