package gateway

import (
	"context"
	"net/url"
	"time"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
)

// spending shows the management API what is used of budgets and limits.
type spending struct{ g *Gateway }

func (s spending) Budget(id string) (used, held float64, start, end time.Time) {
	b := s.g.governance.ledger.Budget(id)
	return b.Used, b.Held, b.Start, b.End
}

func (s spending) Quota(id, kind string) (used, held int64, start, end time.Time) {
	c := s.g.governance.ledger.Requests(id)
	if kind == "tokens" {
		c = s.g.governance.ledger.Tokens(id)
	}
	return c.Used, c.Held, c.Start, c.End
}

func (s spending) KeyState(id string) string { return string(s.g.policy.Load().State(id)) }

func (s spending) Unpriced(id string) int64 { return s.g.governance.ledger.Unpriced(id) }

func (s spending) Reset(ids []string) {
	for _, id := range ids {
		s.g.governance.ledger.ResetUsage(id)
	}
}

// holder finds the virtual key that a request has.
func (g *Gateway) holder(h exchange.Header) (keyID string, ok bool) {
	id, err := g.policy.Load().KeyID(h, url.Values{})
	return id, err == nil && id != ""
}

// sweepKeys removes virtual keys that are over, every day and at the start.
func (g *Gateway) sweepKeys(ctx context.Context) {
	tick := time.NewTicker(24 * time.Hour)
	defer tick.Stop()
	for {
		var gone []string
		err := g.manager.Update(ctx, func(d *config.Draft) error { gone = d.SweepExpired(time.Now()); return nil })
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			g.opts.Log.Error("expired virtual keys could not be removed", "error", err)
		case len(gone) > 0:
			g.opts.Log.Info("expired virtual keys were removed", "names", gone)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// spent counts what a call used that nobody's limits bind.
func (g *Gateway) spent(s exchange.Spent) { g.governance.pause.Spent(s, time.Now()) }
