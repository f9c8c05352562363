package admin

// spending is the kill switch and what is being spent; nil where nobody counts.
func (a *Admin) spending() *KillSwitch {
	if a.Burn == nil {
		return nil
	}
	k := a.killSwitch()
	return &k
}

// killSwitch is the kill switch as it is now.
func (a *Admin) killSwitch() KillSwitch {
	p := a.Config.Snapshot().Pause
	k := KillSwitch{Paused: p.Paused, Reason: p.Reason, MaxPerMinute: p.MaxPerMinute}
	if p.Paused {
		since := p.Since
		k.Since = &since
	}
	if a.Burn != nil {
		k.BurnRate, k.SpentToday, k.Unpriced = a.Burn()
	}
	return k
}

// KillSwitch is the kill switch as it is now.
func (a *Admin) KillSwitch() KillSwitch { return a.killSwitch() }
