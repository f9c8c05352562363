//go:build tray && !windows

package tray

import (
	_ "embed"

	"github.com/getlantern/systray"
)

// The library keeps a pointer to the bytes, which is safe for embedded data only.
var (
	//go:embed icons/running.png
	iconRunning []byte
	//go:embed icons/stopped.png
	iconStopped []byte
	//go:embed icons/starting.png
	iconStarting []byte
	//go:embed icons/error.png
	iconError []byte
)

func setIcon(p picture) { systray.SetIcon(iconOf(p)) }
