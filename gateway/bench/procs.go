package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is one that the bench started, or, without cmd, one that was there.
type process struct {
	name string
	addr string
	pid  int
	cmd  *exec.Cmd
	in   io.WriteCloser // a sub-program ends when its input does
	out  *bufio.Reader
	said *bytes.Buffer // standard error
	dir  string        // app folder of a gateway
}

// startSelf runs this program again as one of its parts. One that listens prints its address first.
func startSelf(part string, listens bool, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	p := &process{name: part, cmd: exec.Command(self, append([]string{part}, args...)...)}
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", part, err)
	}
	p.pid = p.cmd.Process.Pid
	if listens {
		line, err := p.out.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("start %s: it did not say where it listens: %w", part, err)
		}
		p.addr = strings.TrimSpace(line)
	}
	return p, nil
}

// do has the load generator work one job off. Errors of requests are errors here.
func (p *process) do(j job) (result, error) {
	if err := json.NewEncoder(p.in).Encode(j); err != nil {
		return result{}, fmt.Errorf("give the load generator a job: %w", err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return result{}, fmt.Errorf("hear from the load generator: %w", err)
	}
	var r result
	if err := json.Unmarshal(line, &r); err != nil {
		return result{}, fmt.Errorf("understand the load generator: %w", err)
	}
	if r.Errors > 0 {
		return r, fmt.Errorf("%s to %s%s: %d errors, the first: %s", j.Do, j.Addr, j.Path, r.Errors, r.First)
	}
	return r, nil
}

// startGateway runs the headless program on an app folder until /health answers. took is from exec to there.
func startGateway(program, mock, dir string, log bool) (p *process, took time.Duration, err error) {
	file := filepath.Join(dir, "config.json")
	if err := os.WriteFile(file, gatewayConfig(mock, log), 0o600); err != nil {
		return nil, 0, fmt.Errorf("write the configuration: %w", err)
	}
	port, err := freePort()
	if err != nil {
		return nil, 0, err
	}
	p = &process{name: "gateway", addr: "127.0.0.1:" + port, said: &bytes.Buffer{}, dir: dir}
	p.cmd = exec.Command(program, "serve", "--host", "127.0.0.1", "--port", port, "--app-dir", dir, "--config", file, "--log-level", "error")
	p.cmd.Env = append(os.Environ(), "HEIMDALL_PASSPHRASE=bench", "BENCH_KEY=sk-bench", "BENCH_VIRTUAL_KEY="+virtualKey,
		"DBUS_SESSION_BUS_ADDRESS=unix:path="+filepath.Join(dir, "no-bus")) // the user's keychain is left alone
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	p.cmd.WaitDelay = time.Second // a child that keeps the output open does not keep us
	endWithUs(p.cmd)
	start := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, 0, fmt.Errorf("start the gateway: %w", err)
	}
	p.pid = p.cmd.Process.Pid
	if err := awaitHealth(p.addr, 20*time.Second); err != nil {
		p.stop()
		return nil, 0, fmt.Errorf("start the gateway: %w; it said: %s", err, p.said)
	}
	return p, time.Since(start), nil
}

// virtualKey is what all clients send: it has budgets and limits at every level that a request passes.
const virtualKey = "sk-bf-bench-0123456789"

func gatewayConfig(mock string, log bool) []byte {
	provider := map[string]any{
		"keys":           []any{map[string]any{"name": "bench", "value": "env.BENCH_KEY", "models": []string{"*"}, "weight": 1}},
		"network_config": map[string]any{"base_url": "http://" + mock},
	}
	text, err := json.Marshal(map[string]any{
		"version":   2,
		"client":    map[string]any{"enable_logging": log},
		"providers": map[string]any{"openai": provider, "anthropic": provider},
		"governance": map[string]any{
			"customers": []any{map[string]any{"id": "customer", "name": "customer", "budgets": []any{plenty}}},
			"teams":     []any{map[string]any{"id": "team", "name": "team", "customer_id": "customer", "budgets": []any{plenty}}},
			"virtual_keys": []any{map[string]any{
				"id": "key", "name": "bench", "value": "env.BENCH_VIRTUAL_KEY", "team_id": "team", "is_active": true,
				"budgets": []any{plenty}, "rate_limit": often,
				"provider_configs": []any{grant("openai"), grant("anthropic")},
			}},
		},
	})
	if err != nil {
		panic(err) // the value above always encodes
	}
	return text
}

var (
	plenty = map[string]any{"max_limit": 1e6, "reset_duration": "1M"}
	often  = map[string]any{
		"token_max_limit": int64(1e15), "token_reset_duration": "1h", "request_max_limit": int64(1e12), "request_reset_duration": "1h",
	}
)

func grant(provider string) map[string]any {
	return map[string]any{
		"provider": provider, "weight": 1, "allowed_models": []string{"*"}, "key_ids": []string{"*"},
		"budgets": []any{plenty}, "rate_limit": often,
	}
}

func freePort() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer ln.Close()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	return port, err
}

// awaitHealth asks every half millisecond.
func awaitHealth(addr string, patience time.Duration) error {
	const ask = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
	last := errors.New("it did not listen")
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(500 * time.Microsecond) {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			continue
		}
		conn.SetDeadline(end)
		io.WriteString(conn, ask)
		line, _ := bufio.NewReader(conn).ReadString('\n')
		conn.Close()
		if strings.HasPrefix(line, "HTTP/1.1 200") {
			return nil
		}
		last = fmt.Errorf("/health answered %q", strings.TrimSpace(line))
	}
	return fmt.Errorf("no 200 within %v: %w", patience, last)
}

// stop ends a process that the bench started.
func (p *process) stop() {
	if p == nil || p.cmd == nil {
		return
	}
	if p.in != nil {
		p.in.Close()
	} else {
		p.cmd.Process.Signal(syscall.SIGTERM)
	}
	force := time.AfterFunc(15*time.Second, func() { p.cmd.Process.Kill() })
	p.cmd.Wait()
	force.Stop()
}

// get reads a JSON answer of a process.
func (p *process) get(path string, into any) error {
	resp, err := http.Get("http://" + p.addr + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s%s: %s", p.addr, path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// behave tells the mock how to answer from now on.
func (p *process) behave(b behaviour) error {
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	resp, err := http.Post("http://"+p.addr+"/behaviour", "application/json", bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("tell the mock how to answer: %w", err)
	}
	resp.Body.Close()
	return nil
}
