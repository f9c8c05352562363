//go:build window

// Command heimdall-window is Heimdall's window; the main program starts it.
package main

import (
	"os"

	"heimdall/app/window"
)

func main() { os.Exit(window.Main(os.Args[1:])) }
