//go:build window

package window

// isDark says whether the window's first moment, before the page is there, is dark.
func isDark(theme string) bool {
	switch theme {
	case "dark":
		return true
	case "light":
		return false
	default:
		return systemIsDark()
	}
}
