package gateway

import (
	"io/fs"
	"log/slog"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/providers"
)

// Options is all that a gateway must be told.
type Options struct {
	AppDir     string // exists and is private to the user
	ConfigFile string // "" = config.json in AppDir, if there is one
	Version    string
	UI         fs.FS // the built page; index.html at its root
	Log        *slog.Logger

	Secrets        config.Secrets
	Keychain       string // os or file, for the settings page
	KeychainDetail string

	// Fixed holds the settings that a flag or the environment decides; they win over the file and the store.
	Fixed Fixed

	// Desktop opens the control listener, and makes Start and Stop of the gateway listener possible.
	Desktop bool
	// Shell are the rows of what only the desktop can do (/api/shell/*), served on the control listener.
	Shell []exchange.Row

	Env func(string) string // os.Getenv

	// Cassette answers every call of a model from recordings; no provider is reached then.
	Cassette Cassette

	// Providers are the built-in providers; nil = all there are.
	Providers []providers.Provider
}

// Cassette is a folder of recordings, "" = none, and how fast they play: 1 = as recorded, 2 = twice as fast, 0 = at once.
type Cassette struct {
	Dir   string
	Speed float64
}

// Fixed holds the settings that a flag or the environment decides.
type Fixed = config.Fixed
