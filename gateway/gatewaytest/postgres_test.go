package gatewaytest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"heimdall/gateway/admin"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// postgres makes a database for a test: the settings of a store in it, with host in place of the server's if it says one.
func postgres(t *testing.T, host string) (settings string, server *pgx.ConnConfig) {
	t.Helper()
	how := os.Getenv("HEIMDALL_TEST_POSTGRES")
	if how == "" {
		t.Skip("HEIMDALL_TEST_POSTGRES does not say how to reach a PostgreSQL server; build/postgres.sh COMMAND starts one")
	}
	server, err := pgx.ParseConfig(how)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(statement string) {
		ctx := context.Background() // the test's own is over when it cleans up
		conn, err := pgx.ConnectConfig(ctx, server)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Error(err)
		}
	}
	name := "test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	ask("CREATE DATABASE " + name)
	t.Cleanup(func() { ask("DROP DATABASE " + name + " WITH (FORCE)") })
	if host == "" {
		host = server.Host
	}
	text, err := json.Marshal(map[string]any{"enabled": true, "type": "postgres", "config": map[string]any{
		"host": host, "port": fmt.Sprint(server.Port), "user": server.User, "password": "env.PG_PASSWORD", "db_name": name,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return string(text), server
}

func stored(config, log string) Options {
	return Options{
		Config: strings.TrimSuffix(Config, "}") + config + log + "}", Env: map[string]string{"PG_PASSWORD": "hunter2"},
		Script: func(*transport.Request) fake.Reply { return answers(chatAnswer) },
	}
}

// Both stores in PostgreSQL: what was logged and what was changed is there after a restart, and nothing is in the folder.
func TestStoresOnPostgres(t *testing.T) {
	t.Parallel()
	settings, _ := postgres(t, "")
	o := stored(`,"config_store":`+settings, `,"logs_store":`+settings)
	o.Dir = t.TempDir()
	g := Start(t, o)
	if a := g.Do("POST", "/openai/chat/completions", chatRequest); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if a := g.Do("PUT", "/api/config", `{"client_config":{"log_retention_days":17}}`); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	rows := g.Rows()
	if len(rows) != 1 || !strings.Contains(string(g.Detail(rows[0].ID).InputHistory), `"hi"`) {
		t.Fatalf("rows: %s", encoded(rows))
	}
	g.Close()

	g = Start(t, o)
	if again := g.Rows(); len(again) != 1 || again[0].ID != rows[0].ID {
		t.Errorf("rows after a restart: %s", encoded(again))
	}
	var state admin.LogStorage
	g.JSON("GET", "/api/logs/storage", "", &state)
	if state.Type != "postgres" || state.Path != "" || state.Problem != "" || state.Rows != 1 || state.RetentionDays != 17 {
		t.Errorf("storage: %s", encoded(state))
	}
	if files, _ := filepath.Glob(filepath.Join(o.Dir, "*.db*")); len(files) != 0 {
		t.Errorf("there are %v", files)
	}
	if strings.Contains(g.Log.String(), "hunter2") {
		t.Error("the password is logged")
	}
}

// Without its configuration nothing starts, and the error says what is out of reach.
func TestConfigurationOutOfReach(t *testing.T) {
	t.Parallel()
	nowhere := t.TempDir()
	settings := `{"type":"postgres","config":{"host":"` + filepath.ToSlash(nowhere) + `","user":"heimdall","password":"hunter2","db_name":"gateway"}}`
	g, err := Open(t, stored(`,"config_store":`+settings, ""))
	if err == nil {
		g.Close()
		t.Fatal("the gateway starts")
	}
	if !strings.Contains(err.Error(), "open the configuration: open the PostgreSQL database gateway on "+nowhere) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error: %v", err)
	}
}

// A log that is out of reach stops nothing, and is written once it can be reached.
func TestLogOutOfReach(t *testing.T) {
	t.Parallel()
	host := filepath.Join(t.TempDir(), "socket")
	settings, server := postgres(t, host)
	if !strings.HasPrefix(server.Host, "/") {
		t.Skip("the server has no socket, whose folder could appear later")
	}
	g := Start(t, stored("", `,"logs_store":`+settings))
	if a := g.Do("POST", "/openai/chat/completions", chatRequest); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	problem := func() string {
		var state admin.LogStorage
		g.JSON("GET", "/api/logs/storage", "", &state)
		return state.Problem
	}
	Eventually(t, "the page says why nothing is logged", func() bool { return strings.Contains(problem(), "the request log can't be written") })
	if err := os.Symlink(server.Host, host); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "the log is written", func() bool { return problem() == "" && len(g.Rows()) == 1 })
}
