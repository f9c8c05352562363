package sqlstore

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
)

const oldRecords = 25

// filled is a log of some megabytes in a folder of its own, closed.
func filled(t *testing.T) (path string) {
	path = filepath.Join(t.TempDir(), "logs.db")
	l := openLogs(t, path)
	for i := range oldRecords {
		appendRecord(t, l, fmt.Sprint("old ", i), 30_000)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func keeper(t *testing.T, path string) *observe.Keeper {
	t.Helper()
	k := observe.NewKeeper(t.Context(), KeepLogs(path, nil))
	t.Cleanup(func() { k.Close() })
	return k
}

func oneRecord(id string) []*exchange.Record {
	return []*exchange.Record{{ID: id, Time: time.Now(), Request: exchange.Body{Data: []byte("after"), Size: 5}}}
}

// readAll reads all there is, which finds what is damaged.
func readAll(k *observe.Keeper) error {
	for i := range oldRecords {
		if _, err := k.Get(context.Background(), fmt.Sprint("old ", i)); err != nil && !strings.Contains(err.Error(), observe.ErrNotFound.Error()) {
			return err
		}
	}
	_, err := k.Search(context.Background(), observe.Query{Limit: 1000})
	return err
}

// TestDamagedFiles damages a file before it is opened and while it is open. Whatever is found, and whenever: records are
// written from then on, and the old file is still there, as it was found.
func TestDamagedFiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, damage := range map[string]func(t *testing.T, path string, size int64){
		"garbage": func(t *testing.T, path string, size int64) {
			overwrite(t, path, 0, bytes.Repeat([]byte("no database "), int(size/12)))
		},
		"garbage at the beginning": func(t *testing.T, path string, _ int64) { overwrite(t, path, 0, noise(random, 4096)) },
		"the schema":               func(t *testing.T, path string, _ int64) { overwrite(t, path, 100, noise(random, 3900)) },
		"many pages": func(t *testing.T, path string, size int64) {
			for at := int64(4096 * 2); at+4096 < size; at += 4096 * 3 {
				overwrite(t, path, at, noise(random, 4096))
			}
		},
		"zeroes": func(t *testing.T, path string, size int64) { overwrite(t, path, 4096, make([]byte, size-4096)) },
		"half":   func(t *testing.T, path string, size int64) { truncate(t, path, size/2) },
		"a bit":  func(t *testing.T, path string, _ int64) { truncate(t, path, 5000) },
	} {
		for _, open := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, open %v", name, open), func(t *testing.T) {
				if open && runtime.GOOS == "windows" {
					t.Skip("an open file can't be changed by others")
				}
				path := filled(t)
				var k *observe.Keeper
				if open {
					k = keeper(t, path)
				}
				info, err := os.Stat(path)
				if err != nil {
					t.Fatal(err)
				}
				damage(t, path, info.Size())
				if !open {
					k = keeper(t, path)
				}
				if err := readAll(k); err != nil {
					t.Errorf("read: %v", err)
				}
				for i := range 5 {
					if err := k.Append(t.Context(), oneRecord(fmt.Sprint("new ", i))); err != nil {
						t.Fatalf("append: %v", err)
					}
				}
				if err := readAll(k); err != nil {
					t.Errorf("read: %v", err)
				}
				if r, err := k.Get(t.Context(), "new 4"); err != nil || string(r.Request.Data) != "after" {
					t.Errorf("get: %v", err)
				}
				broken, _ := filepath.Glob(path + ".broken-*")
				if len(broken) == 0 && open { // what a connection has in memory may mend the file
					checkWhole(t, path, k)
					return
				}
				if len(broken) == 0 || !strings.Contains(k.Problem(), broken[0]) {
					t.Errorf("aside: %v; the problem is %q", broken, k.Problem())
				}
			})
		}
	}
}

// checkWhole checks that nothing is missing, now and after a restart.
func checkWhole(t *testing.T, path string, k *observe.Keeper) {
	t.Helper()
	for range 2 {
		p, err := k.Search(t.Context(), observe.Query{Limit: 1000})
		if err != nil || len(p.Records) != oldRecords+5 || k.Problem() != "" {
			t.Errorf("search: %d records, %v; the problem is %q", len(p.Records), err, k.Problem())
		}
		if err := k.Close(); err != nil {
			t.Error(err)
		}
		k = keeper(t, path)
	}
}

func noise(random *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

func overwrite(t *testing.T, path string, at int64, data []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(data, at); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

// What is only in the way is waited for, and stays where it is.
func TestFilesInTheWay(t *testing.T) {
	dir := t.TempDir()
	inTheWay := filepath.Join(dir, "a folder")
	if err := os.Mkdir(inTheWay, 0o700); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	l := openLogs(t, newer)
	if _, err := l.write.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)"); err != nil {
		t.Fatal(err)
	}
	l.Close()
	for path, want := range map[string]string{
		inTheWay:                              "is a directory",
		newer:                                 "a newer version of Heimdall",
		filepath.Join(dir, "none", "logs.db"): "no such file",
	} {
		k := keeper(t, path)
		if err := k.Append(t.Context(), oneRecord("a")); err == nil || !strings.Contains(k.Problem(), want) {
			t.Errorf("%s: append: %v; the problem is %q, want %q", path, err, k.Problem(), want)
		}
	}
	if broken, _ := filepath.Glob(filepath.Join(dir, "*broken*")); len(broken) > 0 {
		t.Errorf("moved aside: %v", broken)
	}
}

// TestLockedFile has another program hold the file: reading goes on, writing fails and works again.
func TestLockedFile(t *testing.T) {
	path := filled(t)
	o := KeepLogs(path, nil)
	open := o.Open
	o.Open = func(ctx context.Context) (observe.Opened, error) {
		s, err := open(ctx)
		if err == nil {
			_, err = s.(*Logs).write.ExecContext(ctx, "PRAGMA busy_timeout(10)") // five seconds are long for a test
		}
		return s, err
	}
	k := observe.NewKeeper(t.Context(), o)
	t.Cleanup(func() { k.Close() })
	tx, err := openLogs(t, path).write.BeginTx(t.Context(), nil) // which takes the lock
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Append(t.Context(), oneRecord("a")); err == nil || !strings.Contains(k.Problem(), "locked") {
		t.Errorf("append: %v; the problem is %q", err, k.Problem())
	}
	if p, err := k.Search(t.Context(), observe.Query{}); err != nil || p.Total != oldRecords {
		t.Errorf("search: %d records, %v", p.Total, err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := k.Append(t.Context(), oneRecord("a")); err != nil || k.Problem() != "" {
		t.Errorf("append: %v; the problem is %q", err, k.Problem())
	}
}

// TestFullDisk has the file reach the most pages that it may have, which SQLite says as it says that a disk is full.
func TestFullDisk(t *testing.T) {
	path := filled(t)
	var l *Logs
	o := KeepLogs(path, nil)
	open := o.Open
	o.Open = func(ctx context.Context) (observe.Opened, error) {
		s, err := open(ctx)
		if err == nil {
			l = s.(*Logs)
		}
		return s, err
	}
	k := observe.NewKeeper(t.Context(), o)
	t.Cleanup(func() { k.Close() })
	limit := func(pages int) {
		t.Helper()
		if _, err := l.write.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count(%d)", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // no less than there are
	big := oneRecord("a")
	big[0].Request.Data = noise(rand.New(rand.NewPCG(1, 2)), 1<<20)
	if err := k.Append(t.Context(), big); err == nil || !strings.Contains(k.Problem(), "full") {
		t.Errorf("append: %v; the problem is %q", err, k.Problem())
	}
	if p, err := k.Search(t.Context(), observe.Query{}); err != nil || p.Total != oldRecords {
		t.Errorf("search: %d records, %v", p.Total, err)
	}
	limit(1 << 30)
	if err := k.Append(t.Context(), big); err != nil || k.Problem() != "" {
		t.Errorf("append: %v; the problem is %q", err, k.Problem())
	}
	if broken, _ := filepath.Glob(path + ".broken-*"); len(broken) > 0 {
		t.Errorf("moved aside: %v", broken)
	}
}

// TestReadOnlyFile has SQLite refuse to write, as it does on a file system that is mounted so.
func TestReadOnlyFile(t *testing.T) {
	path := filled(t)
	var l *Logs
	o := KeepLogs(path, nil)
	open := o.Open
	o.Open = func(ctx context.Context) (observe.Opened, error) {
		s, err := open(ctx)
		if err == nil {
			l = s.(*Logs)
		}
		return s, err
	}
	k := observe.NewKeeper(t.Context(), o)
	t.Cleanup(func() { k.Close() })
	readOnly := func(is string) {
		t.Helper()
		if _, err := l.write.ExecContext(t.Context(), "PRAGMA query_only="+is); err != nil {
			t.Fatal(err)
		}
	}
	readOnly("on")
	if err := k.Append(t.Context(), oneRecord("a")); err == nil || !strings.Contains(k.Problem(), "readonly") {
		t.Errorf("append: %v; the problem is %q", err, k.Problem())
	}
	if p, err := k.Search(t.Context(), observe.Query{}); err != nil || p.Total != oldRecords {
		t.Errorf("search: %d records, %v", p.Total, err)
	}
	readOnly("off")
	if err := k.Append(t.Context(), oneRecord("a")); err != nil || k.Problem() != "" {
		t.Errorf("append: %v; the problem is %q", err, k.Problem())
	}
	if broken, _ := filepath.Glob(path + ".broken-*"); len(broken) > 0 {
		t.Errorf("moved aside: %v", broken)
	}
}
