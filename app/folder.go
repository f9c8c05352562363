package app

import (
	"fmt"
	"os"
	"path/filepath"
)

// openFolder gives the app folder, made where it is missing and private to the user.
func openFolder(chosen string) (string, error) {
	dir, err := folderPath(chosen)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the app folder: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return "", fmt.Errorf("keep the app folder private: %w", err)
	}
	return dir, nil
}

// folderPath is where the app folder is, or will be.
func folderPath(chosen string) (string, error) {
	if chosen != "" {
		return chosen, nil
	}
	base, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find your config folder (--app-dir chooses another): %w", err)
	}
	return filepath.Join(base, "heimdall"), nil
}
