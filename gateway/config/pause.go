package config

import (
	"math"
	"time"
)

// Stop makes no more calls. Since stays where calls were stopped already.
func (p *Pause) Stop(reason string, now time.Time) {
	if !p.Paused {
		p.Since = now.UTC()
	}
	p.Paused, p.Reason = true, reason
}

// Resume makes calls again.
func (p *Pause) Resume() { p.Paused, p.Reason, p.Since = false, "", time.Time{} }

func (v *validator) pause() {
	p := v.draft.Pause
	if p.MaxPerMinute < 0 || math.IsNaN(p.MaxPerMinute) || math.IsInf(p.MaxPerMinute, 0) {
		v.say("max_per_minute", "must be US dollars per minute, or 0 for no limit")
	}
	if len(p.Reason) > 500 {
		v.say("reason", "must be at most 500 characters long")
	}
}
