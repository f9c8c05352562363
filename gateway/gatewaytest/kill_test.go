package gatewaytest

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"heimdall/gateway/observe"
	"heimdall/gateway/sqlstore"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// victim is where a child process has its app folder; it is set for that process only.
const victim = "HEIMDALL_TEST_VICTIM"

// TestVictim is the child of TestKill: a gateway that runs until it is killed.
func TestVictim(t *testing.T) {
	dir := os.Getenv(victim)
	if dir == "" {
		t.Skip("only TestKill starts it")
	}
	g := Start(t, Options{Dir: dir, Script: func(*transport.Request) fake.Reply { return answers(chatAnswer) }})
	fmt.Println("listening", g.URL)
	_, _ = io.Copy(io.Discard, os.Stdin) // ends with the parent
}

// lossSeconds is what a kill may cost: the log is written every fifth of a second, and the machine may be busy.
const lossSeconds = 2

// A gateway that is killed while it works loses the last moments of its log and nothing else, whenever it happens.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Parallel()
	for round := range 3 {
		t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			answered, killed := loadAndKill(t, dir, time.Duration(600+437*round)*time.Millisecond)
			have := rowsOf(t, filepath.Join(dir, "logs.db"))
			old, lost := 0, 0
			for id, at := range answered {
				if killed.Sub(at) > lossSeconds*time.Second {
					old++
					if !have[id] {
						lost++
					}
				}
			}
			t.Logf("%d of %d requests were answered long before the kill, the log has %d", old, len(answered), len(have))
			if lost > 0 {
				t.Errorf("%d of %d rows that should have been written are lost", lost, old)
			}
			if len(have) == 0 {
				t.Error("nothing was written at all")
			}
		})
	}
}

// loadAndKill starts a gateway, sends it requests and kills it that long after its third second.
func loadAndKill(t *testing.T, dir string, after time.Duration) (answered map[string]time.Time, killed time.Time) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run", "^TestVictim$", "-test.v")
	child.Env = append(os.Environ(), victim+"="+dir)
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Process.Kill(); _ = child.Wait() }()
	url := ""
	for lines := bufio.NewScanner(out); url == "" && lines.Scan(); {
		url, _ = strings.CutPrefix(strings.TrimSpace(lines.Text()), "listening ")
		if !strings.HasPrefix(url, "http") {
			url = ""
		}
	}
	if url == "" {
		t.Fatal("the child did not start")
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()

	answered = map[string]time.Time{}
	var mu sync.Mutex
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if id := ask(ctx, url); id != "" {
					mu.Lock()
					answered[id] = time.Now()
					mu.Unlock()
				}
			}
		})
	}
	<-time.After(3*time.Second + after)
	killed = time.Now()
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	stop()
	wg.Wait()
	return answered, killed
}

// ask sends a request and gives its id, "" where there was no answer.
func ask(ctx context.Context, url string) string {
	r, err := http.NewRequestWithContext(ctx, "POST", url+"/openai/chat/completions", strings.NewReader(chatRequest))
	if err != nil {
		return ""
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 {
		return ""
	}
	return resp.Header.Get("X-Request-Id")
}

// rowsOf opens a log that a kill left behind, as the next start does, and gives the ids in it. What is in it must be whole.
func rowsOf(t *testing.T, path string) map[string]bool {
	t.Helper()
	l, err := sqlstore.OpenLogs(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	have := map[string]bool{}
	for offset := 0; ; offset += 1000 {
		page, err := l.Search(t.Context(), observe.Query{Limit: 1000, Offset: offset})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			have[r.ID] = true
		}
		if len(page.Records) < 1000 {
			if int64(len(have)) != page.Total {
				t.Errorf("%d rows, but %d are counted", len(have), page.Total)
			}
			break
		}
	}
	for id := range have {
		if r, err := l.Get(t.Context(), id); err != nil || string(r.Request.Data) != chatRequest || string(r.Response.Data) != chatAnswer {
			t.Fatalf("row %s: %v", id, err)
		}
		break
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity: %s %v", verdict, err)
	}
	return have
}
