package gatewaytest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"heimdall/gateway/admin"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// calls names the variable with the address that a child calls.
const calls = "GATEWAYTEST_CALLS"

// TestCaller is no test: it is the program that calls, with a connection that it keeps until its input ends.
func TestCaller(t *testing.T) {
	address := os.Getenv(calls)
	if address == "" {
		t.Skip("run by TestWhoCalls")
	}
	p := &http.Protocols{}
	p.SetHTTP1(os.Getenv(calls+"_BY") == "HTTP/1.1")
	p.SetUnencryptedHTTP2(os.Getenv(calls+"_BY") == "HTTP/2")
	client := &http.Client{Transport: &http.Transport{Protocols: p}}
	for range 2 {
		resp, err := client.Post(address+"/openai/chat/completions", "application/json", strings.NewReader(chatRequest))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	fmt.Println("answered")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// The log says which program called: its name, the number of its process, and where it works.
func TestWhoCalls(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("other systems need rights that a test may not have")
	}
	for _, by := range []string{"HTTP/1.1", "HTTP/2"} {
		t.Run(by, func(t *testing.T) {
			g := Start(t, Options{Script: func(*transport.Request) fake.Reply { return answers(chatAnswer) }})
			dir, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			child := exec.Command(exe, "-test.run", "^TestCaller$")
			child.Dir, child.Stderr = dir, os.Stderr
			child.Env = append(os.Environ(), calls+"="+g.URL, calls+"_BY="+by)
			in, err := child.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			_, _ = io.ReadFull(out, make([]byte, len("answered")))
			rows := g.Rows()
			in.Close()
			_ = child.Process.Kill()
			_ = child.Wait()
			if len(rows) != 2 {
				t.Fatalf("the log has %s", encoded(rows))
			}
			for _, row := range rows {
				d := g.Detail(row.ID)
				if want := (admin.Process{PID: child.Process.Pid, Name: "gatewaytest.test", Dir: dir}); d.Process == nil || *d.Process != want {
					t.Errorf("the log says %s called, not %s", encoded(d.Process), encoded(want))
				}
			}
		})
	}
}

// What a call of a provider spent its time on is in the log: making a connection where it had to, and waiting.
func TestWhereTheTimeOfACallGoes(t *testing.T) {
	t.Parallel()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, chatAnswer)
	}))
	t.Cleanup(upstream.Close)
	for _, protocol := range []string{"", `,"enforce_http2":true`} {
		url := upstream.URL
		if protocol != "" {
			second := httptest.NewUnstartedServer(upstream.Config.Handler)
			second.Config.Protocols = new(http.Protocols)
			second.Config.Protocols.SetUnencryptedHTTP2(true)
			second.Start()
			t.Cleanup(second.Close)
			url = second.URL
		}
		g := Start(t, Options{Network: true, Config: `{"providers":{"openai":{"network_config":{"base_url":"` + url + `"` + protocol + `},
			"keys":[{"name":"main","value":"k","models":["*"],"weight":1}]}}}`})
		for range 2 {
			if a := g.Do("POST", "/openai/chat/completions", chatRequest); a.Status != 200 {
				t.Fatal(a.Body)
			}
		}
		rows := g.Rows()
		for i, want := range [][]string{{"attempt 1", "connect 1", "wait 1"}, {"attempt 1", "wait 1"}} {
			d := g.Detail(rows[i].ID)
			got := slices.DeleteFunc(phases(d), func(name string) bool { return !strings.HasSuffix(name, " 1") || name == "stream 1" })
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("call %d%s has the spans %v, not %v", i+1, protocol, got, want)
			}
			for _, s := range d.Spans {
				if s.Attempt == 1 && s.LengthMS <= 0 {
					t.Errorf("call %d%s: %+v", i+1, protocol, s)
				}
			}
		}
	}
}
