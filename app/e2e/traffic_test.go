//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// sdks are the real npm clients of testdata/sdks.mjs.
type sdks struct {
	t        *testing.T
	in       io.Writer
	out      *bufio.Reader
	upstream string
}

func startSDKs(t *testing.T, gateway string) *sdks {
	t.Helper()
	cmd := exec.Command("node", "testdata/sdks.mjs", gateway)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	said := &output{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("the SDKs said:\n%s", said)
		}
	})
	s := &sdks{t: t, in: in, out: bufio.NewReader(out)}
	s.upstream = s.line("its upstream's address")
	return s
}

func (s *sdks) do(command string) string {
	s.t.Helper()
	if _, err := fmt.Fprintln(s.in, command); err != nil {
		s.t.Fatal(err)
	}
	return s.line(command)
}

func (s *sdks) line(what string) string {
	s.t.Helper()
	line, err := s.out.ReadString('\n')
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	return strings.TrimSpace(line)
}

// TestRequestsOfSDKsShowUpInTheWindow streams through the gateway and looks at the window, which nobody touches.
func TestRequestsOfSDKsShowUpInTheWindow(t *testing.T) {
	desk.tray(t)
	p := start(t)
	clients := startSDKs(t, p.url(""))
	for name, base := range map[string]string{"openai": clients.upstream + "/v1", "anthropic": clients.upstream} {
		p.addProvider(name, base, "sk-e2e")
	}
	eventually(t, pageLimit, "the window shows the page", func() error { return desk.page.shows("Overview") })

	var said struct{ OpenAI, Anthropic string }
	if err := json.Unmarshal([]byte(clients.do("stream")), &said); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(said.OpenAI, "Heimdall sees") || said.Anthropic != said.OpenAI {
		t.Errorf("the SDKs read %+v", said)
	}
	eventually(t, soon, "the openai row", func() error { return desk.page.shows("small", "/openai/v1/chat/completions") })
	eventually(t, soon, "the anthropic row", func() error { return desk.page.shows("large", "/anthropic/v1/messages") })

	clients.do("hang")
	eventually(t, soon, "the row of a request in flight", func() error { return desk.page.shows("silent") })
	eventually(t, soon, "and its count", func() error { return desk.page.shows("1 request in flight") })
	clients.do("leave")
	eventually(t, soon, "it is over", func() error { return desk.page.shows("nothing in flight") })
}

func (p *program) addProvider(name, base, key string) {
	p.t.Helper()
	body, err := json.Marshal(map[string]any{
		"provider": name, "network_config": map[string]any{"base_url": base},
		"keys": []map[string]any{{"name": "main", "value": key, "models": []string{"*"}, "weight": 1}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	if status, answer := p.api(http.MethodPost, "/api/providers", string(body)); status/100 != 2 {
		p.t.Fatalf("add %s: %d %s", name, status, answer)
	}
}
