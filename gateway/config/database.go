package config

import "time"

// Database is a PostgreSQL database that keeps a store. Only the configuration file says which one, at each start: it is
// no part of what is stored.
type Database struct {
	Host     string // a name, an address, or the folder of a Unix socket
	Port     int
	User     string
	Password Secret
	Command  *PasswordCommand // says the password in its place
	Name     string
	SSLMode  string // as PostgreSQL names them; "" = encrypted where the server can
	MaxOpen  int    // connections; 0 = the default
	MaxIdle  int    // of them without work; 0 = the default
	Lifetime time.Duration
}

// PasswordCommand is a program that prints a password. It runs before each new connection.
type PasswordCommand struct {
	Command string
	Args    []string
	Timeout time.Duration
}
