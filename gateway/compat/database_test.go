package compat_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/compat"
	"heimdall/gateway/config"
)

func databases() *compat.Decoder {
	return compat.NewDecoder(kinds, func(name string) string {
		return map[string]string{"PG_HOST": "db.example.com", "PG_PORT": "6432", "PG_PASSWORD": "correct horse"}[name]
	})
}

func TestPostgresStores(t *testing.T) {
	f, err := databases().ParseFile([]byte(`{
		"config_store": {"enabled": true, "type": "postgres", "config": {
			"host": "env.PG_HOST", "port": "env.PG_PORT", "user": "heimdall", "password": "env.PG_PASSWORD", "db_name": "gateway",
			"ssl_mode": "verify-full", "max_idle_conns": 5, "max_open_conns": 50, "conn_max_lifetime": "30m"}},
		"logs_store": {"enabled": true, "type": "postgres", "retention_days": 9, "config": {
			"host": "/run/postgresql", "port": 5433, "user": "heimdall", "db_name": "logs", "matview_refresh_interval": "1m",
			"password_command": {"command": "token", "args": ["--for", "db"], "timeout": "3s"}}}
	}`), "/app")
	if err != nil {
		t.Fatal(err)
	}
	equal := cmp.Comparer(func(a, b config.Secret) bool { return a == b })
	want := &config.Database{Host: "db.example.com", Port: 6432, User: "heimdall", Password: config.NewSecret("correct horse"), Name: "gateway",
		SSLMode: "verify-full", MaxIdle: 5, MaxOpen: 50, Lifetime: 30 * time.Minute}
	if diff := cmp.Diff(want, f.ConfigStore, equal); diff != "" {
		t.Error("config store:", diff)
	}
	want = &config.Database{Host: "/run/postgresql", Port: 5433, User: "heimdall", Name: "logs",
		Command: &config.PasswordCommand{Command: "token", Args: []string{"--for", "db"}, Timeout: 3 * time.Second}}
	if diff := cmp.Diff(want, f.LogStore, equal); diff != "" {
		t.Error("log store:", diff)
	}
	if diff := cmp.Diff([]string{"logs_store.config.matview_refresh_interval"}, paths(f.Problems)); diff != "" {
		t.Error("warnings:", diff)
	}
	var d config.Draft
	for _, p := range f.Pieces {
		if err := p.Apply(&d); err != nil {
			t.Fatal(err)
		}
	}
	if d.Client.LogRetentionDays != 9 || d.Logs.Path != "" {
		t.Errorf("retention %d, path %q", d.Client.LogRetentionDays, d.Logs.Path)
	}
}

// A password that stands in the file is used and pointed out, and nothing of it is stored, not even a hash.
func TestPasswordOfADatabaseInTheFile(t *testing.T) {
	f, err := databases().ParseFile([]byte(`{
		"config_store": {"type": "postgres", "config": {"host": "h", "user": "u", "password": "hunter2", "db_name": "d"}},
		"logs_store": {"type": "postgres", "config": {"host": "h", "user": "u", "password": {"value": "hunter2"}, "db_name": "d"}}
	}`), "/app")
	if err != nil {
		t.Fatal(err)
	}
	if f.ConfigStore.Password.Reveal() != "hunter2" || f.LogStore.Password.Reveal() != "hunter2" || f.LogStore.Port != 5432 {
		t.Error("the password in the file is not used")
	}
	if diff := cmp.Diff([]string{"logs_store.config.password", "config_store.config.password"}, paths(f.Problems)); diff != "" {
		t.Error("warnings:", diff)
	}
	for _, p := range f.Pieces {
		if strings.Contains(string(p.Content), "hunter2") {
			t.Errorf("the piece %s holds the password", p.ID)
		}
	}
	if text := fmt.Sprintf("%+v %+v", f.Problems, f.LogStore); strings.Contains(text, "hunter2") {
		t.Error("the password is shown:", text)
	}
}

func TestBadDatabases(t *testing.T) {
	for section, want := range map[string]string{
		`{"type":"postgres"}`: `config: must say which database`,
		`{"type":"mysql"}`:    `type: must be sqlite or postgres`,
		`{"type":"postgres","config":{"user":"u","db_name":"d"}}`:                          `config.host: must name the server`,
		`{"type":"postgres","config":{"host":"h","db_name":"d"}}`:                          `config.user: must name the user`,
		`{"type":"postgres","config":{"host":"h","user":"env.NOBODY"}}`:                    `config.user: the environment variable NOBODY is not set`,
		`{"type":"postgres","config":{"port":"0"}}`:                                        `config.port: must be a number from 1 to 65535`,
		`{"type":"postgres","config":{"port":"many"}}`:                                     `config.port: must be a number from 1 to 65535`,
		`{"type":"postgres","config":{"ssl_mode":"on"}}`:                                   `config.ssl_mode: must be one of disable, allow, prefer, require, verify-ca, verify-full`,
		`{"type":"postgres","config":{"password":"env.NO_PASSWORD"}}`:                      `config.password: the environment variable NO_PASSWORD is not set`,
		`{"type":"postgres","config":{"max_open_conns":1}}`:                                `config.max_open_conns: must be from 2 to 1000`,
		`{"type":"postgres","config":{"max_idle_conns":0}}`:                                `config.max_idle_conns: must be from 1 to 1000`,
		`{"type":"postgres","config":{"conn_max_lifetime":"-5s"}}`:                         `config.conn_max_lifetime: must not be negative`,
		`{"type":"postgres","config":{"password_command":{}}}`:                             `config.password_command.command: must name a program`,
		`{"type":"postgres","config":{"password":"x","password_command":{"command":"y"}}}`: `config.password_command: must not be there beside password`,
		`{"type":"postgres","config":{"password_command":{"command":"y","timeout":"0s"}}}`: `config.password_command.timeout: must be at least 1s`,
	} {
		for _, store := range []string{"config_store", "logs_store"} {
			_, err := databases().ParseFile([]byte(`{"`+store+`":`+section+`}`), "/app")
			if err == nil || !strings.Contains(err.Error(), store+"."+want) {
				t.Errorf("%s %s: %v\nwant %s", store, section, err, want)
			}
		}
	}
}
