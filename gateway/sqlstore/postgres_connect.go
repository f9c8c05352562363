package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"heimdall/gateway/config"
)

// How long connecting, a transaction that writes, and a silent server are waited for.
const (
	connectPatience  = 5 * time.Second
	postgresPatience = time.Minute
	quietServer      = 30 * time.Second
)

// openPostgres makes the pools. Nothing is connected yet.
func openPostgres(where *config.Database, schema string) (write, read *sql.DB, err error) {
	c, err := connection(where)
	if err != nil {
		return nil, nil, err
	}
	c.RuntimeParams["search_path"] = quoted(schema)
	var options []stdlib.OptionOpenDB
	if where.Command != nil {
		options = append(options, stdlib.OptionBeforeConnect(func(ctx context.Context, c *pgx.ConnConfig) (err error) {
			c.Password, err = askPassword(ctx, where.Command)
			return err
		}))
	}
	write = sql.OpenDB(storableConnector{stdlib.GetConnector(*c, options...)})
	write.SetMaxOpenConns(1)
	write.SetConnMaxLifetime(where.Lifetime)
	c = c.Copy()
	c.RuntimeParams["default_transaction_isolation"] = "repeatable read"
	c.RuntimeParams["default_transaction_read_only"] = "on"
	read = sql.OpenDB(storableConnector{stdlib.GetConnector(*c, options...)})
	read.SetMaxOpenConns(cmp.Or(where.MaxOpen, 1+maxReaders) - 1)
	read.SetMaxIdleConns(cmp.Or(where.MaxIdle, maxReaders))
	read.SetConnMaxLifetime(where.Lifetime)
	return write, read, nil
}

// connection says how to connect. What the settings leave open is as for every client of PostgreSQL: PGSSLROOTCERT and
// its kin count.
func connection(where *config.Database) (*pgx.ConnConfig, error) {
	settings := [][2]string{
		{"host", where.Host}, {"port", strconv.Itoa(where.Port)}, {"user", where.User}, {"dbname", where.Name},
		{"sslmode", where.SSLMode}, {"application_name", "heimdall"},
		{"jit", "off"}, // compiling a query takes longer than all of ours
	}
	var text strings.Builder
	for _, s := range settings {
		if s[1] != "" && s[1] != "0" {
			text.WriteString(s[0] + "='" + escaper.Replace(s[1]) + "' ")
		}
	}
	c, err := pgx.ParseConfig(text.String())
	if err != nil {
		return nil, err
	}
	if password := where.Password.Reveal(); password != "" {
		c.Password = password // not in the text, of which errors tell
	}
	c.ConnectTimeout = connectPatience
	alive := net.KeepAliveConfig{Enable: true, Idle: quietServer / 2, Interval: quietServer / 6, Count: 3}
	c.DialFunc = (&net.Dialer{KeepAliveConfig: alive}).DialContext
	return c, nil
}

var escaper = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

// askPassword runs the program that prints the password.
func askPassword(ctx context.Context, ask *config.PasswordCommand) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, ask.Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, ask.Command, ask.Args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("password_command: %s did not end within %v", ask.Command, ask.Timeout)
	case err != nil:
		return "", fmt.Errorf("password_command: %s: %w", ask.Command, err) // what it said may hold a secret
	}
	password := string(bytes.TrimRight(out, "\r\n"))
	if password == "" {
		return "", errors.New("password_command: " + ask.Command + " printed nothing")
	}
	return password, nil
}

// placeOf is what errors call a database.
func placeOf(where *config.Database) string {
	return "the PostgreSQL database " + where.Name + " on " + where.Host
}
