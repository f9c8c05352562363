//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

const (
	mb = 1 << 20
	// closedLimit is what the app may take with its window ended.
	closedLimit = 50 * mb
)

// TestFootprintWithTheWindowEnded opens the window, uses it, closes it and lets it fall asleep at once. It runs in a
// session of its own: in one where programs with GTK ran before, a new one loads less.
func TestFootprintWithTheWindowEnded(t *testing.T) {
	shared := desk
	t.Cleanup(func() { desk = shared })
	fresh, err := newWorld()
	if fresh != nil {
		t.Cleanup(fresh.close)
	}
	if err != nil {
		t.Fatal(err)
	}
	desk = fresh
	tray := desk.tray(t)
	begin := time.Now()
	p := start(t, "--hidden")
	t.Logf("start to first answer, as seen by polling: %v", time.Since(begin).Round(time.Millisecond))
	if status, body := p.api(http.MethodPut, "/api/config", `{"settings":{"window_idle_minutes":0}}`); status/100 != 2 {
		t.Fatalf("set the idle time: %d %s", status, body)
	}
	t.Logf("never opened: %.1f MB", float64(p.memory())/mb)
	begin = time.Now()
	click(t, tray, openLabel)
	eventually(t, pageLimit, "the window shows the page", func() error { return desk.page.shows("Overview") })
	t.Logf("click to page: %v; open: %.1f MB", time.Since(begin).Round(time.Millisecond), float64(p.memory())/mb)
	desk.closeWindow(t)
	eventually(t, soon, "the window ends", p.alone)
	eventually(t, soon, "the memory is small", func() error {
		if m := p.memory(); m >= closedLimit {
			return fmt.Errorf("%.1f MB", float64(m)/mb)
		}
		return nil
	})
	t.Logf("window ended: %.1f MB", float64(p.memory())/mb)
	click(t, tray, openLabel)
	eventually(t, pageLimit, "it opens again", func() error { return desk.page.shows("Overview") })
}
