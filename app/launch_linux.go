package app

import "os/exec"

// launcher is the system's way to open a folder or an address.
func launcher(what string) *exec.Cmd { return exec.Command("xdg-open", what) }
