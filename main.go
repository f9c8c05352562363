//go:build !window

// Command heimdall is a local gateway for language models. Build tags choose its shape: none = heimdall-headless, the
// gateway alone; tray = heimdall, the desktop app. Its window is a program of its own, heimdall-window (tag window).
package main

import (
	"embed"
	"io/fs"
	"os"

	"heimdall/app"
	"heimdall/gateway"
	"heimdall/keychain"
)

//go:embed all:frontend/dist
var dist embed.FS

func main() {
	page, err := fs.Sub(dist, "frontend/dist")
	if err != nil {
		panic(err) // an embedded folder is always there
	}
	os.Exit(app.Main(app.Program{
		Page:     page,
		Keychain: keychain.Open,
		Gateway:  newGateway,
	}))
}

func newGateway(o gateway.Options) (app.Gateway, error) {
	g, err := gateway.New(o)
	if err != nil {
		return nil, err
	}
	return g, nil
}
