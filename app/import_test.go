package app

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/keychain"
)

const foreign = `{"Providers":[
	{"name":"relay","api_base_url":"https://relay.example.com/v1/chat/completions","api_key":"sk-fixture-relay","models":["m"]},
	{"name":"broken","api_base_url":"relay","api_key":"sk-fixture-broken"}]}`

// importing runs the command over a file and gives what it printed.
func importing(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd, err := ParseCommand(append([]string{"import"}, args...), false, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	p := Program{Keychain: func(keychain.Options) (keychain.Store, keychain.Choice, error) {
		if cmd.Import.DryRun {
			t.Error("a dry run opened the keychain")
		}
		return keychain.NewMem(), keychain.Choice{Kind: keychain.KindOS, Detail: "Keys are kept in a test."}, nil
	}}
	var out strings.Builder
	err = p.takeOver(cmd, &out)
	if strings.Contains(out.String(), "sk-fixture") {
		t.Errorf("a secret is printed: %s", out.String())
	}
	return out.String(), err
}

func foreignFile(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "config.json")
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(path, []byte(foreign), 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImportCommand(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "")
	file, dir := foreignFile(t, t.TempDir()), filepath.Join(t.TempDir(), "app")
	said, err := importing(t, "claude-code-router", file, "--dry-run", "--app-dir", dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("A dry run of the import of "+file+`: nothing is changed.

To be taken:
  provider relay
  key relay of relay

Not taken:
  Providers[1] (broken): its address is no URL that begins with http:// or https://

Secrets to be stored: 1.
`, said); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("a dry run made the app folder: %v", err)
	}
	if said, err = importing(t, "claude-code-router", file, "--app-dir", dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("Imported "+file+`.

Taken:
  provider relay
  key relay of relay

Not taken:
  Providers[1] (broken): its address is no URL that begins with http:// or https://

Secrets stored: 1. Keys are kept in a test. The imported file still holds them; remove it when you no longer need it.
`, said); diff != "" {
		t.Error(diff)
	}
	said, err = importing(t, "claude-code-router", file, "--app-dir", dir)
	if err != nil || !strings.Contains(said, "Taken before, and the same since:\n  provider relay\n") || !strings.HasSuffix(said, "There is nothing new to take.\n") {
		t.Errorf("%v\n%s", err, said)
	}
}

func TestImportOnBothPrograms(t *testing.T) {
	file, dir := filepath.Join(t.TempDir(), "config.db"), t.TempDir()
	for _, desktop := range []bool{false, true} {
		cmd, err := ParseCommand([]string{"import", "bifrost", file, "--dry-run", "--app-dir", dir}, desktop, io.Discard)
		if want := (Import{Tool: "bifrost", File: file, DryRun: true}); err != nil || cmd.Name != "import" || cmd.Import != want || cmd.Flags.AppDir != dir {
			t.Errorf("desktop %v: %+v, %v", desktop, cmd, err)
		}
	}
}

func TestImportWhereHeimdallRuns(t *testing.T) {
	dir := t.TempDir()
	defer mustHold(t, dir)()
	if err := (instance{PID: 7, Address: "http://127.0.0.1:8080"}).publish(dir); err != nil {
		t.Fatal(err)
	}
	_, err := importing(t, "claude-code-router", foreignFile(t, t.TempDir()), "--app-dir", dir)
	if err == nil || !strings.Contains(err.Error(), "process 7") || !strings.Contains(err.Error(), "quit it") {
		t.Errorf("%v", err)
	}
}

func TestImportFindsTheFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the home folder is not where HOME says")
	}
	home := t.TempDir()
	t.Setenv("HOME", home)
	_, err := importing(t, "claude-code-router", "--app-dir", t.TempDir())
	if place := filepath.Join(home, ".claude-code-router", "config.json"); err == nil || !strings.Contains(err.Error(), place) {
		t.Errorf("%v, want one that names %s", err, place)
	}
	file := foreignFile(t, filepath.Join(home, ".claude-code-router"))
	if said, err := importing(t, "claude-code-router", "--app-dir", t.TempDir()); err != nil || !strings.HasPrefix(said, "Imported "+file) {
		t.Errorf("%v\n%s", err, said)
	}
}

func TestImportOfGarbage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte("model_list:\n  - [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := importing(t, "litellm", file, "--app-dir", t.TempDir()); err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "line ") {
		t.Errorf("%v", err)
	}
	if _, err := ParseCommand([]string{"import", "excel"}, false, io.Discard); err == nil || !strings.Contains(err.Error(), "bifrost") {
		t.Errorf("an unknown tool: %v", err)
	}
}
