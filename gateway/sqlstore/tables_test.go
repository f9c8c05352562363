package sqlstore

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadTables(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other #1.db")
	db, err := sql.Open("sqlite", dsn(path, "immediate"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`CREATE TABLE a (id INTEGER, name TEXT, on_ BOOLEAN, n REAL, none TEXT); CREATE TABLE b (id INTEGER);
		INSERT INTO a VALUES (1, 'x', 1, 0.5, NULL)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	got, err := ReadTables(t.Context(), path, "a", "b", "missing")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]map[string]any{"a": {{"id": int64(1), "name": "x", "on_": int64(1), "n": 0.5, "none": nil}}, "b": {}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if after, _ := os.ReadFile(path); string(before) != string(after) {
		t.Error("reading changed the file")
	}
}

func TestReadTablesOfNoDatabase(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadTables(t.Context(), path, "a"); err == nil || !strings.Contains(err.Error(), "is no SQLite database") {
		t.Errorf("a text file: %v", err)
	}
	if _, err := ReadTables(t.Context(), filepath.Join(dir, "none.db"), "a"); !os.IsNotExist(err) {
		t.Errorf("a missing file: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("reading made files: %v", entries)
	}
}
