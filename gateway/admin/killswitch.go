package admin

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
)

// killSwitchEdit is what a PUT may change. The live numbers may be echoed.
type killSwitchEdit struct {
	Paused       *bool    `json:"paused"`
	MaxPerMinute *float64 `json:"max_per_minute"`
	Reason       *string  `json:"reason"`

	Since    json.RawMessage `json:"since"`
	BurnRate json.RawMessage `json:"burn_rate"`
	Today    json.RawMessage `json:"spent_today"`
	Unpriced json.RawMessage `json:"unpriced_today"`
}

func (a *Admin) getKillSwitch(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	return answer(a.killSwitch())
}

func (a *Admin) putKillSwitch(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	var e killSwitchEdit
	if err := decode(x.Raw, &e); err != nil {
		return nil, err
	}
	err := a.Config.Update(ctx, func(d *config.Draft) error {
		e.apply(&d.Pause, a.now())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(a.killSwitch())
}

func (e killSwitchEdit) apply(p *config.Pause, now time.Time) {
	if e.MaxPerMinute != nil {
		p.MaxPerMinute = *e.MaxPerMinute
	}
	paused, reason := p.Paused, p.Reason
	if e.Paused != nil {
		paused = *e.Paused
	}
	if e.Reason != nil {
		reason = strings.TrimSpace(*e.Reason)
	}
	if !paused {
		p.Resume()
		return
	}
	p.Stop(reason, now)
}
