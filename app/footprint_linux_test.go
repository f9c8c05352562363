package app

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"
)

// fileMemory is how many kilobytes of files this process has in memory, its own program above all.
func fileMemory(t *testing.T) int {
	t.Helper()
	status, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "RssFile:"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(rest, "kB")))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Skip("this system does not say how much of files is in memory")
	return 0
}

func TestShrinkGivesBackTheProgram(t *testing.T) {
	before := fileMemory(t)
	shrink()
	after := fileMemory(t)
	t.Logf("%d kB, then %d kB", before, after)
	if after > before/2 {
		t.Errorf("of %d kB of files in memory %d kB are left", before, after)
	}
}
