package keychain

import (
	"errors"
	"os/exec"
	"slices"
)

const (
	osName   = "the macOS keychain"
	osRepair = "look at the login keychain in Keychain Access"

	// The binding passes the value, in base64, on a command line of at most 4096 bytes.
	osLimit = 2800
)

// lockState has nothing to look at before a call: the system asks the user by itself.
type lockState struct{}

func (*lockState) check() error { return nil }
func (*lockState) asking() bool { return false }

// isLocked knows the exit status of the security program: the low byte of errSecInteractionNotAllowed,
// errSecAuthFailed and userCanceledErr.
func isLocked(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && slices.Contains([]int{36, 51, 128}, exit.ExitCode())
}
