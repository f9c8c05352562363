//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"heimdall/app/control"
)

// marker is in the environment of everything that one start of the app starts.
const marker = "E2E_START"

// program is one start of the app.
type program struct {
	t    *testing.T
	dir  string
	port int
	mark string
	cmd  *exec.Cmd
	out  *output
	done chan struct{} // closed when it has ended
	err  error

	control *control.Client
	addr    string
	token   string
}

type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// start starts the app in a folder of its own and waits until it serves.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	return startIn(t, t.TempDir(), args...)
}

func startIn(t *testing.T, dir string, args ...string) *program {
	t.Helper()
	p := &program{t: t, dir: dir, port: freePort(t)}
	p.run(args...)
	eventually(t, 20*time.Second, "the app starts", p.ready)
	return p
}

func (p *program) run(args ...string) {
	p.t.Helper()
	p.mark = fmt.Sprintf("%d-%d", os.Getpid(), time.Now().UnixNano())
	args = append(args, "--app-dir", p.dir, "--port", strconv.Itoa(p.port), "--log-level", "debug")
	p.cmd = exec.Command(filepath.Join(desk.bin, "heimdall"), args...)
	p.cmd.Env = append(desk.env(), marker+"="+p.mark)
	p.out, p.done = &output{}, make(chan struct{})
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func(cmd *exec.Cmd, done chan struct{}) { p.err = cmd.Wait(); close(done) }(p.cmd, p.done)
	mark := p.mark
	p.t.Cleanup(func() {
		p.cmd.Process.Signal(syscall.SIGTERM)
		if err := until(8*time.Second, func() error { return gone(mark) }); err != nil {
			p.t.Errorf("after the test: %v", err)
			for _, o := range processes(mark) {
				syscall.Kill(o, syscall.SIGKILL)
			}
		}
		if p.t.Failed() {
			p.t.Logf("the app said:\n%s", p.out)
		}
	})
}

// ready reads where the app is and asks whether it serves.
func (p *program) ready() error {
	select {
	case <-p.done:
		return fmt.Errorf("it ended (%w) and said:\n%s", p.err, p.out)
	default:
	}
	i, err := readInstance(p.dir)
	if err != nil {
		return err
	}
	if i.PID != p.cmd.Process.Pid {
		return errors.New("instance.json is not of this process")
	}
	p.addr, p.token = i.Control, i.Token
	p.control = control.New(i.Control, i.Token)
	return p.serves()
}

// instance is what a running app says of itself.
type instance struct {
	PID            int
	Control, Token string
}

func readInstance(dir string) (instance, error) {
	var i instance
	b, err := os.ReadFile(filepath.Join(dir, "instance.json"))
	if err != nil {
		return i, err
	}
	return i, json.Unmarshal(b, &i)
}

// serves says nil where the gateway answers.
func (p *program) serves() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url("/health"), nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the gateway answers %s", res.Status)
	}
	return nil
}

// closed says nil where the gateway's port refuses.
func (p *program) closed() error {
	c, err := net.DialTimeout("tcp", p.host(), time.Second)
	if err == nil {
		c.Close()
		return errors.New("the gateway's port is open")
	}
	return nil
}

func (p *program) host() string { return "127.0.0.1:" + strconv.Itoa(p.port) }

func (p *program) url(path string) string { return "http://" + p.host() + path }

// api sends one request to the control listener.
func (p *program) api(method, path, body string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequest(method, "http://"+p.addr+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	var b bytes.Buffer
	b.ReadFrom(res.Body)
	return res.StatusCode, b.String()
}

// ended waits for the app's end and gives its status.
func (p *program) ended(limit time.Duration) int {
	p.t.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		p.t.Fatalf("the app did not end within %v", limit)
		return -1
	}
}

// windowPID is the process of the window; 0 where there is none.
func (p *program) windowPID() int {
	for _, pid := range processes(p.mark) {
		if name, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); filepath.Base(name) == "heimdall-window" {
			return pid
		}
	}
	return 0
}

// alone says nil where the main process is the only one left.
func (p *program) alone() error {
	if left := processes(p.mark); len(left) != 1 || left[0] != p.cmd.Process.Pid {
		return fmt.Errorf("processes %v run", describe(left))
	}
	return nil
}

func gone(mark string) error {
	if left := processes(mark); len(left) > 0 {
		return fmt.Errorf("left behind: %v", describe(left))
	}
	return nil
}

// processes finds everything that a start of the app started, also what lost its parent.
func processes(mark string) []int {
	var out []int
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, f := range all {
		b, err := os.ReadFile(f)
		if err != nil || !bytes.Contains(b, []byte(marker+"="+mark+"\x00")) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(f))); err == nil {
			out = append(out, pid)
		}
	}
	return out
}

func describe(pids []int) []string {
	var out []string
	for _, pid := range pids {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		out = append(out, fmt.Sprintf("%d %s", pid, bytes.ReplaceAll(b, []byte{0}, []byte{' '})))
	}
	return out
}

// memory is the proportional share of all the app's processes, in bytes.
func (p *program) memory() int {
	p.t.Helper()
	sum := 0
	for _, pid := range processes(p.mark) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			p.t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
				kb, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
				if err != nil {
					p.t.Fatal(err)
				}
				sum += kb << 10
			}
		}
	}
	return sum
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
