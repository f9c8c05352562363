package keychain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestALostRecordLosesNoKeys(t *testing.T) {
	dir := t.TempDir()
	mustSet(t, quick(dir, env()), "a", "kept")
	s, choice, err := Open(Options{Dir: dir, Service: "heimdall", Env: env()})
	if err != nil || choice.Kind != KindFile {
		t.Fatalf("Open = %+v, %v", choice, err)
	}
	wantValue(t, s, "a", "kept")
}

func TestADamagedRecordIsAnError(t *testing.T) {
	for _, text := range []string{"", "{", `{"kind":"cloud"}`} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, recordName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := Open(Options{Dir: dir, Service: "heimdall", Env: env()})
		if err == nil || !strings.Contains(err.Error(), "is damaged") {
			t.Errorf("record %q: error = %v", text, err)
		}
	}
}

// mute stores without keeping, as a keychain that only pretends to work does.
type mute struct{ *Mem }

func (mute) Get(string) (string, error) { return "", nil }

func TestProbeReadsBack(t *testing.T) {
	wantError(t, probe(mute{NewMem()}), ErrUnavailable, "something else")
}
