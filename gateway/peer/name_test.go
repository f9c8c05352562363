package peer

import "testing"

func TestName(t *testing.T) {
	for _, c := range []struct {
		want, exe, dir string
		args           []string
	}{
		{"curl", "/usr/bin/curl", "/", []string{"curl", "http://127.0.0.1:8080"}},
		{"vi", "/usr/bin/vim.basic", "/", []string{"vi", "a file"}},
		{"bash", "/usr/bin/bash", "/", []string{"-bash"}},
		{"opencode", "/home/me/.opencode/bin/opencode (deleted)", "/", []string{"opencode"}},
		{"claude", "/home/me/.local/share/claude/versions/2.0.14", "/", []string{"/home/me/.local/bin/claude", "--continue"}},
		{"claude", "/usr/bin/node", "/", []string{"claude", "", ""}}, // it has named itself
		{"nginx", "/usr/sbin/nginx", "/", []string{"nginx: worker process"}},
		{"codex", "/usr/bin/node", "/", []string{"node", "/usr/lib/node_modules/@openai/codex/bin/codex.js", "exec", "x"}},
		{"claude-code", "/usr/bin/node", "/", []string{"node", "--require", "/x/hook.js", "--no-warnings", "/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js"}},
		{"project", "/usr/bin/node", "/home/me/project", []string{"node", "dist/index.js"}},
		{"server", "/usr/bin/node", "/home/me/project", []string{"node", "server.mjs"}},
		{"node", "/usr/bin/node", "/home/me", []string{"node", "-e", "fetch('http://127.0.0.1:8080')"}},
		{"node", "/usr/bin/node", "/home/me", []string{"node"}},
		{"aider", "/usr/bin/python3.11", "/", []string{"/home/me/.venv/bin/python3", "/home/me/.venv/bin/aider", "--model", "gpt"}},
		{"aider", "/usr/bin/python3.11", "/", []string{"python3", "-X", "dev", "-m", "aider"}},
		{"tool", "/usr/bin/python3.11", "/", []string{"python", "/opt/tool/src/__main__.py"}},
		{"python3", "/usr/bin/python3.11", "/", []string{"python3", "-c", "import this"}},
		{"chat", "/usr/bin/bun", "/work", []string{"bun", "run", "chat.ts"}},
		{"chat", "/usr/bin/deno", "/work", []string{"deno", "run", "--allow-net", "chat.ts"}},
		{"index", "/usr/bin/node", "/", []string{"node", "/index.js"}},
		{"app", `C:\Program Files\nodejs\node.exe`, `C:\work`, []string{`C:\Program Files\nodejs\node.exe`, `C:\work\app\index.js`}},
		{"Codex", `C:\Codex\Codex.EXE`, `C:\`, []string{`C:\Codex\Codex.EXE`}},
		{"Visual Studio Code", "/Applications/Visual Studio Code.app/Contents/Frameworks/Code Helper (Plugin).app/Contents/MacOS/Code Helper (Plugin)", "/", nil},
		{"kworker", "", "/", []string{"kworker"}},
		{"", "", "", nil},
	} {
		if got := (Program{Exe: c.exe, Args: c.args, Dir: c.dir}).name(); got != c.want {
			t.Errorf("%s %q in %s is called %q, not %q", c.exe, c.args, c.dir, got, c.want)
		}
	}
}
