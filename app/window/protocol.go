package window

import "time"

// Flag is the only argument that the main program gives to the window; without it the window was started by hand.
const Flag = "--child"

// Hello is the first line that the main program writes to the window's standard input, as JSON. After it come lines
// of cueShow; the end of the input ends the window.
type Hello struct {
	Address string        `json:"address"` // host:port of the control listener
	Code    string        `json:"code"`    // works once
	Idle    time.Duration `json:"idle"`    // how long the window stays loaded while it is hidden
	Theme   string        `json:"theme"`   // system, light or dark
}

// URL is the page that the window shows. It names the theme, which the page would else learn only after its first paint.
func (h Hello) URL() string {
	u := "http://" + h.Address + "/#c=" + h.Code
	if h.Theme != "" {
		u += "&theme=" + h.Theme
	}
	return u
}

const (
	cueShow   = "show"   // main → window: come to the front
	cueShown  = "shown"  // window → main, once for the start and once for each show
	cueHidden = "hidden" // window → main: the user closed it
)
