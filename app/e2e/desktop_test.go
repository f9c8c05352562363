//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"heimdall/build/tools/traywatch"
)

const (
	soon = 10 * time.Second

	startLabel = "Start gateway"
	stopLabel  = "Stop gateway"
	openLabel  = "Open window"
)

func TestWindowOpensAndShowsThePage(t *testing.T) {
	desk.tray(t)
	p := start(t)
	eventually(t, pageLimit, "the window shows the page", func() error { return desk.page.shows("Overview") })
	eventually(t, soon, "one window", p.oneWindow)
}

func TestTrayStopsAndStartsTheGateway(t *testing.T) {
	tray := desk.tray(t)
	p := start(t)
	eventually(t, pageLimit, "the page says it runs", func() error { return desk.page.button("Stop") })
	eventually(t, soon, "the tray says it runs", menuHas(tray, "Running on "+p.host(), stopLabel))
	running := pixels(t, tray)

	click(t, tray, stopLabel)
	eventually(t, soon, "the port closes", p.closed)
	eventually(t, soon, "the page says so", func() error { return desk.page.button("Start") })
	eventually(t, soon, "the tray says so", menuHas(tray, "Stopped", startLabel))
	if stopped := pixels(t, tray); slices.Equal(stopped, running) {
		t.Error("the icon of a stopped gateway is that of a running one")
	}

	click(t, tray, startLabel)
	eventually(t, soon, "the port opens", p.serves)
	eventually(t, soon, "the page says so", func() error { return desk.page.button("Stop") })

	desk.page.press(t, "Stop")
	eventually(t, soon, "the page closes the port too", p.closed)
	eventually(t, soon, "and the tray says so", menuHas(tray, "Stopped", startLabel))
}

func TestClosingTheWindowKeepsTheTray(t *testing.T) {
	tray := desk.tray(t)
	p := start(t)
	eventually(t, pageLimit, "the window shows the page", func() error { return desk.page.shows("Overview") })
	desk.closeWindow(t)
	eventually(t, soon, "the window is gone", p.noWindow)
	if err := p.serves(); err != nil {
		t.Fatal(err)
	}
	eventually(t, soon, "the tray is there", menuHas(tray, openLabel))
	click(t, tray, openLabel)
	eventually(t, soon, "the tray opens it again", p.oneWindow)
}

func TestSecondLaunchShowsTheWindow(t *testing.T) {
	desk.tray(t)
	p := start(t)
	eventually(t, pageLimit, "the window shows the page", func() error { return desk.page.shows("Overview") })
	desk.closeWindow(t)
	eventually(t, soon, "the window is gone", p.noWindow)
	begin := time.Now()
	if out, err := desk.command(filepath.Join(desk.bin, "heimdall"), "--app-dir", p.dir).CombinedOutput(); err != nil {
		t.Fatalf("the second launch: %v: %s", err, out)
	}
	eventually(t, soon, "the window is back", p.oneWindow)
	t.Logf("second launch to window: %v", time.Since(begin).Round(time.Millisecond))

	out, err := desk.command(filepath.Join(desk.bin, "heimdall"), "serve", "--app-dir", p.dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), p.url("")) || !strings.Contains(string(out), fmt.Sprint(p.cmd.Process.Pid)) {
		t.Errorf("a second server must be refused with address and process, not: %v: %s", err, out)
	}
}

func TestWithoutTrayHostClosingQuits(t *testing.T) {
	p := start(t, "--hidden")
	eventually(t, pageLimit, "the window opens, though hidden was asked for", p.oneWindow)
	eventually(t, pageLimit, "the window shows the page", func() error { return desk.page.shows("Overview") })
	desk.closeWindow(t)
	if status := p.ended(soon); status != 0 {
		t.Errorf("the app ended with %d", status)
	}
	eventually(t, soon, "nothing is left", func() error { return gone(p.mark) })
}

func TestHiddenStart(t *testing.T) {
	tray := desk.tray(t)
	p := start(t, "--hidden")
	eventually(t, soon, "the tray is there", menuHas(tray, openLabel))
	if err := p.alone(); err != nil {
		t.Errorf("a hidden start has no window: %v", err)
	}
	click(t, tray, openLabel)
	eventually(t, pageLimit, "the window shows the page", func() error { return desk.page.shows("Overview") })
}

func TestKilledWindow(t *testing.T) {
	tray := desk.tray(t)
	p := start(t)
	for range 2 { // after the first it opens again by itself, after the second the browser does
		eventually(t, pageLimit, "the window shows the page", func() error { return desk.page.shows("Overview") })
		pid := p.windowPID()
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if err := p.serves(); err != nil {
			t.Fatalf("the gateway must serve on: %v", err)
		}
		eventually(t, soon, "its processes end", func() error {
			if slices.Contains(processes(p.mark), pid) {
				return errors.New("the window's process is still there")
			}
			return nil
		})
	}
	eventually(t, soon, "the browser is offered", func() error { return desk.opened(p.url("")) })
	click(t, tray, openLabel)
	eventually(t, pageLimit, "the window opens again", p.oneWindow)
	eventually(t, pageLimit, "and shows the page", func() error { return desk.page.shows("Overview") })
}

func TestKilledMainLeavesNothing(t *testing.T) {
	tray := desk.tray(t)
	p := start(t)
	eventually(t, pageLimit, "the window shows the page", func() error { return desk.page.shows("Overview") })
	eventually(t, soon, "the tray is there", menuHas(tray, openLabel))
	icon, err := tray.Icon()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	mark := p.mark
	eventually(t, soon, "nothing is left", func() error { return gone(mark) })

	p.run("--hidden")
	eventually(t, soon, "the next start works", p.ready)
	eventually(t, soon, "and its tray is there", menuHas(tray, openLabel))
	if _, err := os.Stat(icon); err == nil {
		t.Error("the icon file of the killed process is still there")
	}
}

func TestSignalEndsEverything(t *testing.T) {
	tray := desk.tray(t)
	for _, shown := range []bool{true, false} { // with the window open, and while it starts
		p := start(t)
		eventually(t, soon, "the tray is there", menuHas(tray, openLabel))
		if shown {
			eventually(t, pageLimit, "the window shows the page", func() error { return desk.page.shows("Overview") })
		}
		begin := time.Now()
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if status := p.ended(5 * time.Second); status != 0 {
			t.Errorf("the app ended with %d", status)
		}
		eventually(t, soon, "nothing is left", func() error { return gone(p.mark) })
		t.Logf("window open %v: ended after %v", shown, time.Since(begin).Round(time.Millisecond))
		if left, _ := filepath.Glob(filepath.Join(p.dir, "run", "*")); len(left) > 0 {
			t.Errorf("files left: %v", left)
		}
		if _, err := os.Stat(filepath.Join(p.dir, "instance.json")); err == nil {
			t.Error("instance.json left")
		}
	}
}

func TestTrayQuits(t *testing.T) {
	tray := desk.tray(t)
	p := start(t, "--hidden")
	eventually(t, soon, "the tray is there", menuHas(tray, "Quit"))
	click(t, tray, "Quit")
	if status := p.ended(5 * time.Second); status != 0 {
		t.Errorf("the app ended with %d", status)
	}
}

func TestDeadDisplayServesOn(t *testing.T) {
	p := &program{t: t, dir: t.TempDir(), port: freePort(t)}
	display := desk.display
	desk.display = ":987"
	defer func() { desk.display = display }()
	p.run()
	eventually(t, soon, "the gateway serves", p.ready)
	if status, body := p.api(http.MethodPost, "/api/shell/show", ""); status != http.StatusConflict {
		t.Errorf("show answers %d %s", status, body)
	}
}

func TestWindowByHandStartsTheApp(t *testing.T) {
	desk.tray(t)
	p := &program{t: t, dir: t.TempDir(), port: freePort(t)}
	p.mark = fmt.Sprintf("%d-hand", os.Getpid())
	cmd := exec.Command(filepath.Join(desk.bin, "heimdall-window"), "--app-dir", p.dir, "--port", fmt.Sprint(p.port))
	cmd.Env = append(desk.env(), marker+"="+p.mark)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() {
		p.api(http.MethodPost, "/api/shell/quit", "")
		eventually(t, soon, "it quits", func() error { return gone(p.mark) })
	})
	eventually(t, soon, "the app starts", func() error {
		i, err := readInstance(p.dir)
		p.addr, p.token = i.Control, i.Token
		return err
	})
	eventually(t, pageLimit, "with its window", p.oneWindow)
}

func click(t *testing.T, tray *traywatch.Watcher, label string) {
	t.Helper()
	eventually(t, soon, "click "+label, func() error { return tray.Click(label) })
}

func menuHas(tray *traywatch.Watcher, labels ...string) func() error {
	return func() error {
		entries, err := tray.Menu()
		if err != nil {
			return err
		}
		for _, want := range labels {
			if !slices.ContainsFunc(entries, func(e traywatch.Entry) bool { return e.Label == want }) {
				return fmt.Errorf("the menu has no %q, but %v", want, entries)
			}
		}
		return nil
	}
}

// pixels reads the icon that the tray shows; the file is replaced when the icon changes.
func pixels(t *testing.T, tray *traywatch.Watcher) []byte {
	t.Helper()
	var b []byte
	eventually(t, soon, "read the icon", func() error {
		name, err := tray.Icon()
		if err != nil {
			return err
		}
		b, err = os.ReadFile(name)
		return err
	})
	return b
}

func (p *program) oneWindow() error { return p.windowsAre(1) }

func (p *program) noWindow() error { return p.windowsAre(0) }

func (p *program) windowsAre(want int) error {
	n, err := desk.windows()
	if err == nil && n != want {
		return fmt.Errorf("%d windows are on the screen, not %d", n, want)
	}
	return err
}
