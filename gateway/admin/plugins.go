package admin

import (
	"context"
	"net/http"
	"strings"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
)

// PluginShapes reads the bodies that describe plugins, as Shapes does, and says which plugins there are.
type PluginShapes interface {
	CreatePlugin(body []byte) (name string, e config.PluginEdit, warnings []string, err error)
	EditPlugin(name string, body []byte) (e config.PluginEdit, warnings []string, err error)
	Plugins() []config.PluginKind
}

func (a *Admin) pluginRows(manage func(method, path string, h exchange.Handler)) {
	manage("GET", "/api/plugins", a.listPlugins)
	manage("POST", "/api/plugins", a.createPlugin)
	manage("GET", "/api/plugins/{name}", a.getPlugin)
	manage("PUT", "/api/plugins/{name}", a.putPlugin)
	manage("DELETE", "/api/plugins/{name}", a.deletePlugin)
}

// pluginPath is how the paths of a plugin's fields begin in errors.
const pluginPath = `plugins\.[a-z_]+\.`

func (a *Admin) listPlugins(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	out := Plugins{Plugins: []Plugin{}}
	for _, kind := range a.Shapes.Plugins() {
		out.Plugins = append(out.Plugins, a.plugin(kind))
	}
	out.Count = len(out.Plugins)
	return answer(out)
}

// plugin is what may be shown of a plugin.
func (a *Admin) plugin(kind config.PluginKind) Plugin {
	out := Plugin{
		Name: kind.Name, ActualName: kind.Name, Enabled: kind.On, Config: []byte("{}"), Placement: "builtin",
		Status: PluginStatus{Name: kind.Name, Status: "active", Logs: []string{}},
	}
	if p := a.Config.Snapshot().Plugin(kind.Name); p != nil {
		out.Enabled, out.Config = p.Enabled, p.With(redacted)
		for _, s := range p.Secrets {
			if s.Problem != "" {
				out.Status.Logs = append(out.Status.Logs, strings.ReplaceAll(strings.TrimPrefix(s.Name, "/"), "/", ".")+": "+s.Problem)
			}
		}
	}
	if a.PluginProblem != nil {
		if why := a.PluginProblem(kind.Name); why != "" {
			out.Status.Logs = append(out.Status.Logs, why)
		}
	}
	switch {
	case !out.Enabled:
		out.Status.Status = "disabled"
	case len(out.Status.Logs) > 0:
		out.Status.Status = "error"
	}
	return out
}

func (a *Admin) kindOfPlugin(name string) (config.PluginKind, error) {
	var names []string
	for _, kind := range a.Shapes.Plugins() {
		if kind.Name == name {
			return kind, nil
		}
		names = append(names, kind.Name)
	}
	return config.PluginKind{}, refuseWith(http.StatusNotFound, "there is no plugin %q; there are %s", name, strings.Join(names, " and "))
}

func (a *Admin) getPlugin(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	kind, err := a.kindOfPlugin(x.Params["name"])
	if err != nil {
		return nil, err
	}
	return answer(a.plugin(kind))
}

func (a *Admin) createPlugin(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	name, edit, warnings, err := a.Shapes.CreatePlugin(x.Raw)
	if err != nil {
		return nil, err
	}
	err = a.Config.Update(ctx, func(d *config.Draft) error { return d.AddPlugin(name, config.SourceAPI, edit) })
	if err != nil {
		return nil, relative(err, pluginPath)
	}
	reply, err := a.savedPlugin(name, "Plugin created successfully", warnings)
	if err == nil {
		reply.Status = http.StatusCreated
	}
	return reply, err
}

// putPlugin sets a plugin, also one that was never set.
func (a *Admin) putPlugin(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	kind, err := a.kindOfPlugin(x.Params["name"])
	if err != nil {
		return nil, err
	}
	edit, warnings, err := a.Shapes.EditPlugin(kind.Name, x.Raw)
	if err != nil {
		return nil, err
	}
	err = a.Config.Update(ctx, func(d *config.Draft) error { return d.PutPlugin(kind.Name, config.SourceAPI, edit) })
	if err != nil {
		return nil, relative(err, pluginPath)
	}
	return a.savedPlugin(kind.Name, "Plugin updated successfully", warnings)
}

func (a *Admin) savedPlugin(name, message string, warnings []string) (*exchange.Reply, error) {
	kind, err := a.kindOfPlugin(name)
	if err != nil {
		return nil, err
	}
	return answer(PluginSaved{message, a.plugin(kind), warnings})
}

func (a *Admin) deletePlugin(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	kind, err := a.kindOfPlugin(x.Params["name"])
	if err != nil {
		return nil, err
	}
	if err := a.Config.Update(ctx, func(d *config.Draft) error { return d.DeletePlugin(kind.Name) }); err != nil {
		return nil, err
	}
	return answer(Saved{Message: "Plugin deleted successfully"})
}
