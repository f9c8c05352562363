package tray

import (
	"math"
	"net/url"
	"strconv"
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
	spending string // what calls cost now; "" = nothing is known
	pause    string
	paused   bool
}

type action int

const (
	actionStart action = iota
	actionStop
)

// render says what the tray shows of a state, and of what is being spent; nil = nobody knows.
func render(g admin.Gateway, k *admin.KillSwitch) view {
	v := renderGateway(g)
	if k == nil {
		return v
	}
	v.paused, v.pause = k.Paused, "Pause all calls"
	if k.Paused {
		v.pause = "Resume calls"
		if g.State == "running" {
			v.picture, v.state = pictureError, "Paused: every call is refused"
		}
	}
	if k.BurnRate > 0 || k.SpentToday > 0 {
		v.spending = money(k.BurnRate) + " a minute · " + money(k.SpentToday) + " today"
	}
	return v
}

// money writes US dollars with two digits that count, at least to the cent.
func money(usd float64) string {
	if usd >= 0.1 || usd <= 0 {
		return "$" + strconv.FormatFloat(usd, 'f', 2, 64)
	}
	digits := 1 - int(math.Floor(math.Log10(usd)))
	return "$" + strconv.FormatFloat(usd, 'f', digits, 64)
}

func renderGateway(g admin.Gateway) view {
	switch g.State {
	case "running":
		return view{picture: pictureRunning, state: "Running on " + hostOf(g.Address), toggle: "Stop gateway", toggles: actionStop, canFlip: true, endpoint: g.Address}
	case "starting":
		return view{picture: pictureStarting, state: "Starting…", toggle: "Start gateway", endpoint: g.Address}
	case "stopping":
		return view{picture: pictureStarting, state: "Stopping…", toggle: "Stop gateway", toggles: actionStop, endpoint: g.Address}
	case "error":
		return view{picture: pictureError, state: shorten(g.Error), toggle: "Start gateway", canFlip: true, endpoint: g.Address}
	default:
		return view{picture: pictureStopped, state: "Stopped", toggle: "Start gateway", canFlip: true, endpoint: g.Address}
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
