package admin

import (
	"encoding/json"
	"testing"

	"heimdall/gateway/config"
)

func TestKillSwitch(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	w.Burn = func() (float64, float64, int64) { return 0.25, 3.5, 2 }
	k := do[KillSwitch](w, "GET", "/api/kill-switch", "")
	if k.Paused || k.Since != nil || k.BurnRate != 0.25 || k.SpentToday != 3.5 || k.Unpriced != 2 {
		t.Errorf("at first: %+v", k)
	}
	k = do[KillSwitch](w, "PUT", "/api/kill-switch", `{"paused":true,"reason":" lunch "}`)
	if !k.Paused || k.Since == nil || k.Reason != "lunch" || !w.Config.Snapshot().Pause.Paused {
		t.Errorf("paused: %+v", k)
	}
	echo, _ := json.Marshal(k)
	version := w.Config.Snapshot().Version
	if again := do[KillSwitch](w, "PUT", "/api/kill-switch", string(echo)); !again.Since.Equal(*k.Since) || w.Config.Snapshot().Version != version {
		t.Errorf("an echo changed it: %+v", again)
	}
	k = do[KillSwitch](w, "PUT", "/api/kill-switch", `{"max_per_minute":1.5}`)
	if !k.Paused || k.Reason != "lunch" || k.MaxPerMinute != 1.5 {
		t.Errorf("a new limit: %+v", k)
	}
	k = do[KillSwitch](w, "PUT", "/api/kill-switch", `{"paused":false}`)
	if k.Paused || k.Since != nil || k.Reason != "" || k.MaxPerMinute != 1.5 {
		t.Errorf("resumed: %+v", k)
	}
	w.fail("PUT", "/api/kill-switch", `{"max_per_minute":-1}`, 400, "max_per_minute")
	w.fail("PUT", "/api/kill-switch", `{"pause":true}`, 400, "pause")
	w.fail("PUT", "/api/kill-switch", `{"paused":"yes"}`, 400, "paused")
}
