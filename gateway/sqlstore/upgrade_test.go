package sqlstore

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

// oldLogs makes a file as the first version wrote it: n records, those of each ten in one block, every fifth an error.
func oldLogs(t *testing.T, n int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "logs.db")
	write, read, err := openSQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	exec := func(text string, args ...any) {
		t.Helper()
		if _, err := write.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	schema, err := migrations.ReadFile("migrations/logs/00001_logs.sql")
	if err != nil {
		t.Fatal(err)
	}
	exec(string(schema))
	exec("CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')))")
	exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1), (1, 1)")
	exec("INSERT INTO labels VALUES (1, 'demo', 'demo-1', 'demo/demo-1', 'k', 'success'), (2, 'demo', 'demo-1', 'demo/demo-1', 'k', 'error')")
	for i := range n {
		status := 1
		if i%5 == 0 {
			status = 2
		}
		detail := fmt.Sprintf(`{"op":"chat","dialect":"chat","method":"POST","path":"/v1/chat/completions","key_name":"one","user_agent":"curl/8","stream":true,`+
			`"http_status":%d,"ttft":1000,"has_usage":true,"input":100,"output":%d,"finish":"stop","retries":1,"request_size":10,"virtual_key_id":"vk",`+
			`"place":{"at":%d,"request":10},"cost":{"output":0.5,"total":0.5}}`, 200+status, i, 10*(i%10))
		exec("INSERT INTO logs VALUES (?, ?, ?, ?, 's', 2000, ?, ?)", i+1, fmt.Sprint("old ", i), time.Unix(int64(i*60), 0).UnixMicro(), status, 100+i, []byte(detail))
	}
	for first := 0; first < n; first += 10 {
		data := ""
		for i := first; i < first+10; i++ {
			data += fmt.Sprintf("body %5d", i)
		}
		exec("INSERT INTO blocks VALUES (?, ?, 10, 0, ?)", first+1, first+10, []byte(data))
	}
	return path
}

func TestOldLogsAreMoved(t *testing.T) {
	const n = 2500
	path := oldLogs(t, n)
	for range 2 {
		l := openLogs(t, path)
		for _, i := range []int{0, 1, 999, 1000, n - 1} {
			r, err := l.Get(t.Context(), fmt.Sprint("old ", i))
			if err != nil || string(r.Request.Data) != fmt.Sprintf("body %5d", i) || !r.Stream || r.Usage.Output != int64(i) || r.KeyName != "one" ||
				r.Identity.VirtualKeyID != "vk" || r.TTFT != time.Millisecond || r.Cost.Total != 0.5 || r.Op != "chat" || r.UserAgent != "curl/8" || r.Retries != 1 {
				t.Fatalf("record %d is %+v, %v", i, r, err)
			}
		}
		p, err := l.Search(t.Context(), observe.Query{Where: filter.All(filter.OneOf(filter.Status, "error"), filter.Compare(filter.Output, filter.AtLeast, 2000)), Limit: 5})
		if err != nil || p.Total != n/5/5 || len(p.Records) != 5 {
			t.Errorf("%d errors, %v", p.Total, err)
		}
		checkTotals(t, l)
		size, err := l.Size(t.Context())
		if err != nil || size.Rows < n || size.BodyBytes != n*10 {
			t.Errorf("the size is %+v, %v", size, err)
		}
		next := &exchange.Record{ID: "next", Time: time.Now(), Request: exchange.Body{Data: []byte("new"), Size: 3}}
		if err := l.Append(t.Context(), []*exchange.Record{next}); err != nil {
			t.Fatal(err)
		}
		if r, err := l.Get(t.Context(), "next"); err != nil || string(r.Request.Data) != "new" {
			t.Errorf("the next record: %v", err)
		}
		if err := l.Delete(t.Context(), []string{"next"}); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	l := openLogs(t, path)
	if err := l.Delete(t.Context(), []string{"old 12"}); err != nil {
		t.Fatal(err)
	}
	if r, err := l.Get(t.Context(), "old 13"); err != nil || string(r.Request.Data) != "body    13" {
		t.Errorf("beside a deleted record: %v", err)
	}
	if p, err := l.Prune(t.Context(), observe.Limits{Before: time.Unix((n-10)*60, 0)}); err != nil || p.Rows != n-11 {
		t.Errorf("prune: %+v, %v", p, err)
	}
}
