package keychain

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/zalando/go-keyring"
)

// session is a session bus of its own, in a throw-away home.
type session struct {
	t   *testing.T
	env []string
	bus *exec.Cmd
}

func startBus(t *testing.T) *session {
	t.Helper()
	for _, program := range []string{"dbus-daemon", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	home, err := os.MkdirTemp("", "keychain") // t.TempDir's names do not fit into an address
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	runtime := filepath.Join(home, "run")
	if err := os.Mkdir(runtime, 0o700); err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, env: append(os.Environ(), "HOME="+home, "XDG_RUNTIME_DIR="+runtime,
		"XDG_DATA_HOME="+home, "DISPLAY=", "WAYLAND_DISPLAY=", "DBUS_SESSION_BUS_ADDRESS=")}
	// Started services would be found in the system's folders: this bus starts none.
	config := filepath.Join(home, "bus.conf")
	text := `<busconfig><type>session</type><listen>unix:path=` + filepath.Join(runtime, "bus") + `</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	bus, out := s.start("", "dbus-daemon", "--nofork", "--print-address", "--config-file="+config)
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal("the bus has no address: ", err)
	}
	address = strings.TrimSpace(address)
	s.bus, s.env = bus, append(s.env, "DBUS_SESSION_BUS_ADDRESS="+address)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	dropConnection(t)
	return s
}

// start runs a program until the test ends.
func (s *session) start(stdin, name string, args ...string) (*exec.Cmd, io.Reader) {
	s.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Stdin = s.env, strings.NewReader(stdin)
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { end(cmd) })
	return cmd, out
}

func end(cmd *exec.Cmd) {
	cmd.Process.Kill()
	cmd.Wait()
}

// dropConnection makes the binding connect anew: it shares one connection in a process.
func dropConnection(t *testing.T) {
	t.Helper()
	if conn, err := dbus.SessionBus(); err == nil {
		conn.Close()
	}
}

// unlock starts the keyring with an unlocked login collection.
func (s *session) unlock() {
	s.t.Helper()
	s.start("pw", "gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
	// It says nothing when it is ready; another process has no fake clock.
	for range 500 {
		if locked, err := collectionLocked(); err == nil && !locked {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatal("the keyring did not come up")
}

// lock locks the login collection.
func (s *session) lock() {
	s.t.Helper()
	conn, err := dbus.SessionBus()
	if err != nil {
		s.t.Fatal(err)
	}
	err = conn.Object(secretService, "/org/freedesktop/secrets").
		Call("org.freedesktop.Secret.Service.Lock", 0, []dbus.ObjectPath{loginPath}).Err
	if err != nil {
		s.t.Fatal(err)
	}
}

func open(t *testing.T, dir string, env func(string) string) (Store, Choice) {
	t.Helper()
	s, choice, err := Open(Options{Dir: dir, Service: "heimdall", Env: env})
	if err != nil {
		t.Fatal(err)
	}
	return s, choice
}

func wantRecord(t *testing.T, dir, want string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(dir, recordName))
	if want == "" && errors.Is(err, os.ErrNotExist) {
		return
	}
	if strings.TrimSpace(string(got)) != want {
		t.Errorf("record = %s, %v; want %s", got, err, want)
	}
}

func TestOS(t *testing.T) {
	bus := startBus(t)
	bus.unlock()
	dir := filepath.Join(t.TempDir(), "new", "app")
	s, choice := open(t, dir, env())
	if choice.Kind != KindOS || !strings.Contains(choice.Detail, osName) {
		t.Fatalf("choice = %+v", choice)
	}
	wantRecord(t, dir, `{"kind":"os"}`)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", info.Mode(), err)
	}
	storeLaws(t, s)
	if _, err := keyring.Get("heimdall", "probe"); !errors.Is(err, keyring.ErrNotFound) {
		t.Errorf("the probe is still there: %v", err)
	}
	wantError(t, s.Set("big", strings.Repeat("x", osLimit+1)), ErrTooBig, "too big")

	t.Run("locked later", func(t *testing.T) {
		bus.lock()
		later, choice := open(t, dir, env(passphraseVar, "no reason to switch"))
		if choice.Kind != KindOS {
			t.Errorf("switched to %+v", choice)
		}
		wantRefused(t, later, ErrLocked, "unlock it")
		wantFiles(t, dir, recordName)
	})
	t.Run("gone later", func(t *testing.T) {
		end(bus.bus)
		wantRefused(t, s, ErrUnavailable, "start a Secret Service")
		later, choice := open(t, dir, env())
		if choice.Kind != KindOS {
			t.Errorf("switched to %+v", choice)
		}
		wantRefused(t, later, ErrUnavailable, "start a Secret Service")
		wantFiles(t, dir, recordName)
	})
}

func wantRefused(t *testing.T, s Store, want error, words string) {
	t.Helper()
	for range 2 {
		_, err := s.Get("b")
		wantError(t, err, want, words)
		wantError(t, s.Set("b", "new"), want, words)
		wantError(t, s.Delete("b"), want, words)
	}
}

func TestLockedAtTheFirstRun(t *testing.T) {
	bus := startBus(t)
	bus.unlock()
	bus.lock()

	dir := t.TempDir()
	s, choice := open(t, dir, env())
	if choice.Kind != KindOS {
		t.Errorf("choice = %+v; a locked keychain is no reason for a file", choice)
	}
	wantRefused(t, s, ErrLocked, "unlock it")
	wantRecord(t, dir, "")

	dir = t.TempDir()
	if _, choice = open(t, dir, env(passphraseVar, "pw")); choice.Kind != KindFile {
		t.Errorf("choice = %+v; the passphrase says that a file will do", choice)
	}
	wantRecord(t, dir, `{"kind":"file"}`)
}

func TestNoKeychainAtTheFirstRun(t *testing.T) {
	nothing := func(t *testing.T) {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "bus"))
		dropConnection(t)
	}
	for name, tc := range map[string]struct {
		world func(t *testing.T)
		env   func(string) string
		words string
	}{
		"no bus":                  {nothing, env(), "protects copies of the database, not against your own user"},
		"no bus, passphrase":      {nothing, env(passphraseVar, "pw"), "opens with your passphrase"},
		"a bus without a keyring": {func(t *testing.T) { startBus(t) }, env(), "not against your own user"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.world(t)
			dir := t.TempDir()
			s, choice := open(t, dir, tc.env)
			if choice.Kind != KindFile || !strings.Contains(choice.Detail, tc.words) {
				t.Errorf("choice = %+v; want a file and %q", choice, tc.words)
			}
			wantRecord(t, dir, `{"kind":"file"}`)
			s.(*fileStore).work = 2
			mustSet(t, s, "a", "kept")
			wantNoFileWith(t, dir, "kept")

			bus := startBus(t)
			bus.unlock()
			later, choice := open(t, dir, tc.env)
			if choice.Kind != KindFile {
				t.Errorf("switched to %+v", choice)
			}
			wantValue(t, later, "a", "kept")
		})
	}
}

func TestNoBusIsEverStarted(t *testing.T) {
	if hasUserBus() {
		t.Skip("this user has a session bus")
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	// Where the binding has to find a bus by itself it runs dbus-launch from the path.
	bin := t.TempDir()
	ran := filepath.Join(bin, "ran")
	if err := os.WriteFile(filepath.Join(bin, "dbus-launch"), []byte("#!/bin/sh\n: > "+ran+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	wantRefused(t, newOSStore("heimdall"), ErrUnavailable, "no session bus")
	if _, err := os.Stat(ran); err == nil {
		t.Error("dbus-launch was run")
	}
}

func hasUserBus() bool {
	old, set := os.LookupEnv("DBUS_SESSION_BUS_ADDRESS")
	os.Unsetenv("DBUS_SESSION_BUS_ADDRESS")
	defer func() {
		if set {
			os.Setenv("DBUS_SESSION_BUS_ADDRESS", old)
		}
	}()
	return busReachable()
}

func TestAStuckKeychainKeepsNobody(t *testing.T) {
	bus := startBus(t)
	bus.unlock()
	s := newOSStore("heimdall")
	s.turn <- struct{}{} // a call that does not come back
	_, err := s.Get("a")
	wantError(t, err, ErrTimeout, "try again")
	<-s.turn
	_, err = s.Get("a")
	wantError(t, err, ErrNotFound, "a")
}
