package window

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	mainName   = "heimdall"
	windowName = "heimdall-window"
)

// Find looks for the window's program: beside the running one, then where packages put it.
func Find() (string, error) {
	here, err := folder()
	if err != nil {
		return "", err
	}
	return first(windowName, here, filepath.Join(here, "..", "libexec", mainName), filepath.Join("/usr", "libexec", mainName))
}

func folder() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find our own program: %w", err)
	}
	if real, err := filepath.EvalSymlinks(self); err == nil {
		self = real
	}
	return filepath.Dir(self), nil
}

func first(name string, folders ...string) (string, error) {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	for _, f := range folders {
		path := filepath.Join(f, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is in none of %s; install it beside heimdall", name, strings.Join(folders, ", "))
}
