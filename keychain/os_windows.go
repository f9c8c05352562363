package keychain

const (
	osName   = "the Windows Credential Manager"
	osRepair = "look whether the Credential Manager service runs"

	// CRED_MAX_CREDENTIAL_BLOB_SIZE.
	osLimit = 5 * 512
)

// lockState has nothing to look at: credentials are open while the user is logged on.
type lockState struct{}

func (*lockState) check() error { return nil }
func (*lockState) asking() bool { return false }

func isLocked(error) bool { return false }
