package sqlstore

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
	"heimdall/providers/catalog"
	"heimdall/providers/llm"
)

func TestFilesAreTheOwnersOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no file modes; the folder's access list protects the files")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "logs.db")
	if err := os.WriteFile(path, nil, 0o644); err != nil { // from a careless copy, say
		t.Fatal(err)
	}
	appendRecord(t, openLogs(t, path), "a", 1000)
	c := openConfig(t, filepath.Join(dir, "config.db"))
	if _, err := c.Apply(t.Context(), 0, []config.Entity{{Kind: "key", ID: "a", Data: []byte("1")}}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 4 {
		t.Fatalf("files %v, %v; want both databases and what belongs to them", files, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o, want 600", filepath.Base(file), mode)
		}
	}
}

func TestAnyPath(t *testing.T) {
	for _, name := range []string{"with space", "per%20cent", "a#b", "ünï", "quo'te", "what?"} {
		if runtime.GOOS == "windows" && strings.Contains(name, "?") {
			continue
		}
		path := filepath.Join(t.TempDir(), name, "logs.db")
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		l := openLogs(t, path)
		appendRecord(t, l, "a", 10)
		if err := l.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: the data is not in that file: %v", name, err)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	newer := filepath.Join(dir, "newer.db")
	l := openLogs(t, newer)
	if _, err := l.write.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)"); err != nil {
		t.Fatal(err)
	}
	l.Close()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		newer:                              "a newer version of Heimdall wrote this database",
		garbage:                            "file is not a database",
		filepath.Join(dir, "none", "x.db"): "no such file",
	} {
		_, err := OpenLogs(t.Context(), path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("open: %v; want %q and the path", err, want)
		}
	}
}

func TestPruneShrinksTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.db")
	l := openLogs(t, path)
	const records, size = 100, 100_000
	for i := range records {
		appendRecord(t, l, fmt.Sprint(i), size)
	}
	const limit = records * size / 4
	if _, err := l.Prune(t.Context(), observe.Limits{MaxBytes: limit}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() > limit || info.Size() < limit/2 {
		t.Errorf("the file has %d bytes (%v), want just below %d", info.Size(), err, limit)
	}
}

// A new connection that writes has to have the settings of the first, which the file does not keep.
func TestSettings(t *testing.T) {
	l := openLogs(t, filepath.Join(t.TempDir(), "logs.db"))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "1", "auto_vacuum": "2"} {
		var got string
		if err := l.write.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", pragma, got, err, want)
		}
	}
	if _, err := l.read.ExecContext(t.Context(), "DELETE FROM logs"); err == nil {
		t.Error("a reading connection can write")
	}
}

// What the totals do not have yet keeps its labels.
func TestSweepKeepsNewLabels(t *testing.T) {
	l := openLogs(t, filepath.Join(t.TempDir(), "logs.db"))
	appendRecord(t, l, "a", 10)
	if err := l.store(t.Context(), l.sweepLabels); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Get(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

// The totals are what searches count with; nothing but the tests of all rows shows that they stay in step.
func TestTotalsStayInStep(t *testing.T) {
	l := openLogs(t, filepath.Join(t.TempDir(), "logs.db"))
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		var batch []*exchange.Record
		for range random.IntN(30) {
			batch = append(batch, &exchange.Record{
				ID: fmt.Sprint(random.IntN(300)), Time: at.Add(time.Duration(random.IntN(100)) * 20 * time.Minute),
				Provider: fmt.Sprint(random.IntN(3)), Status: exchange.StatusSuccess, Latency: time.Duration(random.IntN(1e9)), HasUsage: true, Usage: llm.Usage{Output: int64(random.IntN(9))},
				Cost: catalog.Cost{Known: random.IntN(2) == 0, Total: random.Float64()},
			})
		}
		if err := l.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		switch round % 3 {
		case 1:
			if err := l.Delete(t.Context(), []string{fmt.Sprint(random.IntN(300)), fmt.Sprint(random.IntN(300))}); err != nil {
				t.Fatal(err)
			}
		case 2:
			before := at.Add(time.Duration(round) * 10 * time.Minute)
			if _, err := l.Prune(t.Context(), observe.Limits{Before: before}); err != nil {
				t.Fatal(err)
			}
		}
		checkTotals(t, l)
	}
}

func checkTotals(t *testing.T, l *Logs) {
	t.Helper()
	if err := l.store(t.Context(), l.rollUp); err != nil {
		t.Fatal(err)
	}
	for width, micros := range map[int]string{1: "3600000000", 24: "86400000000"} {
		compareTotals(t, l, fmt.Sprintf("SELECT slot, labels, requests, latency, input, output, cost, unpriced FROM totals WHERE width = %d", width),
			"SELECT time / "+micros+`, labels, count(*), sum(latency), sum(coalesce(input, 0)), sum(coalesce(output, 0)), sum(coalesce(cost, 0)),
			sum(input IS NOT NULL AND cost IS NULL) FROM logs GROUP BY 1, 2`)
	}
}

func compareTotals(t *testing.T, l *Logs, counted, added string) {
	t.Helper()
	for _, q := range []string{counted + " EXCEPT " + added, added + " EXCEPT " + counted} {
		var n int
		if err := l.read.QueryRowContext(t.Context(), "SELECT count(*) FROM ("+q+")").Scan(&n); err != nil || n != 0 {
			t.Fatalf("%d totals differ from what the rows add up to (%v)", n, err)
		}
	}
}

func appendRecord(t testing.TB, l *Logs, id string, size int) {
	t.Helper()
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	r := &exchange.Record{ID: id, Time: time.Now(), Request: exchange.Body{Data: data, Size: int64(size)}}
	if err := l.Append(t.Context(), []*exchange.Record{r}); err != nil {
		t.Fatal(err)
	}
}
