//go:build tray

package tray

func iconOf(p picture) []byte {
	switch p {
	case pictureRunning:
		return iconRunning
	case pictureStopped:
		return iconStopped
	case pictureError:
		return iconError
	default:
		return iconStarting
	}
}
