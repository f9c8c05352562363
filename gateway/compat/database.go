package compat

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"heimdall/gateway/config"
)

// store reads where a store is kept: the settings of a file for SQLite, or a PostgreSQL database.
func (p *fileParser) store(s *object, unserved ...string) (file *object, database *config.Database) {
	kind := "sqlite"
	s.text("type", &kind)
	c, _ := s.child("config")
	switch {
	case kind == "sqlite":
		return c, nil
	case kind == "postgres" && c == nil:
		p.fail(s.at("config"), "must say which database: host, port, user, password, db_name and ssl_mode")
	case kind == "postgres":
		return nil, p.postgres(c)
	case slices.Contains(unserved, kind):
		p.warn(s.at("type"), "%s is not served by this version; SQLite in the app folder is used", kind)
	default:
		p.fail(s.at("type"), "must be sqlite or postgres")
	}
	return nil, nil
}

// The ways in which PostgreSQL may be asked to encrypt.
var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

const postgresPort = 5432

// postgres reads which database to use. Every text may be env.NAME.
func (p *fileParser) postgres(c *object) *config.Database {
	d := &config.Database{Port: postgresPort}
	var port, password string
	for _, field := range []struct {
		name, what string
		to         *string
	}{{"host", "the server, or the folder of its socket", &d.Host}, {"user", "the user", &d.User}, {"db_name", "the database", &d.Name}} {
		said := len(p.errors)
		if p.resolved(c, field.name, field.to); *field.to == "" && len(p.errors) == said {
			p.fail(c.at(field.name), "must name %s", field.what)
		}
	}
	if p.resolved(c, "port", &port) {
		n, err := strconv.Atoi(strings.TrimSpace(port))
		if err != nil || n < 1 || n > 65535 {
			p.fail(c.at("port"), "must be a number from 1 to 65535")
		}
		d.Port = n
	}
	if p.resolved(c, "ssl_mode", &d.SSLMode) && d.SSLMode != "" && !slices.Contains(sslModes, d.SSLMode) {
		p.fail(c.at("ssl_mode"), "must be one of %s", strings.Join(sslModes, ", "))
	}
	if p.resolved(c, "password", &password) {
		d.Password = config.NewSecret(password)
		if text, _ := secretText(c, "password", c.fields["password"]); password != "" && text == password {
			p.warn(c.at("password"), "the password is readable in the file; use env.NAME or password_command")
		}
	}
	d.Command = p.passwordCommand(c, password)
	p.pool(c, d)
	c.idle("sums are kept while requests come in", "matview_refresh_interval")
	c.done()
	return d
}

// pool reads how many connections there may be, and for how long.
func (p *fileParser) pool(c *object, d *config.Database) {
	if c.integer("max_open_conns", &d.MaxOpen) && (d.MaxOpen < 2 || d.MaxOpen > 1000) {
		p.fail(c.at("max_open_conns"), "must be from 2 to 1000: one connection writes, the others read")
	}
	if c.integer("max_idle_conns", &d.MaxIdle) && (d.MaxIdle < 1 || d.MaxIdle > 1000) {
		p.fail(c.at("max_idle_conns"), "must be from 1 to 1000")
	}
	if c.duration("conn_max_lifetime", time.Second, &d.Lifetime) && d.Lifetime < 0 {
		p.fail(c.at("conn_max_lifetime"), "must not be negative; 0 means for ever")
	}
}

const passwordPatience = 10 * time.Second

func (p *fileParser) passwordCommand(c *object, password string) *config.PasswordCommand {
	o, _ := c.child("password_command")
	if o == nil {
		return nil
	}
	cmd := &config.PasswordCommand{Timeout: passwordPatience}
	if password != "" {
		p.fail(o.path, "must not be there beside password: keep one of them")
	}
	if !o.text("command", &cmd.Command) || cmd.Command == "" {
		p.fail(o.at("command"), "must name a program that prints the password")
	}
	o.list("args", &cmd.Args)
	if o.duration("timeout", time.Second, &cmd.Timeout) && cmd.Timeout <= 0 {
		p.fail(o.at("timeout"), "must be at least 1s")
	}
	o.done()
	return cmd
}

// resolved reads a text, or a number, that may be env.NAME. A variable that is not set is an error.
func (p *fileParser) resolved(o *object, name string, to *string) (given bool) {
	raw, ok := o.value(name)
	if !ok {
		return false
	}
	text := string(raw)
	if _, err := strconv.Atoi(text); err != nil {
		if text, ok = secretText(o, name, json.RawMessage(text)); !ok {
			return true // said already
		}
	}
	if variable, is := strings.CutPrefix(text, "env."); is {
		if text = p.env(variable); text == "" {
			p.fail(o.at(name), "the environment variable %s is not set", variable)
		}
	}
	*to = text
	return true
}
