//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
)

const canary = "sk-canary-5d1f0c7e9b"

// TestProviderKeyLandsInTheKeyring adds a key through the API and looks for it where it belongs, and where it does not.
func TestProviderKeyLandsInTheKeyring(t *testing.T) {
	desk.tray(t)
	p := start(t, "--hidden")
	p.addProvider("openai", "http://127.0.0.1:9", canary)
	secrets, err := keyring(desk.bus)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, s := range secrets {
		found = found || strings.Contains(s, canary)
	}
	if !found {
		t.Errorf("none of the keyring's %d items is the key", len(secrets))
	}
	if strings.Contains(p.out.String(), canary) {
		t.Error("the key is in the log")
	}
	err = filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a file that lives only for a moment
		}
		if bytes.Contains(b, []byte(canary)) {
			t.Errorf("the key is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNoTokenInProcessLists looks at what every user of the machine, or every child, can see.
func TestNoTokenInProcessLists(t *testing.T) {
	desk.tray(t)
	p := start(t)
	eventually(t, pageLimit, "the window shows the page", func() error { return desk.page.shows("Overview") })
	if len(processes(p.mark)) < 4 {
		t.Fatalf("main, window and two of WebKit's processes must run: %v", describe(processes(p.mark)))
	}
	for _, pid := range processes(p.mark) {
		for _, file := range []string{"cmdline", "environ"} {
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{p.token, "#c=", p.addr} {
				if bytes.Contains(b, []byte(secret)) {
					t.Errorf("%s of process %d tells %q", file, pid, secret)
				}
			}
		}
	}
	if log := p.out.String(); strings.Contains(log, p.token) || strings.Contains(log, "#c=") {
		t.Error("the log tells the token or the code")
	}
}

// keyring reads the items of ours in the Secret Service (https://specifications.freedesktop.org/secret-service).
func keyring(address string) ([]string, error) {
	bus, err := dbus.Connect(address)
	if err != nil {
		return nil, err
	}
	defer bus.Close()
	service := bus.Object("org.freedesktop.secrets", "/org/freedesktop/secrets")
	const name = "org.freedesktop.Secret.Service."
	var none dbus.Variant
	var session dbus.ObjectPath
	if err := service.Call(name+"OpenSession", 0, "plain", dbus.MakeVariant("")).Store(&none, &session); err != nil {
		return nil, fmt.Errorf("open a session with the keyring: %w", err)
	}
	var unlocked, locked []dbus.ObjectPath
	if err := service.Call(name+"SearchItems", 0, map[string]string{"service": "heimdall"}).Store(&unlocked, &locked); err != nil {
		return nil, fmt.Errorf("search the keyring: %w", err)
	}
	type secret struct {
		Session     dbus.ObjectPath
		Parameters  []byte
		Value       []byte
		ContentType string
	}
	secrets := map[dbus.ObjectPath]secret{}
	if err := service.Call(name+"GetSecrets", 0, unlocked, session).Store(&secrets); err != nil {
		return nil, fmt.Errorf("read the keyring: %w", err)
	}
	var out []string
	for _, s := range secrets {
		out = append(out, string(s.Value))
	}
	return out, nil
}
