package gatewaytest

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"heimdall/gateway/admin"
)

// writeConfig writes a config.json beside the app folder, so that what is searched in the folder is the gateway's own.
func writeConfig(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// JSON asks the management API and decodes its answer.
func (g *Gateway) JSON(method, path, body string, to any) {
	g.t.Helper()
	a := g.Do(method, path, body)
	if a.Status != 200 {
		g.t.Fatalf("%s %s: %d %s", method, path, a.Status, a.Body)
	}
	if to == nil {
		return
	}
	if err := json.Unmarshal([]byte(a.Body), to); err != nil {
		g.t.Fatalf("%s %s: %v in %s", method, path, err, a.Body)
	}
}

// Rows are the rows of the log, the oldest first, once none of them is in flight.
func (g *Gateway) Rows() []admin.LogEntry {
	g.t.Helper()
	var list admin.Logs
	Eventually(g.t, "every request ends", func() bool {
		list = admin.Logs{}
		g.JSON("GET", "/api/logs?limit=1000&sort_by=timestamp&order=asc", "", &list)
		return !slices.ContainsFunc(list.Logs, func(e admin.LogEntry) bool { return e.Status == "processing" })
	})
	return list.Logs
}

// Detail is one row of the log with everything that is known of it.
func (g *Gateway) Detail(id string) admin.LogDetail {
	g.t.Helper()
	var d admin.LogDetail
	g.JSON("GET", "/api/logs/"+id, "", &d)
	return d
}

// Events is a listener of the live channel.
type Events struct {
	g      *Gateway
	frames chan admin.Frame
	seen   []admin.Frame
	Text   *Log // everything that came
}

// Listen opens the live channel and waits for its first event.
func (g *Gateway) Listen() *Events {
	g.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	g.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", g.URL+"/api/events", nil)
	if err != nil {
		g.t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: client.Transport}).Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	e := &Events{g: g, frames: make(chan admin.Frame, 4096), Text: &Log{}}
	go func() {
		defer close(e.frames)
		defer resp.Body.Close()
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			_, _ = e.Text.Write(append(lines.Bytes(), '\n'))
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			var f admin.Frame
			if ok && json.Unmarshal([]byte(data), &f) == nil {
				e.frames <- f
			}
		}
	}()
	first, ok := <-e.frames
	if !ok || first.Type != "gateway" {
		g.t.Fatalf("the first event is %+v", first)
	}
	return e
}

// Settled gives every event so far: it provokes one last event and reads up to it.
func (e *Events) Settled() []admin.Frame {
	e.g.t.Helper()
	const marker = "http://marker.test"
	e.g.Do("GET", "/api/version", "", "Origin", marker)
	for f := range e.frames {
		if f.Type == "refused" && f.Refused.Origin == marker {
			return e.seen
		}
		e.seen = append(e.seen, f)
	}
	e.g.t.Fatal("the event stream ended")
	return nil
}
