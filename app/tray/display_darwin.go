//go:build tray

package tray

import (
	"fmt"
	"os/exec"
	"strings"
)

// Display reports whether there is a display to show anything on.
func Display() bool { return true }

// copyText puts text into the clipboard.
func copyText(text string) error {
	cmd := exec.Command("pbcopy")
	cmd.Stdin = strings.NewReader(text)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("pbcopy: %w", err)
	}
	return nil
}
