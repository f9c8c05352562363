//go:build window

package window

import (
	"os/exec"
	"strings"
)

func systemIsDark() bool {
	style, err := exec.Command("defaults", "read", "-g", "AppleInterfaceStyle").Output()
	return err == nil && strings.TrimSpace(string(style)) == "Dark"
}
