package tray

import (
	"net/url"
	"unicode/utf8"

	"heimdall/gateway/admin"
)

// stateWidth is the most characters that the menu's first line may have.
const stateWidth = 60

// picture names an icon: one for each thing that a glance must tell apart.
type picture string

const (
	pictureRunning  picture = "running"
	pictureStopped  picture = "stopped"
	pictureStarting picture = "starting"
	pictureError    picture = "error"
)

// view is all that the tray shows.
type view struct {
	picture  picture
	state    string // the first, disabled line
	toggle   string
	toggles  action // what the toggle does
	canFlip  bool
	endpoint string // "" = nothing to copy
}

type action int

const (
	actionStart action = iota
	actionStop
)

// render says what the tray shows of a state.
func render(g admin.Gateway) view {
	switch g.State {
	case "running":
		return view{pictureRunning, "Running on " + hostOf(g.Address), "Stop gateway", actionStop, true, g.Address}
	case "starting":
		return view{pictureStarting, "Starting…", "Start gateway", actionStart, false, g.Address}
	case "stopping":
		return view{pictureStarting, "Stopping…", "Stop gateway", actionStop, false, g.Address}
	case "error":
		return view{pictureError, shorten(g.Error), "Start gateway", actionStart, true, g.Address}
	default:
		return view{pictureStopped, "Stopped", "Start gateway", actionStart, true, g.Address}
	}
}

func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return address
}

func shorten(s string) string {
	if s == "" {
		return "The gateway could not start"
	}
	if utf8.RuneCountInString(s) <= stateWidth {
		return s
	}
	return string([]rune(s)[:stateWidth-1]) + "…"
}
