package keychain

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func env(pairs ...string) func(string) string {
	values := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return values[name] }
}

// quick is a file store whose passphrase costs little.
func quick(dir string, env func(string) string) *fileStore {
	f := newFileStore(dir, env)
	f.work = 2
	return f
}

func mustSet(t *testing.T, s Store, name, value string) {
	t.Helper()
	if err := s.Set(name, value); err != nil {
		t.Fatal(err)
	}
}

func wantValue(t *testing.T, s Store, name, want string) {
	t.Helper()
	if got, err := s.Get(name); err != nil || got != want {
		t.Errorf("Get(%s) = %q, %v; want %q", name, got, err, want)
	}
}

func wantError(t *testing.T, err, want error, words string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error = %v; want one that is %v", err, want)
	} else if !strings.Contains(err.Error(), words) {
		t.Errorf("error = %q; want the words %q", err, words)
	}
}

// storeLaws hold for every store.
func storeLaws(t *testing.T, s Store) {
	t.Helper()
	_, err := s.Get("a")
	wantError(t, err, ErrNotFound, "a")
	for _, value := range []string{"one", "two", "", "lines\nand \"quotes\" and äöü and \x00\xff", strings.Repeat("x", 2500)} {
		mustSet(t, s, "a", value)
		wantValue(t, s, "a", value)
	}
	mustSet(t, s, "b", "other")
	for range 2 { // what is not there is deleted already
		if err := s.Delete("a"); err != nil {
			t.Errorf("Delete = %v", err)
		}
	}
	_, err = s.Get("a")
	wantError(t, err, ErrNotFound, "a")
	wantValue(t, s, "b", "other")

	var wait sync.WaitGroup
	for _, name := range []string{"p", "q", "r", "s"} {
		wait.Go(func() {
			if err := s.Set(name, name); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for _, name := range []string{"p", "q", "r", "s"} {
		wantValue(t, s, name, name)
	}
}

func TestMem(t *testing.T) { storeLaws(t, NewMem()) }

func TestFile(t *testing.T) {
	phraseFile := filepath.Join(t.TempDir(), "phrase")
	if err := os.WriteFile(phraseFile, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		env   func(string) string
		files []string
	}{
		"identity":        {env(), []string{secretsName, identityName}},
		"passphrase":      {env(passphraseVar, "open"), []string{secretsName}},
		"passphrase file": {env(passphraseFileVar, phraseFile), []string{secretsName}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			storeLaws(t, quick(dir, tc.env))
			wantValue(t, quick(dir, tc.env), "b", "other") // a later run
			wantFiles(t, dir, tc.files...)
			wantNoFileWith(t, dir, "other")
		})
	}
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v; want 0600", e.Name(), info.Mode(), err)
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("files = %v; want %v", got, want)
	}
}

func wantNoFileWith(t *testing.T, dir, secret string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), secret) {
			t.Errorf("%s holds the secret", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestFileThatDoesNotOpen(t *testing.T) {
	withPhrase := env(passphraseVar, "right")
	for name, tc := range map[string]struct {
		made   func(string) string
		env    func(string) string
		damage func(t *testing.T, dir string)
		want   error
		words  string
	}{
		"wrong passphrase":        {withPhrase, env(passphraseVar, "wrong"), nil, ErrLocked, "passphrase is wrong; set HEIMDALL_PASSPHRASE"},
		"no passphrase":           {withPhrase, env(), nil, ErrLocked, "needs its passphrase; set HEIMDALL_PASSPHRASE"},
		"no such passphrase file": {withPhrase, env(passphraseFileVar, "missing"), nil, ErrLocked, "HEIMDALL_PASSPHRASE_FILE"},
		"empty passphrase file":   {withPhrase, env(passphraseFileVar, os.DevNull), nil, ErrLocked, "is empty"},
		"no identity": {env(), env(), func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, identityName)); err != nil {
				t.Fatal(err)
			}
		}, ErrLocked, "put "},
		"another identity": {env(), env(), func(t *testing.T, dir string) {
			if _, err := newFileStore(dir, env()).makeIdentity(); err != nil {
				t.Fatal(err)
			}
		}, ErrLocked, "belongs to another"},
		"cut off": {env(), env(), func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, secretsName), 100); err != nil {
				t.Fatal(err)
			}
		}, ErrUnavailable, "is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			mustSet(t, quick(dir, tc.made), "a", "kept")
			if tc.damage != nil {
				tc.damage(t, dir)
			}
			before, err := os.ReadFile(filepath.Join(dir, secretsName))
			if err != nil {
				t.Fatal(err)
			}
			s := quick(dir, tc.env)
			_, err = s.Get("a")
			wantError(t, err, tc.want, tc.words)
			wantError(t, s.Set("b", "new"), tc.want, tc.words)
			wantError(t, s.Delete("a"), tc.want, tc.words)
			if after, _ := os.ReadFile(filepath.Join(dir, secretsName)); string(after) != string(before) {
				t.Error("the file was written over")
			}
		})
	}
}

func TestFileStaysSealedAsItWas(t *testing.T) {
	dir := t.TempDir()
	mustSet(t, quick(dir, env()), "a", "one")
	later := quick(dir, env(passphraseVar, "set later"))
	mustSet(t, later, "b", "two")
	wantValue(t, quick(dir, env()), "b", "two")
	if !strings.Contains(later.detail(), "ignores the one that is set now") {
		t.Errorf("detail = %q", later.detail())
	}
}

func TestFileSeesWhatAnotherWrote(t *testing.T) {
	dir := t.TempDir()
	first, second := quick(dir, env()), quick(dir, env())
	mustSet(t, first, "a", "one")
	wantValue(t, second, "a", "one")
	mustSet(t, second, "a", "three")
	wantValue(t, first, "a", "three")

	if err := os.Remove(filepath.Join(dir, secretsName)); err != nil {
		t.Fatal(err)
	}
	_, err := first.Get("a")
	wantError(t, err, ErrUnavailable, secretsName)
	wantError(t, first.Set("b", "new"), ErrUnavailable, secretsName)
}

func TestTooBigIsKnownByItsMethod(t *testing.T) {
	err := newOSStore("heimdall-test").Set("a", strings.Repeat("x", osLimit+1))
	wantError(t, err, ErrTooBig, "too big")
	var big interface{ TooBig() bool }
	if !errors.As(err, &big) || !big.TooBig() {
		t.Errorf("%v has no method TooBig that says so", err)
	}
}
