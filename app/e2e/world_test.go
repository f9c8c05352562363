//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"heimdall/build/tools/traywatch"
)

// packages names, for each program that the tests start, the Debian package that has it.
var packages = map[string]string{
	"Xvfb": "xvfb", "dbus-daemon": "dbus", "openbox": "openbox", "wmctrl": "wmctrl",
	"gnome-keyring-daemon": "gnome-keyring", "/usr/bin/python3": "python3-gi gir1.2-atspi-2.0",
	"/usr/libexec/at-spi-bus-launcher": "at-spi2-core",
}

// browser plays the user's browser: it only notes what it was asked to open.
const browser = "#!/bin/sh\necho \"$@\" >>\"$HOME/opened\"\n"

// world is a desktop session of our own.
type world struct {
	dir     string
	bin     string
	display string
	bus     string
	page    *page
	ends    []func()
}

var desk *world

func TestMain(m *testing.M) {
	os.Exit(func() int {
		w, err := newWorld()
		if w != nil {
			defer w.close()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "the desktop session for the tests:", err)
			return 1
		}
		desk = w
		return m.Run()
	}())
}

func newWorld() (*world, error) {
	for program, pkg := range packages {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("%s is missing: apt-get install %s", program, pkg)
		}
	}
	dir, err := os.MkdirTemp("", "heimdall-e2e-")
	if err != nil {
		return nil, err
	}
	w := &world{dir: dir}
	w.ends = append(w.ends, func() { os.RemoveAll(dir) })
	if w.bin, err = filepath.Abs("../../build/bin"); err != nil {
		return w, err
	}
	for _, program := range []string{"heimdall", "heimdall-window"} {
		if _, err := os.Stat(filepath.Join(w.bin, program)); err != nil {
			return w, fmt.Errorf("%w: make build", err)
		}
	}
	for _, sub := range []string{"home", "runtime", "bin"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return w, err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "bin", "xdg-open"), []byte(browser), 0o700); err != nil {
		return w, err
	}
	for _, start := range []func() error{w.startDisplay, w.startBus, w.startWindowManager, w.startKeyring, w.startPage} {
		if err := start(); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (w *world) close() {
	for i := len(w.ends) - 1; i >= 0; i-- {
		w.ends[i]()
	}
	w.ends = nil
}

// env is the environment of everything in the session; nothing of the developer's own desktop is in it.
func (w *world) env() []string {
	e := []string{
		"PATH=" + filepath.Join(w.dir, "bin") + ":" + os.Getenv("PATH"), "LANG=C.UTF-8",
		"HOME=" + filepath.Join(w.dir, "home"), "XDG_RUNTIME_DIR=" + filepath.Join(w.dir, "runtime"),
	}
	if w.display != "" {
		e = append(e, "DISPLAY="+w.display)
	}
	if w.bus != "" {
		e = append(e, "DBUS_SESSION_BUS_ADDRESS="+w.bus)
	}
	return e
}

// start runs a program of the session until the end.
func (w *world) start(cmd *exec.Cmd) error {
	cmd.Env = w.env()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	w.ends = append(w.ends, func() { cmd.Process.Kill(); cmd.Wait() })
	return nil
}

func (w *world) startDisplay() error {
	number, far, err := os.Pipe()
	if err != nil {
		return err
	}
	defer number.Close()
	// Without noreset the server starts over when its last client leaves, and loses who connects just then.
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1400x1000x24", "-nolisten", "tcp", "-noreset")
	cmd.ExtraFiles = []*os.File{far}
	err = w.start(cmd)
	far.Close()
	if err != nil {
		return err
	}
	line, err := bufio.NewReader(number).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the X server did not start: %w", err)
	}
	w.display = ":" + strings.TrimSpace(line)
	return nil
}

func (w *world) startBus() error {
	cmd := exec.Command("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1",
		"--address=unix:dir="+filepath.Join(w.dir, "runtime"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := w.start(cmd); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the session bus did not start: %w", err)
	}
	w.bus = strings.TrimSpace(line)
	return nil
}

func (w *world) startWindowManager() error {
	var said bytes.Buffer
	manager := exec.Command("openbox", "--sm-disable")
	manager.Stderr = &said
	if err := w.start(manager); err != nil {
		return err
	}
	if err := until(30*time.Second, func() error { return run(w.command("wmctrl", "-m")) }); err != nil {
		w.close() // it has said all then
		return fmt.Errorf("%w; openbox: %s", err, &said)
	}
	return nil
}

// startKeyring starts a real Secret Service with an unlocked keyring.
func (w *world) startKeyring() error {
	cmd := exec.Command("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
	cmd.Stdin = strings.NewReader("e2e")
	if err := w.start(cmd); err != nil {
		return err
	}
	bus, err := dbus.Connect(w.bus)
	if err != nil {
		return err
	}
	defer bus.Close()
	// Without an automatic start: the bus would start a keyring of its own, a locked one.
	return until(10*time.Second, func() error {
		return bus.Object("org.freedesktop.secrets", "/org/freedesktop/secrets/collection/login").Call("org.freedesktop.DBus.Properties.Get",
			dbus.FlagNoAutoStart, "org.freedesktop.Secret.Collection", "Locked").Err
	})
}

func (w *world) startPage() error {
	p, err := newPage(w)
	w.page = p
	return err
}

// command is a program of the session that ends by itself.
func (w *world) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = w.env()
	return cmd
}

// run runs a program to its end; its words are in the error.
func run(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", cmd.Args[0], err, out)
	}
	return nil
}

// windows counts the windows that are on the screen.
func (w *world) windows() (int, error) {
	out, err := w.command("wmctrl", "-l").Output()
	if err != nil {
		return 0, fmt.Errorf("list the windows: %w", err)
	}
	return bytes.Count(out, []byte("Heimdall")), nil
}

// closeWindow presses the close button.
func (w *world) closeWindow(t *testing.T) {
	t.Helper()
	if err := run(w.command("wmctrl", "-c", "Heimdall")); err != nil {
		t.Fatal(err)
	}
}

// opened says nil where the browser was asked for the address.
func (w *world) opened(address string) error {
	b, err := os.ReadFile(filepath.Join(w.dir, "home", "opened"))
	if err == nil && !slices.Contains(strings.Fields(string(b)), address) {
		return fmt.Errorf("the browser opened %q, not %s", b, address)
	}
	return err
}

// tray gives the session a panel until the test ends.
func (w *world) tray(t *testing.T) *traywatch.Watcher {
	t.Helper()
	watcher, err := traywatch.Open(w.bus)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { watcher.Close() })
	return watcher
}

// pause is how long until looks away.
const pause = 10 * time.Millisecond

// until asks again and again until it is so, or gives the last answer when the time is up.
func until(limit time.Duration, so func() error) error {
	end := time.Now().Add(limit)
	for {
		err := so()
		if err == nil || time.Now().After(end) {
			return err
		}
		<-time.After(pause)
	}
}

// eventually fails the test with the last answer where until does.
func eventually(t *testing.T, limit time.Duration, what string, so func() error) {
	t.Helper()
	if err := until(limit, so); err != nil {
		t.Fatalf("%s: not within %v: %v", what, limit, err)
	}
}
