package app

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

func TestSecondLaunchShowsTheFirst(t *testing.T) {
	var asked atomic.Int32
	busy := true // as while the app is starting
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Method+" "+r.URL.Path != "POST /api/shell/show" || r.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("asked %s %s", r.Method, r.URL.Path)
		}
		if busy {
			busy = false
			w.WriteHeader(http.StatusConflict)
		}
	}))
	defer first.Close()
	dir := t.TempDir()
	release := mustHold(t, dir)
	me := instance{PID: 1, Address: "http://127.0.0.1:8080", Control: strings.TrimPrefix(first.URL, "http://"), Token: "secret"}
	if err := me.publish(dir); err != nil {
		t.Fatal(err)
	}

	if _, err := hold(t.Context(), dir, showFirst(t.Context(), false)); !errors.Is(err, errShown) || asked.Load() != 2 {
		t.Errorf("error %v after %d requests", err, asked.Load())
	}
	if _, err := hold(t.Context(), dir, showFirst(t.Context(), true)); !errors.Is(err, errShown) || asked.Load() != 2 {
		t.Errorf("a hidden second launch shows nothing: error %v after %d requests", err, asked.Load())
	}
	if _, err := hold(t.Context(), dir, refuseSecond); err == nil || !strings.Contains(err.Error(), "http://127.0.0.1:8080 (process 1)") {
		t.Errorf("a second server is refused with: %v", err)
	}
	release()
	mustHold(t, dir)()
}

func TestOpenWhereAServerRuns(t *testing.T) {
	dir := t.TempDir()
	defer mustHold(t, dir)()
	if err := (instance{PID: 7, Address: "http://127.0.0.1:8080"}).publish(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := hold(t.Context(), dir, showFirst(t.Context(), false)); err == nil || !strings.Contains(err.Error(), "process 7") {
		t.Errorf("error %v", err)
	}
}

func TestInstanceFileIsPrivateAndShortLived(t *testing.T) {
	dir := t.TempDir()
	release := mustHold(t, dir)
	if err := (instance{PID: 1, Token: "secret"}).publish(dir); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, instanceName))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v", info.Mode())
	}
	release()
	if _, err := os.Stat(filepath.Join(dir, instanceName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it outlives the process: %v", err)
	}
}

func TestOpenFolderIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := openFolder(dir); err != nil || got != dir {
		t.Fatalf("%q, %v", got, err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	if got, err := openFolder(""); err != nil || filepath.Base(got) != "heimdall" {
		t.Errorf("without a choice: %q, %v", got, err)
	}
}

func mustHold(t *testing.T, dir string) (release func()) {
	t.Helper()
	release, err := hold(t.Context(), dir, func(instance) error { return errors.New("it is taken") })
	if err != nil {
		t.Fatal(err)
	}
	return release
}
