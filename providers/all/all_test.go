package all_test

import (
	"os/exec"
	"slices"
	"testing"

	"heimdall/providers/all"
)

// TestFresh fails where a provider's folder is missing from the list.
func TestFresh(t *testing.T) {
	cmd := exec.Command("go", "run", "./build/tools/providers", "-check")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestListIsSortedAndNew(t *testing.T) {
	var names []string
	again := all.List()
	for i, p := range all.List() {
		names = append(names, p.Info().Name)
		if p == again[i] {
			t.Errorf("%s is shared between two lists", names[i])
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("names %v: want each once, sorted", names)
	}
}

func TestDialects(t *testing.T) {
	for name, d := range all.Dialects() {
		if d.Name != name || d.Server == nil || d.Client == nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
}
