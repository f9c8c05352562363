package gatewaytest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"heimdall/gateway/admin"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// TestLogWithoutAPlace: where the log cannot be written everything else works, the page says why, and what waited is
// written as soon as it can be.
func TestLogWithoutAPlace(t *testing.T) {
	t.Parallel()
	place := filepath.Join(t.TempDir(), "away")
	path := filepath.Join(place, "logs.db")
	g := Start(t, Options{Config: strings.TrimSuffix(Config, "}") + `,"logs_store":{"enabled":true,"type":"sqlite","config":{"path":"` + path + `"}}}`,
		Script: func(*transport.Request) fake.Reply { return answers(chatAnswer) }})
	ask := func() {
		t.Helper()
		if a := g.Do("POST", "/openai/chat/completions", chatRequest); a.Status != 200 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	ask()
	var s admin.LogStorage
	g.JSON("GET", "/api/logs/storage", "", &s)
	if !strings.Contains(s.Problem, "no such file") || s.Path != path {
		t.Errorf("storage: %+v", s)
	}
	if a := g.Do("GET", "/api/logs", ""); a.Status != 503 || !strings.Contains(a.Body, "no such file") {
		t.Errorf("the log: %d %s", a.Status, a.Body)
	}
	if a := g.Do("GET", "/health", ""); a.Status != 200 {
		t.Errorf("health: %d %s", a.Status, a.Body)
	}
	if err := os.Mkdir(place, 0o700); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "the log is opened", func() bool {
		s = admin.LogStorage{}
		g.JSON("GET", "/api/logs/storage", "", &s)
		return s.Problem == ""
	})
	ask()
	if rows := g.Rows(); len(rows) != 2 || s.DroppedRows != 0 {
		t.Errorf("%d rows; %+v", len(rows), s)
	}
}
