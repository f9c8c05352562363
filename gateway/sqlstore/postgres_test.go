package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/govern"
	"heimdall/gateway/observe"
	"heimdall/gateway/storetest"
	"heimdall/providers/llm"
)

// testDatabase is the database of the tests.
func testDatabase(t testing.TB) *config.Database {
	t.Helper()
	how := os.Getenv("HEIMDALL_TEST_POSTGRES")
	if how == "" {
		t.Skip("HEIMDALL_TEST_POSTGRES does not say how to reach a PostgreSQL server; build/postgres.sh COMMAND starts one")
	}
	c, err := pgx.ParseConfig(how)
	if err != nil {
		t.Fatal(err)
	}
	return &config.Database{Host: c.Host, Port: int(c.Port), User: c.User, Password: config.NewSecret(c.Password), Name: c.Database}
}

// testSchema is the schema of a test's folder, which goes with it.
func testSchema(t testing.TB, where *config.Database, dir string) string {
	t.Helper()
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(dir)) // never fails
	schema := fmt.Sprintf("test_%x", hash.Sum64())
	t.Cleanup(func() { ask(t, where, "DROP SCHEMA IF EXISTS "+schema+" CASCADE") })
	return schema
}

// ask runs a statement on a connection of its own.
func ask(t testing.TB, where *config.Database, statement string) {
	t.Helper()
	c, err := connection(where)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background() // the test's own is over when it cleans up
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}

func openConfigOnPostgres(t testing.TB, dir string) *Config {
	t.Helper()
	where := testDatabase(t)
	schema := testSchema(t, where, dir)
	c, err := openConfigIn(t.Context(), where, schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func openLogsOnPostgres(t testing.TB, dir string) *Logs {
	t.Helper()
	where := testDatabase(t)
	schema := testSchema(t, where, dir)
	l, err := openLogsIn(t.Context(), where, schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestConfigOnPostgres(t *testing.T) {
	storetest.Config(t, func(t *testing.T, dir string) config.Store { return openConfigOnPostgres(t, dir) })
}

func TestUsageOnPostgres(t *testing.T) {
	storetest.Usage(t, func(t *testing.T, dir string) govern.Store { return openConfigOnPostgres(t, dir).Usage() })
}

func TestLogsOnPostgres(t *testing.T) {
	storetest.Logs(t, func(t *testing.T, dir string) observe.Store { return openLogsOnPostgres(t, dir) })
}

// Several processes may write one log: the numbers of rows, what is added up and what label sets are called stay right.
func TestWritersShareALog(t *testing.T) {
	where, dir := testDatabase(t), t.TempDir()
	schema := testSchema(t, where, dir)
	const writers, batches, size = 4, 15, 20
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			l, err := openLogsIn(t.Context(), where, schema) // the schema is made by one of them
			if err != nil {
				t.Error(err)
				return
			}
			defer l.Close()
			for b := range batches {
				if err := appendSome(t.Context(), l, fmt.Sprintf("%d-%d-", w, b), size); err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
			}
		})
	}
	all.Wait()
	l, err := openLogsIn(t.Context(), where, schema)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 2 { // before and after rolling up
		p, err := l.Search(t.Context(), observe.Query{Limit: 1})
		if err != nil || p.Total != writers*batches*size || p.Stats.Tokens != 3*p.Total {
			t.Errorf("%+v, %v; want %d records", p.Stats, err, writers*batches*size)
		}
		groups, err := l.Stats(t.Context(), observe.Query{}, observe.Breakdown{By: []filter.Field{filter.Provider}})
		if err != nil || len(groups) != 3 {
			t.Errorf("%d providers, %v; want 3", len(groups), err)
		}
		if err := l.store(t.Context(), l.rollUp); err != nil {
			t.Fatal(err)
		}
	}
	for w := range writers {
		if r, err := l.Get(t.Context(), fmt.Sprintf("%d-0-7", w)); err != nil || string(r.Request.Data) != r.ID {
			t.Errorf("a body of writer %d: %v", w, err)
		}
	}
}

func appendSome(ctx context.Context, l *Logs, id string, n int) error {
	var batch []*exchange.Record
	for i := range n {
		r := &exchange.Record{ID: fmt.Sprint(id, i), Time: time.Now(), Provider: fmt.Sprint(i % 3), Status: exchange.StatusSuccess, HasUsage: true,
			Usage: llm.Usage{Input: 1, Output: 2}}
		r.Request = exchange.Body{Data: []byte(r.ID), Size: int64(len(r.ID))}
		batch = append(batch, r)
	}
	return l.Append(ctx, batch)
}

// Of two processes that change the configuration from one version, one is told.
func TestWritersShareAConfiguration(t *testing.T) {
	where, dir := testDatabase(t), t.TempDir()
	schema := testSchema(t, where, dir)
	a, b := openConfigOnPostgres(t, dir), openConfigOnPostgres(t, dir)
	if _, err := a.Apply(t.Context(), 0, []config.Entity{{Kind: "k", ID: "a", Data: []byte("1")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Apply(t.Context(), 0, []config.Entity{{Kind: "k", ID: "b", Data: []byte("2")}}); !errors.Is(err, config.ErrConflict) {
		t.Errorf("a change of an old version: %v", err)
	}
	if _, err := b.Apply(t.Context(), 1, []config.Entity{{Kind: "k", ID: "b", Data: []byte("2")}}); err != nil {
		t.Error(err)
	}
	if entities, version, err := a.Load(t.Context()); err != nil || version != 2 || len(entities) != 2 {
		t.Errorf("version %d of %s: %v, %v", version, schema, entities, err)
	}
}

// A connection that breaks costs one batch's try, which whoever writes repeats.
func TestConnectionsAreMadeAnew(t *testing.T) {
	where := testDatabase(t)
	l := openLogsOnPostgres(t, t.TempDir())
	for round := range 3 {
		batch := fmt.Sprint(round, "-")
		err := appendSome(t.Context(), l, batch, 5)
		if err != nil {
			err = appendSome(t.Context(), l, batch, 5)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, pool := range [...]*sql.DB{l.write, l.read} {
			var pid int
			if err := pool.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
				t.Fatal(err)
			}
			ask(t, where, fmt.Sprintf("SELECT pg_terminate_backend(%d)", pid))
		}
	}
	p, err := l.Search(t.Context(), observe.Query{})
	if err != nil {
		p, err = l.Search(t.Context(), observe.Query{})
	}
	if err != nil || p.Total != 15 {
		t.Errorf("%d records, %v; want 15", p.Total, err)
	}
}

func TestPostgresThatCannotBeReached(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	none := t.TempDir()
	for name, where := range map[string]*config.Database{
		"nobody listens": {Host: none, Port: 5432, User: "heimdall", Name: "gateway", Password: config.NewSecret("hunter2")},
		"bad TLS mode":   {Host: none, Port: 5432, User: "heimdall", Name: "gateway", Password: config.NewSecret("hunter2' \\ hunter2"), SSLMode: "perhaps"},
		"no password": {Host: none, Port: 5432, User: "heimdall", Name: "gateway",
			Command: &config.PasswordCommand{Command: "false", Timeout: time.Minute}},
	} {
		_, err := OpenConfigIn(t.Context(), where)
		if err == nil || !strings.Contains(err.Error(), "the PostgreSQL database gateway on "+none) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	host, port, _ := net.SplitHostPort(ln.Addr().String())
	n, _ := strconv.Atoi(port)
	if _, err := OpenConfigIn(ctx, &config.Database{Host: host, Port: n, User: "u", Name: "n"}); err == nil {
		t.Error("a server that says nothing is waited for though nobody waits")
	}
}

func TestConnection(t *testing.T) {
	c, err := connection(&config.Database{Host: "db.example.com", Port: 6432, User: `o'neil \ co`, Password: config.NewSecret(`it's "a" \ secret=x `),
		Name: "my db", SSLMode: "verify-full"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Host != "db.example.com" || c.Port != 6432 || c.User != `o'neil \ co` || c.Password != `it's "a" \ secret=x ` || c.Database != "my db" {
		t.Errorf("%s %d %s %s %s", c.Host, c.Port, c.User, c.Password, c.Database)
	}
	if c.TLSConfig == nil || c.TLSConfig.ServerName != "db.example.com" || len(c.Fallbacks) != 0 {
		t.Error("the server's certificate is not checked")
	}
}

func TestPasswordCommand(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no sh")
	}
	for name, test := range map[string]struct {
		script, want, problem string
		timeout               time.Duration
	}{
		"a line":      {"echo 'a b '", "a b ", "", time.Minute},
		"no line end": {"printf x", "x", "", time.Minute},
		"nothing":     {"true", "", "printed nothing", time.Minute},
		"failure":     {"echo secret; echo secret >&2; exit 3", "", "exit status 3", time.Minute},
		"too slow":    {"sleep 60", "", "did not end within 20ms", 20 * time.Millisecond},
	} {
		got, err := askPassword(t.Context(), &config.PasswordCommand{Command: "sh", Args: []string{"-c", test.script}, Timeout: test.timeout})
		switch {
		case test.problem == "" && (err != nil || got != test.want):
			t.Errorf("%s: %q, %v", name, got, err)
		case test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem) || strings.Contains(err.Error(), "secret")):
			t.Errorf("%s: %v, want %s", name, err, test.problem)
		}
	}
}

// What the store says it takes is about what the database says.
func TestPostgresContentBytes(t *testing.T) {
	l, tr := openLogsOnPostgres(t, t.TempDir()), newTraffic()
	at := time.Now()
	for i := range 20 {
		var batch []*exchange.Record
		for j := range 50 {
			r, e := narrowRecord(i*50+j, at), tr.single(3000, 1000)
			r.Request, r.Response = exchange.Body{Data: e.request, Size: 1}, exchange.Body{Data: e.response, Size: 1}
			batch = append(batch, r)
		}
		if err := l.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when string) {
		t.Helper()
		var stored int64
		err := l.read.QueryRowContext(t.Context(), `SELECT sum(pg_total_relation_size(oid)) FROM pg_class
			WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'`).Scan(&stored)
		size, sizeErr := l.Size(t.Context())
		if err != nil || sizeErr != nil || size.Bytes < stored*6/10 || size.Bytes > stored*14/10 {
			t.Errorf("%s it is %d bytes, the database says %d (%v, %v)", when, size.Bytes, stored, err, sizeErr)
		}
	}
	check("with bodies")
	if _, err := l.IndexText(t.Context(), 1000, func(r *exchange.Record) string { return string(r.Request.Data) }); err != nil {
		t.Fatal(err)
	}
	check("with words")
}

func TestNewerPostgresIsRefused(t *testing.T) {
	where, dir := testDatabase(t), t.TempDir()
	l := openLogsOnPostgres(t, dir)
	schema := testSchema(t, where, dir)
	if _, err := l.write.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)"); err != nil {
		t.Fatal(err)
	}
	if _, err := openLogsIn(t.Context(), where, schema); err == nil || !strings.Contains(err.Error(), "a newer version of Heimdall wrote this database") {
		t.Errorf("open: %v", err)
	}
}

func TestPostgresReaders(t *testing.T) {
	l := openLogsOnPostgres(t, t.TempDir())
	if _, err := l.read.ExecContext(t.Context(), "DELETE FROM logs"); err == nil {
		t.Error("a reading connection can write")
	}
	tx, err := l.read.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for round := range 2 {
		var n int
		if err := tx.QueryRowContext(t.Context(), "SELECT count(*) FROM logs").Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows (%v) that came while a reader was at work", n, err)
		}
		if err := appendSome(t.Context(), l, fmt.Sprint(round), 5); err != nil {
			t.Fatal(err)
		}
	}
}
