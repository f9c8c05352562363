package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"heimdall/gateway"
	"heimdall/keychain"
)

func newServeApp(t *testing.T, gw *fakeGateway) (*App, *gateway.Options) {
	t.Helper()
	var given gateway.Options
	a := &App{
		Program: Program{
			Page: fstest.MapFS{},
			Keychain: func(keychain.Options) (keychain.Store, keychain.Choice, error) {
				return nil, keychain.Choice{Kind: "file", Detail: "Keys are kept in a file."}, nil
			},
			Gateway: func(o gateway.Options) (Gateway, error) { given = o; return gw, nil },
		},
		cmd: Command{Name: "serve", Flags: Flags{Config: "/etc/heimdall.json", LogStyle: "json"}, Fixed: gateway.Fixed{Port: 9000}},
		log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		dir: t.TempDir(),
	}
	return a, &given
}

func TestServe(t *testing.T) {
	gw := &fakeGateway{failed: make(chan error)}
	a, given := newServeApp(t, gw)
	ctx, cancel := context.WithCancel(t.Context())
	out := stdout(t, func() {
		cancel()
		if err := a.serve(ctx); err != nil {
			t.Error(err)
		}
	})
	var line struct{ Event, URL, Keychain string }
	if err := json.Unmarshal([]byte(out), &line); err != nil || line.Event != "started" || line.URL != "http://127.0.0.1:8080" || line.Keychain != "file" {
		t.Errorf("it says %q, %v", out, err)
	}
	if !gw.started || !gw.closed {
		t.Errorf("started %v, closed %v", gw.started, gw.closed)
	}
	if given.Desktop || len(given.Shell) > 0 || given.ConfigFile != "/etc/heimdall.json" || given.Fixed.Port != 9000 || given.AppDir != a.dir {
		t.Errorf("the gateway was told %+v", *given)
	}
	if _, err := given.UI.Open("index.html"); err != nil {
		t.Errorf("a program without its page shows one that says so: %v", err)
	}
	if _, err := os.Stat(filepath.Join(a.dir, instanceName)); err == nil {
		t.Error("instance.json outlives the process")
	}
}

func TestServeEndsWithAListener(t *testing.T) {
	gw := &fakeGateway{failed: make(chan error, 1)}
	a, _ := newServeApp(t, gw)
	lost := errors.New("the listener was lost")
	gw.failed <- lost
	stdout(t, func() {
		if err := a.serve(t.Context()); !errors.Is(err, lost) {
			t.Errorf("error %v", err)
		}
	})
	if !gw.closed {
		t.Error("the gateway was not closed")
	}
}

func TestPage(t *testing.T) {
	built := fstest.MapFS{"index.html": {Data: []byte("built")}}
	if page, ok := Page(built); !ok || read(t, page) != "built" {
		t.Error("a built page is shown as it is")
	}
	if page, ok := Page(fstest.MapFS{".gitkeep": {}}); ok || !strings.Contains(read(t, page), "make build") {
		t.Error("without a page, one says how to build it")
	}
}

func read(t *testing.T, page fs.FS) string {
	t.Helper()
	b, err := fs.ReadFile(page, "index.html")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// stdout gives what run prints.
func stdout(t *testing.T, run func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ours := os.Stdout
	os.Stdout = w
	run()
	os.Stdout = ours
	w.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
