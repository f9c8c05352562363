package sqlstore

import (
	"path/filepath"
	"testing"

	"heimdall/gateway/config"
	"heimdall/gateway/observe"
	"heimdall/gateway/storetest"
)

func TestConfig(t *testing.T) {
	storetest.Config(t, func(t *testing.T, dir string) config.Store { return openConfig(t, filepath.Join(dir, "config.db")) })
}

func TestLogs(t *testing.T) {
	storetest.Logs(t, func(t *testing.T, dir string) observe.Store { return openLogs(t, filepath.Join(dir, "logs.db")) })
}

func openConfig(t testing.TB, path string) *Config {
	t.Helper()
	c, err := OpenConfig(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func openLogs(t testing.TB, path string) *Logs {
	t.Helper()
	l, err := OpenLogs(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}
