package gateway_test

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"heimdall/gateway/gatewaytest"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

const (
	chatBody   = `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}`
	chatAnswer = `{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`
)

func answer(*transport.Request) fake.Reply {
	return fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "application/json"}, Body: chatAnswer}
}

func TestStartStopStart(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Desktop: true, Script: answer})
	auth := []string{"Authorization", "Bearer " + g.Token}
	flip := func(what, state string) {
		t.Helper()
		if a := g.Do("POST", g.Control+"/api/gateway/"+what, "", auth...); a.Status != 200 || !strings.Contains(a.Body, `"state":"`+state+`"`) {
			t.Errorf("%s: %d %s", what, a.Status, a.Body)
		}
		if a := g.Do("GET", g.Control+"/api/gateway", "", auth...); !strings.Contains(a.Body, `"state":"`+state+`"`) {
			t.Errorf("after %s: %s", what, a.Body)
		}
	}
	serves := func(want bool) {
		t.Helper()
		a, err := g.Try(t.Context(), "POST", "/openai/chat/completions", chatBody)
		if (err == nil && a.Status == 200) != want {
			t.Errorf("serves: %d %v, want %v", a.Status, err, want)
		}
	}
	serves(true)
	flip("start", "running")
	for range 2 {
		flip("stop", "stopped")
		serves(false)
		flip("stop", "stopped")
		flip("start", "running")
		serves(true)
	}
}

func TestTakenPort(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := ln.Addr().(*net.TCPAddr).Port
	if _, err := gatewaytest.Open(t, gatewaytest.Options{Port: port}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("port %d is in use", port)) {
		t.Errorf("headless: %v", err)
	}
	g := gatewaytest.Start(t, gatewaytest.Options{Port: port, Desktop: true})
	auth := []string{"Authorization", "Bearer " + g.Token}
	a := g.Do("GET", g.Control+"/api/gateway", "", auth...)
	if !strings.Contains(a.Body, `"state":"error"`) || !strings.Contains(a.Body, "is in use by") {
		t.Errorf("desktop: %s", a.Body)
	}
	if runtime.GOOS == "linux" && !strings.Contains(a.Body, "(process "+strconv.Itoa(os.Getpid())+")") {
		t.Errorf("the holder is not named: %s", a.Body)
	}
	ln.Close()
	if a := g.Do("POST", g.Control+"/api/gateway/start", "", auth...); a.Status != 200 || !strings.Contains(a.Body, `"state":"running"`) {
		t.Errorf("start after the port is free: %d %s", a.Status, a.Body)
	}
}

func TestNoPasswordOffLoopback(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"0.0.0.0", "::"} {
		if _, err := gatewaytest.Open(t, gatewaytest.Options{Host: host}); err == nil || !strings.Contains(err.Error(), "password") {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// Requests that run while providers are edited see one configuration each, and none fails.
func TestConfigSwapUnderLoad(t *testing.T) {
	t.Parallel()
	const pairs = 5
	g := gatewaytest.Start(t, gatewaytest.Options{Script: answer, Config: `{"providers":{"openai":{"network_config":{"base_url":"http://host-0.test","extra_headers":{"X-Team":"team-0"}},"keys":[{"name":"main","value":"k","models":["*"],"weight":1}]}}}`})
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range 20 {
				if a, err := g.Try(t.Context(), "POST", "/openai/chat/completions", chatBody); err != nil || a.Status != 200 {
					t.Errorf("%d %v %s", a.Status, err, a.Body)
				}
			}
		})
	}
	wg.Go(func() {
		for i := range 20 {
			n := strconv.Itoa(i % pairs)
			a := g.Do("PUT", "/api/providers/openai", `{"network_config":{"base_url":"http://host-`+n+`.test","extra_headers":{"X-Team":"team-`+n+`"}}}`)
			if a.Status != 200 {
				t.Errorf("edit: %d %s", a.Status, a.Body)
			}
			if a := g.Do("PUT", "/api/providers/openai", `{"network_config":{"base_url":"no url"}}`); a.Status != 400 {
				t.Errorf("a wrong edit: %d %s", a.Status, a.Body)
			}
		}
	})
	wg.Wait()
	calls := 0
	for _, s := range g.Upstream.Seen() {
		calls++
		n := strings.TrimPrefix(s.Header["X-Team"], "team-")
		if s.URL != "http://host-"+n+".test/v1/chat/completions" {
			t.Errorf("mixed: %s with %s", s.URL, s.Header["X-Team"])
		}
	}
	if rows := g.Rows(); calls != 200 || len(rows) != 200 {
		t.Errorf("%d calls, %d rows", calls, len(rows))
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	session := func() {
		g := gatewaytest.Start(t, gatewaytest.Options{Dir: dir, Desktop: true, Script: answer})
		g.Listen()
		g.Do("POST", "/openai/chat/completions", chatBody)
		g.Do("GET", "/v1/models", "")
		g.Close()
	}
	session() // what libraries start once and keep
	before := runtime.NumGoroutine()
	session()
	gatewaytest.Eventually(t, "the goroutines end", func() bool { return runtime.NumGoroutine() <= before })
	if runtime.GOOS != "linux" {
		return
	}
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(to, dir) {
			t.Errorf("%s is still open", to)
		}
	}
}
