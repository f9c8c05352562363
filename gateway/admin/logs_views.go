package admin

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
)

const (
	maxViews    = 100
	maxViewName = 100
)

func (a *Admin) getViews(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	return answer(a.views())
}

func (a *Admin) views() LogViews {
	out := LogViews{Views: []LogView{}}
	for _, v := range a.Config.Snapshot().Views {
		out.Views = append(out.Views, LogView(v))
	}
	return out
}

// putViews replaces all filters that have a name.
func (a *Admin) putViews(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	var body LogViews
	if err := decode(x.Raw, &body); err != nil {
		return nil, err
	}
	if body.Views == nil {
		return nil, refuse("views", "is missing; give the list of all views")
	}
	if len(body.Views) > maxViews {
		return nil, refuse("views", "are too many; at most %d can be kept", maxViews)
	}
	var views []config.LogView
	for i, v := range body.Views {
		v.Name = strings.TrimSpace(v.Name)
		if err := a.checkView(fmt.Sprintf("views[%d].", i), v, views); err != nil {
			return nil, err
		}
		views = append(views, config.LogView(v))
	}
	err := a.Config.Update(ctx, func(d *config.Draft) error {
		d.Views = views
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(a.views())
}

func (a *Admin) checkView(path string, v LogView, before []config.LogView) error {
	switch {
	case v.Name == "":
		return refuse(path+"name", "is missing")
	case len(v.Name) > maxViewName:
		return refuse(path+"name", "must be at most %d bytes long", maxViewName)
	case slices.ContainsFunc(before, func(b config.LogView) bool { return strings.EqualFold(b.Name, v.Name) }):
		return refuse(path+"name", "%q is there twice; names must differ", v.Name)
	case v.Key < 0 || v.Key > 9:
		return refuse(path+"key", "must be a number key from 1 to 9, or 0 for none")
	case v.Key > 0 && slices.ContainsFunc(before, func(b config.LogView) bool { return b.Key == v.Key }):
		return refuse(path+"key", "%d opens another view already", v.Key)
	case len(v.Filter) > maxFilter:
		return refuse(path+"filter", "must be at most %d bytes long", maxFilter)
	}
	if _, err := filter.Parse(v.Filter, a.now()); err != nil {
		return refuse(path+"filter", "%s", plainly(err))
	}
	return nil
}

func (a *Admin) listAppNames(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	out := AppNames{Mappings: []AppName{}}
	for _, n := range a.Config.Snapshot().AppNames {
		out.Mappings = append(out.Mappings, AppName(n))
	}
	out.Total = len(out.Mappings)
	return answer(out)
}

func (a *Admin) getAppName(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	return a.answerAppName(x.Params["id"], "")
}

func (a *Admin) answerAppName(id, message string) (*exchange.Reply, error) {
	all := a.Config.Snapshot().AppNames
	i := placeOf(all, id)
	if i < 0 {
		return nil, noAppName(id)
	}
	return answer(AppNameAnswer{message, AppName(all[i])})
}

func placeOf(all []config.AppName, id string) int {
	return slices.IndexFunc(all, func(n config.AppName) bool { return n.ID == id })
}

func noAppName(id string) error {
	return refuseWith(http.StatusNotFound, "there is no mapping of user agents with the id %q", id)
}

// appNameBody is the body of POST and PUT /api/logs/user-agent-mappings; what is left out stays as it is.
type appNameBody struct {
	ID      *string `json:"id"`
	Pattern *string `json:"pattern"`
	App     *string `json:"app"`
}

func (a *Admin) createAppName(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	n := config.AppName{ID: uuid.NewString()}
	var body appNameBody
	if err := decode(x.Raw, &body); err != nil {
		return nil, err
	}
	if body.ID != nil {
		return nil, refuse("id", "is given by the gateway; leave it out")
	}
	err := a.Config.Update(ctx, func(d *config.Draft) error {
		if err := body.apply(&n, d.AppNames); err != nil {
			return err
		}
		d.AppNames = append(slices.Clone(d.AppNames), n)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.answerAppName(n.ID, "user agent mapping created")
}

func (a *Admin) putAppName(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	id := x.Params["id"]
	var body appNameBody
	if err := decode(x.Raw, &body); err != nil {
		return nil, err
	}
	if body.ID != nil && *body.ID != id {
		return nil, refuse("id", "can't be changed")
	}
	err := a.Config.Update(ctx, func(d *config.Draft) error {
		i := placeOf(d.AppNames, id)
		if i < 0 {
			return noAppName(id)
		}
		d.AppNames = slices.Clone(d.AppNames)
		return body.apply(&d.AppNames[i], d.AppNames)
	})
	if err != nil {
		return nil, err
	}
	return a.answerAppName(id, "user agent mapping updated")
}

func (a *Admin) deleteAppName(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	id := x.Params["id"]
	err := a.Config.Update(ctx, func(d *config.Draft) error {
		i := placeOf(d.AppNames, id)
		if i < 0 {
			return noAppName(id)
		}
		d.AppNames = slices.Delete(slices.Clone(d.AppNames), i, i+1)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(Saved{Status: "success", Message: "user agent mapping deleted"})
}

// apply changes n, which is or will be one of all.
func (b *appNameBody) apply(n *config.AppName, all []config.AppName) error {
	if b.Pattern != nil {
		n.Pattern = strings.TrimSpace(*b.Pattern)
	}
	if b.App != nil {
		n.App = strings.TrimSpace(*b.App)
	}
	switch {
	case n.Pattern == "" || len(n.Pattern) > 200:
		return refuse("pattern", "must be a User-Agent of at most 200 bytes, where each * stands for any characters")
	case n.App == "" || len(n.App) > 64:
		return refuse("app", "must be a name of at most 64 bytes")
	case slices.ContainsFunc(all, func(o config.AppName) bool { return o.ID != n.ID && strings.EqualFold(o.Pattern, n.Pattern) }):
		return refuse("pattern", "%q has a name already; change that mapping", n.Pattern)
	}
	return nil
}
