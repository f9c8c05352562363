package admin

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
)

// file reads an answer that is kept as it is.
func file(w *world, target string) (string, *exchange.Reply) {
	w.t.Helper()
	r, err := w.send(w.t.Context(), "GET", target, "", fields{})
	if err != nil {
		w.t.Fatalf("%s: %v", target, err)
	}
	data, err := io.ReadAll(r.Stream)
	if err != nil {
		w.t.Fatalf("%s: %v", target, err)
	}
	if err := r.Stream.Close(); err != nil {
		w.t.Fatal(err)
	}
	return string(data), r
}

// exported is a log of n rows, two at each moment, that hold a secret where a client sent one.
func exported(t *testing.T, n int) *world {
	w := newWorld(t, config.Fixed{})
	for i := range n {
		r := finished(fmt.Sprintf("%05d", n-i))
		r.Time = r.Time.Add(-time.Duration(i/2) * time.Second)
		r.Request, r.Answer = body4(chatRequest), exchange.Body{Data: []byte(chatAnswer), Size: int64(len(chatAnswer)) + 5}
		r.Header = []byte("Authorization: Bearer " + canary + "\r\nContent-Type: application/json; charset=utf-8\r\n")
		r.ResponseHeader = []byte("Content-Type: application/json\r\n")
		r.SessionID = `=HYPERLINK("x","a,b")`
		w.journal.records = append(w.journal.records, r)
	}
	return w
}

func TestExportOfManyRows(t *testing.T) {
	const n = 3*exportPage + 7
	w := exported(t, n)
	for order, first := range map[string]string{"desc": fmt.Sprintf("%05d", n), "asc": "00001"} {
		text, _ := file(w, "/api/logs/export?order="+order)
		seen, lines := map[string]bool{}, strings.Split(strings.TrimSpace(text), "\n")
		for i, line := range lines {
			var e LogEntry
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			if seen[e.ID] = true; i == 0 && e.ID != first {
				t.Errorf("%s begins with %s", order, e.ID)
			}
		}
		if len(seen) != n || len(lines) != n {
			t.Errorf("%s: %d lines of %d rows", order, len(lines), len(seen))
		}
	}
	if text, _ := file(w, "/api/logs/export?limit=3"); strings.Count(text, "\n") != 3 {
		t.Errorf("limited: %s", text)
	}

	// More of one moment than a page has.
	for _, r := range w.journal.records {
		r.Time = w.journal.records[0].Time
	}
	if text, _ := file(w, "/api/logs/export"); strings.Count(text, "\n") != n {
		t.Errorf("of one moment: %d", strings.Count(text, "\n"))
	}
}

func TestExportIsMadeWhenItIsRead(t *testing.T) {
	w := exported(t, 3*exportPage)
	searches := 0
	w.Admin.Logs = &counting{w.journal, &searches}
	r, err := w.send(t.Context(), "GET", "/api/logs/export", "", fields{})
	if err != nil || searches != 0 {
		t.Fatalf("%d searches before a byte was read, %v", searches, err)
	}
	if _, err := io.ReadFull(r.Stream, make([]byte, 1000)); err != nil || searches != 1 {
		t.Errorf("%d searches for the beginning, %v", searches, err)
	}
	r.Stream.Close()
	if n, err := r.Stream.Read(make([]byte, 1<<20)); n == 1<<20 || err != nil && err != io.EOF {
		t.Errorf("after it was closed: %d, %v", n, err)
	}
}

func TestExportJSON(t *testing.T) {
	w := exported(t, 1)
	text, r := file(w, "/api/logs/export?bodies=true")
	var d LogDetail
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	if d.RawRequest.Text != chatRequest || !d.ClientResponse.Cut || strings.Contains(text, canary) {
		t.Errorf("%s", text)
	}
	if r.ContentType != "application/x-ndjson" || !strings.Contains(r.Header[0].Value, `.jsonl"`) {
		t.Errorf("%+v", r)
	}
	if text, _ := file(w, "/api/logs/export"); strings.Contains(text, "raw_request") || strings.Contains(text, "hello") {
		t.Errorf("bodies without being asked: %s", text)
	}
}

func TestExportCSV(t *testing.T) {
	w := exported(t, 2)
	text, r := file(w, "/api/logs/export?format=csv&bodies=true")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	cell := map[string]string{}
	for i, name := range rows[0] {
		cell[name] = rows[1][i]
	}
	for name, want := range map[string]string{
		"id": "00002", "timestamp": "2026-01-02T03:04:05Z", "latency_ms": "1500", "prompt_tokens": "10", "cost_usd": "", "stream": "false",
		"session_id": `'=HYPERLINK("x","a,b")`, "raw_request": chatRequest, "client_response": chatAnswer, "cut": "client_response",
	} {
		if cell[name] != want {
			t.Errorf("%s is %q, want %q", name, cell[name], want)
		}
	}
	if strings.Contains(text, canary) || r.ContentType != "text/csv; charset=utf-8" {
		t.Errorf("%s: %s", r.ContentType, text)
	}
	if text, _ := file(w, "/api/logs/export?format=csv"); strings.Contains(text, "raw_request") {
		t.Errorf("%s", text)
	}
}

func TestExportHAR(t *testing.T) {
	w := exported(t, 2)
	text, _ := file(w, "/api/logs/export?format=har&bodies=true")
	var har struct {
		Log struct {
			Version string
			Creator struct{ Name, Version string }
			Entries []harEntry
		}
	}
	if err := json.Unmarshal([]byte(text), &har); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if len(har.Log.Entries) != 2 || har.Log.Version != "1.2" || har.Log.Creator.Version != "0.1.0" || strings.Contains(text, canary) {
		t.Errorf("%s", text)
	}
	e := har.Log.Entries[0]
	want := harEntry{
		Started: "2026-01-02T03:04:05Z", Time: 1500, Timings: harTimings{Wait: 200, Receive: 1300}, Comment: "alpha/a-1",
		Request: harRequest{
			URL: "http://127.0.0.1:8080", HTTPVersion: "HTTP/1.1", Cookies: []harNamed{}, QueryString: []harNamed{}, HeadersSize: -1, BodySize: int64(len(chatRequest)),
			Headers:  []harNamed{{"Authorization", "***"}, {"Content-Type", "application/json; charset=utf-8"}},
			PostData: &harPost{MimeType: "application/json; charset=utf-8", Params: []harNamed{}, Text: chatRequest},
		},
		Response: harResponse{
			Status: 200, StatusText: "OK", HTTPVersion: "HTTP/1.1", Cookies: []harNamed{}, Headers: []harNamed{{"Content-Type", "application/json"}}, HeadersSize: -1,
			BodySize: int64(len(chatAnswer)) + 5, Content: harContent{Size: int64(len(chatAnswer)) + 5, MimeType: "application/json", Text: chatAnswer, Comment: "the log kept only the beginning"},
		},
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
	// What the standard demands is there, also where it is empty.
	for _, member := range []string{`"cache":{}`, `"cookies":[]`, `"redirectURL":""`, `"queryString":[]`, `"send":0`} {
		if !strings.Contains(text, member) {
			t.Errorf("%s is missing", member)
		}
	}
	w.journal.records = nil
	if text, _ := file(w, "/api/logs/export?format=har"); json.Unmarshal([]byte(text), &har) != nil || len(har.Log.Entries) != 0 {
		t.Errorf("of nothing: %s", text)
	}
}

func TestExportRefuses(t *testing.T) {
	w := exported(t, 1)
	for query, param := range map[string]string{"format=xml": "format", "bodies=perhaps": "bodies", "order=up": "order", "limit=0": "limit", "sort_by=cost": "sort_by", "offset=1": "offset"} {
		w.fail("GET", "/api/logs/export?"+query, "", 400, param)
	}
}

func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("there is no curl")
	}
	var got []byte
	var header http.Header
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		header = r.Header
		if r.Method != "POST" || r.URL.Path != "/v1/chat/completions" {
			got = []byte(r.Method + r.URL.Path)
		}
	}))
	defer server.Close()
	run := func(w *world, body string, change func(*exchange.Record)) {
		t.Helper()
		w.port.state.Address = server.URL
		r := finished("a")
		r.Method, r.Path, r.Request = "POST", "/v1/chat/completions", body4(body)
		r.Header = []byte("X-Api-Key: " + canary + "\r\nX-`touch pwned`-Key: s\r\nContent-Type: application/json\r\nX-Note: it's $HOME `id`\r\nHost: x\r\nContent-Length: 3\r\nUser-Agent: tool\r\n")
		change(r)
		w.journal.records = []*exchange.Record{r}
		reply, err := w.send(t.Context(), "GET", "/api/logs/a/curl", "", fields{})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(reply.Body), canary) || !strings.HasPrefix(reply.ContentType, "text/plain") {
			t.Errorf("%s %s", reply.ContentType, reply.Body)
		}
		c := exec.Command("sh")
		c.Stdin = bytes.NewReader(reply.Body)
		c.Env, c.Dir = []string{"HEIMDALL_KEY=sk-mine", "PATH=" + curl[:strings.LastIndex(curl, "/")] + ":/usr/bin:/bin"}, t.TempDir()
		got, header = nil, nil
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %.300s\n%.300s", err, out, reply.Body)
		}
		if string(got) != body {
			t.Errorf("sent %.300q, want %.300q by\n%.300s", got, body, reply.Body)
		}
	}
	w := newWorld(t, config.Fixed{})
	for _, body := range []string{
		`{"a":"it's \"quoted\" \\n $HOME %s %% ` + "`id`" + ` é 😀"}` + "\n\n", "-n", "@/etc/passwd", "", "zero \x00 and \xff", strings.Repeat("long", 100_000),
	} {
		run(w, body, func(*exchange.Record) {})
		if header.Get("X-Note") != "it's $HOME `id`" || header.Get("Content-Type") != "application/json" || header.Get("X-Api-Key") != "" || header.Get("User-Agent") == "tool" {
			t.Errorf("header: %v", header)
		}
	}
	run(w, "{}", func(r *exchange.Record) { r.Identity.VirtualKeyID = "vk" })
	if header.Get("X-Api-Key") != "sk-mine" {
		t.Errorf("with a virtual key: %v", header)
	}
	run(w, "{}", func(r *exchange.Record) { // a name that a shell would run is not repeated
		r.Identity.VirtualKeyID, r.Header = "vk", []byte("X-`exit`-Auth: s\r\n")
	})
	if header.Get("Authorization") != "Bearer sk-mine" {
		t.Errorf("with a name that means something to a shell: %v", header)
	}
	run(w, "{}", func(r *exchange.Record) { r.Identity.VirtualKeyID, r.Header = "vk", nil })
	if header.Get("Authorization") != "Bearer sk-mine" || header.Get("Content-Type") != "application/json" {
		t.Errorf("without a header: %v", header)
	}
}

func TestCurlForPowerShell(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	r := finished("a")
	r.Method, r.Path, r.Request, r.Identity.VirtualKeyID = "POST", "/v1/x", body4(`{"a":1}`), "vk"
	r.Header = []byte("Authorization: Bearer " + canary + "\r\nContent-Type: text/json\r\nX-Note: it’s 'so'\r\n")
	w.journal.records = []*exchange.Record{r}
	reply, err := w.send(t.Context(), "GET", "/api/logs/a/curl?shell=powershell", "", fields{})
	if err != nil {
		t.Fatal(err)
	}
	want := `$headers = @{
  'Authorization' = "Bearer $env:HEIMDALL_KEY"
  'X-Note' = 'it’’s ''so'''
}
$body = [Convert]::FromBase64String('eyJhIjoxfQ==')
(Invoke-WebRequest -UseBasicParsing -Method POST -Uri 'http://127.0.0.1:8080/v1/x' -Headers $headers -ContentType 'text/json' -Body $body).Content
`
	if diff := cmp.Diff(want, string(reply.Body)); diff != "" {
		t.Error(diff)
	}
}

func TestCurlRefuses(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	cut, gone := finished("cut"), finished("gone")
	cut.Request, gone.Request = exchange.Body{Data: []byte("{"), Size: 9}, exchange.Body{Size: 9}
	w.journal.records = []*exchange.Record{cut, gone}
	w.Hub.Begin(record("live"))
	for target, status := range map[string]int{"cut/curl": 409, "gone/curl": 409, "live/curl": 409, "none/curl": 404} {
		w.fail("GET", "/api/logs/"+target, "", status, "")
	}
	w.fail("GET", "/api/logs/cut/curl?shell=fish", "", 400, "shell")
}

// counting counts the searches of a log.
type counting struct {
	*journal
	searches *int
}

func (c *counting) Search(ctx context.Context, q observe.Query) (observe.Page, error) {
	*c.searches++
	return c.journal.Search(ctx, q)
}
