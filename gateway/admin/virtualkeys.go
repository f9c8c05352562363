package admin

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/gateway/period"
	"heimdall/providers/llm"
)

// keyRows are the routes of virtual keys.
func (a *Admin) keyRows(manage func(method, path string, h exchange.Handler)) {
	manage("GET", "/api/governance/virtual-keys", a.listVirtualKeys)
	manage("POST", "/api/governance/virtual-keys", a.createVirtualKey)
	manage("GET", "/api/governance/virtual-keys/{vk_id}", a.getVirtualKey)
	manage("PUT", "/api/governance/virtual-keys/{vk_id}", a.putVirtualKey)
	manage("DELETE", "/api/governance/virtual-keys/{vk_id}", a.deleteVirtualKey)
	manage("POST", "/api/governance/virtual-keys/{vk_id}/rotate", a.rotateVirtualKey)
	manage("POST", "/api/governance/virtual-keys/{vk_id}/reload", a.rotateVirtualKey)
}

// quotaRows are the routes that holders of virtual keys use themselves.
func (a *Admin) quotaRows() []exchange.Row {
	return []exchange.Row{
		{Method: "GET", Path: "/api/governance/virtual-keys/quota", Guard: exchange.GuardHolder, Handler: a.getQuota},
		{Method: "GET", Path: "/api/governance/virtual-keys/{vk_id}/quota", Guard: exchange.GuardHolder, Handler: a.getQuota},
	}
}

func (a *Admin) getVirtualKey(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	q := query{values: x.Query}
	q.text("from_memory")
	if err := q.done(); err != nil {
		return nil, err
	}
	return a.answerVirtualKey(x.Params["vk_id"], config.Secret{}, "", nil)
}

// answerVirtualKey answers with a virtual key: with its whole value where that is known, once.
func (a *Admin) answerVirtualKey(id string, value config.Secret, message string, warnings []string) (*exchange.Reply, error) {
	s := a.Config.Snapshot()
	k := virtualKeyByID(s, id)
	if k == nil {
		return nil, noVirtualKey(id)
	}
	out := a.virtualKey(s, k)
	if whole := value.Reveal(); whole != "" {
		out.Value = whole
	}
	return answer(VirtualKeyAnswer{message, out, warnings})
}

func virtualKeyByID(s *config.Snapshot, id string) *config.VirtualKey {
	for _, k := range s.VirtualKeys {
		if k.ID == id {
			return k
		}
	}
	return nil
}

func noVirtualKey(id string) error {
	return refuseWith(http.StatusNotFound, "there is no virtual key with the id %q", id)
}

func (a *Admin) createVirtualKey(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	edit, warnings, err := a.Shapes.VirtualKey(x.Raw, true)
	if err != nil {
		return nil, err
	}
	var id string
	var value config.Secret
	err = a.Config.Update(ctx, func(d *config.Draft) (err error) {
		id, value, err = d.AddVirtualKey(config.SourceAPI, a.now(), edit)
		return err
	})
	if err != nil {
		return nil, relative(err, holderPath)
	}
	return a.answerVirtualKey(id, value, "virtual key created; its value is shown this once", warnings)
}

func (a *Admin) putVirtualKey(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	edit, warnings, err := a.Shapes.VirtualKey(x.Raw, false)
	if err != nil {
		return nil, err
	}
	id := x.Params["vk_id"]
	err = a.Config.Update(ctx, func(d *config.Draft) error { return d.EditVirtualKey(id, a.now(), edit) })
	if err != nil {
		return nil, relative(err, holderPath)
	}
	if edit.ResetUsage {
		a.resetUsage(id)
	}
	return a.answerVirtualKey(id, config.Secret{}, "virtual key updated", warnings)
}

func (a *Admin) deleteVirtualKey(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	id := x.Params["vk_id"]
	if err := a.Config.Update(ctx, func(d *config.Draft) error { return d.DeleteVirtualKey(id) }); err != nil {
		return nil, err
	}
	return answer(Saved{Status: "success", Message: "virtual key deleted"})
}

const (
	defaultGrace = time.Hour
	longestGrace = 30 * 24 * time.Hour
)

func (a *Admin) rotateVirtualKey(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	var body struct {
		GracePeriod any `json:"grace_period"`
	}
	if err := decode(x.Raw, &body); err != nil {
		return nil, err
	}
	grace, err := gracePeriod(body.GracePeriod)
	if err != nil {
		return nil, err
	}
	id := x.Params["vk_id"]
	var value config.Secret
	err = a.Config.Update(ctx, func(d *config.Draft) (err error) {
		value, err = d.RotateVirtualKey(id, grace, a.now())
		return err
	})
	if err != nil {
		return nil, err
	}
	message := "virtual key rotated; its new value is shown this once, and the old one works no more"
	if grace > 0 {
		message = "virtual key rotated; its new value is shown this once, and the old one works until previous_valid_until"
	}
	return a.answerVirtualKey(id, value, message, nil)
}

// gracePeriod reads a time such as 10m or 7d, or seconds.
func gracePeriod(given any) (time.Duration, error) {
	var grace time.Duration
	switch given := given.(type) {
	case nil:
		return defaultGrace, nil
	case float64:
		if given < 0 || given > longestGrace.Seconds() {
			return 0, badGrace()
		}
		grace = time.Duration(given * float64(time.Second))
	case string:
		text := strings.TrimSpace(given)
		d, err := time.ParseDuration(text)
		if seconds, nerr := strconv.Atoi(text); err != nil && nerr == nil && seconds <= int(longestGrace.Seconds()) {
			d, err = time.Duration(seconds)*time.Second, nil
		}
		if p, perr := period.Parse(text); err != nil && perr == nil && (p.Unit == 'd' && p.N <= 30 || p.Unit == 'w' && p.N <= 4) {
			_, end := p.Window(time.Unix(0, 0), time.Unix(0, 0), period.Calendar{})
			d, err = end.Sub(time.Unix(0, 0)), nil
		}
		if err != nil {
			return 0, badGrace()
		}
		grace = d
	default:
		return 0, badGrace()
	}
	if grace < 0 || grace > longestGrace {
		return 0, badGrace()
	}
	return grace, nil
}

func badGrace() error {
	return refuse("grace_period", "must be a time from 0 to 30d, such as 10m, 1h or 7d")
}

// getQuota tells the holder of a virtual key what is left of it. Keys of others are none of its business.
func (a *Admin) getQuota(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	id, ok := "", false
	if a.Holder != nil {
		id, ok = a.Holder(x.Header)
	}
	s := a.Config.Snapshot()
	k := virtualKeyByID(s, id)
	if !ok || k == nil {
		return nil, &llm.Error{Kind: llm.KindAccessDenied, Status: http.StatusUnauthorized, Type: "virtual_key_required",
			Message: "this needs the virtual key itself; send it in the x-bf-vk header"}
	}
	if asked := x.Params["vk_id"]; asked != "" && asked != id {
		return nil, &llm.Error{Kind: llm.KindAccessDenied, Status: http.StatusForbidden, Type: "access_blocked",
			Message: "a virtual key may ask for its own quota only"}
	}
	whole := a.virtualKey(s, k)
	for i := range whole.ProviderConfigs {
		// Which of the provider's keys are behind it is the administrator's knowledge.
		whole.ProviderConfigs[i].KeyIDs, whole.ProviderConfigs[i].Keys = []string{}, []FlatKey{}
	}
	return answer(Quota{
		VirtualKeyName: whole.Name, IsActive: whole.IsActive, ExpiresAt: whole.ExpiresAt, Budgets: whole.Budgets,
		RateLimit: whole.RateLimit, ProviderConfigs: whole.ProviderConfigs,
	})
}
