//go:build tray

package tray

import (
	_ "embed"

	"github.com/getlantern/systray"
)

var (
	//go:embed icons/running.ico
	iconRunning []byte
	//go:embed icons/stopped.ico
	iconStopped []byte
	//go:embed icons/starting.ico
	iconStarting []byte
	//go:embed icons/error.ico
	iconError []byte
)

func setIcon(p picture) { systray.SetIcon(iconOf(p)) }
